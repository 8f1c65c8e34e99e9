"""From text to values, for whatever text comes."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.api.operation import describe
from headrace.api.parameters import pairs, query_reader
from headrace.errors import Invalid, Malformed
from headrace.model.page import Page


class Filters(msgspec.Struct, frozen=True):
    state: Literal["on", "off"]
    since: datetime | None = None


def search(
    call: Any,
    page: Page,
    filters: Filters,
    ids: list[int] | None = None,
    near: float = 0.0,
    count: int | None = None,
    text: Annotated[str, msgspec.Meta(max_length=5)] = "",
    code: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", examples=["ABC"])] | None = None,
) -> list[str]:
    """Search."""


read = query_reader(describe("GET", "/search", search), lambda name: name.removesuffix("[]"), strict=True)


def test_arguments_come_as_the_annotations_say():
    got = read(b"state=on&since=2026-01-31T12:00:00Z&ids[]=1&ids[]=2&near=1.5&limit=7&text=a%20b")
    assert got == {
        "page": Page(limit=7),
        "filters": Filters(state="on", since=datetime(2026, 1, 31, 12, tzinfo=UTC)),
        "ids": [1, 2],
        "near": 1.5,
        "text": "a b",
    }


def test_what_is_not_given_is_left_to_the_function():
    assert read(b"state=off") == {"page": Page(), "filters": Filters(state="off")}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (b"", "The parameter `state` is missing."),
        (b"state=up", "The parameter `state` wants one of off, on, and got 'up'."),
        (b"state=on&since=null", "wants a time such as 2026-01-31T12:00:00Z, and got 'null'."),
        (b"state=on&count=null", "The parameter `count` wants an integer, and got 'null'."),
        (b"state=on&since=today", "wants a time such as 2026-01-31T12:00:00Z, and got 'today'."),
        (b"state=on&text=abcdef", "wants a string of up to 5 characters, and got 'abcdef'."),
        (b"state=on&count=", "The parameter `count` wants an integer, and got ''."),
        (b"state=on&code=abc", "The parameter `code` wants a string such as ABC, and got 'abc'."),
        (b"state=on&near=far", "The parameter `near` wants a number, and got 'far'."),
        (b"state=on&stat=on", "There is no parameter `stat`; there are count, filters"),
    ],
)
def test_what_is_wrong_is_said(query, sentence):
    expected = sentence.replace("count, filters", "code, count, ids, limit")
    with pytest.raises(Invalid) as refused:
        read(query)
    assert expected in refused.value.message


@given(st.lists(st.tuples(st.text(), st.text())))
def test_what_was_encoded_is_decoded(given_pairs):
    encoded = [
        (name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in given_pairs
    ]
    surrogates = any("\ud800" <= c <= "\udfff" for pair in given_pairs for text in pair for c in text)
    query = urlencode(encoded).encode()
    if surrogates:
        with pytest.raises(Malformed):
            pairs(query)
    else:
        assert pairs(query) == given_pairs


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_sentence(query):
    try:
        got = read(query)
    except Invalid:
        return
    assert got["filters"].state in {"on", "off"}


@given(st.one_of(st.integers(), st.text(), st.floats()))
def test_an_integer_is_read_or_refused_and_never_something_else(value):
    query = urlencode({"state": "on", "count": str(value).encode("utf-8", "surrogatepass")}).encode()
    try:
        got = read(query)["count"]
    except Invalid:
        assert not (isinstance(value, int) and -(1 << 63) <= value < 1 << 63)
    else:
        assert isinstance(got, int)
        assert got == int(str(value))
