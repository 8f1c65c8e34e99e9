"""Functions that the published clients send: called, registered, shared, and whatever goes wrong."""

import numpy as np
import pytest
import tiledb

from tiledb_wire import person as new_person
from tiledb_wire import strict

# As in a program or a notebook: a function of a module is pickled by its name.
FUNCTIONS = """
__name__ = "__main__"
import dataclasses

@dataclasses.dataclass
class Point:
    x: int
    y: int = 2

def add(a, b=1, *, c=0):
    return a + b + c

def echo(*args, **kw):
    return [list(args), kw]
"""


def is_new(client) -> bool:
    return "0.14.4" in str(client.python)


def run(client, script: str):
    return client.run(FUNCTIONS + "\n" + script).answer


def test_a_function_is_called_with_arguments_of_either_kind(client):
    assert run(client, "answer = tiledb.cloud.udf.exec(add, 1, 2, c=3)") == 6


def test_arguments_arrive_as_they_were(client):
    found = run(
        client,
        """
import datetime, numpy, pandas
frame = pandas.DataFrame({"a": [1, 2], "s": ["x", None]}, index=["i", "j"])
given = [None, True, 2.5, "text", [1, [2]], {"k": {"n": 1}}, b"bytes", (1, 2), {3}, {1: 2},
         datetime.date(2020, 1, 2), numpy.arange(3), frame, {"__tdbudf__": "mine"}]
def check(*given, frame):
    import datetime, numpy
    assert given[:6] == (None, True, 2.5, "text", [1, [2]], {"k": {"n": 1}}), given
    assert given[6] == b"bytes" and list(given[7]) == [1, 2] and given[8:11] == ({3}, {1: 2}, datetime.date(2020, 1, 2))
    assert given[11].tolist() == [0, 1, 2] and given[13] == {"__tdbudf__": "mine"}
    for one in (given[12], frame):
        assert one["a"].tolist() == [1, 2] and list(one.index) == ["i", "j"], one
    return "all of them"
answer = tiledb.cloud.udf.exec(check, *given, frame=frame)
""",
    )
    assert found == "all of them"


def test_results_arrive_as_they_were(client):
    found = run(
        client,
        """
def values():
    import datetime, numpy, pandas
    return {
        "plain": [1, None, "x", {"a": 2.5}],
        "bytes": b"\\xff",
        "set": {1},
        "array": numpy.arange(3),
        "date": datetime.date(2020, 1, 2),
        "frame": pandas.DataFrame({"a": [1, 2], "c": pandas.Categorical(["x", "y"]),
                                   "d": pandas.to_datetime(["2020-01-01", None])}, index=["i", "j"]),
        "series": pandas.Series([1, 2], index=pandas.date_range("2020", periods=2)),
        "nothing": pandas.NaT,
    }
import datetime
import pandas
got = tiledb.cloud.udf.exec(values)
assert got["plain"] == [1, None, "x", {"a": 2.5}] and got["bytes"] == b"\\xff" and got["set"] == {1}
assert got["array"].tolist() == [0, 1, 2] and got["date"] == datetime.date(2020, 1, 2) and got["nothing"] is pandas.NaT
assert got["frame"]["c"].tolist() == ["x", "y"] and list(got["frame"].index) == ["i", "j"]
assert got["frame"]["d"].isna().tolist() == [False, True] and got["series"].index[1] == pandas.Timestamp("2020-01-02")
answer = "all of them"
""",
    )
    assert found == "all of them"


def test_15_what_a_program_defines_comes_back_as_its_own(client):
    found = run(
        client,
        """
def make(x):
    k = 3
    return [Point(x), lambda y: y + k]
point, adds = tiledb.cloud.udf.exec(make, 1)
answer = [type(point) is Point, point.x, point.y, adds(1)]
""",
    )
    assert found == [True, 1, 2, 4]


@pytest.mark.parametrize(
    ("format", "made", "read", "expected"),
    [
        ("native", "(1, {2})", "[list(got)[0], list(got[1])]", [1, [2]]),
        ("json", "{'a': [1]}", "got", {"a": [1]}),
        ("arrow", "pyarrow.table({'a': [1, 2]})", "got.to_pydict()", {"a": [1, 2]}),
        ("arrow", "pandas.DataFrame({'a': [1, 2]})", "got.to_pydict()", {"a": [1, 2]}),
        ("arrow", "None", "got.to_pydict()", {}),
    ],
)
def test_each_format_that_both_clients_read(client, format, made, read, expected):
    script = f"""
def f():
    import pandas, pyarrow
    return {made}
got = tiledb.cloud.udf.exec(f, result_format={format!r})
answer = {read}
"""
    assert run(client, script) == expected


