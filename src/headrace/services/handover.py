"""The bytes of files under a number, in and out by signed addresses; it lives on the server's event loop.

`admit` and `open` look at the signature alone, before anything of a body is read.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import anyio.to_thread
from msgspec import Struct

from headrace.db import files as rows
from headrace.db import objects
from headrace.errors import Conflict, Forbidden, NotFound
from headrace.model.access import Principal, User
from headrace.model.object import Kind, Level
from headrace.model.upload import State, Upload, fresh_blob, key_of, made_at
from headrace.services import changes
from headrace.services.call import Call, Platform
from headrace.services.quota import Pieces, Quota, counted
from headrace.services.signatures import Signatures
from headrace.services.uploads import FILE, INLINE, SIGNED
from headrace.store.blobs import Blob
from headrace.store.signing import Claims, Purpose


class Slip(Struct, frozen=True, kw_only=True):
    """What somebody may hand in: the bytes of a file, or one part of it."""

    upload: Upload
    part: int | None
    user: User  # who asked for the signature
    key_id: int


class Outgoing(Struct, frozen=True, kw_only=True):
    """A file to be read: `read(start, stop)` gives the bytes from `start` to before `stop`, in pieces."""

    name: str
    size: int
    modified: datetime
    etag: str
    inline: bool
    key: str | None  # in the store, where it is in one piece
    read: Callable[[int, int], Pieces]


class Handover:
    """Takes bytes in and gives them out; all servers over one store and database may do so at once."""

    def __init__(self, platform: Platform, quota: Quota) -> None:
        self._platform, self._quota = platform, quota
        self._blobs, self._settings = platform.blobs, platform.settings
        self._signatures = Signatures(platform, SIGNED)

    @property
    def largest(self) -> int:
        """The bytes of the largest file that is taken."""
        return self._settings.file_mb << 20

    async def admit(self, signature: str, method: str) -> Slip:
        """What a signature lets in: by POST a whole file, by PUT a part.

        Raises Forbidden, and Conflict where it is too late.
        """
        claims, user = await self._signatures.check(signature, Purpose.UPLOAD, method)
        upload = await self._find(claims, user, Level.WRITE)
        number = claims.path.partition("/")[2]
        if upload.expired(datetime.now(UTC)):
            raise Conflict("This file has expired; announce it again.")
        if number and upload.state is not State.PARTIAL:
            raise Conflict("This file has been completed, and takes no more parts.")
        return Slip(upload=upload, part=int(number) if number else None, user=user, key_id=claims.key_id)

    async def keep_file(self, slip: Slip, key: str, pieces: Pieces, address: str | None) -> None:
        """Keep what comes as the file, in place of what was there; all of it or, where it fails, nothing.

        `key` is the field of that name. Raises Forbidden, TooLarge over FILE_MB and FILES_MB, Busy.
        """
        if key != key_field(slip.upload):
            raise Forbidden("This form was signed for another file: its field `key` is not the one that came with it.")
        blob, replaced = fresh_blob(datetime.now(UTC)), slip.upload.size if slip.upload.state is State.WHOLE else -1
        async with self._quota.room(slip.upload.owner_id, None, replaced) as room:
            await self._blobs.write(key_of(blob, 1), counted(pieces, room.take, self.largest))
            await anyio.to_thread.run_sync(partial(self._place, slip, blob, room.size, address))

    async def keep_part(self, slip: Slip, pieces: Pieces, size: int | None) -> str:
        """Keep what comes as a part, in place of one that came before; gives its entity tag.

        Raises TooLarge, Busy, and Conflict where the file was completed meanwhile, without this part.
        """
        upload = slip.upload
        assert upload.blob is not None
        assert slip.part is not None
        key = key_of(upload.blob, slip.part)
        owner_id = int(upload.blob.split("/")[1])  # who announced it: a file may be given away before it is whole
        async with self._quota.room(owner_id, size, await self._size(key)) as room:
            await self._blobs.write(key, counted(pieces, room.take, self.largest))
        now = await anyio.to_thread.run_sync(self._look, upload.id)
        if now is None or (now.state, now.blob) != (upload.state, upload.blob):
            await anyio.to_thread.run_sync(self._blobs.delete, key)
            raise Conflict("This file was completed or deleted while this part came; it is not in it.")
        return (await self._blobs.find(key)).etag or '""'

    async def open(self, signature: str) -> Outgoing:
        """The file that a signature opens to anyone. Raises Forbidden, NotFound."""
        claims, user = await self._signatures.check(signature, Purpose.DOWNLOAD, "GET")
        upload = await self._find(claims, user, Level.READ)
        if not upload.readable(datetime.now(UTC)):
            raise NotFound("This file has no bytes: they have not come, or they have expired.")
        assert upload.blob is not None
        sizes, first = upload.sizes or (), key_of(upload.blob, 1)
        await self._blobs.find(first)  # what the store has lost is told before the answer begins
        return Outgoing(
            name=upload.name,
            size=upload.size,
            modified=made_at(upload.blob),
            etag=f'"{upload.blob.rpartition("/")[2]}"',
            inline=claims.path.endswith(f"/{INLINE}"),
            key=first if len(sizes) == 1 else None,
            read=lambda start, stop: self._read(upload, start, stop),
        )

    def redirect(self, outgoing: Outgoing) -> str | None:
        """A URL of the object store that the file is read by, where FILES_REDIRECT says so and it is in one piece."""
        if not self._settings.files_redirect or outgoing.key is None:
            return None
        return self._blobs.sign(outgoing.key, self._settings.signed_seconds)

    async def _read(self, upload: Upload, start: int, stop: int) -> AsyncIterator[bytes]:
        assert upload.blob is not None
        modified, at = made_at(upload.blob), 0
        for number, size in enumerate(upload.sizes or (), 1):
            if at < stop and start < at + size:
                blob = Blob(key=key_of(upload.blob, number), size=size, modified=modified)
                async for piece in self._blobs.read(blob, max(start - at, 0), min(stop - at, size)):
                    yield piece
            at += size

    async def _size(self, key: str) -> int:
        with suppress(NotFound):
            return (await self._blobs.find(key)).size
        return -1

    async def _find(self, claims: Claims, user: User, level: Level) -> Upload:
        return await anyio.to_thread.run_sync(self._permitted, int(claims.path.partition("/")[0]), user, level)

    def _permitted(self, upload_id: int, user: User, level: Level) -> Upload:
        with self._platform.db.read() as connection:
            upload = rows.find(connection, upload_id)
            found = objects.level_of(connection, FILE, upload_id, user.id)
        if upload is None:
            raise NotFound("The file that this was signed for is gone.")
        if found is None or found < level:
            raise Forbidden("Who asked for this signature may do so no longer; ask for a new one.")
        return upload

    def _look(self, upload_id: int) -> Upload | None:
        with self._platform.db.read() as connection:
            return rows.find(connection, upload_id)

    def _place(self, slip: Slip, blob: str, size: int, address: str | None) -> None:
        call, now = Call(self._platform, Principal(user=slip.user, key_id=slip.key_id), address), datetime.now(UTC)
        values = {"state": State.WHOLE, "blob": blob, "sizes": [size], "size": size, "updated_at": now}
        with self._platform.db.begin() as connection:
            seen = rows.find(connection, slip.upload.id)
            placed = seen is not None and not seen.expired(now) and rows.update(connection, seen, **values)
            if seen is not None and placed:
                before = {"size": seen.size} if seen.state is State.WHOLE else None
                changes.record(connection, call, "upload", Kind.FILE, seen.id, before, {"size": size}, name=seen.name)
        if seen is None or not placed:
            self._blobs.delete(key_of(blob, 1))
            raise Conflict("This file expired or was deleted while its bytes came; announce it again.")
        if seen.blob is not None:
            self._blobs.delete(key_of(seen.blob, 1))


def key_field(upload: Upload) -> str:
    """The field `key` that a file's form has to have."""
    return f"files/{upload.id}"
