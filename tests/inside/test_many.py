"""One udf for many arguments at once: `fused.submit` and gathered runs in a udf, and calls with an input over HTTP."""

import io
import json
import zipfile

import pytest

from calling import RUN, value
from fused_wire import body_of

SQUARE = """
@fused.udf
def square(n: int, plus: int = 0):
    if n < 0:
        raise ValueError(f"{n} is less than nothing")
    return n * n + plus
"""


def test_submit_collects_a_frame_under_its_arguments(http):
    code = f"""{SQUARE}
def udf():
    frame = fused.submit(square, [{{"n": n}} for n in range(40)], plus=1)
    return [type(frame).__name__, frame.index.name, frame.result.tolist()]
"""
    assert value(http, code) == ["DataFrame", "n", [n * n + 1 for n in range(40)]]


def test_submit_takes_plain_elements_and_the_rows_of_a_frame(http):
    code = f"""{SQUARE}
import pandas as pd
def udf():
    rows = pd.DataFrame({{"n": [1, 2], "plus": [10, 20]}})
    return [fused.submit(square, [2, 3]).result.tolist(), fused.submit(square, rows).result.tolist()]
"""
    assert value(http, code) == [[4, 9], [11, 24]]


def test_submit_puts_frames_one_below_the_other(http):
    code = """
import pandas as pd
@fused.udf
def frame(n: int):
    return pd.DataFrame({"a": range(n)})
def udf():
    found = fused.submit(frame, [{"n": 1}, {"n": 2}])
    bare = fused.submit(frame, [{"n": 1}, {"n": 2}], drop_index=True)
    return [found.a.tolist(), found.index.get_level_values("n").tolist(), bare.index.tolist()]
"""
    assert value(http, code) == [[0, 0, 1], [1, 2, 2], [0, 1, 2]]


def test_a_pool_tells_what_became_of_each(http):
    code = f"""{SQUARE}
def udf():
    pool = fused.submit(square, [{{"n": 2}}, {{"n": -1}}, {{"n": 3}}], collect=False, max_retry=0)
    pool.wait()
    pool.tail()
    return [
        pool.status().to_dict(), pool.success(), [type(e).__name__ for e in pool.errors().values()], len(pool),
        type(pool.first_error()).__name__, pool.done(), pool.all_succeeded(), pool.any_failed(),
        [r if isinstance(r, int) else "error" for r in pool.results(return_exceptions=True)],
        pool.df(ignore_exceptions=True).result.tolist(), pool[0].result(), pool.arg_df().n.tolist(),
    ]
"""
    name = "UdfRuntimeError"
    assert value(http, code) == [
        {"success": 2, "error": 1}, {"0": 4, "2": 9}, [name], 3, name, True, False, True, [4, "error", 9], [4, 9], 4,
        [2, -1, 3],
    ]  # fmt: skip


def test_the_first_error_of_a_pool_names_its_run(http):
    code = f"""{SQUARE}
def udf():
    try:
        fused.submit(square, [{{"n": 1}}, {{"n": -5}}], max_retry=0)
    except fused.types.UdfRuntimeError as error:
        return str(error)
"""
    said = value(http, code)
    assert said.startswith("Run #1\n{'n': -5}\n")
    assert said.endswith("ValueError: -5 is less than nothing")


def test_a_run_that_fails_is_tried_again(http):
    code = """
@fused.udf
def often(uid: str):
    import random
    if random.random() < 0.5:
        raise OSError("not this time")
    return 1
def udf():
    return fused.submit(often, [{"uid": str(n)} for n in range(8)], max_retry=50).result.tolist()
"""
    assert value(http, code) == [1] * 8


def asked(http, code: str, elements: list, **more) -> object:
    """The answer to a call with an input."""
    step = {"type": "udf", "udf": body_of(code, **more.pop("udf", {})), "input": elements, **more}
    return http.post(RUN, json={"step_config": json.dumps(step), "format": "npy,tiff,parquet,json"})


def test_a_call_with_an_input_answers_for_each_element(http):
    code = "def udf(n: int, plus: int = 0):\n    print('seen', n)\n    return 10 // n + plus\n"
    answer = asked(http, code, [{"n": 2}, {"n": 0}, 5], n_processes=3, udf={"parameters": {"plus": 1}})
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert list(told) == ["0", "1", "2"]
    assert [one["status"] for one in told.values()] == ["success", "error", "success"]
    assert [one["result"] for one in told.values()] == [6, None, 3]
    assert told["1"]["exception"].startswith("ZeroDivisionError: ")
    assert (told["0"]["n"], told["2"]["input"]) == (2, 5)
    assert told["0"]["logs"] == "seen 2\n"
    assert all(one["time"] >= 0 for one in told.values())


def test_frames_of_a_call_with_an_input_come_in_an_archive(http):
    code = "import pandas as pd\ndef udf(n: int):\n    return pd.DataFrame({'a': range(n)})\n"
    answer = asked(http, code, [{"n": 2}, {"n": 3}])
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {one["content_type"] for one in json.loads(archive.read("meta.json"))["files"].values()} == {
        "application/zip"
    }
    inner = zipfile.ZipFile(io.BytesIO(archive.read("1")))
    assert inner.read("result")[:4] == b"PAR1"
    assert json.loads(inner.read("status")) == "success"


@pytest.mark.parametrize(
    ("elements", "more", "sentence"),
    [([{}] * 10_001, {}, "at most 10,000 elements"), ([{}], {"n_processes": 1000}, "n_processes wants 1 to 256")],
)
def test_an_input_has_limits(http, elements, more, sentence):
    answer = asked(http, "def udf(): return 1\n", elements, **more)
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


def test_an_empty_input_is_an_empty_answer(http):
    assert asked(http, "def udf(): return 1\n", []).json() == {}
