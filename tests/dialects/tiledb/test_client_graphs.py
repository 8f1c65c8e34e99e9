"""Task graphs with both published clients: what they drive themselves, and what the newer one has the server drive."""

# As in a program or a notebook: a function of a module is pickled by its name.
FUNCTIONS = """
__name__ = "__main__"
import time
from tiledb.cloud import dag
from tiledb.cloud.compute import Delayed, DelayedArrayUDF, DelayedSQL

def add(*values):
    return sum(values)

def half(x):
    return x / 2

def fail(*_):
    raise ValueError("not today")

def states(log):
    return {node.name: node.status for node in log.nodes}

def wait_until(found):
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)

def settled(graph, status="succeeded"):
    wait_until(lambda: dag.server_logs(graph).status == status)
    return dag.server_logs(graph)
"""


def run(client, script: str):
    return client.run(FUNCTIONS + "\n" + script).answer


def test_a_graph_of_functions_statements_and_local_nodes(client):
    found = run(
        client,
        """
me = tiledb.cloud.user_profile().username
graph = dag.DAG(name="mixed", max_workers=4)
one = graph.submit(add, 1, 2, name="one")
two = graph.submit(half, one, name="two", result_format="native")
rows = graph.submit_sql("select 40 as n", name="rows")
here = graph.submit_local(lambda x, r: [x, int(r["n"][0])], two, rows, name="here")
last = graph.submit(lambda h: h[0] + h[1], here, name="last")
graph.compute()
graph.wait(60)
log = settled(graph)
by_name = {node.name: node for node in log.nodes}
answer = [
    [one.result(), two.result(), here.result(), last.result()],
    states(log),
    {name: node.run_location for name, node in by_name.items()},
    {name: [e.type for e in node.executions] for name, node in by_name.items()},
    [len(by_name["last"].depends_on), log.name, str(log.uuid) == str(graph.server_graph_uuid)],
    [str(by_name["one"].executions[-1].id) == str(one.task_id()), log.created_by == me],
]
""",
    )
    values, states, places, types, rest, same = found
    assert values == [3, 1.5, [1.5, 40], 41.5]
    assert states == dict.fromkeys(("one", "two", "rows", "here", "last"), "COMPLETED")
    assert places == {"one": "server", "two": "server", "rows": "server", "here": "client", "last": "server"}
    assert types["rows"] == ["SQL"]
    assert types["here"] == ["CLIENT_COMPUTATION"]
    assert types["one"] == ["GENERIC_UDF"]
    assert rest == [1, "mixed", True]
    assert same == [True, True]


def test_16_stored_results_are_there_for_later_nodes(client):
    found = run(
        client,
        """
def frame():
    import pandas
    return pandas.DataFrame({"a": range(1000)})
graph = dag.DAG()
one = graph.submit(frame, name="frame")
nodes = [graph.submit(lambda f, n: int(f["a"].sum()) + n, one, n, name=f"n{n}") for n in range(6)]
all_of_them = graph.submit(lambda values: sorted(values), nodes, name="all")
graph.compute()
graph.wait(60)
answer = all_of_them.result()
""",
    )
    assert found == [499500 + n for n in range(6)]


def test_delayed_functions(client):
    found = run(
        client,
        """
one = Delayed(add, 1, 2, name="one")
two = Delayed(add, name="two")(one, 4)
rows = DelayedSQL("select 7 as n", name="rows")
local = Delayed(lambda a, r: a + int(r["n"][0]), local=True, name="local")(two, rows)
answer = [local.compute(), two.result()]
""",
    )
    assert found == [14, 7]


def test_a_failing_node_is_told_and_what_needs_it_is_not_run(client):
    found = run(
        client,
        """
graph = dag.DAG(name="failing")
bad = graph.submit(fail, name="bad")
after = graph.submit(add, bad, name="after")
other = graph.submit(add, 1, name="other")
graph.compute()
try:
    graph.wait(60)
except Exception as error:
    told = str(error)
other.wait(60)
log = settled(graph, "failed")
answer = [told, states(log)]
""",
    )
    told, states = found
    assert "not today" in told
    assert states == {"bad": "FAILED", "after": None, "other": "COMPLETED"}


