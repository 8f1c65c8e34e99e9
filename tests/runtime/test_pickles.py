"""Functions that come as pickles: arguments of both styles, results of every format, and whatever can go wrong.

The program is called as a worker calls it. That the published clients and it understand each other is in
tests/dialects/tiledb/test_pickles.py.
"""

import base64
import io
import json
import os
import pickle
import re
import subprocess
import sys
import textwrap
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import cloudpickle
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tiledb
from hypothesis import given
from hypothesis import strategies as st

from headrace.runtime import pickles
from headrace.runtime.pickled import lines, parameters, tagged, values
from headrace.runtime.sink import OutputTooLarge, Sink
from published import interpreter

SERVED = "{}.{}".format(*sys.version_info)
OTHERS = [minor for minor in ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13") if minor != SERVED]
_numbers = count(1)


def function(source: str) -> bytes:
    """A function as a client pickles one of its own program."""
    namespace = {"__name__": "__main__"}
    exec(textwrap.dedent(source), namespace)
    return cloudpickle.dumps(namespace["f"], protocol=4)


def answer(source: str | bytes, *positional: object, limit: int = 1 << 26, **request: object) -> bytes:
    """The bytes of a call's result."""
    sink = Sink(limit)
    sent = source if isinstance(source, bytes) else function(source)
    if positional:
        request["arguments_json"] = [{"value": tagged.encode(one)} for one in positional]
    if "shown" in request:
        request["source"] = request.pop("shown")
    encoded = pickles.run({"function": sent, "result_format": "native", **request}, sink, [])
    assert encoded.media_type == values.codec_of(request.get("result_format", "native")).media_type
    body, fd = sink.take()
    if fd is None:
        return body
    with os.fdopen(fd, "rb") as file:
        return os.pread(file.fileno(), sink.size, 0)


def value(source: str | bytes, *positional: object, **request: object) -> object:
    return values.read(request.get("result_format", "native"), answer(source, *positional, **request))


def problem(source: str | bytes, *positional: object, **request: object):
    with pytest.raises(pickles.FunctionFailed) as failed:
        answer(source, *positional, **request)
    assert failed.value.message == ": ".join(filter(None, [failed.value.problem.kind, failed.value.problem.message]))
    return failed.value.problem


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.text(max_size=5) | st.just("__tdbudf__")
native = st.recursive(
    plain | st.binary() | st.sets(st.integers()) | st.dictionaries(st.integers(), st.text(), min_size=1),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def dense(tmp_path_factory) -> str:
    uri = str(tmp_path_factory.mktemp("arrays") / "dense")
    tiledb.from_numpy(uri, np.arange(12.0).reshape(3, 4))
    return uri


@pytest.fixture(scope="module")
def sparse(tmp_path_factory) -> str:
    uri = str(tmp_path_factory.mktemp("arrays") / "sparse")
    day = np.datetime64("2020-01-01", "D")
    domain = tiledb.Domain(
        tiledb.Dim("t", domain=(day, day + 3650), tile=np.timedelta64(10, "D"), dtype="datetime64[D]"),
        tiledb.Dim("k", domain=(None, None), dtype="ascii"),
    )
    attributes = [tiledb.Attr("a", dtype="i4"), tiledb.Attr("b", dtype="f8")]
    tiledb.Array.create(uri, tiledb.ArraySchema(domain=domain, sparse=True, attrs=attributes))
    with tiledb.open(uri, "w") as array:
        array[day + np.arange(4), ["x", "y", "x", "z"]] = {"a": np.arange(4, dtype="i4"), "b": np.arange(4.0)}
    return uri


@pytest.fixture(scope="module", params=OTHERS)
def other(request) -> str:
    if found := interpreter(request.param):
        return found
    pytest.skip(f"no Python {request.param} was found on the path or in ~/.pyenv/versions")


class TestTagged:
    @given(native)
    def test_what_is_written_is_read_again(self, given):
        assert tagged.decode(json.loads(json.dumps(tagged.encode(given)))) == given

    @given(native)
    def test_an_argument_arrives_as_it_was(self, given):
        sent = json.dumps([{"value": tagged.encode(given)}, {"name": "k", "value": tagged.encode([given])}])
        assert parameters.collect({"arguments_json": sent}) == ([given], {"k": [given]})

    def test_plain_json_is_itself(self):
        assert tagged.encode({"a": [1, (2.5, None)], "b": True}) == {"a": [1, [2.5, None]], "b": True}

    def test_tables_keep_their_types(self):
        frame = pd.DataFrame({"a": [1, 2], "when": pd.to_datetime(["2020-01-01", None])}, index=["x", "y"])
        table = pa.table({"n": pa.array([1, None], pa.int8())})
        back = tagged.decode(json.loads(json.dumps(tagged.encode({"frame": frame, "table": table}))))
        pd.testing.assert_frame_equal(back["frame"], frame)
        assert back["table"].equals(table)

    def test_a_frame_that_arrow_cannot_hold_is_pickled(self):
        encoded = tagged.encode(pd.DataFrame({"a": [{1}, "x", 3]}))
        assert encoded["format"] == "python_pickle"
        assert tagged.decode(encoded)["a"].tolist() == [{1}, "x", 3]

    def test_what_contains_itself_arrives(self):
        loop: list = [1]
        loop.append(loop)
        back = tagged.decode(tagged.encode(loop))
        assert back[1] is back

    def test_a_value_that_is_there_twice_is_no_loop(self):
        twice = ["x"]
        assert tagged.encode([twice, twice]) == [["x"], ["x"]]

    def test_nothing_within_raw_json_is_a_tag(self):
        inner = {"__tdbudf__": "immediate", "format": "bytes"}
        assert tagged.decode({"__tdbudf__": "raw_json", "raw_json": [inner]}) == [inner]

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"__tdbudf__": "surprise"}, "has the tag 'surprise'; there are immediate, raw_json, __escape__"),
            ({"__tdbudf__": None}, "has the tag None"),
            ({"__tdbudf__": ["x"]}, r"has the tag \['x'\]"),
            ({"__tdbudf__": "immediate", "format": "bytes"}, "tagged 'immediate' is not complete: 'base64_data'"),
            ({"__tdbudf__": "immediate", "format": "vinyl", "base64_data": ""}, "'vinyl' is no result format"),
            ({"__tdbudf__": "immediate", "format": "arrow", "base64_data": "eHg="}, "cannot be read as arrow"),
            ({"__tdbudf__": "immediate", "format": "native", "base64_data": "%"}, "cannot be unpickled|not complete"),
            ({"__tdbudf__": "__escape__", "__escape__": [1]}, "tagged '__escape__' is not complete"),
            ({"__tdbudf__": "stored_param", "task_id": "x"}, "'x' is no id of a task"),
        ],
    )
    def test_a_tag_that_says_nothing_is_told_so(self, sent, said):
        failed = problem("def f(x): return x", arguments_json=[{"value": sent}])
        assert failed.kind in ("ValueError", "UnpicklingError")
        assert re.search(said, failed.message), failed.message


