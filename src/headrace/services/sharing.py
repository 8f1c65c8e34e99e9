"""Sharing: who but the owner may see, change or manage an object."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import accounts
from headrace.db import objects as queries
from headrace.errors import Conflict, Invalid, NotFound
from headrace.model.object import Level, Noun, Share
from headrace.services import changes, objects
from headrace.services.call import Call

MOST = 1000  # users or groups in one request


class Sharing(Struct, frozen=True, kw_only=True):
    """Everybody who may do something with an object: the owner first."""

    owner_id: int
    owner_name: str
    shares: Sequence[Share]


def get_sharing(call: Call, noun: Noun, object_id: int) -> Sharing:
    """Who may do what with an object that the caller may see."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, noun, object_id)
        return _sharing(connection, noun, object_id)


def share_with_users(call: Call, noun: Noun, object_id: int, user_ids: Sequence[int], level: Level) -> Sharing:
    """Let these users do so much, in place of what they might before. Raises Invalid for one who is not known."""
    with call.platform.db.begin() as connection:
        owner_id = _owner_id(connection, call, noun, object_id)
        for user_id in _few(user_ids):
            user = accounts.find_user(connection, id=user_id)
            if user is None or not user.active:
                raise Invalid(f"There is no user {user_id} to share this {noun.word} with.")
            if user_id != owner_id:  # who owns it may do everything already
                queries.put_share(connection, noun.kind, object_id, level, user_id=user_id)
        _record(connection, call, "share", noun, object_id, {"user_ids": list(user_ids), "level": level.word})
        sharing = _sharing(connection, noun, object_id)
    call.platform.revision.bump()
    return sharing


def share_with_groups(call: Call, noun: Noun, object_id: int, group_ids: Sequence[int], level: Level) -> Sharing:
    """The same for whoever is in these groups."""
    with call.platform.db.begin() as connection:
        _owner_id(connection, call, noun, object_id)
        for group_id in _few(group_ids):
            if accounts.find_group(connection, id=group_id) is None:
                raise Invalid(f"There is no group {group_id} to share this {noun.word} with.")
            queries.put_share(connection, noun.kind, object_id, level, group_id=group_id)
        _record(connection, call, "share", noun, object_id, {"group_ids": list(group_ids), "level": level.word})
        sharing = _sharing(connection, noun, object_id)
    call.platform.revision.bump()
    return sharing


def unshare(call: Call, noun: Noun, object_id: int, *, user_id: int | None = None, group_id: int | None = None) -> None:
    """Take back what a user or a group may do; who may see an object may take themselves out.

    Raises NotFound where it is not shared with them, Conflict where that comes through a project.
    """
    grantee = {"user_id": user_id} if user_id is not None else {"group_id": group_id or 0}
    with call.platform.db.begin() as connection:
        themselves = user_id == call.user.id
        objects.require(connection, call, noun, object_id, Level.READ if themselves else Level.MANAGE)
        if not queries.delete_share(connection, noun.kind, object_id, **grantee):
            for share in queries.list_shares(connection, noun.kind, object_id):
                if share.project_id and (share.user_id, share.group_id) == (user_id, group_id):
                    raise Conflict(
                        f"They may do so through the project {share.project_id}, which shares what is in it; take the "
                        f"{noun.word} out of that project, or change whom the project is shared with."
                    )
            raise NotFound(f"This {noun.word} is not shared with them.")
        _record(connection, call, "unshare", noun, object_id, dict(grantee))
    call.platform.revision.bump()


def _owner_id(connection: Connection, call: Call, noun: Noun, object_id: int) -> int:
    objects.require(connection, call, noun, object_id, Level.MANAGE)
    found = queries.find(connection, noun, object_id)
    return found.owner_id if found else 0


def _sharing(connection: Connection, noun: Noun, object_id: int) -> Sharing:
    found = queries.find(connection, noun, object_id)
    owner = accounts.find_user(connection, id=found.owner_id) if found else None
    if owner is None:
        raise NotFound(f"There is no {noun.word} {object_id} that you may see.")
    others = [share for share in queries.list_shares(connection, noun.kind, object_id) if share.user_id != owner.id]
    return Sharing(owner_id=owner.id, owner_name=owner.name, shares=others)


def _record(
    connection: Connection, call: Call, action: str, noun: Noun, object_id: int, what: dict[str, object]
) -> None:
    before, after = (what, None) if action == "unshare" else (None, what)
    changes.record(connection, call, action, noun.kind, object_id, before, after)


def _few(ids: Sequence[int]) -> Sequence[int]:
    if not 0 < len(ids) <= MOST:
        raise Invalid(f"Share with 1 to {MOST} at a time; {len(ids)} were named.")
    return ids