def test_a_failed_node_is_retried(client):
    found = run(
        client,
        """
def once(name):
    import os
    if not os.path.exists("/mount/" + name):
        open("/mount/" + name, "w").close()
        raise OSError("the first time")
    return 5
import uuid
graph = dag.DAG(name="retried")
one = graph.submit(once, str(uuid.uuid4()), name="one")
two = graph.submit(add, one, 1, name="two")
graph.compute()
try:
    graph.wait(60)
except Exception as error:
    pass
wait_until(lambda: one.done() and two.done())  # the graph has failed before the client has told the node behind it
graph.retry_all()
two.wait(60)
log = settled(graph)
answer = [two.result(), [e.status for e in {n.name: n for n in log.nodes}["one"].executions]]
""",
    )
    assert found == [6, ["FAILED", "COMPLETED"]]


def test_a_graph_is_cancelled(client):
    found = run(
        client,
        """
def nap():
    import time
    time.sleep(1)
graph = dag.DAG(name="cancelled", max_workers=1)
one = graph.submit(nap, name="one")
two = graph.submit(add, one, name="two")
graph.initial_setup()
graph.compute()
graph.cancel()
settled(graph, "cancelled")
wait_until(lambda: states(dag.server_logs(graph))["two"])
answer = states(dag.server_logs(graph))["two"]
""",
    )
    assert found == "CANCELLED"


def test_logs_are_listed(client):
    found = run(
        client,
        """
for n in range(3):
    graph = dag.DAG(name=f"listed {n}")
    graph.submit_local(add, n)
    graph.initial_setup()  # which a graph that the server has no part in does not do by itself
    graph.compute()
    graph.wait(60)
me = tiledb.cloud.user_profile().username
first = dag.list_logs(search="listed", created_by=me, namespace=me, per_page=2)
second = dag.list_logs(search="listed", per_page=2, page=2)
import datetime
now = datetime.datetime.now(datetime.timezone.utc)
late = dag.list_logs(search="listed", start_time=now + datetime.timedelta(days=1))
early = dag.list_logs(search="listed", end_time=now + datetime.timedelta(days=1))
answer = [
    [log.name for log in first.task_graph_logs],
    [log.name for log in second.task_graph_logs],
    first.pagination_metadata.total_items,
    len(late.task_graph_logs),
    len(early.task_graph_logs),
    first.task_graph_logs[0].nodes,
    dag.server_logs(first.task_graph_logs[0]).nodes[0].run_location,
]
""",
    )
    assert found == [["listed 2", "listed 1"], ["listed 0"], 3, 0, 3, None, "client"]


BUILT = """
from tiledb.cloud import taskgraphs
from tiledb.cloud.taskgraphs import client_executor
built = taskgraphs.Builder(name="built")
x = built.input("x", 20)
one = built.udf(add, taskgraphs.args(x, 1), name="one")
rows = built.sql("select 3 as n", name="rows", result_format="arrow")
two = built.udf(lambda a, b: a * 2, taskgraphs.args(one, rows), name="two")
"""


def test_a_built_graph_is_executed(client):
    found = run(
        client,
        BUILT
        + """
running = taskgraphs.execute(built, x=30)
running.wait(60)
nodes = running.nodes_by_name() if hasattr(running, "nodes_by_name") else None
log = dag.server_logs(running.server_graph_uuid)
answer = [running.status.name, running.node("two").result(), states(log), {n.name: n.run_location for n in log.nodes}]
""",
    )
    status, value, states, places = found
    assert (status, value) == ("SUCCEEDED", 62)
    assert states["one"] == states["two"] == states["rows"] == "COMPLETED"
    assert places["one"] == "server"


