"""Schedules on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from headrace.errors import Invalid, NotFound, NotServed, TooLarge
from headrace.model.schedule import RANGES, times
from headrace.services import schedules, udfs


@pytest.fixture
def ann(admin):
    return make.somebody(admin)


def keep(call, udf, **more):
    values = {"name": "nightly", "description": None, "enabled": True, "arguments": None, "times": times(minute=[5])}
    return schedules.create(call, udf.uid, **{**values, **more})


@pytest.mark.parametrize(
    ("given", "expression", "following"),
    [
        ({"minute": [30]}, "30 * * * *", "2026-03-01T12:30"),
        ({"minute": [0]}, "0 * * * *", "2026-03-01T13:00"),
        ({"minute": [0], "hour": [6, 3, 6]}, "0 3,6 * * *", "2026-03-02T03:00"),
        (
            {"minute": [0], "hour": [0], "month": list(range(1, 13)), "day_of_week": [1]},
            "0 0 * * 1",
            "2026-03-02T00:00",
        ),
        ({"minute": [0], "hour": [0], "day_of_week": [0]}, "0 0 * * 0", "2026-03-08T00:00"),
        ({"minute": [0], "hour": [0], "day_of_month": [29], "month": [2]}, "0 0 29 2 *", "2028-02-29T00:00"),
        ({"minute": [0], "hour": [0], "day_of_month": [13], "day_of_week": [5]}, "0 0 13 * 5", "2026-03-06T00:00"),
    ],
)
def test_a_schedule_says_when_it_comes_next(given, expression, following):
    now = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)  # a Sunday
    made = times(**given)
    assert (made.expression, made.following(now)) == (expression, datetime.fromisoformat(f"{following}+00:00"))


@given(st.fixed_dictionaries({name: st.lists(st.sampled_from(list(span))) for name, span in RANGES.items()}))
def test_what_comes_next_is_one_of_the_times(given):
    now = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    try:
        made = times(**given)
        following = made.following(now)
    except Invalid:
        return
    assert (following.minute, following.hour in made.hour, following.month in made.month) == (
        made.minute[0],
        True,
        True,
    )
    assert following > now


@pytest.mark.parametrize(
    "given",
    [
        {}, {"minute": []}, {"minute": [1, 2]}, {"minute": [60]}, {"minute": [-1]}, {"minute": [0], "hour": [24]},
        {"minute": [0], "day_of_month": [0]}, {"minute": [0], "month": [13]}, {"minute": [0], "day_of_week": [7]},
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(given):
    with pytest.raises(Invalid):
        times(**given)


def test_what_never_comes_is_refused(ann):
    with pytest.raises(Invalid, match="never comes"):
        keep(ann, make.udf(ann), times=times(minute=[0], day_of_month=[31], month=[2]))


def test_a_schedule_is_kept_changed_and_forgotten(ann):
    udf, other = make.udf(ann), make.udf(ann)
    before = datetime.now(UTC)
    made = keep(ann, udf, arguments={"n": [1, None]}, description="d")
    assert schedules.get(ann, made.uid) == made
    assert before < made.next_run <= datetime.now(UTC) + timedelta(hours=1)
    assert (made.hour, made.arguments, made.last_run) == (list(range(24)), {"n": [1, None]}, None)
    off = schedules.update(
        ann, made.uid, other.uid, times(minute=[9]), name="x", description=None, enabled=False, arguments=None
    )
    assert (off.udf_uid, off.minute, off.next_run, off.arguments) == (other.uid, [9], None, None)
    assert schedules.list_own(ann) == schedules.list_own(ann, other.uid) == [off]
    assert schedules.list_own(ann, udf.uid) == []
    schedules.delete(ann, made.uid)
    assert schedules.list_own(ann) == []


def test_a_schedule_goes_with_its_udf(ann):
    udf = make.udf(ann)
    keep(ann, udf)
    udfs.delete(ann, udf.uid)
    assert schedules.list_own(ann) == []


def test_schedules_are_their_owners_business(admin, ann):
    udf, bob = make.udf(ann), make.somebody(admin)
    made = keep(ann, udf)
    for refused in (
        lambda: schedules.get(bob, made.uid),
        lambda: schedules.delete(bob, made.uid),
        lambda: schedules.run(bob, made.uid),
        lambda: keep(bob, udf),
        lambda: schedules.list_own(bob, udf.uid),
    ):
        with pytest.raises(NotFound):
            refused()
    assert schedules.list_own(bob) == []
    with pytest.raises(NotServed, match="does not run yet"):
        schedules.run(ann, made.uid)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"name": ""}, Invalid), ({"name": "a\nb"}, Invalid), ({"name": "x" * 201}, Invalid),
        ({"description": "x" * 4001}, TooLarge), ({"arguments": {"a": "x" * 70_000}}, TooLarge),
    ],
)  # fmt: skip
def test_what_is_too_much_is_refused(ann, given, error):
    with pytest.raises(error):
        keep(ann, make.udf(ann), **given)
