"""Queries of accounts: users, groups and API keys. Each takes a connection and gives model values."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import api_keys, group_members, groups, users
from headrace.model.access import ApiKey, Group, User
from headrace.model.page import Page, Slice

USER = [users.c[name] for name in User.__struct_fields__]
GROUP = [groups.c[name] for name in Group.__struct_fields__]
KEY = [api_keys.c[name] for name in ApiKey.__struct_fields__]


def insert_user(connection: Connection, **values: Any) -> User:  # noqa: ANN401 - columns of the table
    """A new user."""
    return User(**connection.execute(users.insert().values(values).returning(*USER)).mappings().one())


def update_user(connection: Connection, user_id: int, **values: Any) -> User | None:  # noqa: ANN401
    """The user after the change."""
    statement = users.update().where(users.c.id == user_id).values(values).returning(*USER)
    row = connection.execute(statement).mappings().one_or_none()
    return User(**row) if row else None


def find_user(connection: Connection, **by: Any) -> User | None:  # noqa: ANN401
    """The user with these values."""
    row = connection.execute(select(*USER).filter_by(**by)).mappings().one_or_none()
    return User(**row) if row else None


def find_named(connection: Connection, *names: str) -> list[User]:
    """The users whom one of these is an e-mail or a username of."""
    either = {*names, *(name.lower() for name in names)}
    statement = select(*USER).where(sa.or_(users.c.email.in_(either), users.c.username.in_(either)))
    return [User(**row) for row in connection.execute(statement).mappings()]


def list_administrators(connection: Connection) -> list[User]:
    """The active administrators, the oldest first; held still until a transaction that writes ends."""
    statement = select(*USER).where(users.c.admin, users.c.active).order_by(users.c.id).with_for_update()
    return [User(**row) for row in connection.execute(statement).mappings()]


def find_users(connection: Connection, ids: Collection[int]) -> list[User]:
    """The users with these ids."""
    rows = connection.execute(select(*USER).where(users.c.id.in_(ids))).mappings()
    return [User(**row) for row in rows]


def list_users(
    connection: Connection, page: Page, query: str | None = None, *, active: bool | None = None
) -> Slice[User]:
    """A page of users, those whose name, username or e-mail contains the query, and who are active or not."""
    matches: sa.ColumnElement[bool] = sa.true()
    if query:
        matches = sa.or_(*(users.c[name].icontains(query, autoescape=True) for name in ("name", "username", "email")))
    if active is not None:
        matches = sa.and_(matches, users.c.active == active)
    return _slice(connection, select(*USER).where(matches), users, User, page)


def insert_group(connection: Connection, **values: Any) -> Group:  # noqa: ANN401
    """A new group."""
    return Group(**connection.execute(groups.insert().values(values).returning(*GROUP)).mappings().one())


def update_group(connection: Connection, group_id: int, **values: Any) -> Group | None:  # noqa: ANN401
    """The group after the change."""
    statement = groups.update().where(groups.c.id == group_id).values(values).returning(*GROUP)
    row = connection.execute(statement).mappings().one_or_none()
    return Group(**row) if row else None


def find_group(connection: Connection, **by: Any) -> Group | None:  # noqa: ANN401
    """The group with these values."""
    row = connection.execute(select(*GROUP).filter_by(**by)).mappings().one_or_none()
    return Group(**row) if row else None


def list_groups(connection: Connection, page: Page, query: str | None = None) -> Slice[Group]:
    """A page of groups, those whose name contains the query."""
    matches = groups.c.name.icontains(query, autoescape=True) if query else sa.true()
    return _slice(connection, select(*GROUP).where(matches), groups, Group, page)


def add_member(connection: Connection, group_id: int, user_id: int) -> None:
    """Put a user into a group; nothing happens where they are in it."""
    known = sa.exists().where(group_members.c.group_id == group_id, group_members.c.user_id == user_id)
    row = select(sa.literal(group_id), sa.literal(user_id)).where(~known)
    connection.execute(group_members.insert().from_select(["group_id", "user_id"], row))


def remove_member(connection: Connection, group_id: int, user_id: int) -> bool:
    """Take a user out of a group. Whether they were in it."""
    matches = (group_members.c.group_id == group_id, group_members.c.user_id == user_id)
    return connection.execute(group_members.delete().where(*matches)).rowcount > 0


def list_members(connection: Connection, group_id: int) -> list[User]:
    """The users of a group, by name."""
    statement = select(*USER).join(group_members).where(group_members.c.group_id == group_id).order_by(users.c.name)
    return [User(**row) for row in connection.execute(statement).mappings()]


def count_members(connection: Connection, group_ids: list[int]) -> dict[int, int]:
    """How many users are in each of these groups."""
    statement = (
        select(group_members.c.group_id, sa.func.count())
        .where(group_members.c.group_id.in_(group_ids))
        .group_by(group_members.c.group_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def groups_of(connection: Connection, user_id: int) -> list[Group]:
    """The groups that a user is in, by name."""
    statement = select(*GROUP).join(group_members).where(group_members.c.user_id == user_id).order_by(groups.c.name)
    return [Group(**row) for row in connection.execute(statement).mappings()]


def insert_key(connection: Connection, **values: Any) -> ApiKey:  # noqa: ANN401
    """A new key; `digest` is all that is kept of its text."""
    return ApiKey(**connection.execute(api_keys.insert().values(values).returning(*KEY)).mappings().one())


def find_key(connection: Connection, digest: str) -> tuple[ApiKey, User] | None:
    """The key with that digest, and whose it is."""
    return _find_key(connection, api_keys.c.digest == digest)


def find_key_by_id(connection: Connection, key_id: int) -> tuple[ApiKey, User] | None:
    """The key with that id, and whose it is."""
    return _find_key(connection, api_keys.c.id == key_id)


def _find_key(connection: Connection, matches: sa.ColumnElement[bool]) -> tuple[ApiKey, User] | None:
    columns = [*KEY, *(column.label(f"user__{column.name}") for column in USER)]
    statement = select(*columns).join(users).where(matches)
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    user = User(**{name: row[f"user__{name}"] for name in User.__struct_fields__})
    return ApiKey(**{name: row[name] for name in ApiKey.__struct_fields__}), user


def list_keys(connection: Connection, user_id: int) -> list[ApiKey]:
    """A user's keys, newest first."""
    statement = select(*KEY).where(api_keys.c.user_id == user_id).order_by(api_keys.c.id.desc())
    return [ApiKey(**row) for row in connection.execute(statement).mappings()]


