"""What only the newer published client does (2.9.5), unmodified."""

import pytest

from conftest import serving
from published import Person, Published

WRONG = """
@fused.udf
def boom():
    one = 1
    print("said before")
    raise ValueError("it went wrong")

def refused(call):
    try:
        call()
    except Exception as wrong:
        return [type(wrong).__name__, str(wrong)]
"""


@pytest.mark.parametrize(
    "value", ["None", "True", "7", "1.5", "'text'", "[1, 'two', None]", "{'a': {'b': [1]}}"], ids=lambda v: v
)
def test_a_plain_value_comes_back_as_it_was(new, value):
    said = new.run(f"""
        @fused.udf
        def udf():
            return {value}
        answer = fused.run(udf) == {value}
    """)
    assert said.answer is True


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32", "float64", "bool"])
def test_an_array_comes_back_with_its_type_and_shape(new, kind):
    said = new.run(f"""
        @fused.udf
        def udf():
            import numpy as np
            return (np.arange(24).reshape(2, 3, 4) % 7).astype("{kind}")
        got = fused.run(udf)
        answer = [str(got.dtype), got.shape, got.astype(int).sum().item()]
    """)
    assert said.answer == [kind, [2, 3, 4], 20 if kind == "bool" else 66]


def test_a_data_array_comes_back_with_its_coordinates(new):
    said = new.run("""
        @fused.udf
        def udf():
            import numpy as np, rioxarray, xarray as xr
            values, coords = np.arange(6.0).reshape(1, 2, 3), {"y": [2.5, 1.5], "x": [0.5, 1.5, 2.5]}
            return xr.DataArray(values, coords, dims=("band", "y", "x")).rio.write_crs(3857)
        got = fused.run(udf)
        answer = [type(got).__name__, got.values.tolist(), got.x.values.tolist(), got.rio.crs.to_epsg()]
    """)
    assert said.answer == ["DataArray", [[[0, 1, 2], [3, 4, 5]]], [0.5, 1.5, 2.5], 3857]


def test_a_table_of_every_kind_of_column_comes_back_by_value(new):
    said = new.run("""
        @fused.udf
        def udf():
            import pandas as pd
            return pd.DataFrame({
                "when": pd.to_datetime(["2024-05-01T10:00:00.123456", None], utc=True), "number": [1.5, None],
                "kind": pd.Categorical(["a", "b"]), "list": [[1, 2], []], "text": ["ä", None], "flag": [True, False],
            }, index=["first", "second"])
        got = fused.run(udf)
        lists = [[int(n) for n in one] for one in got.list]
        answer = [str(got.when.iloc[0]), got.when.isna().tolist(), got.number.isna().tolist(), got.kind.tolist(), lists,
                  got.text.fillna("none").tolist(), got.flag.tolist(), got.index.tolist()]
    """)
    assert said.answer == [
        "2024-05-01 10:00:00.123456+00:00",
        [False, True],
        [False, True],
        ["a", "b"],
        [[1, 2], []],
        ["ä", "none"],
        [True, False],
        ["first", "second"],
    ]


def test_arguments_of_every_kind_arrive_as_the_annotations_say(new):
    said = new.run("""
        @fused.udf
        def udf(number: int, part: float, flag: bool, names: list, options: dict, when: "datetime",
                bounds: fused.types.Bounds, table: "pd.DataFrame", plain, **more):
            return [number, part, flag, names, options, when.isoformat(), bounds, table.n.tolist(), plain, more]
        import datetime, pandas as pd
        answer = fused.run(
            udf, number=7, part=0.5, flag=False, names=["a", "b"], options={"x": [1]}, bounds=[1, 2, 3, 4], plain="7",
            when=datetime.datetime(2024, 5, 1, 10), table=pd.DataFrame({"n": [1, 2]}), other=1,
        )
    """)
    assert said.answer == [
        7, 0.5, False, ["a", "b"], {"x": [1]}, "2024-05-01T10:00:00", [1, 2, 3, 4], [1, 2], "7", {"other": "1"},
    ]  # fmt: skip


@pytest.mark.parametrize("polling", [True, False])
def test_an_error_tells_its_line_and_what_was_printed(new, polling):
    said = new.run(f"{WRONG}\nanswer = refused(lambda: fused.run(boom, _use_polling={polling}))")
    assert said.answer == [
        "UdfRuntimeError",
        "The UDF returned the following error in line 5:\nValueError: it went wrong",
    ]
    assert "said before\n" in said.stdout
    assert 'File "<udf boom>", line 5, in boom' in said.stderr