def test_a_graph_is_registered_and_executed_by_name(client):
    found = run(
        client,
        BUILT
        + """
me = tiledb.cloud.user_profile().username
taskgraphs.register(built, "registered")
loaded = taskgraphs.load("registered")
running = taskgraphs.execute(f"{me}/registered")
running.wait(60)
before = running.node("two").result()
changed = taskgraphs.Builder(name="renamed")
changed.udf(add, taskgraphs.args(5), name="five")
taskgraphs.update(changed, "registered")
after = taskgraphs.load("renamed")
taskgraphs.delete("renamed")
try:
    taskgraphs.load("renamed")
except Exception as error:
    told = str(error)
answer = [loaded["name"], [n["name"] for n in loaded["nodes"]], before, [n["name"] for n in after["nodes"]], told]
""",
    )
    name, nodes, before, after, told = found
    assert name == "registered"
    assert {"one", "two", "rows"} <= set(nodes)
    assert before == 42
    assert after == ["five"]
    assert "There is no registered task graph" in told


BATCH = (
    FUNCTIONS
    + """
from tiledb.cloud import rest_api
def batch(name, **more):
    return dag.DAG(name=name, mode=dag.Mode.BATCH, **more)
"""
)


def batch(new, script: str):
    return new.run(BATCH + "\n" + script).answer


def test_the_server_drives_a_batch_graph(new):
    found = batch(
        new,
        """
graph = batch("batch")
one = graph.submit(add, 1, 2, name="one")
two = graph.submit(half, one, name="two", result_format="json")
parts = graph.submit(lambda: ["a", "b"], name="parts", result_format="json")
def each(part):
    return part * 2
spread = graph.submit_udf_stage(each, parts, expand_node_output=parts, name="spread")
graph.compute()
graph.wait(60)
log = dag.server_logs(graph)
answer = [one.result(), two.result(), spread.result(), states(log), log.status, log.task_graph_type]
""",
    )
    values, (states, status, kind) = found[:3], found[3:]
    assert values == [3, 1.5, ["aa", "bb"]]
    assert states == dict.fromkeys(("one", "two", "parts", "spread"), "COMPLETED")
    assert (status, kind) == ("succeeded", "batch")


def test_a_batch_graph_fails_in_the_words_of_its_node(new):
    found = batch(
        new,
        """
graph = batch("failing")
bad = graph.submit(fail, name="bad")
after = graph.submit(add, bad, name="after")
graph.compute()
try:
    graph.wait(60)
except Exception as error:
    told = [type(error).__name__, str(error)]
wait_until(lambda: bad.status is dag.Status.FAILED and after.status is dag.Status.CANCELLED)
answer = [told, bad.status.name, after.status.name]
""",
    )
    assert found == [["ValueError", "not today"], "FAILED", "CANCELLED"]


def test_a_batch_graph_is_tried_again_cancelled_and_retried(new, server):
    found = batch(
        new,
        f"mounts = {str(server.home / 'mounts')!r}"
        """
import pathlib
import uuid
def third(name):
    with open("/mount/" + name, "a") as file:
        file.write(".")
    if len(open("/mount/" + name).read()) < 3:
        raise OSError("not yet")
    return "third"
def slow(name):
    import os, time
    if not os.path.exists("/mount/" + name):
        open("/mount/" + name, "w").close()
        time.sleep(60)
    return "slow"
graph = batch("tried", retry_strategy=rest_api.RetryStrategy(limit=2, retry_policy="Always"))
tried = graph.submit(third, str(uuid.uuid4()), name="tried")
graph.compute()
graph.wait(60)
stopped, mark = batch("stopped"), str(uuid.uuid4())
one = stopped.submit(slow, mark, name="one")
stopped.compute()
wait_until(lambda: list(pathlib.Path(mounts).glob("*/" + mark)))  # the code itself runs, and is slow but once
stopped.cancel()
before = dag.server_logs(stopped).status
stopped.retry_all()
settled(stopped)
answer = [tried.result(), before, states(dag.server_logs(stopped))]
""",
    )
    assert found == ["third", "cancelled", {"one": "COMPLETED"}]


def test_a_program_comes_back_to_a_batch_graph(new):
    found = batch(
        new,
        """
from tiledb.cloud.taskgraphs.server_executor import impl as server_executor
graph = batch("left alone")
one = graph.submit(add, 1, 2, name="one")
bad = graph.submit(fail, name="bad")
graph.compute()
again = server_executor.connect(str(graph.server_graph_uuid))
answer = [again.node("one").result(60)]
try:
    again.node("bad").result(60)
except Exception as error:
    answer.append(str(error))
""",
    )
    assert found == [3, "not today"]
