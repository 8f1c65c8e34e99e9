"""JSON values, on both databases."""

import json

import pytest

from factories import somebody
from headrace.errors import Forbidden, Invalid, NotFound
from headrace.model.object import Level
from headrace.model.page import Page
from headrace.services import changes, sharing, values
from headrace.services.values import JSON_VALUE


@pytest.fixture
def ada(admin):
    return somebody(admin, name="Ada")


@pytest.fixture
def bob(admin):
    return somebody(admin, name="Bob")


@pytest.mark.parametrize(
    "text",
    [
        "null",
        '{"b": 1, "a": [2.50, 1e400, 12345678901234567890123]}',
        ' {"x":1} ',
        '{"a": 1, "a": 2}',
        '"\\u0000"',
        '"\\ud800"',
        '"🌊"',
        "[" * 100 + "]" * 100,
    ],
)
def test_a_value_is_kept_as_it_came(ada, text):
    made = values.create_value(ada, name="depths", value=text)
    assert values.get_value(ada, made.id).value == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "wants JSON as text"),
        ("{", "wants JSON as text"),
        ("{'a': 1}", "wants JSON as text"),
        ("NaN", "NaN is no number of JSON"),
        ("[-Infinity]", "-Infinity is no number of JSON"),
        ("[" * 101 + "]" * 101, "100 levels are taken"),
        ("[" * 100_000, "100 levels are taken"),
    ],
)
def test_what_is_not_json_is_refused_and_changes_nothing(ada, text, words):
    made = values.create_value(ada, name="depths", value="1")
    for act in (
        lambda: values.create_value(ada, name="depths", value=text),
        lambda: values.update_value(ada, made.id, value=text),
    ):
        with pytest.raises(Invalid, match=words):
            act()
    assert values.get_value(ada, made.id).value == "1"


def test_readers_read_and_writers_write(ada, bob):
    made = values.create_value(ada, name="depths", value="1")
    with pytest.raises(NotFound):
        values.get_value(bob, made.id)
    sharing.share_with_users(ada, JSON_VALUE, made.id, [bob.user.id], Level.READ)
    assert values.get_value(bob, made.id).value == "1"
    with pytest.raises(Forbidden):
        values.update_value(bob, made.id, value="2")
    sharing.share_with_users(ada, JSON_VALUE, made.id, [bob.user.id], Level.WRITE)
    changed = values.update_value(bob, made.id, value="2")
    assert (changed.name, changed.value, changed.owner_id) == ("depths", "2", ada.user.id)
    assert values.update_value(bob, made.id, name="Depths").value == "2"
    assert changed.updated_at > made.updated_at


def test_the_log_holds_the_beginning_of_what_is_long(ada):
    made = values.create_value(ada, name="depths", value=json.dumps("a" * 3000))
    values.update_value(ada, made.id, value="1")
    update, create = changes.list_changes(ada, Page(), kind="json_value").items
    assert update.after == {"value": "1"}
    assert create.after["value"].endswith("… (3,002 characters)")
    assert len(create.after["value"]) < 2100
