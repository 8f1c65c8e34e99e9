"""Addresses of files."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import Invalid
from headrace.model.file import Address, Place, decoded, encoded, parse
from headrace.store.blobs import KEY

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=15)


@given(NAMES)
def test_a_name_comes_back_from_the_key_that_holds_it(name):
    assert decoded(encoded(name)) == name
    assert name in {".", ".."} or KEY.fullmatch(f"files/1/{encoded(name)}")


@given(NAMES, NAMES)
def test_two_names_are_never_one_key(one, other):
    assert (encoded(one) == encoded(other)) == (one == other)


@given(st.lists(NAMES.filter(lambda name: name not in {".", ".."}), max_size=5))
def test_an_address_comes_back_from_its_url(names):
    for place in Place:
        address = Address(place, tuple(names))
        assert parse(address.url) == address


@given(st.text(max_size=100))
def test_whatever_is_asked_for_is_an_address_within_or_refused(text):
    for start in ("", "fd://", "file:///mount/", "/mount/", "s3://bucket/files/1/"):
        try:
            address = parse(start + text, "s3://bucket/files/1")
        except Invalid as refused:
            assert refused.message.endswith(".")  # noqa: PT017 - either is right
            continue
        assert not {"", ".", ".."} & set(address.names)
        assert not any(re.search(r"[/\x00-\x1f]", name) for name in address.names)


def test_ones_own_prefix_of_the_store_is_another_spelling():
    own = "s3://bucket/prefix/files/7"
    assert parse(f"{own}/a~25b/c", own) == parse("fd://a%b/c")
    assert parse(own, own) == parse("fd://")
    for other in ("s3://bucket/prefix/files/70/x", "s3://bucket/prefix/files/7/../8/x", "s3://bucket/x"):
        with pytest.raises(Invalid):
            parse(other, own)
