"""Schedules of udfs: kept, and told when they come next. What runs them is the job engine of a later version."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from headrace.db import schedules as queries
from headrace.db.tables import schedules
from headrace.errors import Invalid, NotFound, NotServed, TooLarge
from headrace.model import ids
from headrace.model.schedule import RANGES, Schedule, Times
from headrace.services import changes, udfs
from headrace.services.call import Call

LONGEST_NAME = 200
LONGEST_TEXT = 4_000  # characters of a description
LARGEST_ARGUMENTS = 64 << 10  # bytes as JSON
MOST = 1_000  # schedules of one owner
# What the log of changes tells of one.
TOLD = ("udf_uid", "name", "description", "enabled", *RANGES, "arguments")


def create(call: Call, udf_uid: str, times: Times, **given: Any) -> Schedule:  # noqa: ANN401 - see _values
    """A new schedule of the caller's, for a udf that they may read; it is to run in their environment."""
    user = call.user
    values = {"uid": ids.new_uid(), "owner_id": user.id, **_values(call, udf_uid, times, **given)}
    with call.platform.db.begin() as connection:
        if queries.count_schedules(connection, user.id) >= MOST:
            raise TooLarge(f"You keep {MOST} schedules already; delete some.")
        made = queries.insert_schedule(connection, **values, created_at=values["updated_at"])
        schedule = _there(queries.find_schedule(connection, schedules.c.id == made))
        changes.record(connection, call, "create", "schedule", made, None, _told(schedule), name=schedule.name)
        return schedule


def update(call: Call, uid: str, udf_uid: str, times: Times, **given: Any) -> Schedule:  # noqa: ANN401
    """Put another schedule in place of one of the caller's."""
    known, values = get(call, uid), _values(call, udf_uid, times, **given)
    with call.platform.db.begin() as connection:
        queries.update_schedule(connection, known.id, **values)
        schedule = _there(queries.find_schedule(connection, schedules.c.id == known.id))
        told = _told(known), _told(schedule)
        changes.record(connection, call, "update", "schedule", known.id, *told, name=known.name)
        return schedule


def get(call: Call, uid: str) -> Schedule:
    """A schedule of the caller's. Raises NotFound."""
    with call.platform.db.read() as connection:
        mine = schedules.c.owner_id == call.user.id
        return _there(queries.find_schedule(connection, schedules.c.uid == uid, mine))


def list_own(call: Call, udf_uid: str | None = None) -> list[Schedule]:
    """The caller's schedules, the oldest first; those of one udf where it is named."""
    matches = [schedules.c.owner_id == call.user.id]
    if udf_uid is not None:
        matches.append(schedules.c.udf_id == udfs.get(call, udf_uid).id)
    with call.platform.db.read() as connection:
        return queries.list_schedules(connection, *matches)


def delete(call: Call, uid: str) -> Schedule:
    """Forget a schedule of the caller's."""
    known = get(call, uid)
    with call.platform.db.begin() as connection:
        queries.delete_schedule(connection, known.id)
        changes.record(connection, call, "delete", "schedule", known.id, _told(known), name=known.name)
    return known


def run(call: Call, uid: str) -> None:
    """Run a schedule of the caller's now. Raises NotServed: jobs are not run by this version."""
    name = get(call, uid).name
    raise NotServed(
        f"The schedule {name!r} is kept, and does not run yet: running jobs comes with a later version of Headrace. "
        "Call the udf itself meanwhile."
    )


def _told(schedule: Schedule) -> dict[str, Any]:
    return changes.told(schedule, *TOLD)


def _values(
    call: Call,
    udf_uid: str,
    times: Times,
    *,
    name: str,
    description: str | None,
    enabled: bool,
    arguments: dict[str, Any] | None,
) -> dict[str, Any]:
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(f"The name of a schedule has 1 to {LONGEST_NAME} characters and no control characters.")
    if description is not None and len(description) > LONGEST_TEXT:
        raise TooLarge(f"The description of a schedule has at most {LONGEST_TEXT} characters.")
    if arguments is not None and len(msgspec.json.encode(arguments)) > LARGEST_ARGUMENTS:
        raise TooLarge(f"The arguments of a schedule have at most {LARGEST_ARGUMENTS >> 10} KB.")
    now = datetime.now(UTC)
    following = times.following(now)
    return {
        "udf_id": udfs.get(call, udf_uid).id,
        "name": name,
        "description": description,
        "enabled": enabled,
        "arguments": arguments,
        "next_run": following if enabled else None,
        "updated_at": now,
        **msgspec.structs.asdict(times),
    }


def _there(schedule: Schedule | None) -> Schedule:
    if schedule is None:
        raise NotFound("You have no such schedule.")
    return schedule