class TestArguments:
    ECHO = "def f(*args, **kw): return [list(args), kw]"

    @pytest.mark.parametrize(
        ("sent", "arrives"),
        [
            (((1, [2]), {"k": 3}), [[1, [2]], {"k": 3}]),
            (((1,),), [[1], {}]),
            (({"k": 3},), [[], {"k": 3}]),
            (((),), [[], {}]),
        ],
    )
    def test_a_pickle_of_a_tuple_and_a_dict_or_either(self, sent, arrives):
        assert value(self.ECHO, argument=pickle.dumps(sent)) == arrives

    def test_none_at_all(self):
        assert value(self.ECHO) == [[], {}]

    def test_json_goes_before_the_pickle(self):
        both = {"argument": pickle.dumps(({"k": 1},)), "arguments_json": [{"name": "k", "value": 2}, {"value": 3}]}
        assert value(self.ECHO, **both) == [[3], {"k": 2}]

    @pytest.mark.parametrize("sent", [[1], "x", 5])
    def test_a_pickle_of_something_else_is_told_so(self, sent):
        assert "no tuple of a tuple and a dict" in problem(self.ECHO, argument=pickle.dumps(sent)).message

    def test_a_function_that_wants_others_says_which(self):
        failed = problem("def f(a, b): return a", 1)
        assert (failed.kind, failed.message) == ("TypeError", "f() missing 1 required positional argument: 'b'")

    def test_arguments_json_that_is_none_is_told_so(self):
        assert "a list of objects" in problem(self.ECHO, arguments_json=[1]).message

    def test_arguments_that_are_nested_too_deeply_are_told_so(self):
        sent = None
        for _ in range(50_000):
            sent = [sent]
        assert problem(self.ECHO, arguments_json=[{"value": sent}]).message == "The arguments are nested too deeply."


