"""How much room the arrays and the schemas of an owner have: LAKE_MB, on the disk of the server or in its bucket.

Arrays that lie where their owner says are not counted. An array is measured when a statement has written to it, a
schema of the warehouse whenever somebody is about to write to one of its owner's; while a statement writes, so is all
that it may write to. What is over the bound can still be read, and deleted.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from headrace.db import accounts
from headrace.db import arrays as rows
from headrace.db import objects as queries
from headrace.errors import TooLarge
from headrace.model.array import FOLDER
from headrace.model.object import Kind
from headrace.model.statement import grows
from headrace.model.task import LAKE
from headrace.services.call import Call, Platform
from headrace.store import lake, mounts

if TYPE_CHECKING:
    from headrace.runtime.wire import Lent


class Room(Struct, frozen=True):
    """Whose arrays and schemas a statement may make larger, and the folders of arrays among what it was lent."""

    owners: tuple[int, ...]
    folders: tuple[str, ...]


def of_statement(
    call: Call, texts: Collection[str], lent: Sequence["Lent"], owners: Collection[int], *, output: bool
) -> Callable[[], str | None] | None:
    """What says why a statement is to be ended, while it writes; None for one that makes nothing larger. Blocks.

    `owners` are those of the schemas that it may write to. Raises TooLarge where one of them has no room already.
    """
    if not output and not any(map(grows, texts)):
        return None
    folders = tuple(one.path for one in lent if one.writable and one.path.startswith(f"{FOLDER}/"))
    room = Room(tuple({call.user.id, *owners, *map(_owner_of, folders)}), folders)
    if (full := _full(call.platform, call.user.id, room)) is not None:
        raise TooLarge(full)
    return lambda: _full(call.platform, call.user.id, room)


def used(platform: Platform, owner_id: int, folders: Collection[str] = ()) -> int:
    """The bytes of an owner's arrays and schemas; those folders of arrays measured anew, and the rest as it was."""
    home = platform.settings.home / LAKE
    own = [folder for folder in folders if _owner_of(folder) == owner_id]
    with platform.db.read() as connection:
        known = rows.sizes_of(connection, owner_id)
        schemas = queries.ids_of_owner(connection, Kind.SCHEMA, owner_id)
    size = sum(bytes_ for uid, bytes_ in known.items() if not any(folder.endswith(f"/{uid}") for folder in own))
    size += sum(mounts.measured(home / folder) for folder in own)
    for schema_id in schemas:
        size += mounts.measured(home / lake.SCHEMAS / str(schema_id))
        if platform.settings.store_url:  # where the Parquet of some may be
            size += sum(blob_size for _, blob_size, _ in platform.blobs.list(f"{LAKE}/{schema_id}"))
    return size


def _full(platform: Platform, user_id: int, room: Room) -> str | None:
    most = platform.settings.lake_mb
    for owner_id in room.owners:
        if used(platform, owner_id, room.folders) > most << 20:
            whose = "Your"
            if owner_id != user_id:
                with platform.db.read() as connection:
                    owner = accounts.find_user(connection, id=owner_id)
                whose = f"{owner.username}'s" if owner else "Their owner's"
            return (
                f"{whose} arrays and schemas take up more than {most:,} MB, the most that this server keeps of one "
                "owner's (HEADRACE_LAKE_MB); delete arrays or schemas. What was dropped and "
                "deleted of a schema's tables is kept for its earlier snapshots, until "
                "CALL ducklake_expire_snapshots('schema', older_than => now()) and then "
                "CALL ducklake_cleanup_old_files('schema', cleanup_all => true)."
            )
    return None


def _owner_of(folder: str) -> int:
    return int(folder.split("/")[1])
