"""Cancelling runs over the wire; that what runs ends is seen in tests/calls/test_cancels.py."""

from datetime import UTC, datetime

import pytest

from factories import run
from headrace.db import runs as rows
from headrace.db import tasks
from headrace.model import ids
from headrace.model.run import State
from headrace.model.task import Task, Type


@pytest.fixture
def elsewhere(platform):
    """The uid of a task that another server of the database runs."""
    task = Task(
        uid=ids.new_run_uid(),
        state=State.RUNNING,
        type=Type.SQL,
        name="far",
        namespace="admin",
        owner_id=1,
        username="admin",
        started_at=datetime.now(UTC),
        finished_at=None,
        error=None,
        error_class=None,
        total_ms=0,
        user_ms=0,
        size=0,
    )
    with platform.db.begin() as connection:
        tasks.insert(connection, task, code_hash="", server="another")
    return task.uid


def test_a_run_of_another_server_is_said_to_be_cancelled(ask, elsewhere):
    for _ in range(2):
        answer = ask("POST", f"/runs/{elsewhere}/cancel")
        assert answer.status_code == 202
        assert answer.json() == {"uid": elsewhere, "state": "cancelled", "isCancelRequested": True}
    found = ask("GET", f"/runs/{elsewhere}").json()
    assert (found["state"], found["error"]) == ("cancelled", "The task was cancelled by admin.")
    assert found["finishedAt"] > found["startedAt"]


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
def test_a_run_that_has_ended_stays_as_it_is(ask, platform, state):
    ended = run(owner_id=1, state=state)
    with platform.db.begin() as connection:
        rows.insert_all(connection, [ended])
    refused = ask("POST", f"/runs/{ended.uid}/cancel")
    assert refused.status_code == 409
    assert refused.json()["errorDescription"].endswith(f"it has {state}.")
    assert ask("GET", f"/runs/{ended.uid}").json()["state"] == state