class TestStored:
    uid = str(UUID(int=7))

    def stored(self, format: str, given: object) -> dict:
        out = io.BytesIO()
        values.write(format, given, out)
        return {"stored": {self.uid: {"format": values.codec_of(format).media_type, "body": out.getvalue()}}}

    def tag(self, **more: object) -> list:
        return [{"value": [{"__tdbudf__": "stored_param", "task_id": self.uid, **more}]}]

    @pytest.mark.parametrize("format", ["native", "json", "tiledb_json", "bytes", "arrow"])
    def test_a_result_is_read_by_what_its_format_says(self, format):
        given = {"bytes": b"x", "arrow": pa.table({"a": [1]})}.get(format, {"a": [1]})
        found = value("def f(x): return x", arguments_json=self.tag(), **self.stored(format, given))
        assert found == [given]

    def test_the_output_of_a_node_is_that_of_its_task(self):
        node = str(uuid4())
        sent = [{"value": {"__tdbudf__": "node_output", "client_node_id": node}}]
        request = {"arguments_json": sent, "nodes": {node: self.uid}, **self.stored("json", [5])}
        assert value("def f(x): return x", **request) == [5]
        assert f"the output of node {node}" in problem("def f(x): return x", arguments_json=sent).message

    def test_one_that_is_gone_asks_for_the_value_itself(self):
        failed = problem("def f(x): return x", arguments_json=self.tag())
        assert "RETRY_WITH_PARAMS" in failed.message
        assert self.uid in failed.message


