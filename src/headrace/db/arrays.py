"""Queries of arrays and of what was done with them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import array_activity, arrays, groups, shares, users
from headrace.model.array import Activity, Array, Event
from headrace.model.object import Kind
from headrace.model.page import Page, Slice

ARRAY = [arrays.c[name] for name in Array.__struct_fields__]


def insert(connection: Connection, **values: Any) -> Array:  # noqa: ANN401 - columns of the table
    """A new array."""
    return Array(**connection.execute(arrays.insert().values(values).returning(*ARRAY)).mappings().one())


def update(connection: Connection, array_id: int, **values: Any) -> Array:  # noqa: ANN401
    """The array after the change."""
    statement = arrays.update().where(arrays.c.id == array_id).values(values).returning(*ARRAY)
    return Array(**connection.execute(statement).mappings().one())


def find(connection: Connection, namespace: str, called: str) -> Array | None:
    """The array of a namespace with that name, else with that UUID, else that lies there; whoever asks."""
    same = [arrays.c.name == called, arrays.c.uid == called]
    if place := called.rstrip("/"):  # nothing but slashes is no place, though it is what arrays here have for one
        same.append(arrays.c.storage == place)
    by = sa.case((arrays.c.name == called, 0), (arrays.c.uid == called, 1), else_=2)
    statement = select(*ARRAY).where(arrays.c.namespace == namespace, sa.or_(*same)).order_by(by, arrays.c.id).limit(1)
    row = connection.execute(statement).mappings().one_or_none()
    return Array(**row) if row else None


def sizes_of(connection: Connection, owner_id: int) -> dict[str, int]:
    """The sizes of an owner's arrays that lie in folders of the server's, by UUID."""
    own = select(arrays.c.uid, arrays.c.size).where(arrays.c.owner_id == owner_id, arrays.c.size.is_not(None))
    return {row.uid: row.size for row in connection.execute(own)}


def read(connection: Connection, ids: Sequence[int]) -> list[Array]:
    """These arrays, in this order; those that are gone are left out."""
    rows = connection.execute(select(*ARRAY).where(arrays.c.id.in_(ids))).mappings()
    found = {row["id"]: Array(**row) for row in rows}
    return [found[one] for one in ids if one in found]


def of_namespaces(names: Sequence[str]) -> sa.ColumnElement[bool]:
    """Those of one of these namespaces."""
    return arrays.c.namespace.in_(names)


def public() -> sa.ColumnElement[bool]:
    """Those that everybody may read."""
    return arrays.c.public_read


def like(text: str) -> sa.ColumnElement[bool]:
    """Those that have this text in their name, their namespace or their description."""
    return sa.or_(*(arrays.c[name].icontains(text, autoescape=True) for name in ("name", "namespace", "description")))


def tagged(tag: str) -> sa.ColumnElement[bool]:
    """Those that have this tag."""
    # The tags are a JSON list, and a quotation mark inside one is written with a backslash before it.
    return sa.cast(arrays.c.tags, sa.Text).icontains(json.dumps(tag), autoescape=True)


def of_types(types: Sequence[str]) -> sa.ColumnElement[bool]:
    """Those that hold a file of one of these types."""
    return sa.func.coalesce(arrays.c.file_type, "").in_(types)


def has_property(name: str, value: str | None) -> sa.ColumnElement[bool]:
    """Those with this property of a file, with this value where one is given."""
    text = sa.cast(arrays.c.file_properties, sa.Text)
    wanted = f"{json.dumps(name)}: " + ("" if value is None else json.dumps(value))
    return text.icontains(wanted, autoescape=True)


def shared_to(names: Sequence[str]) -> sa.ColumnElement[bool]:
    """Those that are shared with one of these users, by username, or groups, by slug."""
    to_users = select(users.c.id).where(users.c.username.in_(names))
    to_groups = select(groups.c.id).where(groups.c.slug.in_(names))
    to_them = sa.or_(shares.c.user_id.in_(to_users), shares.c.group_id.in_(to_groups))
    return arrays.c.id.in_(select(shares.c.object_id).where(shares.c.kind == Kind.ARRAY, to_them))


def count_shares(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """With how many users and groups each of these arrays is shared."""
    counted = select(shares.c.object_id, sa.func.count()).where(
        shares.c.kind == Kind.ARRAY, shares.c.object_id.in_(ids)
    )
    return {row[0]: row[1] for row in connection.execute(counted.group_by(shares.c.object_id))}


def owners(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The usernames of these users."""
    return {
        row[0]: row[1] for row in connection.execute(select(users.c.id, users.c.username).where(users.c.id.in_(ids)))
    }


