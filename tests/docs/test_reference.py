"""The reference pages are what the declaration says, and their examples are answers of the declared shape."""

import sys
from pathlib import Path

import msgspec
import pytest

from headrace.dialects import civis
from recording import EXAMPLES, PAGES

sys.path.insert(0, str(Path(__file__).parent))

import reference

EXCHANGES = msgspec.json.decode(EXAMPLES.read_bytes())
OPERATIONS = {f"{one.method} {one.path}": one for one in civis.operations("http://test")}


def test_the_pages_are_those_of_the_declaration():
    wanted = reference.wanted()
    assert {page.name for page in PAGES.iterdir()} == wanted.keys() | {EXAMPLES.name}, "`make reference` writes them"
    for name, text in wanted.items():
        assert (PAGES / name).read_text() == text, f"{name}: `make reference` writes it anew"


# Asks an object store for keys; tests/services and tests/conformance do.
WITHOUT = {"POST /credentials/{id}/temporary"}


def test_what_is_served_has_an_example():
    served = {name for name, one in OPERATIONS.items() if not one.later and not one.raw}
    assert served - EXCHANGES.keys() == WITHOUT


@pytest.mark.parametrize("name", sorted(EXCHANGES))
def test_an_example_has_the_declared_shape(name):
    operation, exchange = OPERATIONS[name], EXCHANGES[name]
    assert exchange["status"] in (operation.status, *operation.statuses)
    if operation.body is not None:
        civis.CODEC.reader(operation.body)(msgspec.json.encode(exchange["body"]))
    if exchange["answer"] is not None:
        shape = list[operation.item] if operation.many else operation.returns
        msgspec.json.decode(msgspec.json.encode(exchange["answer"]), type=shape)