class TestArrays:
    SHOW = "def f(data, **kw): return {name: v.tolist() for name, v in data.items()}"

    def read(self, path: str, ranges: list, *buffers: str, layout: str | None = None, **more: object) -> dict:
        details = {"path": path, "uri": "tiledb://me/a", "ranges": {"layout": layout, "ranges": ranges}}
        return {"arrays": [{**details, "buffers": list(buffers), **more}]}

    def test_ranges_include_both_ends(self, dense):
        found = value(self.SHOW, **self.read(dense, [[0, 1], [1, 1, 3, 3]]))
        assert found == {"": [[1.0, 3.0], [5.0, 7.0]]}

    def test_no_range_is_all_of_the_dimension(self, dense):
        assert value(self.SHOW, **self.read(dense, [[2, 2]])) == {"": [[8.0, 9.0, 10.0, 11.0]]}
        assert value(self.SHOW, **self.read(dense, [[2, 2], []])) == {"": [[8.0, 9.0, 10.0, 11.0]]}

    @pytest.mark.parametrize("layout", ["row-major", "global-order", "unordered", None])
    def test_layouts(self, dense, layout):
        assert value(self.SHOW, **self.read(dense, [[0, 0]], layout=layout)) == {"": [[0.0, 1.0, 2.0, 3.0]]}

    def test_sparse_has_its_coordinates_and_dates_come_as_numbers(self, sparse):
        days = (np.datetime64("2020-01-02", "D") - np.datetime64("1970-01-01", "D")).astype(int).item()
        found = value("def f(data): return data", **self.read(sparse, [[days, days + 1], ["x", "x"]], "a"))
        assert list(found) == ["t", "k", "a"]
        assert found["t"].tolist() == [np.datetime64("2020-01-03", "D").item()]
        assert (found["k"].tolist(), found["a"].tolist()) == ([b"x"], [2])

    def test_the_dimensions_that_are_named_are_the_ones_that_come(self, sparse):
        assert value(self.SHOW, **self.read(sparse, [], "k", "b")) == {
            "k": [b"x", b"y", b"x", b"z"],
            "b": [0.0, 1.0, 2.0, 3.0],
        }

    def test_one_array_is_the_first_argument_and_several_are_a_list(self, dense, sparse):
        one, other = self.read(dense, [[0, 0]])["arrays"], self.read(sparse, [], "a")["arrays"]
        count = "def f(x, y, k): return [type(x).__name__, len(x), y, k]"
        with_keywords = {"argument": pickle.dumps((("y",), {"k": 1}))}
        assert value(count, arrays=one, **with_keywords) == ["OrderedDict", 1, "y", 1]
        assert value(count, arrays=one + other, **with_keywords) == ["list", 2, "y", 1]

    def test_tags_say_where_each_array_goes(self, dense):
        rows = [self.read(dense, [[row, row]], parameter_id=str(row))["arrays"][0] for row in range(2)]
        tags = [
            {"__tdbudf__": "udf_array_details", "udf_array_details": {"uri": "tiledb://me/a", "parameter_id": row}}
            for row in ("1", "0")
        ]
        sent = [{"value": tags[0]}, {"name": "other", "value": [tags[1]]}]
        add = "def f(x, other): return [float(x[''].sum()), float(other[0][''].sum())]"
        assert value(add, arrays=rows, arguments_json=sent) == [22.0, 6.0]

    def test_an_array_that_is_not_among_those_of_the_call_is_told_so(self):
        tag = {"__tdbudf__": "udf_array_details", "udf_array_details": {"uri": "tiledb://you/b"}}
        assert "tiledb://you/b, which is not among" in problem(self.SHOW, arguments_json=[{"value": tag}]).message

    def test_a_dense_array_without_cells_is_empty(self, tmp_path):
        uri = str(tmp_path / "empty")
        domain = tiledb.Domain(tiledb.Dim("r", domain=(0, 2**40), tile=1000, dtype="i8"))
        tiledb.Array.create(uri, tiledb.ArraySchema(domain=domain, attrs=[tiledb.Attr("a", dtype="i4")]))
        assert value(self.SHOW, **self.read(uri, [])) == {"a": []}
        with pytest.raises(MemoryError):
            value(self.SHOW, **self.read(uri, [[0, 2**40]]))

    @pytest.mark.parametrize(
        ("ranges", "buffers", "layout", "said"),
        [
            ([], ["nope"], None, "no attribute or dimension called 'nope'; there are"),
            ([[1]], [], None, "must be pairs"),
            ([[0, 1], [0, 1], [0, 1]], [], None, "has 2 dimensions, and there are ranges for 3"),
            ([["a", "b"]], [], None, "tiledb://me/a"),
            ([[0, 99]], [], None, "tiledb://me/a cannot be read"),
            ([], [], "spiral", "no layout 'spiral'; there are row-major"),
        ],
    )
    def test_what_cannot_be_read_is_told_so(self, dense, ranges, buffers, layout, said):
        assert said in problem(self.SHOW, **self.read(dense, ranges, *buffers, layout=layout)).message

    def test_an_array_that_is_not_there_is_told_so(self, tmp_path):
        assert "tiledb://me/a cannot be read" in problem(self.SHOW, **self.read(str(tmp_path / "no"), [])).message


