"""Schedules: when a udf is to run, as the five fields of cron, in UTC; when a job is to run, in its time zone."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from headrace.errors import Invalid

# What each field may hold; a field that holds all of it, or nothing, is every one. Day 0 of the week is Sunday.
RANGES = {
    "minute": range(60),
    "hour": range(24),
    "day_of_month": range(1, 32),
    "month": range(1, 13),
    "day_of_week": range(7),
}


class Times(Struct, frozen=True, kw_only=True):
    """When: one minute of the hour, and lists of the rest. Made by `times`."""

    minute: list[int]
    hour: list[int]
    day_of_month: list[int]
    month: list[int]
    day_of_week: list[int]

    @property
    def expression(self) -> str:
        """The five fields as cron writes them. Where both kinds of day are given, either will do, as with cron."""
        fields = ((getattr(self, name), list(span)) for name, span in RANGES.items())
        return " ".join("*" if given == every else ",".join(map(str, given)) for given, every in fields)

    def following(self, moment: datetime) -> datetime:
        """The first time after a moment, which has a zone. Raises Invalid where there is none, such as 31 February."""
        from cronsim import CronSim, CronSimError

        try:
            return next(CronSim(self.expression, moment))
        except (CronSimError, StopIteration) as never:
            raise Invalid(f"The schedule `{self.expression}` never comes.") from never


class Recurrence(Struct, frozen=True, kw_only=True):
    """When a job is to run (Civis protocol notes 6.3), in its time zone. An empty list is every day or hour.

    Without minutes and runs per hour it is the full hour.
    """

    scheduled: bool | None = None
    scheduled_days: list[int] = []  # 0 is Sunday
    scheduled_hours: list[int] = []
    scheduled_minutes: list[int] = []
    scheduled_runs_per_hour: int | None = None  # evenly spaced, in place of minutes
    scheduled_days_of_month: list[int] = []  # in place of days

    def check(self) -> None:
        """Raise Invalid where the parts do not go together."""
        for name, given, span in (
            ("scheduled_days", self.scheduled_days, range(7)),
            ("scheduled_hours", self.scheduled_hours, range(24)),
            ("scheduled_minutes", self.scheduled_minutes, range(60)),
            ("scheduled_days_of_month", self.scheduled_days_of_month, range(1, 32)),
        ):
            if any(number not in span for number in given):
                raise Invalid(f"`{name}` wants numbers from {span[0]} to {span[-1]}.")
        if self.scheduled_days and self.scheduled_days_of_month:
            raise Invalid("A schedule names days of the week or days of the month; leave out one of both.")
        if self.scheduled_runs_per_hour is not None and not 1 <= self.scheduled_runs_per_hour <= 60:
            raise Invalid("`scheduled_runs_per_hour` wants a number from 1 to 60.")
        if self.scheduled_minutes and self.scheduled_runs_per_hour is not None:
            raise Invalid("A schedule names minutes or runs per hour; leave out one of both.")

    def following(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time after a moment, in UTC; None where the job is not scheduled.

        A time that a change of the clock leaves out comes as much later as the clock jumps; one that it brings twice
        comes once.
        """
        if not self.scheduled:
            return None
        today = moment.astimezone(zone).date()
        best: datetime | None = None
        # The day before too: what the clock leaves out of it may come today. A day of every month comes in 62 days.
        for day in (today + timedelta(days=n) for n in range(-1, 64)):
            if best is not None and day > best.astimezone(zone).date():
                break
            if self._comes_on(day):
                later = (at for at in self._times(day, zone) if at > moment)
                best = min((at for at in (min(later, default=None), best) if at is not None), default=None)
        return best

    def _comes_on(self, day: date) -> bool:
        if self.scheduled_days_of_month:
            return day.day in self.scheduled_days_of_month
        return not self.scheduled_days or day.isoweekday() % 7 in self.scheduled_days

    def _times(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        runs = self.scheduled_runs_per_hour
        minutes = self.scheduled_minutes or ([n * 60 // runs for n in range(runs)] if runs else [0])
        for hour in self.scheduled_hours or range(24):
            for minute in minutes:
                yield datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        raise Invalid(f"{name[:60]!r} is no time zone; say it as `America/Chicago` or `UTC`.") from unknown


class Schedule(Struct, frozen=True, kw_only=True):
    """A udf and when it is to run."""

    id: int
    uid: str
    owner_id: int
    udf_id: int
    udf_uid: str
    name: str
    description: str | None
    enabled: bool
    minute: list[int]
    hour: list[int]
    day_of_month: list[int]
    month: list[int]
    day_of_week: list[int]
    arguments: dict[str, Any] | None
    last_run: datetime | None
    next_run: datetime | None
    created_at: datetime
    updated_at: datetime


def times(**given: Sequence[int]) -> Times:
    """Times from lists of numbers, each in its range; an empty one is every one. Raises Invalid naming the field."""
    fields: dict[str, list[int]] = {}
    for name, span in RANGES.items():
        numbers = sorted(set(given.get(name, ())))
        if any(number not in span for number in numbers):
            raise Invalid(f"`{name}` wants numbers from {span[0]} to {span[-1]}.")
        fields[name] = numbers or list(span)
    if len(fields["minute"]) != 1:
        raise Invalid("`minute` wants one minute of the hour: a schedule runs at most once an hour.")
    return Times(**fields)
