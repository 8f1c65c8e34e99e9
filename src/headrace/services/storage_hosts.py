"""Storage hosts: buckets that people registered."""

from datetime import UTC, datetime
from typing import Any

from headrace.db import hosts as rows
from headrace.db import objects as queries
from headrace.model.database import StorageHost
from headrace.model.object import Kind, Level, Noun
from headrace.services import changes, objects
from headrace.services.call import Call
from headrace.services.hosts import EVERY
from headrace.services.objects import Wanted

STORAGE_HOST = Noun("storage host", Kind.STORAGE_HOST)


def list_storage_hosts(call: Call) -> list[StorageHost]:
    """The storage hosts that the caller may see, by name."""
    with call.platform.db.read() as connection:
        found = objects.list_ids(connection, call, STORAGE_HOST, Wanted(), EVERY)
        return rows.read_storage(connection, found.items)


def get_storage_host(call: Call, host_id: int) -> StorageHost:
    """A storage host that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, STORAGE_HOST, host_id)
        return rows.read_storage(connection, [host_id])[0]


def create_storage_host(call: Call, *, name: str, provider: str, bucket: str, options: dict[str, Any]) -> StorageHost:
    """A new storage host of the caller's."""
    now = datetime.now(UTC)
    values = {"name": name, "provider": provider, "bucket": bucket, "options": options}
    with call.platform.db.begin() as connection:
        made = rows.insert_storage(connection, owner_id=call.user.id, created_at=now, updated_at=now, **values)
        changes.record(connection, call, "create", Kind.STORAGE_HOST, made.id, None, values, name=name)
    return made


def update_storage_host(call: Call, host_id: int, **given: Any) -> StorageHost:  # noqa: ANN401
    """Change the name, provider, bucket or options of a storage host that the caller may write."""
    with call.platform.db.begin() as connection:
        objects.require(connection, call, STORAGE_HOST, host_id, Level.WRITE)
        before = rows.read_storage(connection, [host_id])[0]
        queries.update(connection, STORAGE_HOST, host_id, updated_at=datetime.now(UTC), **given)
        old = {field: getattr(before, field) for field in given}
        changes.record(connection, call, "update", Kind.STORAGE_HOST, host_id, old, given, name=before.name)
        return rows.read_storage(connection, [host_id])[0]


def delete_storage_host(call: Call, host_id: int) -> None:
    """Forget a storage host that the caller manages; the bucket stays as it is."""
    with call.platform.db.begin() as connection:
        objects.delete(connection, call, STORAGE_HOST, host_id)
