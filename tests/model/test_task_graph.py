"""Graphs: an order in which the nodes can run, or a sentence that says why there is none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import Invalid
from headrace.model import task_graph
from headrace.model.run import State
from headrace.model.task import Task, Type

A, B, C = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")


@given(st.data())
def test_every_node_comes_after_what_it_needs(data):
    number = data.draw(st.integers(0, 30))
    above = [data.draw(st.lists(st.integers(0, n - 1), max_size=4)) if n else [] for n in range(number)]
    given_nodes = data.draw(st.permutations([(str(n), [str(m) for m in above[n]]) for n in range(number)]))
    order = task_graph.check(given_nodes)
    place = {uid: at for at, uid in enumerate(order)}
    assert sorted(order, key=int) == [str(n) for n in range(number)]
    assert all(place[parent] < place[uid] for uid, parents in given_nodes for parent in parents)


@given(st.integers(1, 20), st.integers(0, 5))
def test_a_circle_is_told(length, before):
    ring = [(f"r{n}", [f"r{(n + 1) % length}"]) for n in range(length)]
    with pytest.raises(Invalid, match="goes round in a circle: r"):
        task_graph.check([*((f"b{n}", []) for n in range(before)), *ring])


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([(A, []), (A, [])], f"Two nodes of the graph have the id {A}"),
        ([(A, [B])], f"The node {A} depends on {B}, which is no node"),
        ([(str(n), []) for n in range(5_001)], "at most 5,000 nodes; this has 5,001"),
        ([(str(n), [str(m) for m in range(min(n, 500))]) for n in range(1_000)], "at most 50,000 others in all"),
    ],
)
def test_what_is_no_graph_is_told(nodes, sentence):
    with pytest.raises(Invalid, match=sentence):
        task_graph.check(nodes)


def test_a_long_chain_is_no_deep_recursion():
    order = task_graph.check([(str(n), [str(n - 1)] if n else []) for n in reversed(range(5_000))])
    assert order == [str(n) for n in range(5_000)]


def test_ids_are_uuids_in_one_spelling():
    assert task_graph.node_uid(A.upper().replace("-", "")) == A
    with pytest.raises(Invalid, match="must be a UUID, and is 'one'"):
        task_graph.node_uid("one")


def test_a_name_has_a_length():
    assert task_graph.named("n" * 1_000, "The name") == "n" * 1_000
    with pytest.raises(Invalid, match=r"at most 1,000 characters; this has 1,000,000"):
        task_graph.named("n" * 1_000_000, "The name")


def tried(*states):
    """Tasks of a node that ended so, each a word for the error that it ended with, or a state."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    tasks = []
    for at, state in enumerate(states):
        failed = state not in set(State)
        ended = State.CANCELLED if state in {"ParentFailed", "Stopped", "Gone"} else State.FAILED
        tasks.append(
            Task(
                uid=f"{at}",
                state=ended if failed else State(state),
                type=Type.BATCH_UDF,
                name=None,
                namespace="",
                owner_id=1,
                username="",
                started_at=now + timedelta(minutes=at),
                finished_at=None,
                error=None,
                error_class=state if failed else None,
                total_ms=0,
                user_ms=0,
                size=0,
            )
        )
    return tasks


@pytest.mark.parametrize(
    ("retry", "states", "standing"),
    [
        (None, [], "waiting"),
        (None, ["running"], "running"),
        (None, ["queued"], "running"),
        (None, ["succeeded"], "succeeded"),
        (None, ["ValueError"], "failed"),
        (None, ["Lost"], "waiting"),
        (None, ["Busy", "Lost", "Lost"], "waiting"),
        (None, ["Lost"] * 4, "failed"),
        (None, ["Lost", "ValueError"], "failed"),
        (None, ["ParentFailed"], "cancelled"),
        (None, ["Stopped"], "cancelled"),
        (None, ["Gone"], "waiting"),
        ({"limit": 2}, ["ValueError"] * 2, "waiting"),
        ({"limit": 2}, ["ValueError"] * 3, "failed"),
        ({"limit": 2}, ["ValueError", "Lost", "Lost", "ValueError"], "waiting"),
        ({"limit": 2}, ["PartsFailed"], "failed"),
        ({"limit": 2, "policy": "OnFailure"}, ["ValueError"], "waiting"),
        ({"limit": 2, "policy": "OnFailure"}, ["Died"], "failed"),
        ({"limit": 2, "policy": "OnError"}, ["Died"], "waiting"),
        ({"limit": 2, "policy": "OnError"}, ["ValueError"], "failed"),
    ],
)
def test_where_a_node_stands_is_read_from_its_tasks(retry, states, standing):
    policy = task_graph.Retry(**retry) if retry else None
    assert task_graph.stands(policy, tried(*states), None)[0] == standing


def test_what_was_before_a_round_does_not_count():
    tasks = tried("ValueError", "Stopped")
    assert task_graph.stands(None, tasks, tasks[-1].started_at + timedelta(seconds=1))[0] == "waiting"
    assert task_graph.stands(None, tried("succeeded"), tasks[-1].started_at)[0] == "succeeded"


def test_waits_grow_up_to_a_bound():
    retry = task_graph.Retry(limit=9, delay=2, factor=3, most=20)
    assert [retry.wait(n) for n in (1, 2, 3, 100)] == [2, 6, 18, 20]