def update_key(connection: Connection, key_id: int, **values: Any) -> ApiKey | None:  # noqa: ANN401
    """The key after the change."""
    statement = api_keys.update().where(api_keys.c.id == key_id).values(values).returning(*KEY)
    row = connection.execute(statement).mappings().one_or_none()
    return ApiKey(**row) if row else None


def delete_ended_keys(connection: Connection, user_id: int, name: str, before: datetime) -> int:
    """Delete a user's keys of that name that ended before that moment. How many went."""
    # Never the newest of all: SQLite would give its number to the next, and the log of changes knows keys by number.
    newest = select(sa.func.max(api_keys.c.id)).scalar_subquery()
    ended = (api_keys.c.expires_at < before, api_keys.c.id < newest)
    statement = api_keys.delete().where(api_keys.c.user_id == user_id, api_keys.c.name == name, *ended)
    return connection.execute(statement).rowcount


def _slice(connection: Connection, statement: sa.Select[Any], table: sa.Table, kind: type, page: Page) -> Slice[Any]:
    total = connection.execute(select(sa.func.count()).select_from(statement.subquery())).scalar_one()
    column = table.c[page.order] if page.order and page.order in table.c else table.c.id
    ordered = statement.order_by(column.asc() if page.order_dir == "asc" else column.desc(), table.c.id.desc())
    rows = connection.execute(ordered.limit(page.limit).offset(page.offset)).mappings()
    return Slice([kind(**row) for row in rows], total)