@pytest.mark.parametrize(
    ("format", "made", "read", "expected"),
    [
        ("python_pickle", "{1: 2}", "got[1]", 2),
        ("bytes", "b'abc'", "got.decode()", "abc"),
        ("tiledb_json", "[b'abc', 1]", "[got[0].decode(), got[1]]", ["abc", 1]),
        ("arrow_dataframe", "pandas.DataFrame({'a': [1]}, index=['x'])", "got.loc['x', 'a'].item()", 1),
    ],
)
def test_formats_that_the_newer_client_reads_besides(new, format, made, read, expected):
    script = f"""
def f():
    import pandas
    return {made}
got = tiledb.cloud.udf.exec(f, result_format={format!r})
answer = {read}
"""
    assert run(new, script) == expected


def test_calls_that_are_waited_for_later_and_their_task(client):
    found = run(
        client,
        """
pending = [tiledb.cloud.udf.exec_async(add, n, 1, task_name="later") for n in range(3)]
values = [one.get(60) for one in pending]
tiledb.cloud.udf.exec(add, 1)
task = tiledb.cloud.last_udf_task()
answer = [values, task.status, task.type, task.udf_language, "return a + b + c" in (task.udf_code or "")]
""",
    )
    assert found == [[1, 2, 3], "COMPLETED", "GENERIC_UDF", "python", True]


def test_a_call_under_way_is_among_the_tasks_that_run_and_is_cancelled_by_its_id(client):
    found = run(
        client,
        """
import json, os, time, urllib.request
def endless():
    import time
    while True:
        time.sleep(1)
user = tiledb.cloud.client.default_user().username
fetch = getattr(tiledb.cloud.tasks, "fetch_tasks", None) or tiledb.cloud.tasks.tasks
pending = tiledb.cloud.udf.exec_async(endless, task_name="endless")
task, deadline = None, time.monotonic() + 60
while task is None and time.monotonic() < deadline:
    time.sleep(0.05)
    under_way = fetch(namespace=user, status="RUNNING").array_tasks
    task = next((one for one in under_way if one.name == "endless"), None)
answer = [task.status, task.type]
url = f"{os.environ['TILEDB_REST_HOST']}/api/runs/{task.id}/cancel"
headers = {"Authorization": "Bearer " + os.environ["TILEDB_REST_TOKEN"]}
with urllib.request.urlopen(urllib.request.Request(url, method="POST", headers=headers)) as said:
    answer.append(json.load(said)["state"])
try:
    pending.get(60)
except Exception as error:
    answer.append(str(error))
answer.append(tiledb.cloud.tasks.task(task.id).status)
""",
    )
    assert found[:3] == ["RUNNING", "GENERIC_UDF", "cancelled"]
    assert "The task was cancelled by" in found[3]
    assert found[4] == "CANCELLED"


def test_what_a_function_prints_is_in_the_logs_of_its_task(client):
    found = run(
        client,
        """
def speak():
    import os
    print("to everybody")
    os.system("echo from a shell")
    return 1
tiledb.cloud.udf.exec(speak)
answer = tiledb.cloud.last_udf_task().logs
""",
    )
    assert "to everybody" in found
    assert "from a shell" in found


def test_16_a_result_that_is_kept_can_be_fetched_and_given_to_another_function(client):
    found = run(
        client,
        """
import inspect
from tiledb.cloud._results import decoders, stored_params
def frame():
    import pandas
    return pandas.DataFrame({"a": [1, 2]})
def total(frame, by):
    return int(frame["a"].sum()) * by
kept = tiledb.cloud.udf.exec_base(frame, store_results=True, _download_results=False, result_format="native")
stored = stored_params.StoredParam(kept.task_id, decoders.Decoder("native"))
answer = [tiledb.cloud.udf.exec(total, stored, by=10, stored_param_uuids=[kept.task_id]), len(kept.get())]
""",
    )
    assert found == [30, 2]


def test_a_result_that_is_gone_asks_for_the_value_itself(client):
    found = run(
        client,
        """
import uuid
from tiledb.cloud._results import decoders, stored_params
lost = uuid.uuid4()
try:
    tiledb.cloud.udf.exec(add, stored_params.StoredParam(lost, decoders.Decoder("native")), stored_param_uuids=[lost])
except tiledb.cloud.TileDBCloudError as error:
    answer = str(error)
""",
    )
    assert "RETRY_WITH_PARAMS" in found


