"""The history is written behind the answers."""

import threading
import timeit
from contextlib import contextmanager

import pytest

import factories as make
from headrace.db.engine import Database
from headrace.db.tables import run_logs
from headrace.errors import Unavailable
from headrace.model.page import Page
from headrace.services import runs
from headrace.work import recorder as module
from headrace.work.recorder import Recorder

ALL = Page(limit=1000)


@pytest.fixture
def recorder(platform):
    opened = Recorder(platform.db)
    yield opened
    opened.close()


def test_what_was_added_is_written_after_a_flush_in_its_order(recorder, admin):
    made = [make.run(stdout=str(n)) for n in range(1234)]
    for run in made:
        recorder.add(run)
    assert recorder.flush()
    assert recorder.gauges() == {"runs_unwritten": 0, "runs_written": 1234, "runs_dropped": 0}
    assert [run.uid for run in runs.list_runs(admin, ALL).items] == [run.uid for run in made[:-1001:-1]]
    assert runs.list_runs(admin, ALL).total == 1234
    assert runs.get_run(admin, made[7].uid) == made[7]


def test_closing_writes_what_is_left(platform, admin):
    recorder = Recorder(platform.db)
    for _ in range(3):
        recorder.add(make.run())
    recorder.close()
    assert runs.list_runs(admin, ALL).total == 3


def test_a_flush_waits_for_what_was_added_before_it_by_whomever(recorder, admin):
    def add() -> None:
        for _ in range(5):
            recorder.add(make.run())
            assert recorder.flush()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs.list_runs(admin, ALL).total == 20


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite holds texts of any length
def test_a_run_that_the_database_refuses_does_not_take_others_with_it(recorder, admin):
    good = [make.run() for _ in range(3)]
    for run in (*good[:2], make.run(code_hash="x" * 1000), good[2]):
        recorder.add(run)
    assert recorder.flush()
    assert {run.uid for run in runs.list_runs(admin, ALL).items} == {run.uid for run in good}
    assert recorder.gauges()["runs_dropped"] == 1


class Switched(Database):
    """The real database, which a test can take away and give back."""

    away = False

    @contextmanager
    def begin(self):
        if self.away:
            raise Unavailable
        with super().begin() as connection:
            yield connection


@pytest.fixture
def switched(platform):
    database = Switched(platform.db.engine.url.render_as_string(hide_password=False))
    yield database
    database.close()


def test_runs_wait_while_the_database_is_away(switched, admin, monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0.01)
    recorder, made = Recorder(switched), [make.run() for _ in range(700)]
    switched.away = True
    for run in made:
        recorder.add(run)
    assert not recorder.flush(0.2)
    assert runs.list_runs(admin, ALL).total == 0
    switched.away = False
    assert recorder.flush()
    recorder.close()
    assert runs.list_runs(admin, ALL).total == 700
    assert recorder.gauges()["runs_dropped"] == 0


def test_while_the_database_is_away_the_oldest_are_dropped_and_counted(switched, admin, monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0.01)
    monkeypatch.setattr(module, "MOST", 100)
    recorder, made = Recorder(switched), [make.run() for _ in range(1000)]
    switched.away = True
    for run in made:
        recorder.add(run)
    switched.away = False
    assert recorder.flush()
    recorder.close()
    kept = {run.uid for run in runs.list_runs(admin, ALL).items}
    assert {run.uid for run in made[-100:]} <= kept
    assert recorder.dropped + recorder.written == 1000
    assert recorder.written == len(kept)


def test_closing_does_not_wait_for_a_database_that_is_away(switched, admin):
    recorder = Recorder(switched)
    switched.away = True
    recorder.add(make.run())
    recorder.close()
    assert not recorder._thread.is_alive()
    assert recorder.gauges()["runs_unwritten"] == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_adding_costs_the_caller_next_to_nothing(recorder):
    run = make.run()
    seconds = min(timeit.repeat(lambda: recorder.add(run), number=2_000, repeat=5)) / 2_000
    assert seconds < 20e-6  # under 1 on a quiet machine


def test_only_runs_that_printed_have_a_row_of_output(recorder, platform):
    recorder.add(make.run())
    recorder.add(printed := make.run(stderr="x"))
    recorder.flush()
    with platform.db.read() as connection:
        assert connection.execute(run_logs.select()).all() == [(printed.uid, "", "x")]
