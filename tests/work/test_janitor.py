"""What is past its time goes."""

import os
import threading
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

import factories as make
from headrace.db import runs as queries
from headrace.db import task_graphs as graph_queries
from headrace.db import tasks
from headrace.db.tables import graph_logs
from headrace.db.tables import runs as runs_table
from headrace.db.tables import tasks as tasks_table
from headrace.model import ids
from headrace.model.page import Page
from headrace.model.run import State
from headrace.model.task import Type
from headrace.model.task_graph import Node
from headrace.services import accounts, runs, task_graphs
from headrace.store import mounts
from headrace.store.blobs import Blobs
from headrace.store.results import Results, Stored
from headrace.work import janitor as module
from headrace.work.janitor import Janitor, expire, prune

ALL = Page(limit=1000)


@pytest.fixture
def record(platform):
    def write(*made):
        with platform.db.begin() as connection:
            queries.insert_all(connection, made)
        return made

    return write


def test_runs_that_are_too_old_go(platform, admin, record, monkeypatch):
    monkeypatch.setattr(module, "STEP", 3)
    settings = msgspec.structs.replace(platform.settings, run_days=30)
    now = make.NOW
    old = record(*(make.run(started_at=now - timedelta(days=30, seconds=n), stdout="x") for n in range(1, 11)))
    young = record(*(make.run(started_at=now - timedelta(days=30) + timedelta(seconds=n)) for n in range(1, 5)))
    assert prune(settings, platform.db, now) == len(old)
    assert {run.uid for run in runs.list_runs(admin, ALL).items} == {run.uid for run in young}
    assert prune(settings, platform.db, now) == 0


def test_of_too_many_runs_the_newest_stay(platform, admin, record, monkeypatch):
    monkeypatch.setattr(module, "STEP", 3)
    settings = msgspec.structs.replace(platform.settings, run_rows=5)
    made = record(*(make.run() for _ in range(20)))
    assert prune(settings, platform.db, make.NOW) == 15
    assert {run.uid for run in runs.list_runs(admin, ALL).items} == {run.uid for run in made[-5:]}


@pytest.fixture
def graph(platform, admin):
    """Begin a run of a graph with a task that succeeded and one under way."""

    def begin(*, driven: bool, started_at=None, state=None):
        nodes = [Node(uid=ids.new_uid(), name=name, parents=[]) for name in ("done", "going")]
        log = task_graphs.new_log(admin, "admin", "season", nodes, ids.new_uid() if driven else None)
        with platform.db.begin() as connection:
            graph_queries.insert(connection, log, server="here", body="")
            done, going = (task_graphs.record(connection, log, one, Type.GENERIC_UDF, server="here") for one in nodes)
            tasks.update(connection, done.uid, state=State.SUCCEEDED.value)
            if started_at is not None:
                for table in (runs_table, tasks_table):
                    of_both = table.c.uid.in_([done.uid, going.uid])
                    connection.execute(table.update().where(of_both).values(started_at=started_at))
                graph_queries.update(connection, log.uid, created_at=started_at)
            if state is not None:
                graph_queries.update(connection, log.uid, state=state)
        return log.uid, done.uid, going.uid

    return begin


def left(platform, admin):
    with platform.db.read() as connection:
        logs = set(connection.execute(select(graph_logs.c.uid)).scalars())
    return logs, {run.uid for run in runs.list_runs(admin, ALL).items}


@pytest.mark.parametrize("driven", [True, False])
def test_the_tasks_of_a_graph_that_goes_on_are_not_too_many(platform, admin, record, graph, driven):
    settings = msgspec.structs.replace(platform.settings, run_rows=2)
    uid, done, going = graph(driven=driven)
    made = record(*(make.run() for _ in range(5)))
    assert prune(settings, platform.db, make.NOW) == 3
    assert left(platform, admin) == ({uid}, {done, going, *(run.uid for run in made[-2:])})
    with platform.db.begin() as connection:
        graph_queries.update(connection, uid, state="failed")
        tasks.update(connection, going, state=State.FAILED.value)
    assert prune(settings, platform.db, make.NOW) == 2
    assert left(platform, admin)[1] == {run.uid for run in made[-2:]}