def test_an_exception_is_told_with_its_lines(client):
    found = run(
        client,
        """
def fails(x):
    y = x - 1
    return x / y
answer = []
try:
    tiledb.cloud.udf.exec(fails, 1)
except tiledb.cloud.TileDBCloudError as error:
    answer.append(str(error))
task = tiledb.cloud.last_udf_task()
answer += [task.status, task.logs]
""",
    )
    assert found[1] == "FAILED"
    for text in (found[0], found[2]):
        assert "ZeroDivisionError: division by zero" in text
        assert "in fails" in text
        assert "    return x / y\n" in text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import nowhere", "needs the module 'nowhere'"),
        ("import threading; return threading.Lock()", "which cannot be written as"),
        ("import os; os._exit(3)", "itself"),
        ("return f()", "RecursionError"),
        ("raise SystemExit(2)", "SystemExit"),
    ],
)
def test_whatever_a_function_does_ends_in_words(client, body, said):
    script = f"""
def f():
    {body}
try:
    answer = repr(tiledb.cloud.udf.exec(f))
except tiledb.cloud.TileDBCloudError as error:
    answer = str(error)
"""
    assert said in run(client, script)


def test_a_time_limit_ends_a_function(client):
    script = """
import time
def f():
    import time
    time.sleep(60)
began = time.monotonic()
try:
    answer = repr(tiledb.cloud.udf.exec(f, timeout=1))
except tiledb.cloud.TileDBCloudError as error:
    answer = [str(error), time.monotonic() - began < 30]
"""
    said, soon = run(client, script)
    assert soon
    assert "1 s" in said, said


class TestRegistered:
    def test_it_is_called_changed_and_forgotten(self, client):
        found = run(
            client,
            """
from tiledb.cloud.rest_api import models
user = tiledb.cloud.client.default_user().username
name = f"add-{client_name}"
tiledb.cloud.udf.register_generic_udf(add, name)
answer = [tiledb.cloud.udf.exec(f"{user}/{name}", 1, c=5)]
info = tiledb.cloud.udf.info(user, name)
answer += [info.name == name, info.type, info.language]
def add(a, b=1, *, c=0):
    return (a + b + c) * 100
tiledb.cloud.udf.update_udf(func=add, name=name, namespace=user, readme="adds")
answer.append(tiledb.cloud.udf.info(user, name).readme)
answer.append(tiledb.cloud.udf.exec(f"{user}/{name}", 1))
if client_name == "new":
    tiledb.cloud.udf.delete(f"tiledb://{user}/{name}")
else:
    tiledb.cloud.udf.delete(name, user)
try:
    tiledb.cloud.udf.exec(f"{user}/{name}", 1)
except tiledb.cloud.TileDBCloudError as error:
    answer.append(str(error))
""".replace("client_name", repr("new" if is_new(client) else "old")),
        )
        assert found[:6] == [7, True, "generic", "python", "adds", 200]
        assert "There is no function" in found[6]

    def test_another_user_calls_it_while_it_is_shared_with_them(self, client, server):
        other = new_person(server, "friend")
        body = {"udf_info_name": f"{client.person.username}/twice", "arguments_json": [{"value": 4}]}
        body["result_format"] = "json"

        def called() -> tuple[int, str]:
            with strict(server, other.key) as http:
                said = http.post(f"/v1/udfs/generic/{other.username}", json=body)
                return said.status_code, said.text

        run(client, """
def twice(x): return x * 2
tiledb.cloud.udf.register_generic_udf(twice, "twice")
""")  # fmt: skip
        assert called()[0] == 404
        run(client, f"""
tiledb.cloud.udf.share(tiledb.cloud.client.default_user().username + "/twice", {other.username!r})
""")  # fmt: skip
        assert called() == (200, "8")
        run(client, f"""
user = tiledb.cloud.client.default_user().username
tiledb.cloud.udf.unshare(user + "/twice", {other.username!r})
tiledb.cloud.udf.delete(*{'("tiledb://" + user + "/twice",)' if is_new(client) else '("twice", user)'})
""")  # fmt: skip
        assert called()[0] == 404


