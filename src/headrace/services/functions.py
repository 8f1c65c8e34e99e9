"""Registered functions: kept as the pickle that a client made, under a name in a namespace, and called by that name.

Who may do what with one is decided as for every object: who may see it may call it, who may write it may replace it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headrace.db import functions as rows
from headrace.db import objects as queries
from headrace.errors import Conflict, Invalid, NotFound, TooLarge
from headrace.model import ids
from headrace.model.environment import DEFAULT
from headrace.model.function import Function, Type, check_name, parse
from headrace.model.object import NOUNS, Kind, Level
from headrace.services import changes, grants, namespaces, objects
from headrace.services.call import Call
from headrace.services.grants import Grant

FUNCTION = NOUNS[Kind.FUNCTION]
LARGEST_CODE = 32 << 20  # bytes of a pickle
LARGEST_TEXT = 1 << 20  # characters of each text that people read
TOLD = ("name", "namespace", "type", "language", "version", "environment", "tags")


def register(
    call: Call,
    namespace: str,
    name: str,
    code: bytes,
    version: str,
    *,
    type: Type = Type.GENERIC,
    language: str = "python",
    environment: str = DEFAULT,
    **given: Any,  # noqa: ANN401 - further columns
) -> Function:
    """Keep a function under a name in a namespace in which the caller may act.

    Whoever is in the group of a namespace manages what is in it. Raises NotFound, Invalid, and Conflict where the
    namespace has one of that name.
    """
    _check(code, given)
    check_name(name)
    now = datetime.now(UTC)
    try:
        with call.platform.db.begin() as connection:
            space = namespaces.own(connection, call, namespace)
            function = rows.insert(
                connection,
                uid=ids.new_uid(),
                owner_id=call.user.id,
                namespace=space.name,
                name=name,
                type=type.value,
                language=language,
                version=version,
                environment=environment,
                code=code,
                created_at=now,
                updated_at=now,
                **{"tags": [], **given},
            )
            if space.group_id is not None:
                queries.put_share(connection, Kind.FUNCTION, function.id, Level.MANAGE, group_id=space.group_id)
            told = changes.told(function, *TOLD)
            changes.record(connection, call, "create", Kind.FUNCTION, function.id, None, told, name=name)
    except IntegrityError as taken:
        raise Conflict(f"There is a function {namespace}/{name} already; update it, or choose another name.") from taken
    return function


def update(call: Call, namespace: str, name: str, new_name: str | None = None, **given: Any) -> Function:  # noqa: ANN401
    """Change columns that are given of a function that the caller may write; None is no change.

    Raises Conflict where the namespace has one of the new name.
    """
    values = {key: value for key, value in {"name": new_name, **given}.items() if value is not None}
    _check(given.get("code"), given)
    try:
        with call.platform.db.begin() as connection:
            before = find(connection, call, namespace, name, Level.WRITE)
            if "name" in values:
                check_name(values["name"])
            after = rows.update(connection, before.id, updated_at=datetime.now(UTC), **values)
            told = [changes.told(one, *TOLD) for one in (before, after)]
            changes.record(connection, call, "update", Kind.FUNCTION, before.id, *told, name=before.name)
    except IntegrityError as taken:
        raise Conflict(f"There is a function {namespace}/{values['name']} already; choose another name.") from taken
    return after


def get(call: Call, namespace: str, name: str) -> Function:
    """A function that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        return find(connection, call, namespace, name)


def called(call: Call, address: str) -> tuple[Function, bytes]:
    """The function of an address that the caller may call, and its code. Raises NotFound, Invalid."""
    namespace, name = parse(address, call.user.username)
    with call.platform.db.read() as connection:
        function = find(connection, call, namespace, name)
        return function, rows.code_of(connection, function.id)


def delete(call: Call, namespace: str, name: str) -> None:
    """Forget a function that the caller manages. Its tasks stay."""
    with call.platform.db.begin() as connection:
        function = find(connection, call, namespace, name, Level.MANAGE)
        objects.delete(connection, call, FUNCTION, function.id, changes.told(function, *TOLD))


def list_grants(call: Call, namespace: str, name: str) -> list[Grant]:
    """With whom a function that the caller may see is shared."""
    with call.platform.db.read() as connection:
        return grants.list_grants(connection, FUNCTION, find(connection, call, namespace, name).id)


def share(call: Call, namespace: str, name: str, to: str, level: Level | None) -> None:
    """Let a user or a group do so much with a function that the caller manages; None: nothing any more.

    Raises NotFound where there is nobody of that name, or nothing to take back.
    """
    with call.platform.db.read() as connection:
        function = find(connection, call, namespace, name, Level.MANAGE)
    grants.give(call, FUNCTION, function.id, to, level)


def find(connection: Connection, call: Call, namespace: str, name: str, level: Level = Level.READ) -> Function:
    """The function of that name, with which the caller may do so much.

    Raises NotFound where they may not see it, exactly as where it is not there, and Forbidden where they may see it
    and not do that.
    """
    function = rows.find(connection, namespaces.canonical(connection, call, namespace), name)
    if function is None or queries.level_of(connection, FUNCTION, function.id, call.user.id) is None:
        raise NotFound(f"There is no function {namespace[:100]}/{name[:200]} that you may see.")
    objects.require(connection, call, FUNCTION, function.id, level)
    return function


def _check(code: bytes | None, given: dict[str, Any]) -> None:
    if code is not None and not code:
        raise Invalid("Send the function, pickled, as `exec`.")
    if code is not None and len(code) > LARGEST_CODE:
        raise TooLarge(f"The pickle of a function has at most {LARGEST_CODE >> 20} MB.")
    texts: Sequence[Any] = [given.get(name) for name in ("source", "readme", "license_text")]
    if any(text is not None and len(text) > LARGEST_TEXT for text in texts):
        raise TooLarge(f"The texts that people read of a function have at most {LARGEST_TEXT >> 20} MB each.")