class TestResults:
    FRAME = "def f():\n import pandas as pd\n return pd.DataFrame({'a': [1, 2], 's': ['x', None]}, index=[5, 6])"

    @pytest.mark.parametrize(
        ("source", "format", "expected"),
        [
            ("def f(): return {1: (2, {3})}", "native", {1: (2, {3})}),
            ("def f(): return {1: (2, {3})}", "python_pickle", {1: (2, {3})}),
            ("def f(): return {'a': (1, None)}", "json", {"a": [1, None]}),
            ("def f(): return {'a': b'x', 'b': {1: 2}}", "tiledb_json", {"a": b"x", "b": {1: 2}}),
            ("def f(): return b'\\x00x'", "bytes", b"\x00x"),
            ("def f(): return 'text'", "bytes", b"text"),
            ("async def f(): return 5", "json", 5),
            ("import numpy as np\ndef f(): return [np.int64(5), np.arange(2), np.datetime64('2020-01-01')]", "json",
             [5, [0, 1], "2020-01-01"]),
        ],
    )  # fmt: skip
    def test_values(self, source, format, expected):
        assert value(source, result_format=format) == expected

    @pytest.mark.parametrize("format", ["native", "tiledb_json", "arrow_dataframe"])
    def test_a_frame_arrives_as_it_was(self, format):
        expected = pd.DataFrame({"a": [1, 2], "s": ["x", None]}, index=[5, 6])
        pd.testing.assert_frame_equal(value(self.FRAME, result_format=format), expected)

    @pytest.mark.parametrize(
        "made",
        [
            "pa.table({'a': [1, 2]})",
            "pa.record_batch({'a': [1, 2]})",
            "pa.table({'a': [1, 2]}).to_reader()",
            "pd.DataFrame({'a': [1, 2]})",
            "pd.Series([1, 2], name='a')",
            "pl.DataFrame({'a': [1, 2]})",
            "{'a': np.array([[1, 2]])}",
            "[{'a': 1}, {'a': 2}]",
        ],
    )
    def test_what_can_be_a_table_is_one_in_arrow(self, made):
        source = f"import numpy as np, pandas as pd, polars as pl, pyarrow as pa\ndef f(): return {made}"
        assert value(source, result_format="arrow").to_pydict() == {"a": [1, 2]}

    def test_nothing_is_a_table_without_rows(self):
        assert answer("def f(): return None", result_format="arrow") == b""

    def test_a_class_of_the_sender_s_program_comes_back(self):
        source = (
            "import dataclasses\n@dataclasses.dataclass\nclass D:\n    a: int\ndef f(): return [D(1), lambda x: x + 1]"
        )
        found, add = value(source)
        assert (found.a, add(1)) == (1, 2)

    @pytest.mark.parametrize(
        ("source", "format", "said"),
        [
            ("import threading\ndef f(): return threading.Lock()", "native", "type lock, which cannot be written"),
            ("def f(): return {1}", "arrow", "of type set, which cannot be written as arrow"),
            ("def f(): return object()", "json", "JSON has nothing for object; ask for native"),
            ("def f(): return 5", "bytes", "return bytes or text"),
            ("def f(): return (x for x in [1])", "native", "returned a generator; return what it yields"),
            ("def f(): return 5", "r_serialization", "'r_serialization' is no result format"),
            ("def f():\n r = []\n for _ in range(90000): r = [r]\n return r", "native", "recursion|nested"),
            ("def f():\n r = []\n for _ in range(90000): r = [r]\n return r", "json", "nested too deeply"),
            ("def f():\n r = []\n for _ in range(90000): r = [r]\n return r", "tiledb_json", "nested too deeply"),
        ],
    )  # fmt: skip
    def test_what_a_format_cannot_hold_is_told_so(self, source, format, said):
        failed = problem(source, result_format=format)
        assert any(one in failed.message for one in said.split("|")), failed.message

    def test_more_than_may_be_written_is_no_result(self):
        with pytest.raises(OutputTooLarge):
            answer("def f(): return b'x' * 1000", limit=500)


