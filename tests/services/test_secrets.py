"""Secrets on both databases."""

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import factories as make
from headrace.db import tables
from headrace.errors import Invalid, NotFound, TooLarge, Unauthenticated
from headrace.services import secrets
from headrace.services.call import Call
from headrace.store.cipher import Unreadable


@pytest.fixture
def ann(admin):
    return make.somebody(admin)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300))
def test_a_value_comes_back_as_it_was_kept(ann, value):
    secrets.put(ann, "environment", "A_KEY", value)
    assert secrets.get(ann, "environment", "A_KEY") == value


def test_a_value_is_replaced_and_forgotten(ann):
    for value in ("one", "two"):
        secrets.put(ann, "user", "KEY", value)
        assert secrets.get(ann, "user", "KEY") == value
    assert secrets.list_names(ann, "user") == ["KEY"]
    secrets.delete(ann, "user", "KEY")
    for gone in (lambda: secrets.get(ann, "user", "KEY"), lambda: secrets.delete(ann, "user", "KEY")):
        with pytest.raises(NotFound, match="'KEY'"):
            gone()


def test_scopes_and_owners_are_apart(platform, admin, ann):
    secrets.put(ann, "user", "KEY", "mine")
    for call, scope in ((ann, "environment"), (admin, "user")):
        assert secrets.list_names(call, scope) == []
        with pytest.raises(NotFound):
            secrets.get(call, scope, "KEY")
        with pytest.raises(NotFound):
            secrets.delete(call, scope, "KEY")
    assert secrets.get(ann, "user", "KEY") == "mine"
    with pytest.raises(Unauthenticated):
        secrets.list_names(Call(platform, None), "user")


def test_the_database_holds_no_value_and_rows_cannot_be_swapped(platform, admin, ann):
    secrets.put(ann, "user", "MINE", "a value to hide")
    secrets.put(admin, "user", "THEIRS", "another one")
    with platform.db.begin() as connection:
        kept = connection.execute(sa.text("SELECT secret FROM secrets")).scalars().all()
        assert not any(b"hide" in bytes(one) for one in kept)
        connection.execute(
            sa.text("UPDATE secrets SET secret = (SELECT s.secret FROM secrets s WHERE s.name = 'MINE')")
        )
    with pytest.raises(Unreadable):
        secrets.get(admin, "user", "THEIRS")


@pytest.mark.parametrize("name", ["", "1A", "a b", "a/b", "../a", "ä", "A\n", "x" * 129, "-a", "nul\0"])
def test_what_is_no_name_is_refused(ann, name):
    with pytest.raises(Invalid, match="no name of a secret"):
        secrets.put(ann, "user", name, "x")


def test_values_have_a_bound(ann):
    secrets.put(ann, "user", "KEY", "x" * secrets.LONGEST)
    for value in ("x" * (secrets.LONGEST + 1), "ä" * secrets.LONGEST, "nul\0"):
        with pytest.raises(TooLarge):
            secrets.put(ann, "user", "KEY", value)
    assert len(secrets.get(ann, "user", "KEY")) == secrets.LONGEST


def test_there_are_only_so_many(platform, ann):
    row = {"owner_id": ann.user.id, "scope": "user", "secret": b"", "created_at": make.NOW, "updated_at": make.NOW}
    with platform.db.begin() as connection:
        connection.execute(tables.secrets.insert(), [{**row, "name": f"K{n}"} for n in range(secrets.MOST)])
    secrets.put(ann, "user", "K7", "x")
    with pytest.raises(TooLarge, match="already"):
        secrets.put(ann, "user", "ONE_MORE", "x")
    assert len(secrets.list_names(ann, "user")) == secrets.MOST
