"""Runs of task graphs that clients drive: who sees them, and what becomes of one that nobody tells of any more."""

from datetime import UTC, datetime, timedelta

import pytest

import factories
from headrace.db import task_graphs as queries
from headrace.db import tasks as of_tasks
from headrace.db.tables import graph_logs
from headrace.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.model import ids
from headrace.model.page import Page
from headrace.model.run import State
from headrace.model.task import Task, Type
from headrace.model.task_graph import ABANDONED, IDLE, Filter, Node, Status
from headrace.services import accounts, task_graphs

A, B, C = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")
NODES = [Node(uid=B, name="second", parents=[A]), Node(uid=A, name="first")]


@pytest.fixture
def ada(admin):
    return factories.somebody(admin)


@pytest.fixture
def bob(admin):
    return factories.somebody(admin)


def log_of(call, name="graph", nodes=NODES):
    return task_graphs.create_log(call, call.user.username, name, nodes).log


def again(call, log):
    return task_graphs.get_log(call, log.namespace, log.uid)


def ran(call, log, node, state=State.SUCCEEDED, at=None, owner=None):
    """A task of a node, as a worker would have left it."""
    at = at or datetime.now(UTC)
    task = Task(
        uid=ids.new_run_uid(),
        state=state,
        type=Type.GENERIC_UDF,
        name=None,
        namespace=log.namespace,
        owner_id=(owner or call).user.id,
        username="",
        started_at=at,
        finished_at=None,
        error=None,
        error_class=None,
        total_ms=1,
        user_ms=1,
        size=0,
        graph_uid=log.uid,
        node_uid=node,
    )
    with call.platform.db.begin() as connection:
        of_tasks.insert(connection, task, code_hash="", server="")
        if state.final:
            moved = of_tasks.runs.update().where(of_tasks.runs.c.uid == task.uid).values(finished_at=at)
            connection.execute(moved)
    return task.uid


def aged(call, log, by):
    with call.platform.db.begin() as connection:
        queries.update(connection, log.uid, created_at=datetime.now(UTC) - by)


def test_nodes_are_kept_in_an_order_in_which_they_run(ada):
    assert [node.uid for node in again(ada, log_of(ada)).log.nodes] == [A, B]


def test_a_nodes_state_is_that_of_its_latest_task(ada):
    log = log_of(ada)
    ran(ada, log, A, State.FAILED, datetime.now(UTC) - timedelta(seconds=5))
    ran(ada, log, A)
    found = again(ada, log)
    assert [task.state for task in found.executions[A]] == [State.FAILED, State.SUCCEEDED]
    assert B not in found.executions
    assert found.log.started_at == found.executions[A][0].started_at


def test_tasks_that_somebody_else_says_are_of_the_graph_are_not(ada, bob):
    log = log_of(ada)
    ran(ada, log, A, State.RUNNING, owner=bob)
    found = again(ada, log)
    assert found.executions == {}
    assert found.log.status is Status.SUBMITTED


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_a_report_is_a_task_of_its_own(ada, state):
    log = log_of(ada)
    task_graphs.report_node(ada, log.namespace, log.uid, A, State.RUNNING)
    task_graphs.report_node(ada, log.namespace, log.uid, A, state)
    task_graphs.report_node(ada, log.namespace, log.uid, A, state)  # sent twice, as clients do over bad lines
    [task] = again(ada, log).executions[A]
    assert (task.type, task.state) == (Type.CLIENT_COMPUTATION, state)
    assert task.finished_at is not None


def test_of_what_the_server_ran_a_client_says_at_most_that_it_is_cancelled(ada):
    log = log_of(ada)
    ran(ada, log, A, State.FAILED)
    task_graphs.report_node(ada, log.namespace, log.uid, A, State.FAILED)
    assert [task.type for task in again(ada, log).executions[A]] == [Type.GENERIC_UDF]
    task_graphs.report_node(ada, log.namespace, log.uid, A, State.CANCELLED)
    assert [task.state for task in again(ada, log).executions[A]] == [State.FAILED, State.CANCELLED]


def test_a_node_that_is_tried_again_has_two(ada):
    log = log_of(ada)
    task_graphs.report_node(ada, log.namespace, log.uid, A, State.FAILED)
    task_graphs.report_node(ada, log.namespace, log.uid, A, State.SUCCEEDED)
    assert [task.state for task in again(ada, log).executions[A]] == [State.FAILED, State.SUCCEEDED]


def test_only_nodes_of_the_graph_are_reported(ada):
    log = log_of(ada)
    with pytest.raises(NotFound, match=f"has no node {C}"):
        task_graphs.report_node(ada, log.namespace, log.uid, C, State.SUCCEEDED)
    with pytest.raises(Invalid, match="must be a UUID"):
        task_graphs.report_node(ada, log.namespace, log.uid, "first", State.SUCCEEDED)


def test_reports_have_an_end(ada, monkeypatch):
    monkeypatch.setattr(task_graphs, "MOST_REPORTS", 2)
    log = log_of(ada)
    for state in (State.FAILED, State.SUCCEEDED):
        task_graphs.report_node(ada, log.namespace, log.uid, A, state)
    with pytest.raises(Invalid, match="told of 2 times"):
        task_graphs.report_node(ada, log.namespace, log.uid, A, State.FAILED)


