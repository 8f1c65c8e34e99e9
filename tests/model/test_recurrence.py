"""When a scheduled job comes next, in its time zone (Civis protocol notes 6.3)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import Invalid
from headrace.model.schedule import Recurrence, zone_of

CHICAGO = ZoneInfo("America/Chicago")
ZONES = st.sampled_from(["UTC", "America/Chicago", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"])
MOMENTS = st.datetimes(
    datetime.fromisoformat("2005-01-01"), datetime.fromisoformat("2035-01-01"), timezones=st.just(UTC)
)
HOURS = st.lists(st.integers(0, 23), max_size=3)
MINUTES = st.lists(st.integers(0, 59), max_size=3)
DAYS = st.one_of(
    st.fixed_dictionaries({"scheduled_days": st.lists(st.integers(0, 6), max_size=3)}),
    st.fixed_dictionaries({"scheduled_days_of_month": st.lists(st.integers(1, 31), max_size=3)}),
)


def following(text, zone=CHICAGO, **fields):
    found = Recurrence(scheduled=True, **fields).following(datetime.fromisoformat(text), zone)
    return found.isoformat()


def test_the_example_of_the_protocol():
    """Monday 00:15 in Chicago is 05:15 in summer."""
    fields = {"scheduled_days": [1], "scheduled_hours": [0, 4], "scheduled_minutes": [15]}
    assert following("2017-07-14T12:00:00+00:00", **fields) == "2017-07-17T05:15:00+00:00"
    assert following("2017-07-17T05:15:00+00:00", **fields) == "2017-07-17T09:15:00+00:00"


def test_what_is_not_scheduled_never_comes():
    for scheduled in (None, False):
        assert Recurrence(scheduled=scheduled, scheduled_hours=[1]).following(datetime.now(UTC), CHICAGO) is None


def test_without_minutes_it_is_the_full_hour():
    assert following("2026-01-01T10:20:00+00:00") == "2026-01-01T11:00:00+00:00"


def test_runs_per_hour_are_evenly_spaced():
    assert following("2026-01-01T10:20:00+00:00", scheduled_runs_per_hour=4) == "2026-01-01T10:30:00+00:00"


def test_the_31st_skips_months_without_it():
    assert following("2026-02-01T00:00:00+00:00", zone=ZoneInfo("UTC"), scheduled_days_of_month=[31]).startswith(
        "2026-03-31"
    )


def test_a_time_that_the_clock_leaves_out_comes_as_much_later():
    """In Chicago, 2:30 on 8 March 2026 does not exist: clocks jump from 2:00 to 3:00."""
    fields = {"scheduled_hours": [2], "scheduled_minutes": [30]}
    assert following("2026-03-08T07:00:00+00:00", **fields) == "2026-03-08T08:30:00+00:00"
    assert following("2026-03-08T08:30:00+00:00", **fields) == "2026-03-09T07:30:00+00:00"


def test_a_time_that_comes_twice_runs_once():
    """In Chicago, 1:30 on 1 November 2026 comes twice."""
    fields = {"scheduled_hours": [1], "scheduled_minutes": [30]}
    assert following("2026-11-01T05:00:00+00:00", **fields) == "2026-11-01T06:30:00+00:00"
    assert following("2026-11-01T06:30:00+00:00", **fields) == "2026-11-02T07:30:00+00:00"


@given(moment=MOMENTS, zone=ZONES, hours=HOURS, minutes=MINUTES, days=DAYS)
def test_it_comes_later_on_a_day_and_at_a_time_that_are_named(moment, zone, hours, minutes, days):
    place = ZoneInfo(zone)
    when = Recurrence(scheduled=True, scheduled_hours=hours, scheduled_minutes=minutes, **days)
    found = when.following(moment, place)
    assert moment < found < moment + timedelta(days=64)
    # By the clock on the wall, unless the clock jumped over the time that was meant (by up to a day, in Apia in 2011).
    jumped = (found - timedelta(days=1)).astimezone(place).utcoffset() != found.astimezone(place).utcoffset()
    at = found.astimezone(place)
    if not jumped:
        assert not hours or at.hour in hours
        assert at.minute in (minutes or [0])
        if named := days.get("scheduled_days"):
            assert at.isoweekday() % 7 in named
        if named := days.get("scheduled_days_of_month"):
            assert at.day in named


@given(moment=MOMENTS, zone=ZONES, hours=HOURS, minutes=MINUTES, days=DAYS, seconds=st.integers(1, 10**6))
def test_nothing_is_skipped(moment, zone, hours, minutes, days, seconds):
    """From any moment before a run, that run is still the next one."""
    when = Recurrence(scheduled=True, scheduled_hours=hours, scheduled_minutes=minutes, **days)
    found = when.following(moment, ZoneInfo(zone))
    between = min(moment + timedelta(seconds=seconds), found - timedelta(microseconds=1))
    assert when.following(between, ZoneInfo(zone)) == found


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scheduled_days": [7]}, "`scheduled_days` wants numbers from 0 to 6"),
        ({"scheduled_hours": [-1]}, "`scheduled_hours` wants numbers from 0 to 23"),
        ({"scheduled_minutes": [60]}, "`scheduled_minutes` wants numbers from 0 to 59"),
        ({"scheduled_days_of_month": [0]}, "`scheduled_days_of_month` wants numbers from 1 to 31"),
        ({"scheduled_days": [1], "scheduled_days_of_month": [1]}, "leave out one of both"),
        ({"scheduled_minutes": [1], "scheduled_runs_per_hour": 2}, "leave out one of both"),
        ({"scheduled_runs_per_hour": 61}, "from 1 to 60"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(fields, words):
    with pytest.raises(Invalid, match=words):
        Recurrence(**fields).check()


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "America", "UTC\0", "Ä" * 300])
def test_what_is_no_time_zone_is_refused(name):
    with pytest.raises(Invalid, match="is no time zone"):
        zone_of(name)