def test_what_runs_is_not_one_too_many(platform, admin, record, graph):
    settings = msgspec.structs.replace(platform.settings, run_rows=1)
    _, done, going = graph(driven=True, state="failed")  # what it left behind is still to be settled
    made = record(*(make.run() for _ in range(3)))
    assert prune(settings, platform.db, make.NOW) == 3
    assert left(platform, admin)[1] == {going, made[-1].uid}
    assert done not in left(platform, admin)[1]


def test_a_graph_that_a_server_drives_outlasts_its_time_and_one_that_was_abandoned_does_not(platform, admin, graph):
    long_ago = make.NOW - timedelta(days=platform.settings.run_days, seconds=5)
    graph(driven=False, started_at=long_ago)
    uid, *tasks_of_it = graph(driven=True, started_at=long_ago)
    assert prune(platform.settings, platform.db, make.NOW) == 2
    assert left(platform, admin) == ({uid}, set(tasks_of_it))


def test_pruning_stops_when_the_server_does(platform, record):
    settings = msgspec.structs.replace(platform.settings, run_rows=1)
    record(*(make.run() for _ in range(5)))
    stop = threading.Event()
    stop.set()
    assert prune(settings, platform.db, make.NOW, stop) == 0


def test_a_stopping_server_has_learnt_its_results_and_written_the_last_uses(platform, admin):
    before = Results(platform.blobs, memory_bytes=0, disk_bytes=1 << 20)
    before.store("a" * 64, Stored(media_type="", format="", created=0, run_uid="", etag=""))
    results = Results(platform.blobs, memory_bytes=0, disk_bytes=1 << 20)
    key, text = accounts.create_key(admin, admin.user.id, "laptop")
    janitor = Janitor(platform.settings, platform.db, platform.blobs, results, platform.uses)
    accounts.authenticate(platform, text)
    janitor.close()
    assert results.gauges()["results_in_store"] == 1
    assert accounts.get_key(admin, admin.user.id, key.id).last_used_at is not None


def test_a_home_that_cannot_be_looked_after_is_tried_again(platform, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 0.01)
    rounds = threading.Semaphore(0)

    class Away(Results):
        def index(self) -> None:
            raise OSError("the folder is away")

    class Uses:
        def write(self, db) -> None:
            rounds.release()
            raise OSError("the disk is full")

    settled = threading.Semaphore(0)
    results = Away(platform.blobs, memory_bytes=0, disk_bytes=0)
    janitor = Janitor(platform.settings, platform.db, platform.blobs, results, Uses(), settled.release)
    for _ in range(3):
        assert rounds.acquire(timeout=20)
        assert settled.acquire(timeout=20)
    janitor.close()


def test_temporary_files_expire_and_no_others(tmp_path):
    blobs = Blobs(tmp_path / "store")
    for key in ("temporary/1/old", "temporary/2/young", "files/1/old"):
        blobs.put(key, b"1")
        os.utime(tmp_path / "store" / key, (1000, 3000 if "young" in key else 1000))
    assert expire(blobs, 2000) == 1
    assert sorted(key for key, *_ in blobs.list("temporary")) == ["temporary/2/young"]
    assert [key for key, *_ in blobs.list("files")] == ["files/1/old"]


def test_what_a_killed_server_left_beside_the_disks_is_swept_up_and_nothing_else(tmp_path):
    staging = tmp_path / ".staging"
    for name in ("old", "young"):
        (staging / f"{name} folder" / "a" / "b").mkdir(parents=True)
        (staging / f"{name} folder" / "a" / "f").write_text("1")
        (staging / f"{name} file").write_text("1")
        for path in staging.glob(f"{name} *"):
            os.utime(path, (1000, 3000 if name == "young" else 1000))
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "f").write_text("1")
    mounts.sweep(tmp_path, 2000)
    assert sorted(path.name for path in staging.iterdir()) == ["young file", "young folder"]
    assert (tmp_path / "1" / "f").exists()
    mounts.sweep(tmp_path / "nowhere", 2000)
