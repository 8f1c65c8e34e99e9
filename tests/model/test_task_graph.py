"""Graphs: an order in which the nodes can run, or a sentence that says why there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import Invalid
from headrace.model import task_graph

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
