"""A server that is killed or stopped in the middle of a graph goes on with it at its next start."""

import signal

import httpx
import pytest

from conftest import serving, wait_until
from graphs import Run, node, output
from tiledb_wire import person as new_person
from tiledb_wire import strict

COUNTED = """
def counted(name, *_):
    import os, time, uuid
    os.makedirs(f"/mount/{name}/{uuid.uuid4()}")
    runs = len(os.listdir(f"/mount/{name}"))
    if name == "two" and runs == 1:
        time.sleep(60)
    return runs
"""


@pytest.fixture
def mortal(tmp_path, database_url):
    """A server of this test alone, on either database."""
    with serving(tmp_path / "home", workers=2, **({"database_url": database_url} if database_url else {})) as server:
        yield server


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_graph_goes_on_where_it_was(mortal, how):
    person = new_person(mortal)
    one = node(COUNTED, "one", name="one", result_format="native")
    two = node(COUNTED, "two", output(one), name="two")
    three = node("def add(*values): return sum(values)", output(one), output(two), name="three")
    with strict(mortal, person.key) as web:
        run = Run(web, f"/v1/taskgraphs/{person.username}", one, two, three)
        done = Run(web, run.base, node("def f(): return 1"))
        assert done.wait()["status"] == "succeeded"
        wait_until(lambda: list((mortal.home / "mounts").glob("*/two/*")))  # its code runs, and not only its task
        before = run.of(one)["executions"]
    mortal.process.send_signal(how)
    mortal.process.wait(20)
    mortal.process.stdout.close()
    mortal.start()
    wait_until(lambda: httpx.get(f"{mortal.url}/readyz").status_code == 200)
    with strict(mortal, person.key) as web:
        run.web = done.web = web
        log = run.wait()
        assert log["status"] == "succeeded", log
        assert run.of(one)["executions"] == before
        lost, again = run.of(two)["executions"]
        assert lost["status"] == ("FAILED" if how is signal.SIGKILL else "CANCELLED")
        assert again["status"] == "COMPLETED"
        assert (run.result(two), run.result(three)) == (2, 3)
        assert len(done.log()["nodes"][0]["executions"]) == 1
