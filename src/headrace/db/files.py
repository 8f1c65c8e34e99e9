"""Queries of files under a number."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import files
from headrace.model.upload import State, Upload

COLUMNS = [files.c[name] for name in Upload.__struct_fields__]


def insert(connection: Connection, **values: Any) -> Upload:  # noqa: ANN401 - columns of the table
    """A new file."""
    return _upload(connection.execute(files.insert().values(values).returning(*COLUMNS)).mappings().one())


def find(connection: Connection, upload_id: int) -> Upload | None:
    """The file of that id, whoever asks."""
    row = connection.execute(select(*COLUMNS).where(files.c.id == upload_id)).mappings().one_or_none()
    return _upload(row) if row else None


def update(connection: Connection, seen: Upload, **values: Any) -> bool:  # noqa: ANN401
    """Change a file whose state and bytes are still those that were seen. Whether they were."""
    same = (files.c.id == seen.id, files.c.state == seen.state, files.c.blob.is_not_distinct_from(seen.blob))
    return connection.execute(files.update().where(*same).values(values)).rowcount == 1


def used(connection: Connection, owner_id: int, least: int) -> int:
    """The bytes of an owner's whole files, of which each counts for `least` at least."""
    weight = sa.case((files.c.size < least, least), else_=files.c.size)
    statement = select(sa.func.coalesce(sa.func.sum(weight), 0)).where(
        files.c.owner_id == owner_id, files.c.state == State.WHOLE
    )
    return int(connection.execute(statement).scalar_one())


def list_expired(connection: Connection, now: datetime, limit: int) -> list[Upload]:
    """Files whose time is over and whose bytes are still kept."""
    statement = select(*COLUMNS).where(files.c.expires_at <= now, files.c.state != State.EXPIRED).limit(limit)
    return [_upload(row) for row in connection.execute(statement).mappings()]


def known(connection: Connection, blobs: Iterable[str]) -> set[str]:
    """Those of these prefixes that a file has its bytes under."""
    return set(connection.execute(select(files.c.blob).where(files.c.blob.in_(list(blobs)))).scalars())


def _upload(row: sa.RowMapping) -> Upload:
    values: dict[str, Any] = dict(row)
    values["state"] = State(row["state"])
    return Upload(**values)