class TestWhatGoesWrong:
    SOURCE = """\
def f(x):
    y = 1
    def inner():
        raise ValueError(f"bad {x + y}")
    return inner()
"""

    def test_an_exception_has_the_function_s_own_frames_and_the_line_in_its_source(self):
        namespace = {"__name__": "__main__"}
        exec(compile("\n" * 30 + self.SOURCE, "/home/somebody/notebook.py", "exec"), namespace)
        sent = cloudpickle.dumps(namespace["f"])
        failed = problem(sent, 4, shown=self.SOURCE)
        assert (failed.kind, failed.message, failed.lineno) == ("ValueError", "bad 5", 4)
        assert failed.traceback.startswith('Traceback (most recent call last):\n  File "')
        assert ", line 35, in f\n    return inner()" in failed.traceback
        assert 'raise ValueError(f"bad {x + y}")' in failed.traceback
        assert "headrace" not in failed.traceback

    def test_what_an_exception_came_from_is_told_too(self):
        failed = problem(
            "def f():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise KeyError('k') from e"
        )
        assert "ZeroDivisionError: division by zero" in failed.traceback
        assert "The above exception was the direct cause" in failed.traceback

    @pytest.mark.parametrize(
        "raised", ["SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()", "BaseException('x')"]
    )
    def test_what_would_end_a_program_is_an_exception_like_others(self, raised):
        assert problem(f"def f(): raise {raised}").kind == raised.partition("(")[0]

    def test_an_exception_whose_text_cannot_be_read_is_told_all_the_same(self):
        failed = problem("class E(Exception):\n    def __str__(self): return 1 / 0\ndef f(): raise E")
        assert (failed.kind, failed.message) == ("E", "(its text could not be read)")

    def test_text_that_is_no_unicode_is_told(self):
        assert problem(r"def f(): raise OSError('\udcff')").message == r"\udcff"

    def test_endless_recursion_is_told_in_few_words(self):
        failed = problem("def f(): return f()")
        assert failed.kind == "RecursionError"
        assert "[Previous line repeated" in failed.traceback

    def test_a_module_that_is_missing_is_named_with_what_to_do(self):
        failed = problem("def f():\n    import nowhere.at_all")
        assert "`headrace env add NAME cloudpickle nowhere`" in failed.message
        assert f"Python {SERVED} of this server" in failed.message

    def test_memory_that_runs_out_is_no_exception_of_the_function(self):
        with pytest.raises(MemoryError):
            answer("def f(): return bytearray(1 << 62)")

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            (b"", "cannot be unpickled: EOFError"),
            (b"not a pickle", "cannot be unpickled: UnpicklingError"),
            (pickle.dumps(5), "a value of type int, which cannot be called"),
            (b"cnowhere\nf\n.", "needs the module 'nowhere'"),
            (b"c__main__\nf\n.", "cannot be unpickled: AttributeError"),
            (b"cos\n_nowhere\n.", "cannot be unpickled: AttributeError"),
            (b"cbuiltins\nexec\n(S'raise SystemError(5)'\ntR.", "cannot be unpickled: SystemError: 5"),
            (cloudpickle.dumps(len, protocol=4)[:-3], "cannot be unpickled"),
            (b"(" * 100 + b".", "cannot be unpickled"),
        ],
    )
    def test_a_pickle_of_no_function_is_told_so(self, sent, said):
        assert said in problem(sent).message

    def test_another_language_is_told_so(self):
        assert problem("def f(): return 1", language="r").message.startswith("Functions in r are not run here")

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("def f(:", "SyntaxError"),
            ("x = 5", "which defines no function"),
            ("1 / 0", "ZeroDivisionError"),
        ],
    )
    def test_source_that_defines_nothing_is_told_so(self, code, said):
        with pytest.raises(pickles.FunctionFailed) as failed:
            pickles.run({"function": {"code": code}, "result_format": "json"}, Sink(100), [])
        assert said in f"{failed.value.problem.kind}: {failed.value.message}"


def test_source_is_called_as_well():
    code = "def helper(x): return x\ndef main(x): return helper(x) + 1\n"
    sink = Sink(100)
    request = {"function": {"code": code}, "version": "2.7", "arguments_json": [{"value": 1}], "result_format": "json"}
    pickles.run(request, sink, [])
    assert sink.take()[0] == b"2"