def test_how_it_ended_is_said_and_may_be_taken_back(ada):
    log = log_of(ada)
    task_graphs.update_log(ada, log.namespace, log.uid, name="other", status=Status.FAILED)
    ended = again(ada, log).log
    assert (ended.name, ended.status, ended.ended_at is not None) == ("other", Status.FAILED, True)
    task_graphs.update_log(ada, log.namespace, log.uid, name=None, status=Status.RUNNING)
    assert again(ada, log).log.ended_at is None
    with pytest.raises(Invalid, match="is seen from when it was last heard of"):
        task_graphs.update_log(ada, log.namespace, log.uid, name=None, status=Status.IDLE)


def test_nothing_for_a_while_is_idle_and_later_abandoned(ada):
    log = log_of(ada)
    assert again(ada, log).log.status is Status.SUBMITTED
    aged(ada, log, IDLE * 2)
    assert again(ada, log).log.status is Status.IDLE
    aged(ada, log, ABANDONED * 2)
    assert again(ada, log).log.status is Status.ABANDONED
    ran(ada, log, A, at=datetime.now(UTC) - IDLE * 2)
    assert again(ada, log).log.status is Status.IDLE
    ran(ada, log, B)
    assert again(ada, log).log.status is Status.RUNNING


def test_what_runs_for_very_long_is_running(ada):
    log = log_of(ada)
    aged(ada, log, ABANDONED * 2)
    ran(ada, log, A, State.RUNNING, datetime.now(UTC) - ABANDONED * 2)
    assert again(ada, log).log.status is Status.RUNNING


@pytest.mark.parametrize("status", Status)
def test_lists_are_of_a_status(ada, status):
    logs = {}
    for name in Status:
        log = logs[name] = log_of(ada, name)
        if name.final:
            task_graphs.update_log(ada, log.namespace, log.uid, name=None, status=name)
    ran(ada, logs[Status.RUNNING], A)
    aged(ada, logs[Status.IDLE], IDLE * 2)
    aged(ada, logs[Status.ABANDONED], ABANDONED * 2)
    found, _ = task_graphs.list_logs(ada, Filter(status=status), Page())
    assert [log.name for log in found.items] == [status]
    assert found.total == 1
    assert found.items[0].status is status


def test_lists_are_filtered_and_come_in_pages(ada, bob):
    logs = [log_of(ada, f"graph {n}") for n in range(5)]
    log_of(bob)
    aged(ada, logs[0], timedelta(days=3))
    ran(ada, logs[3], A)
    ran(ada, logs[3], B, State.FAILED)

    def names(page=None, **wanted):
        return [log.name for log in task_graphs.list_logs(ada, Filter(**wanted), page or Page())[0].items]

    assert names() == [f"graph {n}" for n in (4, 3, 2, 1, 0)]
    assert names(Page(limit=2, page_num=2)) == ["graph 2", "graph 1"]
    assert names(search="H 3") == ["graph 3"]
    assert names(search="%") == []
    assert names(created_by=ada.user.username, namespace=ada.user.username, search="4") == ["graph 4"]
    assert names(created_by=bob.user.username) == []
    assert names(until=datetime.now(UTC) - timedelta(days=1)) == ["graph 0"]
    assert names(since=datetime.now(UTC) - timedelta(days=1), search="0") == []
    counts = task_graphs.list_logs(ada, Filter(), Page())[1]
    assert counts == {logs[3].uid: {State.SUCCEEDED: 1, State.FAILED: 1}}


def test_strangers_see_nothing_and_members_of_the_group_all_but_may_not_touch(admin, ada, bob):
    group = accounts.create_group(admin, name="Makers")
    for one in (ada, bob):
        accounts.add_member(admin, group.id, one.user.id)
    own, shared = log_of(ada), task_graphs.create_log(ada, "makers", "shared", NODES).log
    assert again(bob, shared).log.username == ada.user.username
    assert [log.name for log in task_graphs.list_logs(bob, Filter(), Page())[0].items] == ["shared"]
    with pytest.raises(Forbidden, match=f"is {ada.user.username}'s"):
        task_graphs.update_log(bob, "makers", shared.uid, name="mine", status=None)
    for uid, namespace in ((own.uid, own.namespace), (shared.uid, own.namespace), ("nothing", "makers")):
        with pytest.raises(NotFound, match="There is no log of a task graph"):
            task_graphs.get_log(bob, namespace, uid)
    with pytest.raises(NotFound, match="There is no namespace 'makers'"):
        task_graphs.create_log(factories.somebody(admin), "makers", None, NODES)


def test_what_the_server_runs_nobody_else_tells_of(ada):
    log = log_of(ada)
    with ada.platform.db.begin() as connection:
        connection.execute(graph_logs.update().values(graph_uid=ids.new_uid()))
    with pytest.raises(Conflict, match="The server runs this task graph"):
        task_graphs.report_node(ada, log.namespace, log.uid, A, State.SUCCEEDED)
    with pytest.raises(Conflict, match="The server runs this task graph"):
        task_graphs.update_log(ada, log.namespace, log.uid, name=None, status=Status.SUCCEEDED)
    aged(ada, log, ABANDONED * 2)
    assert again(ada, log).log.status is Status.SUBMITTED


def test_old_runs_go(ada):
    log = log_of(ada)
    aged(ada, log, timedelta(days=40))
    kept = log_of(ada)
    with ada.platform.db.begin() as connection:
        assert queries.delete_before(connection, datetime.now(UTC) - timedelta(days=30), 100) == 1
    assert again(ada, kept).log.uid == kept.uid