class TestArrays:
    """Parts of arrays that lie in folders of the server's."""

    def test_14_a_function_is_applied_to_a_part_of_an_array(self, client, server):
        user = lay(server, client)
        found = run(client, f"""
def total(data, times=1):
    return float(data[""].sum()) * times
answer = [tiledb.cloud.array.apply("tiledb://{user}/matrix", total, [(0, 1), [1, 3]]),
          tiledb.cloud.array.apply("tiledb://{user}/matrix", total, [(0, 1), (0, 3)], times=10),
          tiledb.cloud.array.apply_async("tiledb://{user}/matrix", total, [(2, 2), []]).get(60)]
""")  # fmt: skip
        assert found == [16.0, 280.0, 38.0]

    def test_dates_and_attributes_of_a_sparse_array(self, client, server):
        user = lay(server, client)
        found = run(client, f"""
import numpy
def show(data):
    return [sorted(data), [str(t) for t in data["t"]], data["a"].tolist()]
part = [(numpy.datetime64("2020-01-02", "D"), numpy.datetime64("2020-01-03", "D"))]
answer = tiledb.cloud.array.apply("tiledb://{user}/days", show, part, attrs=["a"])
""")  # fmt: skip
        assert found == [["a", "t"], ["2020-01-02", "2020-01-03"], [1, 2]]

    def test_several_arrays_are_a_list(self, client, server):
        user = lay(server, client)
        found = run(client, f"""
def both(arrays, plus=0):
    return [float(arrays[0][""].sum()), int(arrays[1]["a"].sum()) + plus]
arrays = tiledb.cloud.array.ArrayList()
arrays.add("tiledb://{user}/matrix", [(0, 0), (0, 3)], [""])
arrays.add("tiledb://{user}/days", [(18262, 18264)], ["a"])
answer = tiledb.cloud.array.exec_multi_array_udf(both, arrays, plus=100)
""")  # fmt: skip
        assert found == [6.0, 103]

    def test_the_task_names_the_array_and_is_found_by_it(self, client, server):
        user = lay(server, client)
        found = run(client, f"""
def total(data): return float(data[""].sum())
tiledb.cloud.array.apply("tiledb://{user}/matrix", total, [(0, 0), (0, 0)], task_name="of the matrix")
task = tiledb.cloud.last_udf_task()
answer = [task.type, task.array_metadata.tiledb_uri, task.name]
""")  # fmt: skip
        assert found == ["UDF", f"tiledb://{user}/matrix", "of the matrix"]

    def test_an_array_of_somebody_else_s_is_told_as_none(self, client, server):
        other = new_person(server, "other")
        folder(server, other, "secret")
        found = run(client, f"""
def total(data): return 1
answer = []
for name in ("secret", "nothing"):
    try:
        tiledb.cloud.array.apply("tiledb://{other.username}/" + name, total, [])
    except tiledb.cloud.TileDBCloudError as error:
        answer.append(str(error).replace(name, "it").partition(" - Code")[0])
""")  # fmt: skip
        assert found[0] == found[1]
        assert "There is no array" in found[0]

    def test_a_function_does_not_write_to_what_it_reads(self, client, server):
        user = lay(server, client)
        found = run(client, f"""
def spoil(data):
    import os
    seen, written = [], []
    for name in os.listdir("/lake"):
        seen.append(name.partition("-")[0])
        try:
            with open(f"/lake/{{name}}/spoiled", "w"):
                written.append(name)
        except OSError:
            pass
    return [seen.count("array"), written]
answer = tiledb.cloud.array.apply("tiledb://{user}/matrix", spoil, [])
""")  # fmt: skip
        assert found == [1, []]


def folder(server, person, name: str) -> str:
    """The folder of a new array in the namespace of a person."""
    with strict(server, person.key) as http:
        made = http.post(f"/v1/arrays/{person.username}/{name}/register", json={}).json()
    (found,) = (server.home / "lake" / "arrays").glob(f"*/{made['id']}")
    return str(found)


def lay(server, client) -> str:
    """Lay arrays for a client, once: a dense one called `matrix`, a sparse one called `days`. The namespace."""
    if getattr(client, "laid", False):
        return client.person.username
    client.laid = True
    matrix, days = folder(server, client.person, "matrix"), folder(server, client.person, "days")
    tiledb.from_numpy(matrix, np.arange(12.0).reshape(3, 4))
    day = np.datetime64("2020-01-01", "D")
    domain = tiledb.Domain(
        tiledb.Dim("t", domain=(day, day + 3650), tile=np.timedelta64(10, "D"), dtype="datetime64[D]")
    )
    tiledb.Array.create(days, tiledb.ArraySchema(domain=domain, sparse=True, attrs=[tiledb.Attr("a", dtype="i4")]))
    with tiledb.open(days, "w") as array:
        array[day + np.arange(4)] = {"a": np.arange(4, dtype="i4")}
    return client.person.username