def test_an_error_of_a_shared_udf_tells_its_line(new):
    said = new.run(
        f"{WRONG}\nboom.to_fused(overwrite=True)\nanswer = refused(lambda: fused.run(boom.create_access_token()))"
    )
    assert said.answer == [
        "UdfRuntimeError",
        "The UDF returned the following error in line 5:\nValueError: it went wrong",
    ]


def test_a_value_that_no_format_takes_is_told_as_such(new):
    said = new.run(f"""{WRONG}
@fused.udf
def udf():
    return object()
answer = refused(lambda: fused.run(udf))""")
    assert said.answer[0] == "UdfSerializationError"
    assert "object" in said.answer[1]


def test_a_wrong_argument_is_named(new):
    said = new.run(f"""{WRONG}
@fused.udf
def udf(rows: int):
    return rows
answer = refused(lambda: fused.run(udf, rows="many"))""")
    assert "The parameter rows wants an integer and got 'many'." in said.answer[1]


def test_what_a_udf_prints_comes_back(new):
    said = new.run("""
        @fused.udf
        def udf():
            import sys
            print("to stdout: ä")
            print("to stderr", file=sys.stderr)
            return 1
        got = fused.run(udf, _return_response=True)
        answer = [got.stdout, got.stderr, got.data, fused.run(udf, verbose=True)]
    """)
    assert said.answer == ["to stdout: ä\n", "to stderr\n", 1, 1]
    assert said.stdout == "to stdout: ä\n"


def test_what_a_udf_prints_is_shown_by_every_way_of_running_once_the_client_is_told_to_show_it(new):
    said = new.run("""
        import contextlib, io
        from click.testing import CliRunner
        from fused.cli import cli
        @fused.udf
        def talks(n: int = 1):
            print("said", n)
            return n
        talks.to_fused(overwrite=True)
        token = talks.create_access_token()
        def shown(udf, **options):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                fused.run(udf, n=2, **options)
            return printed.getvalue()
        ways = [talks, "talks", token.token, token]
        unless_asked = [shown(way) for way in ways]
        asked = [shown(way, verbose=True) for way in ways]
        kept = fused.run(token, n=2, _return_response=True)
        fused.options.verbose_udf_runs = True
        by_option = [shown(way) for way in ways]
        fused.options.verbose_udf_runs = False
        command = CliRunner().invoke(cli, ["run", "default", "talks"]).output
        answer = [unless_asked, [said.splitlines()[0] for said in asked + by_option], kept.is_cached, kept.stdout,
                  "said 1" in command.splitlines()]
    """)
    assert said.answer == [[""] * 4, ["said 2"] * 8, True, "said 2\n", True]


def test_a_slow_udf_is_polled_for(new):
    said = new.run("""
        @fused.udf
        def udf():
            import time
            time.sleep(2)
            return "done"
        answer = fused.run(udf)
    """)
    assert said.answer == "done"


def test_a_stored_result_says_that_it_is_one(new):
    said = new.run("""
        @fused.udf
        def stored(n: int):
            import random
            return random.random()
        stored.to_fused(overwrite=True)
        token = stored.create_access_token()
        first, second = (fused.run(token, n=1, _return_response=True) for _ in range(2))
        fresh = fused.run(token, n=1, cache=False)
        answer = [first.is_cached, second.is_cached, first.data == second.data, fresh == first.data]
    """)
    assert said.answer == [False, True, True, False]


def test_an_asynchronous_run_answers_likewise(new):
    said = new.run("""
        import asyncio
        @fused.udf
        def udf(n: int = 2):
            import pandas as pd
            return pd.DataFrame({"n": range(n)})
        async def both():
            return await asyncio.gather(fused.run_async(udf, n=1), fused.run_async(udf, n=3))
        answer = [len(one) for one in asyncio.run(both())]
    """)
    assert said.answer == [1, 3]


def test_saving_over_another_udf_of_that_name_needs_to_be_asked_for(new):
    said = new.run(f"""{WRONG}
@fused.udf
def twice():
    return 1
twice.to_fused()
@fused.udf
def twice():
    return 2
without_asking = refused(lambda: twice.to_fused())
before = fused.run(fused.load("twice"))
answer = [without_asking, before, fused.run(twice.to_fused(overwrite=True).metadata["fused:id"])]""")
    assert "already" in said.answer[0][1]
    assert said.answer[1:] == [1, 2]


