"""The run history on both databases."""

from datetime import timedelta

import pytest

import factories as make
from headrace.db import runs as queries
from headrace.errors import Invalid, NotFound, Unauthenticated
from headrace.model import ids
from headrace.model.page import Page
from headrace.model.run import Cache, State
from headrace.services import runs
from headrace.services.call import Call

ALL = Page(limit=1000)


@pytest.fixture
def record(platform):
    """Write runs down at once; they are given back, the newest first."""

    def write(*made):
        with platform.db.begin() as connection:
            queries.insert_all(connection, made)
        return sorted(made, key=lambda run: run.started_at, reverse=True)

    return write


def uids(slice_):
    return [run.uid for run in slice_.items]


def test_a_run_is_read_as_it_was_written_with_its_output(admin, record):
    (run,) = record(
        make.run(
            state=State.FAILED,
            job_id=7,
            job_name="f",
            version=3,
            caller_id=2,
            parent_uid="0190f5b2-0000-7000-8000-000000000000",
            token_id=9,
            format="csv",
            cache=Cache.MISS,
            size=10 << 30,
            queue_ms=0.25,
            total_ms=12.5,
            error_class="ValueError",
            error="no",
            stdout="out\n",
            stderr="err\n",
        )
    )
    assert runs.get_run(admin, run.uid) == run


def test_lists_leave_the_output_out(admin, record):
    record(make.run(stdout="much"))
    (listed,) = runs.list_runs(admin, ALL).items
    assert (listed.stdout, listed.state, listed.cache) == ("", State.SUCCEEDED, Cache.OFF)


def test_one_sees_the_runs_under_ones_environment_and_those_one_called(admin, record):
    ann, bob = make.somebody(admin), make.somebody(admin)
    owned, called, both, others = (
        make.run(owner_id=ann.user.id, caller_id=bob.user.id),
        make.run(owner_id=99, caller_id=ann.user.id),
        make.run(owner_id=ann.user.id, caller_id=ann.user.id),
        make.run(owner_id=99),
    )
    record(owned, called, both, others)
    assert uids(runs.list_runs(ann, ALL)) == [both.uid, called.uid, owned.uid]
    assert runs.list_runs(ann, ALL).total == 3
    assert uids(runs.list_runs(bob, ALL)) == [owned.uid]
    assert runs.list_runs(admin, ALL).total == 4
    assert runs.get_run(bob, owned.uid) == owned
    with pytest.raises(NotFound):
        runs.get_run(bob, others.uid)


def test_who_is_not_known_sees_no_runs(platform, record):
    (run,) = record(make.run())
    with pytest.raises(Unauthenticated):
        runs.list_runs(Call(platform, None), ALL)
    with pytest.raises(Unauthenticated):
        runs.get_run(Call(platform, None), run.uid)


def test_runs_are_found_by_what_they_were(admin, record):
    ann = make.somebody(admin)
    udf = make.udf(ann)
    mine = {"owner_id": ann.user.id}
    parent = ids.new_run_uid()
    plain, failed, cancelled, tile, hit = record(
        make.run(**mine, cache=Cache.HIT, parent_uid=parent),
        make.run(**mine, door="tile", job_id=udf.id),
        make.run(**mine, state=State.CANCELLED),
        make.run(**mine, state=State.FAILED, job_id=udf.id, parent_uid=parent),
        make.run(**mine),
    )
    for found, wanted in (
        ({"state": "failed"}, [failed]),
        ({"state": "cancelled"}, [cancelled]),
        ({"state": "succeeded"}, [plain, tile, hit]),
        ({"state": "running"}, []),
        ({"door": "tile"}, [tile]),
        ({"cache": "hit"}, [hit]),
        ({"udf": udf.uid}, [failed, tile]),
        ({"udf": "unknown"}, []),
        ({"parent": parent}, [failed, hit]),
        ({"parent": parent, "state": "failed"}, [failed]),
        ({"parent": ids.new_run_uid()}, []),
        ({"since": cancelled.started_at}, [plain, failed, cancelled]),
        ({"udf": udf.uid, "state": "failed", "since": hit.started_at}, [failed]),
    ):
        for who in (ann, admin):
            listed = runs.list_runs(who, ALL, **found)
            assert (uids(listed), listed.total) == ([run.uid for run in wanted], len(wanted)), found


