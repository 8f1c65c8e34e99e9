"""Sharing by name: with a namespace, which is a user's or a group's."""

from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import accounts
from headrace.db import objects as queries
from headrace.errors import NotFound
from headrace.model.object import Level, Noun
from headrace.services import sharing
from headrace.services.call import Call


class Grant(Struct, frozen=True, kw_only=True):
    """What a namespace may do with an object."""

    namespace: str
    level: Level
    is_group: bool = False


def list_grants(connection: Connection, noun: Noun, object_id: int) -> list[Grant]:
    """With whom an object is shared."""
    found: list[Grant] = []
    for share in queries.list_shares(connection, noun.kind, object_id):
        if share.group_id is not None:
            group = accounts.find_group(connection, id=share.group_id)
            found += [Grant(namespace=group.slug, level=share.level, is_group=True)] if group else []
        else:
            user = accounts.find_user(connection, id=share.user_id)
            found += [Grant(namespace=user.username, level=share.level)] if user else []
    return found


def give(call: Call, noun: Noun, object_id: int, to: str, level: Level | None) -> None:
    """Let a user or a group do so much with an object that the caller manages; None: nothing any more.

    Raises NotFound where there is nobody of that name, or nothing to take back; and as sharing does.
    """
    with call.platform.db.read() as connection:
        users = accounts.find_named(connection, to)
        group = accounts.find_group(connection, slug=to) or accounts.find_group(connection, name=to)
    if users and level is not None:
        sharing.share_with_users(call, noun, object_id, [users[0].id], level)
    elif users:
        sharing.unshare(call, noun, object_id, user_id=users[0].id)
    elif group is not None and level is not None:
        sharing.share_with_groups(call, noun, object_id, [group.id], level)
    elif group is not None:
        sharing.unshare(call, noun, object_id, group_id=group.id)
    else:
        raise NotFound(f"There is no user and no group {to[:100]!r} to share this {noun.word} with.")