def test_a_udf_is_loaded_under_every_name_it_has(new):
    said = new.run("""
        @fused.udf
        def loaded(n: int = 4):
            return n
        loaded.to_fused(overwrite=True)
        token, id = loaded.create_access_token().token, loaded.metadata["fused:id"]
        names = ["loaded", f"{EMAIL}/loaded", "team/loaded", id, token]
        answer = [[fused.load(name).metadata["fused:id"] == id, fused.run(name)] for name in names]
    """)
    assert said.answer == [[True, 4]] * 5


def test_modules_that_come_along_can_be_imported(new):
    said = new.run("""
        @fused.udf(headers=[{"module_name": "utils", "source_code": "def double(n):\\n    return 2 * n\\n"}])
        def udf(n: int = 4):
            import utils
            return utils.double(n)
        answer = fused.run(udf)
    """)
    assert said.answer == 8


def test_fifty_runs_are_submitted_at_once(new):
    said = new.run("""
        @fused.udf
        def udf(n: int):
            return {"n": n}
        pool = fused.submit(udf, [{"n": n} for n in range(50)], collect=False, max_workers=8)
        pool.wait()
        answer = [one["n"] for one in pool.results()]
    """)
    assert said.answer == list(range(50))


def test_a_udf_learns_who_called_it_and_not_with_which_key(new):
    said = new.run("""
        @fused.udf
        def udf():
            return [fused.context.get_user_email(), fused.context.in_realtime(), fused.context.in_batch(),
                    fused.context.get_recursion_factor(), fused.context.get_header("Fused-Py-Version"),
                    fused.context.get_header("Authorization"), fused.context.get_share_token()]
        answer = fused.run(udf)
    """)
    assert said.answer == [new.email, True, False, 1, "2.9.5", None, None]


@pytest.mark.parametrize("scheme", ["Fused-Service-Token", "Fused-Env-Bearer", "Fused-Rtenv-Bearer"])
def test_it_logs_in_by_environment(server, new_python, tmp_path, scheme):
    person = Person(server, "environment")
    environ = {"FUSED_AUTH_TOKEN_TYPE": scheme, "FUSED_AUTH_TOKEN": person.key}
    client = Published(new_python, tmp_path, environ, f"import fused\nfused._env({server.url!r})")
    try:
        said = client.run("""
            @fused.udf
            def mine():
                return fused.context.get_user_email()
            mine.to_fused()
            token = mine.create_access_token(cache=False)
            answer = [fused.api.whoami()["email"], fused.run(mine), fused.run(token)]
        """)
    finally:
        client.close()
    assert said.answer == [person.email] * 3


def test_a_wrong_key_is_told_in_words(server, new_python, tmp_path):
    environ = {"FUSED_AUTH_TOKEN_TYPE": "Fused-Service-Token", "FUSED_AUTH_TOKEN": "hr_unknown"}
    client = Published(new_python, tmp_path, environ, f"import fused\nfused._env({server.url!r})")
    try:
        said = client.run(f"{WRONG}\nanswer = refused(fused.api.whoami)")
    finally:
        client.close()
    assert "API key" in said.answer[1]


def test_what_is_not_served_yet_says_so(new):
    said = new.run(f"{WRONG}\nanswer = [refused(lambda: api.get_jobs())]")
    assert all("not served" in text for _, text in said.answer)


def test_a_udf_that_takes_too_long_is_told_as_such(new_python, tmp_path):
    with serving(tmp_path / "home", call_seconds=1) as server:
        environ = {"FUSED_AUTH_TOKEN_TYPE": "Fused-Service-Token", "FUSED_AUTH_TOKEN": server.admin_key}
        client = Published(new_python, tmp_path / "client", environ, f"import fused\nfused._env({server.url!r})")
        try:
            said = client.run(f"""{WRONG}
@fused.udf
def endless():
    print("began", flush=True)
    while True:
        pass
answer = [refused(lambda: fused.run(endless, _use_polling=polling)) for polling in (True, False)]""")
        finally:
            client.close()
    for kind, sentence in said.answer:
        assert (kind, "1 s" in sentence) == ("UdfTimeoutError", True)
