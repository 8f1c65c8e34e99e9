"""Names on the wire: both spellings in, camelCase out, free-form maps as they are."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.dialects.civis.codec import Codec, Wire, snake
from headrace.errors import Conflict, Invalid
from headrace.model.page import Page


class Inner(Wire, frozen=True, kw_only=True):
    run_as: str
    free_form: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies defaults


class Outer(Wire, frozen=True, kw_only=True):
    remote_host_id: int
    inner_thing: Inner | None = None
    many_things: list[Inner] = []  # noqa: RUF012 - msgspec copies defaults
    by_name: dict[str, Inner] = {}  # noqa: RUF012 - msgspec copies defaults


codec = Codec()
read = codec.reader(Outer)

SNAKE = b"""{"remote_host_id": 3, "inner_thing": {"run_as": "a", "free_form": {"someKey": {"other_key": 1}}},
            "many_things": [{"run_as": "b"}], "by_name": {"a_b": {"run_as": "c"}, "aB": {"run_as": "d"}}}"""
CAMEL = b"""{"remoteHostId": 3, "innerThing": {"runAs": "a", "freeForm": {"someKey": {"other_key": 1}}},
            "manyThings": [{"runAs": "b"}], "byName": {"a_b": {"runAs": "c"}, "aB": {"runAs": "d"}}}"""


def test_both_spellings_are_one_at_every_level():
    assert read(SNAKE) == read(CAMEL)
    assert read(SNAKE).remote_host_id == 3


def test_the_keys_of_free_form_maps_are_left_as_they_are():
    value = read(SNAKE)
    assert value.inner_thing.free_form == {"someKey": {"other_key": 1}}
    assert set(value.by_name) == {"a_b", "aB"}


def test_answers_are_camel_case():
    assert b'"remoteHostId":3' in codec.writer(Outer)(read(SNAKE))
    assert b'"someKey":{"other_key":1}' in codec.writer(Outer)(read(SNAKE))


class Hour(Wire, frozen=True, kw_only=True):
    began_at: datetime
    ended_at: datetime | None = None
    free_form: Any = None


class Day(Wire, frozen=True, kw_only=True):
    name: str
    hour: Hour | list[Hour] | None = None
    hours: list[Hour] = []  # noqa: RUF012 - msgspec copies defaults
    by_name: dict[str, Hour] = {}  # noqa: RUF012 - msgspec copies defaults
    next_day: "Day | None" = None


def test_moments_go_out_in_utc_to_the_millisecond():
    text = "2017-02-07T20:43:51.159999Z"
    exact, whole = datetime.fromisoformat(text), datetime(2017, 3, 1, 12, tzinfo=UTC)
    east = whole.astimezone(timezone(timedelta(hours=5, minutes=30)))
    first = Hour(began_at=exact, ended_at=east, free_form={"began_at": text, "beganAt": [text]})
    told = {
        "beganAt": "2017-02-07T20:43:51.159Z",
        "endedAt": "2017-03-01T12:00:00.000Z",
        "freeForm": {"began_at": text, "beganAt": [text]},  # it is the user's own
    }
    last = {"beganAt": "2017-03-01T12:00:00.000Z", "endedAt": None, "freeForm": None}
    day = Day(name=text, hour=first, hours=[first, Hour(began_at=whole)], by_name={"a_b": first})
    expected = {"name": text, "hour": told, "hours": [told, last], "byName": {"a_b": told}, "nextDay": None}
    assert json.loads(codec.writer(Day)(day)) == expected
    assert json.loads(codec.writer(list[Day])([day, day])) == [expected, expected]
    assert json.loads(codec.writer(Day)(Day(name="x", hour=Inner(run_as="a"))))["hour"] == {
        "runAs": "a",
        "freeForm": {},
    }
    week = json.loads(codec.writer(Day)(Day(name="x", next_day=Day(name="y", hour=first))))
    assert (week["hour"], week["hours"], week["byName"], week["nextDay"]["hour"]) == (None, [], {}, told)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"remote_host_id": 1, "remoteHostId": 1}', "The field `remoteHostId` is given twice, in two spellings."),
        (b'{"remote_host_id": 1, "romote": 1}', "There is no field `romote` here; there are remoteHostId, innerThing"),
        (b'{"remote_host_id": 1, "many_things": [{}]}', "The field `manyThings[0].runAs` is missing."),
        (b'{"remote_host_id": "x"}', "The field `remoteHostId` wants an integer, and got a string."),
        (b'{"remote_host_id": 1, "inner_thing": 5}', "The field `innerThing` wants an object, and got an integer."),
        (b'{"remote_host_id": 1, "by_name": {"x": {"run_as": 1}}}', "wants a string, and got an integer."),
        (b"[1]", "The body wants an object, and got a list."),
    ],
)
def test_what_is_wrong_is_said(body, sentence):
    with pytest.raises(Invalid) as refused:
        read(body)
    assert sentence in refused.value.message


def test_query_names_come_in_both_spellings_and_with_brackets():
    assert [codec.argument(n) for n in ("pageNum", "page_num", "ids[]", "groupIds[]")] == [
        "page_num", "page_num", "ids", "group_ids",
    ]  # fmt: skip


@given(st.from_regex(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*", fullmatch=True))
def test_snake_undoes_camel(name):
    first, *rest = name.split("_")
    assert snake(first + "".join(word.capitalize() for word in rest)) == name


def test_a_page_says_where_it_is():
    assert codec.paging(Page(limit=20, page_num=2), 41) == {
        "X-Pagination-Current-Page": "2",
        "X-Pagination-Per-Page": "20",
        "X-Pagination-Total-Pages": "3",
        "X-Pagination-Total-Entries": "41",
    }
    assert codec.paging(Page(), 0)["X-Pagination-Total-Pages"] == "0"


def test_an_error_has_the_three_keys_that_clients_read():
    body = codec.writer(Any)(codec.error(Conflict("Taken.")))
    assert body == b'{"error":"conflict","errorDescription":"Taken.","code":409}'
