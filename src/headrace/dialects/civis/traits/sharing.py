"""Who may see, change and manage an object (Civis protocol notes 6.6)."""

from collections.abc import Callable, Iterator
from typing import Annotated

from msgspec import Meta

from headrace.api.operation import Operation
from headrace.api.resource import Resource, Trait
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, LevelWord
from headrace.model.object import Level, Noun
from headrace.services import sharing
from headrace.services.call import Call

Ids = Annotated[list[Id], Meta(min_length=1, max_length=sharing.MOST)]
Mail = Annotated[str | None, Meta(description="Taken and not sent: this server sends no e-mail of shares.")]
SendMail = Annotated[bool, Meta(description="Taken and not heeded: this server sends no e-mail of shares.")]


class Grantee(Wire, frozen=True, kw_only=True):
    """A user or a group."""

    id: int
    name: str


class Grantees(Wire, frozen=True, kw_only=True):
    """The users and groups of one level."""

    users: list[Grantee]
    groups: list[Grantee]


class Shares(Wire, frozen=True, kw_only=True):
    """Everybody who may do something with an object, each under the most that they may."""

    readers: Grantees
    writers: Grantees
    owners: Annotated[Grantees, Meta(description="The owner, and who else manages the object.")]
    total_user_shares: Annotated[int, Meta(description="How many users are in the three lists.")]
    total_group_shares: Annotated[int, Meta(description="How many groups are in the three lists.")]


class UserShares(Wire, frozen=True, kw_only=True):
    """Users to share with."""

    user_ids: Annotated[Ids, Meta(description="The IDs of the users.")]
    permission_level: LevelWord
    share_email_body: Mail = None
    send_shared_email: SendMail = False


class GroupShares(Wire, frozen=True, kw_only=True):
    """Groups to share with."""

    group_ids: Annotated[Ids, Meta(description="The IDs of the groups.")]
    permission_level: LevelWord
    share_email_body: Mail = None
    send_shared_email: SendMail = False


def shares(noun: Noun) -> Trait:
    """Listing, giving and taking back of permissions."""
    return shares_of(lambda _, object_id: (noun, object_id))


def shares_of(find: Callable[[Call, int], tuple[Noun, int]]) -> Trait:
    """The same of what an object only names; `find` gives that object's noun and id."""

    def list_shares(call: Call, id: Id) -> Shares:
        """List users and groups permissioned on this object."""
        return _shown(sharing.get_sharing(call, *find(call, id)))

    def share_with_users(call: Call, id: Id, body: UserShares) -> Shares:
        """Set the permissions users have on this object."""
        return _shown(sharing.share_with_users(call, *find(call, id), body.user_ids, Level.of(body.permission_level)))

    def unshare_user(call: Call, id: Id, user_id: Id) -> None:
        """Revoke the permissions a user has on this object."""
        sharing.unshare(call, *find(call, id), user_id=user_id)

    def share_with_groups(call: Call, id: Id, body: GroupShares) -> Shares:
        """Set the permissions groups have on this object."""
        return _shown(sharing.share_with_groups(call, *find(call, id), body.group_ids, Level.of(body.permission_level)))

    def unshare_group(call: Call, id: Id, group_id: Id) -> None:
        """Revoke the permissions a group has on this object."""
        sharing.unshare(call, *find(call, id), group_id=group_id)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("GET", "/{id}/shares", list_shares)
        yield resource.operation("PUT", "/{id}/shares/users", share_with_users)
        yield resource.operation("DELETE", "/{id}/shares/users/{user_id}", unshare_user)
        yield resource.operation("PUT", "/{id}/shares/groups", share_with_groups)
        yield resource.operation("DELETE", "/{id}/shares/groups/{group_id}", unshare_group)

    return trait


def _shown(found: sharing.Sharing) -> Shares:
    by_level: dict[Level, Grantees] = {}
    for level in Level:
        held = [share for share in found.shares if share.level is level]
        by_level[level] = Grantees(
            users=[Grantee(id=share.user_id, name=share.name) for share in held if share.user_id is not None],
            groups=[Grantee(id=share.group_id, name=share.name) for share in held if share.group_id is not None],
        )
    by_level[Level.MANAGE].users.insert(0, Grantee(id=found.owner_id, name=found.owner_name))
    return Shares(
        readers=by_level[Level.READ],
        writers=by_level[Level.WRITE],
        owners=by_level[Level.MANAGE],
        total_user_shares=sum(len(of.users) for of in by_level.values()),
        total_group_shares=sum(len(of.groups) for of in by_level.values()),
    )