def test_a_state_that_there_is_not_is_refused(admin):
    with pytest.raises(Invalid, match="'done' is no state of a run; they are queued, running"):
        runs.list_runs(admin, ALL, state="done")


def test_pages_go_from_the_newest_to_the_oldest_or_back(admin, record):
    ann = make.somebody(admin)
    made = record(*(make.run(owner_id=ann.user.id, caller_id=(ann.user.id, None)[n % 2]) for n in range(25)))
    for who in (ann, admin):
        pages = [runs.list_runs(who, Page(limit=10, page_num=n)) for n in (1, 2, 3, 4)]
        assert [uid for page in pages for uid in uids(page)] == [run.uid for run in made]
        assert {page.total for page in pages} == {25}
        oldest = runs.list_runs(who, Page(limit=10, order="started_at", order_dir="asc"))
        assert uids(oldest) == [run.uid for run in made[:-11:-1]]


def test_a_long_list_is_counted_up_to_a_bound(admin, record, monkeypatch):
    monkeypatch.setattr(queries, "MOST_COUNTED", 5)
    ann, bob = make.somebody(admin), make.somebody(admin)
    record(*(make.run(owner_id=ann.user.id, caller_id=(bob.user.id, None)[n % 2]) for n in range(8)))
    record(make.run(owner_id=bob.user.id, caller_id=bob.user.id))
    assert [runs.list_runs(who, Page(limit=7)).total for who in (ann, bob, admin)] == [5, 5, 5]
    assert [len(runs.list_runs(who, Page(limit=7)).items) for who in (ann, bob, admin)] == [7, 5, 7]
    assert runs.list_runs(bob, ALL, since=make.NOW, state="failed").total == 0


def test_a_run_that_was_sent_twice_is_written_once(admin, record):
    first = make.run(stdout="first")
    record(first)
    record(make.run(uid=first.uid, stdout="second"), make.run())
    assert runs.get_run(admin, first.uid) == first
    assert runs.list_runs(admin, ALL).total == 2


def test_what_user_code_printed_and_raised_is_kept_whatever_it_is(admin, record):
    (run,) = record(
        make.run(stdout="nul\0", stderr="half \ud800", error="\0" * 10_000, error_class="E\0", job_name="\0")
    )
    kept = runs.get_run(admin, run.uid)
    assert (kept.stdout, kept.stderr, kept.error_class) == (
        "nul\N{REPLACEMENT CHARACTER}",
        "half ?",
        "E\N{REPLACEMENT CHARACTER}",
    )
    assert len(kept.error) == queries.LONGEST


def test_asking_for_what_no_uid_can_be_finds_nothing_on_both_databases(admin):
    for uid in ("", "x" * 1000):
        with pytest.raises(NotFound):
            runs.get_run(admin, uid)
    with pytest.raises(Invalid):
        runs.get_run(admin, "nul\0")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # which tells its plan in words to compare
def test_a_page_of_a_long_history_is_found_by_walking_indexes(platform):
    asked = []
    with platform.db.read() as connection:
        page = Page(limit=20)
        for whose, matches in (
            (None, []),
            (2, []),
            (2, [queries.in_state(State.FAILED)]),
            (None, [queries.of_udf("x")]),
        ):
            for newest in (True, False):
                statement = queries._seen(whose, matches, page.limit, newest=newest).element
                text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
                asked += [row.detail for row in connection.exec_driver_sql(f"explain query plan {text}")]
    assert not [step for step in asked if step.startswith("SCAN runs") and "INDEX" not in step], asked
    assert [step for step in asked if "ix_runs_other_owner_id_started_at" in step]


def test_the_oldest_runs_go_first(platform, record):
    made = record(*(make.run(stdout="x") for _ in range(10)))
    with platform.db.begin() as connection:
        beyond = queries.beyond(connection, 7)
        old = queries.list_old(connection, made[-2].started_at, beyond, make.NOW, 100)
        assert sorted(old) == sorted(run.uid for run in made[7:])
        assert len(queries.list_old(connection, made[0].started_at + timedelta(1), 0, make.NOW, 4)) == 4
        queries.delete_all(connection, old)
        assert queries.beyond(connection, 7) == 0
        left = connection.exec_driver_sql("select uid from run_logs").scalars().all()
    assert sorted(left) == sorted(run.uid for run in made[:7])
