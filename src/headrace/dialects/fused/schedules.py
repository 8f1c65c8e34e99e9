"""Schedules on this protocol's wire, where they are called cron jobs (Fused protocol notes 2.9)."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from headrace.api.operation import Operation, describe
from headrace.model import schedule as model
from headrace.services import schedules
from headrace.services.call import Call

Numbers = int | list[int]


class New(Struct):
    """A schedule: one minute of the hour, and lists of the rest; an empty list is every one. Times are in UTC."""

    udf: str
    name: str
    minute: Numbers
    hour: Numbers = []
    day_of_month: Numbers = []
    month: Numbers = []
    day_of_week: Numbers = []  # 0 is Sunday
    enabled: bool = True
    description: str | None = None
    udf_args: dict[str, Any] | None = None


class CronJob(Struct):
    """A schedule that is kept."""

    id: str
    name: str
    description: str | None
    execution_environment_id: str
    enabled: bool
    minute: list[int]
    hour: list[int]
    day_of_month: list[int]
    month: list[int]
    day_of_week: list[int]
    udf: str
    udf_args: dict[str, Any] | None
    last_run: datetime | None
    next_run: datetime | None


def list_own(call: Call) -> list[CronJob]:
    """The caller's schedules."""
    return [shown(one) for one in schedules.list_own(call)]


def create(call: Call, body: New) -> CronJob:
    """Keep a schedule."""
    return shown(schedules.create(call, body.udf, **_given(body)))


def get(call: Call, id: str) -> CronJob:
    """A schedule by its id."""
    return shown(schedules.get(call, id))


def update(call: Call, id: str, body: New) -> CronJob:
    """Put another schedule in place of one."""
    return shown(schedules.update(call, id, body.udf, **_given(body)))


def delete(call: Call, id: str) -> CronJob:
    """Forget a schedule."""
    return shown(schedules.delete(call, id))


def list_of_udf(call: Call, udf_id: str) -> list[CronJob]:
    """The caller's schedules of one udf."""
    return [shown(one) for one in schedules.list_own(call, udf_id)]


def run(call: Call, id: str) -> None:
    """Run a schedule now; answered 501 until jobs are run."""
    schedules.run(call, id)


def shown(schedule: model.Schedule) -> CronJob:
    """A schedule as this wire has it."""
    return CronJob(
        id=schedule.uid,
        name=schedule.name,
        description=schedule.description,
        execution_environment_id="default",
        enabled=schedule.enabled,
        udf=schedule.udf_uid,
        udf_args=schedule.arguments,
        last_run=schedule.last_run,
        next_run=schedule.next_run,
        **{part: getattr(schedule, part) for part in model.RANGES},
    )


def operations() -> list[Operation]:
    """The routes of schedules."""
    routes: list[tuple[str, str, Any, str]] = [
        ("GET", "/cronjob/get-self", list_own, "list_schedules"),
        ("POST", "/cronjob/create", create, "create_schedule"),
        ("GET", "/cronjob/by-id/{id}", get, "get_schedule"),
        ("POST", "/cronjob/by-id/{id}", update, "update_schedule"),
        ("DELETE", "/cronjob/by-id/{id}", delete, "delete_schedule"),
        ("GET", "/cronjob/by-udf-id/{udf_id}", list_of_udf, "list_schedules_of_udf"),
    ]
    return [
        *(
            describe(method, path, function, status=200, name=name, tags=("schedules",))
            for method, path, function, name in routes
        ),
        describe("POST", "/cronjob/user-run/by-id/{id}", run, name="run_schedule", tags=("not served yet",)),
    ]


def _given(body: New) -> dict[str, Any]:
    numbers = {part: getattr(body, part) for part in model.RANGES}
    times = model.times(**{part: [one] if isinstance(one, int) else one for part, one in numbers.items()})
    return {
        "times": times,
        "name": body.name,
        "description": body.description,
        "enabled": body.enabled,
        "arguments": body.udf_args,
    }