def count_by_namespace(connection: Connection, matches: Sequence[sa.ColumnElement[bool]]) -> dict[str, int]:
    """How many arrays match, by namespace."""
    counted = select(arrays.c.namespace, sa.func.count()).where(*matches).group_by(arrays.c.namespace)
    return {row[0]: row[1] for row in connection.execute(counted.order_by(arrays.c.namespace))}


def last_accessed(connection: Connection, user_id: int, most: int) -> list[tuple[Array, datetime, Event]]:
    """The arrays that a user did something with last, when and what, the newest first."""
    newest = (
        select(array_activity.c.array_id, sa.func.max(array_activity.c.id).label("id"))
        .where(array_activity.c.user_id == user_id)
        .group_by(array_activity.c.array_id)
        .order_by(sa.desc("id"))
        .limit(most)
        .subquery()
    )
    statement = (
        select(*ARRAY, array_activity.c.at.label("event_at"), array_activity.c.event)
        .select_from(newest.join(array_activity, array_activity.c.id == newest.c.id))
        .join(arrays, arrays.c.id == newest.c.array_id)
        .order_by(array_activity.c.id.desc())
    )
    return [
        (Array(**{name: row[name] for name in Array.__struct_fields__}), row["event_at"], Event(row["event"]))
        for row in connection.execute(statement).mappings()
    ]


def note(connection: Connection, array_ids: Sequence[int], **values: Any) -> None:  # noqa: ANN401
    """Write down what was done with these arrays, each under a `uid` of its own that `values` gives a list of."""
    uids = values.pop("uids")
    rows = [{"array_id": array_id, "uid": uid, **values} for array_id, uid in zip(array_ids, uids, strict=True)]
    if rows:
        connection.execute(array_activity.insert(), rows)
        connection.execute(arrays.update().where(arrays.c.id.in_(array_ids)).values(last_accessed_at=values["at"]))


def list_activity(
    connection: Connection,
    array_id: int,
    page: Page | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    events: Sequence[Event] = (),
    task_uid: str | None = None,
    has_task: bool | None = None,
    uid: str | None = None,
) -> Slice[Activity]:
    """A page of what was done with an array, the newest first."""
    c = array_activity.c
    matches: list[sa.ColumnElement[bool]] = [c.array_id == array_id]
    if since is not None:
        matches.append(c.at >= since)
    if until is not None:
        matches.append(c.at <= until)
    if events:
        matches.append(c.event.in_([event.value for event in events]))
    if task_uid is not None:
        matches.append(c.task_uid == task_uid)
    if has_task is not None:
        matches.append(c.task_uid.is_not(None) if has_task else c.task_uid.is_(None))
    if uid is not None:
        matches.append(c.uid == uid)
    statement = (
        select(c.uid, c.at, c.event, c.task_uid, sa.func.coalesce(users.c.username, "").label("username"))
        .outerjoin(users, users.c.id == c.user_id)
        .where(*matches)
        .order_by(c.id.desc())
    )
    if page is not None:
        statement = statement.limit(page.limit).offset(page.offset)
    items = [Activity(**row) for row in connection.execute(statement).mappings()]
    total = connection.execute(select(sa.func.count()).select_from(array_activity).where(*matches)).scalar_one()
    return Slice(items, total)


def known(connection: Connection, uids: Sequence[str]) -> set[str]:
    """Those of these UUIDs that an array has."""
    return set(connection.execute(select(arrays.c.uid).where(arrays.c.uid.in_(uids))).scalars())


def forget_activity(connection: Connection, before: datetime) -> int:
    """Forget what was done before that moment. How much that was."""
    return connection.execute(array_activity.delete().where(array_activity.c.at < before)).rowcount
