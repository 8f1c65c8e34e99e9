"""Namespaces: under whose name things are registered and tasks are run.

A namespace is a username or the slug of a group. Everybody acts in their own and in those of the groups that they are
in; a username goes before a slug that is the same.
"""

from sqlalchemy import Connection

from headrace.db import accounts
from headrace.errors import NotFound
from headrace.services.call import Call


def own(connection: Connection, call: Call, name: str) -> str:
    """The namespace of that name in which the caller may act, as it is written. Raises NotFound.

    Their own may be named by e-mail, and in capitals or small letters; a group's by its name.
    """
    user = call.user
    if name == user.username or name.lower() in (user.username.lower(), user.email):
        return user.username
    for group in accounts.groups_of(connection, user.id):
        if name in (group.slug, group.name):
            return group.slug
    raise NotFound(
        f"There is no namespace {name[:100]!r} in which you may act: yours is {user.username!r}, and every group that "
        "you are in has one."
    )
