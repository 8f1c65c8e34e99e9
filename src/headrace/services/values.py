"""JSON values: kept as they came."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from headrace.db import objects as queries
from headrace.db import values as rows
from headrace.errors import NotFound
from headrace.model.object import NOUNS, Kind, Level
from headrace.model.value import JsonValue, check_text
from headrace.services import changes, objects
from headrace.services.call import Call

JSON_VALUE = NOUNS[Kind.JSON_VALUE]
MOST_LOGGED = 2000  # characters of a value in the log of changes


def create_value(call: Call, *, name: str, value: str) -> JsonValue:
    """A new value of the caller's. Raises Invalid where its text is not JSON."""
    check_text(value)
    now = datetime.now(UTC)
    with call.platform.db.begin() as connection:
        made = rows.insert(connection, owner_id=call.user.id, name=name, value=value, created_at=now, updated_at=now)
        told = {"name": name, "value": _told(value)}
        changes.record(connection, call, "create", Kind.JSON_VALUE, made.id, None, told, name=name)
    return made


def get_value(call: Call, value_id: int) -> JsonValue:
    """A value that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, JSON_VALUE, value_id)
        return _found(connection, value_id)


def update_value(call: Call, value_id: int, *, name: str | None = None, value: str | None = None) -> JsonValue:
    """Change a value that the caller may write. None is no change."""
    values: dict[str, Any] = {} if name is None else {"name": name}
    if value is not None:
        values["value"] = check_text(value)
    with call.platform.db.begin() as connection:
        objects.require(connection, call, JSON_VALUE, value_id, Level.WRITE)
        before = _found(connection, value_id)
        queries.update(connection, JSON_VALUE, value_id, updated_at=datetime.now(UTC), **values)
        changed = _found(connection, value_id)
        old, new = ({"name": one.name, "value": _told(one.value)} for one in (before, changed))
        changes.record(connection, call, "update", Kind.JSON_VALUE, value_id, old, new, name=before.name)
    return changed


def _told(value: str) -> str:
    return value if len(value) <= MOST_LOGGED else f"{value[:MOST_LOGGED]}… ({len(value):,} characters)"


def _found(connection: Connection, value_id: int) -> JsonValue:
    if (found := rows.find(connection, value_id)) is None:
        raise NotFound(f"There is no {JSON_VALUE.word} {value_id} that you may see.")
    return found
