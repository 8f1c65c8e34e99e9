"""Schedules: when a udf is to run, as the five fields of cron, in UTC."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

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
