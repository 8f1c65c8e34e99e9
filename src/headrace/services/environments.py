"""Environments: what their owners ask for. `work/builder.py` builds them."""

from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError

from headrace.db import environments as queries
from headrace.db.tables import environments
from headrace.errors import Conflict, Invalid, NotFound, Unavailable
from headrace.model.environment import (
    DEFAULT,
    Environment,
    State,
    check_name,
    check_python,
    check_requirements,
)
from headrace.model.page import Slice
from headrace.services import changes
from headrace.services.call import Call, Platform


def create(call: Call, name: str, requirements: list[str], python: str | None = None) -> Environment:
    """A new environment, to be built. Raises Conflict where the caller has one of that name."""
    user, now = call.user, datetime.now(UTC)
    lines = check_requirements(requirements)
    version = None if python is None else check_python(python)
    most = call.platform.settings.environments_max
    try:
        with call.platform.db.begin() as connection:
            if queries.count_of(connection, user.id) >= most:
                raise Conflict(f"You have {most} environments, the most this server keeps (HEADRACE_ENVIRONMENTS_MAX).")
            made = queries.insert(
                connection,
                owner_id=user.id,
                name=check_name(name),
                requirements=lines,
                python=version,
                state=State.PENDING,
                build=1,
                pins=[],
                size=0,
                log="",
                created_at=now,
                updated_at=now,
            )
            told = {"requirements": lines, "python": version}
            changes.record(connection, call, "create", "environment", made.id, None, told, name=name)
    except IntegrityError as taken:
        raise Conflict(
            f"You have an environment called {name!r} already; change it, or choose another name."
        ) from taken
    _tell(call.platform)
    return made


def update(
    call: Call, environment_id: int, *, requirements: list[str] | None = None, python: str | None = None
) -> Environment:
    """Have an environment built anew, from other lines where they are given. Calls use the old one until it is ready.

    An empty `python` is the version that serves again.
    """
    known = get(call, environment_id)
    values: dict[str, object] = {}
    if requirements is not None:
        values["requirements"] = check_requirements(requirements)
    if python is not None:
        values["python"] = check_python(python) if python else None
    with call.platform.db.begin() as connection:
        changed = queries.change(
            connection,
            environments.c.id == known.id,
            **values,
            state=State.PENDING,
            build=environments.c.build + 1,
            pins=[],
            error=None,
            log="",
            updated_at=datetime.now(UTC),
        )
        if changed is not None:
            told = [changes.told(one, "requirements", "python", "build") for one in (known, changed)]
            changes.record(connection, call, "update", "environment", known.id, *told, name=known.name)
    if changed is None:
        raise NotFound("You have no such environment.")
    _tell(call.platform)
    return changed


def get(call: Call, environment_id: int) -> Environment:
    """One of the caller's environments. Raises NotFound."""
    with call.platform.db.read() as connection:
        found = queries.find(connection, environments.c.id == environment_id, environments.c.owner_id == call.user.id)
    if found is None:
        raise NotFound("You have no such environment.")
    return found


def list_own(call: Call, offset: int, limit: int) -> Slice[Environment]:
    """The caller's environments, by name."""
    with call.platform.db.read() as connection:
        return queries.list_of(connection, call.user.id, offset, limit)


def delete(call: Call, environment_id: int) -> None:
    """Forget an environment: functions that name it cannot be called from now on."""
    known = get(call, environment_id)
    with call.platform.db.begin() as connection:
        queries.delete(connection, known.id)
        told = changes.told(known, "requirements", "python")
        changes.record(connection, call, "delete", "environment", known.id, told, name=known.name)
    _tell(call.platform)


def resolve(platform: Platform, owner_id: int, name: str) -> str:
    """The folder of an owner's environment of that name, which is what calls run in.

    Raises Invalid where the owner has none of that name or it could not be built, Unavailable while it is built first.
    """
    if name == DEFAULT:
        return DEFAULT
    with platform.db.read() as connection:
        found = queries.find(connection, environments.c.owner_id == owner_id, environments.c.name == name)
    if found is None:
        shown = name[:64]
        raise Invalid(f"There is no environment called {shown!r} here; `headrace env add {shown} ...` makes one.")
    if found.digest is not None:
        return found.digest
    if found.state is State.FAILED:
        raise Invalid(f"The environment {name!r} could not be built; `headrace env show {name}` tells why.")
    raise Unavailable(f"The environment {name!r} is being built; call again in a moment.")


def _tell(platform: Platform) -> None:
    platform.revision.bump()
    platform.builds.set()