class TestOtherVersions:
    """Interpreters that are found on this machine, without any package but what a call brings."""

    def pickled(self, python: str, source: str) -> bytes:
        """A function as that interpreter pickles it, with the cloudpickle that is here."""
        folder = str(Path(cloudpickle.__file__).parent)
        script = f"""
            import sys
            from importlib.util import module_from_spec, spec_from_file_location
            spec = spec_from_file_location("cloudpickle", {folder!r} + "/__init__.py",
                                           submodule_search_locations=[{folder!r}])
            sys.modules["cloudpickle"] = cloudpickle = module_from_spec(spec)
            spec.loader.exec_module(cloudpickle)
            exec({source!r})
            sys.stdout.buffer.write(cloudpickle.dumps(f, protocol=4))
            """
        command = [python, "-I", "-c", textwrap.dedent(script)]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def test_each_calls_what_it_pickled(self, other):
        source = "def f(x, *, k):\n    import sys\n    return [x, k, list(sys.version_info[:2]), (lambda: 5)()]"
        version = subprocess.run([other, "-c", "import platform; print(platform.python_version())"],
                                 capture_output=True, check=True, text=True).stdout.strip()  # fmt: skip
        request = {"version": version, "interpreter": other, "function": self.pickled(other, source)}
        request["arguments_json"] = json.dumps([{"value": {"a": [1]}}, {"name": "k", "value": None}])
        sink = Sink(1000)
        pickles.run({**request, "result_format": "tiledb_json"}, sink, [])
        assert json.loads(sink.take()[0]) == [{"a": [1]}, None, [int(part) for part in version.split(".")[:2]], 5]

    def test_what_goes_wrong_there_is_told_as_here(self, other):
        raises = self.pickled(other, "def f(x):\n    y = 1\n    raise ValueError(x)\n")
        elsewhere = {"version": "3.99", "interpreter": other}
        failed = problem(raises, "bad", shown="def f(x):\n    y = 1\n    raise ValueError(x)\n", **elsewhere)
        assert (failed.kind, failed.message, failed.lineno) == ("ValueError", "bad", 3)
        assert "raise ValueError(x)" in failed.traceback
        assert "headrace" not in failed.traceback
        dies = self.pickled(other, "def f():\n    import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)\n")
        assert "ended by itself, by signal SIGSEGV" in problem(dies, **elsewhere).message
        with pytest.raises(MemoryError):
            answer(self.pickled(other, "def f(): return bytearray(1 << 62)"), **elsewhere)
        with pytest.raises(OutputTooLarge):
            answer(self.pickled(other, "def f(): return b'x' * 3000000"), limit=2_000_000, **elsewhere)

    def test_a_child_that_comes_back_is_not_taken_for_the_call(self, other):
        source = """if True:
            def f():
                import os, time
                child = os.fork()
                if child:
                    time.sleep(0.3)
                return "the call" if child else "the child"
        """
        assert value(self.pickled(other, source), version="3.99", interpreter=other) == "the call"

    def test_what_lies_about_its_answer_is_not_believed(self, other):
        source = """if True:
            def f():
                import os
                from contextlib import suppress
                for fd in range(3, 200):
                    with suppress(OSError):
                        os.write(fd, b"D" + bytes([255]) * 8)
        """
        assert "ended by itself" in problem(self.pickled(other, source), version="3.99", interpreter=other).message


def test_the_lines_of_code_that_an_old_cloudpickle_sent_are_those_it_had():
    python = interpreter("3.10")
    if python is None:
        pytest.skip("no Python 3.10 was found on the path or in ~/.pyenv/versions")
    script = f"""
        import asyncio.base_events, inspect, json.decoder, typing
        from importlib.util import module_from_spec, spec_from_file_location
        spec = spec_from_file_location("lines", {lines.__file__!r})
        spec.loader.exec_module(lines := module_from_spec(spec))

        def each(code):
            yield code
            for one in code.co_consts:
                if inspect.iscode(one):
                    yield from each(one)

        def at(code):
            return {{at: line for start, end, line in code.co_lines() for at in range(start, end, 2)}}

        count = 0
        for module in (json.decoder, typing, asyncio.base_events):
            text = inspect.getsource(module)
            source = text + "\\n" * 300 + "def far():\\n    return [" + "1," * 3000 + "\\n" * 300 + "1 / 0]\\n"
            for code in each(compile(source, "x", "exec")):
                made = code.replace(co_linetable=lines.table_of(code.co_lnotab, len(code.co_code)))
                for start, line in at(code).items():  # the older table has no word for code without a line
                    assert line is None or at(made)[start] == line, (code, start)
                count += 1
        print(count)
        """
    ran = subprocess.run([python, "-I", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 300


def test_a_version_without_an_interpreter_is_told_so():
    failed = problem("def f(): return 1", version="3.99.1")
    assert failed.message == f"The function was pickled by Python 3.99, and here is Python {SERVED} alone."


def test_an_interpreter_that_is_gone_is_told_so():
    assert "cannot be started" in problem("def f(): return 1", version="3.99.1", interpreter="/nowhere").message


def test_bytes_are_not_encoded_twice():
    sent = [
        {"value": {"__tdbudf__": "immediate", "format": "bytes", "base64_data": base64.b64encode(b"\xff").decode()}}
    ]
    assert value("def f(x): return x", arguments_json=sent) == b"\xff"
