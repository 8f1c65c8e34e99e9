"""Namespaces: under whose name things are registered and tasks are run.

A namespace is a username or the slug of a group. Everybody acts in their own and in those of the groups that they are
in. A slug that is somebody's username is no namespace: whoever is in that group would see what is that person's.
"""

from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import accounts
from headrace.errors import NotFound
from headrace.services.call import Call


class Namespace(Struct, frozen=True):
    """A namespace in which somebody may act, and the group whose it is; None: their own."""

    name: str
    group_id: int | None = None


def own(connection: Connection, call: Call, name: str) -> Namespace:
    """The namespace of that name in which the caller may act. Raises NotFound.

    Their own may be named by e-mail, and in capitals or small letters; a group's by its name.
    """
    for namespace, names in _all(connection, call):
        if name in names or (namespace.group_id is None and name.lower() in {one.lower() for one in names}):
            return namespace
    raise NotFound(
        f"There is no namespace {name[:100]!r} in which you may act: yours is {call.user.username!r}, and every group "
        "that you are in has one."
    )


def check(call: Call, name: str) -> str:
    """As `own`, where there is no transaction: the namespace as it is kept."""
    if name == call.user.username:
        return name
    with call.platform.db.read() as connection:
        return own(connection, call, name).name


def canonical(connection: Connection, call: Call, name: str) -> str:
    """The namespace as it is kept, where the caller named one of theirs otherwise; any other as it is."""
    try:
        return own(connection, call, name).name
    except NotFound:
        return name


def list_own(connection: Connection, call: Call) -> list[str]:
    """Every namespace in which the caller may act, their own first."""
    return [namespace.name for namespace, _ in _all(connection, call)]


def _all(connection: Connection, call: Call) -> list[tuple[Namespace, tuple[str, str]]]:
    user = call.user
    groups = accounts.groups_of(connection, user.id)
    people = accounts.find_named(connection, *(group.slug for group in groups)) if groups else []
    taken = {one.username.lower() for one in people}
    groups = [group for group in groups if group.slug.lower() not in taken]
    return [
        (Namespace(user.username), (user.username, user.email)),
        *((Namespace(group.slug, group.id), (group.slug, group.name)) for group in groups),
    ]
