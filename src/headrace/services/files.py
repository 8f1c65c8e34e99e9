"""Files of an owner: list, read, write, delete, and signed addresses by which others read or write one of them.

An owner's files are objects under `files/<owner>/` of the store, their names escaped where a key does not hold them,
and temporary ones under `temporary/<owner>/`; what is at file:///mount/ is on the disk that calls see as /mount.
"""

import mimetypes
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import BinaryIO, TypeVar
from urllib.parse import unquote

import anyio.to_thread
from msgspec import Struct

from headrace.errors import Forbidden, Invalid, NotFound, TooLarge
from headrace.model.file import TEMPORARY, Address, Entry, Place, decoded, encoded, parse
from headrace.services.call import Call, Platform
from headrace.services.quota import Pieces, Quota, counted, too_large, weight
from headrace.services.signatures import Signatures
from headrace.services.usage import FILES, MOUNTS, TEMPORARIES
from headrace.store.blobs import Blob
from headrace.store.mounts import Item, Mount, Staged
from headrace.store.signing import Purpose

T = TypeVar("T")

PIECE = 1 << 20
STEP = 1000  # files deleted at a time
MOST_SIGNED = 10_000  # addresses at once
UNKNOWN_TYPE = "application/octet-stream"


class Stored(Struct, frozen=True, kw_only=True):
    """A file in the store."""

    address: Address
    key: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that can be read: `read(start, stop)` gives the bytes from `start` to before `stop`, in pieces."""

    address: Address
    size: int
    modified: datetime
    etag: str | None
    key: str | None = None  # in the store; None for a file on the disk
    read: Callable[[int, int], Pieces]
    close: Callable[[], None]

    @property
    def media_type(self) -> str:
        """What its name says that it is."""
        return media_type_of(self.address.name)


class Files:
    """The files of all owners; its methods run on the server's event loop and never block it."""

    def __init__(self, platform: Platform, quota: Quota) -> None:
        self._blobs, self._settings, self._quota = platform.blobs, platform.settings, quota
        self._signatures = Signatures(platform, "signed addresses of files")

    @property
    def largest(self) -> int:
        """The bytes of the largest file that is taken."""
        return self._settings.file_mb << 20

    async def list(self, call: Call, path: str) -> list[Entry]:
        """What is right under an address, by name, folders too; the file itself where it is one; else nothing."""
        address = self._parse(call, path)
        if address.place is Place.MOUNT:
            mount = self._mount(call.user.id)
            with suppress(NotFound):
                items = await _in_thread(lambda: mount.list(address.names))
                itself = len(items) == 1 and await _in_thread(lambda: mount.is_file(address.names))
                return [_entry(address if itself else address.under(item.name), item) for item in items]
            return []
        objects, prefixes = await _in_thread(lambda: self._blobs.list_folder(key_of(call.user.id, address)))
        found = [Entry(address=address.under(_name(prefix)), directory=True) for prefix in prefixes]
        found += [_found(address.under(_name(blob.key)), blob) for blob in objects]
        if not found and address.names:
            with suppress(NotFound):
                found = [_found(address, await self._blobs.find(key_of(call.user.id, address)))]
        return sorted(found, key=lambda entry: entry.address.names)

    async def open(self, call: Call, path: str) -> Opened:
        """A file of the caller's, to read. Raises NotFound.

        Where there is none of that name, an address that is percent-encoded is decoded: some clients encode it twice.
        """
        address = self._parse(call, path)
        try:
            return await self._open(call.user.id, address)
        except NotFound:
            if "%" not in path or (plain := self._parse(call, unquote(path))) == address:
                raise
            return await self._open(call.user.id, plain)

    async def upload(self, call: Call, path: str, pieces: Pieces, size: int | None = None) -> Entry:
        """Keep what comes under an address, in place of what was there; all of it or, where it fails, nothing.

        `size` is what was announced. Raises TooLarge over FILE_MB and FILES_MB, Busy, Conflict.
        """
        return await self._upload(call.user.id, self._parse(call, path), pieces, size)

    async def upload_temporary(self, call: Call, extension: str | None, pieces: Pieces, size: int | None) -> Entry:
        """Keep what comes for TEMPORARY_SECONDS, under an address of its own."""
        return await self._upload(call.user.id, temporary(extension), pieces, size)

    async def delete(self, call: Call, path: str, depth: int | None) -> bool:
        """Delete a file, or a folder whose files are at most so many names below it (None: however many).

        Whether there was anything. Raises Invalid, and deletes nothing, where files are deeper.
        """
        address, owner_id = self._parse(call, path), call.user.id
        if address.place is Place.MOUNT:
            return await _in_thread(lambda: self._delete_mounted(owner_id, address, depth))
        freed = await _in_thread(lambda: self._delete_stored(owner_id, address, depth))
        self._quota.free(owner_id, freed)
        return freed > 0

    def resolve(self, call: Call, path: str) -> str:
        """Where a file of the caller's is for whoever may read the store itself: its URL there.

        The same address, written out, where the store is a folder: nothing but this server reads that.
        """
        address = self._parse(call, path)
        if address.place is Place.MOUNT or self._blobs.url is None:
            return address.url
        return f"{self._blobs.url}/{key_of(call.user.id, address)}" + "/" * (not address.names)

    def sign_download(self, call: Call, path: str) -> tuple[Address, str]:
        """A file's address and the signature by which anyone reads it for SIGNED_SECONDS."""
        address = self._parse(call, path)
        if not address.names:
            raise Invalid("Name the file that is to be signed; this address is a folder.")
        return address, self._sign(call, address, Purpose.DOWNLOAD, "GET", None)

    async def sign_folder(self, call: Call, path: str) -> dict[Address, str]:
        """The same for every file under an address, however deep. Raises Invalid past MOST_SIGNED."""
        address, owner_id = self._parse(call, path), call.user.id
        if address.place is Place.MOUNT:
            found = [entry.address for entry in await self.list(call, path) if not entry.directory]
        else:
            under = await _in_thread(lambda: list(islice(self._under(owner_id, address), MOST_SIGNED + 1)))
            found = [stored.address for stored in under]
        if len(found) > MOST_SIGNED:
            raise Invalid(f"Over {MOST_SIGNED:,} files are under this address; sign those of a folder in it.")
        return await _in_thread(lambda: {a: self._sign(call, a, Purpose.DOWNLOAD, "GET", None) for a in found})

    def sign_upload(self, call: Call, path: str, size: int) -> tuple[Address, str]:
        """An address and the signature by which anyone writes a file of exactly `size` bytes there."""
        address = self._parse(call, path)
        return address, self._sign_upload(call, address, size)

    def sign_temporary(self, call: Call, extension: str | None, size: int) -> tuple[Address, str]:
        """The same for a temporary file."""
        address = temporary(extension)
        return address, self._sign_upload(call, address, size)

    async def open_signed(self, signature: str) -> Opened:
        """The file that a signature opens to anyone. Raises Forbidden, NotFound."""
        claims, _ = await self._signatures.check(signature, Purpose.DOWNLOAD, "GET")
        return await self._open(claims.owner_id, parse(claims.path))

    async def upload_signed(self, signature: str, path: str, pieces: Pieces) -> Entry:
        """Keep what comes, if that is what was signed. Raises Forbidden, Invalid; then nothing is kept."""
        claims, _ = await self._signatures.check(signature, Purpose.UPLOAD, "POST")
        if path != claims.path:
            raise Forbidden("This form was signed for another address.")
        assert claims.size is not None
        return await self._upload(claims.owner_id, parse(claims.path), _exactly(pieces, claims.size), claims.size)

    def redirect(self, opened: Opened) -> str | None:
        """A URL of the object store that the file is read by, where FILES_REDIRECT says so."""
        if not self._settings.files_redirect or opened.key is None:
            return None
        return self._blobs.sign(opened.key, self._settings.signed_seconds)

    def _parse(self, call: Call, path: str) -> Address:
        own = f"{self._blobs.url}/{FILES}/{call.user.id}" if self._blobs.url else ""
        return parse(path, own)

    def _mount(self, owner_id: int) -> Mount:
        return Mount(self._settings.home / MOUNTS, owner_id)

    async def _open(self, owner_id: int, address: Address) -> Opened:
        if not address.names:
            raise Invalid("This address is a folder; /files/list shows what is in it.")
        if address.place is Place.MOUNT:
            file, item = await _in_thread(lambda: self._mount(owner_id).open(address.names))
            return _opened_mounted(address, file, item)
        try:
            blob = await self._blobs.find(key_of(owner_id, address))
        except NotFound as missing:
            raise NotFound(f"There is no file {address.url[:200]} of yours.") from missing
        return Opened(
            address=address,
            size=blob.size,
            modified=blob.modified,
            etag=blob.etag,
            key=blob.key,
            read=lambda start, stop: self._blobs.read(blob, start, stop),
            close=lambda: None,
        )

    async def _upload(self, owner_id: int, address: Address, pieces: Pieces, size: int | None) -> Entry:
        self._check_new(address, size)
        async with self._quota.room(owner_id, size, await self._size(owner_id, address)) as room:
            taken = counted(pieces, room.take, self.largest)
            if address.place is Place.MOUNT:
                await self._write_mounted(owner_id, address, taken)
            else:
                await self._blobs.write(key_of(owner_id, address), taken)
            return Entry(address=address, size=room.size, modified=datetime.now(UTC))

    async def _write_mounted(self, owner_id: int, address: Address, pieces: Pieces) -> None:
        mount = self._mount(owner_id)
        staged: Staged = await _in_thread(mount.stage)
        try:
            async for piece in _gathered(pieces):
                await _in_thread(partial(staged.write, piece))
            await _in_thread(lambda: mount.place(staged, address.names))
        finally:
            staged.close()

    async def _size(self, owner_id: int, address: Address) -> int:
        """The bytes of the file that is there, -1 for none."""
        try:
            opened = await self._open(owner_id, address)
        except (NotFound, Invalid, Forbidden):
            return -1
        opened.close()
        return opened.size

    def _delete_mounted(self, owner_id: int, address: Address, depth: int | None) -> bool:
        mount = self._mount(owner_id)
        with suppress(NotFound):
            if depth is not None and mount.is_deeper(address.names, depth):
                raise _too_deep(depth)
            return mount.delete(address.names)
        return False

    def _delete_stored(self, owner_id: int, address: Address, depth: int | None) -> int:
        if depth is not None and any(
            len(stored.address.names) - len(address.names) > depth for stored in self._under(owner_id, address)
        ):
            raise _too_deep(depth)
        freed, last = 0, None
        # A step at a time, so that a million files are not held in memory; each step starts where nothing is left.
        while (step := list(islice(self._under(owner_id, address), STEP))) and step != last:
            self._blobs.delete_all([stored.key for stored in step])
            freed += sum(weight(stored.size) for stored in step)
            last = step
        return freed

    def _under(self, owner_id: int, address: Address) -> Iterator[Stored]:
        """Every stored file under an address, the one at it too."""
        root = key_of(owner_id, address)
        for key, size, _ in self._blobs.list(root):
            names = tuple(decoded(name) for name in key[len(root) :].split("/") if name)
            if names:
                yield Stored(address=Address(Place.STORE, address.names + names), key=key, size=size)
        if address.names:
            with suppress(NotFound):
                yield Stored(address=address, key=root, size=self._blobs.size(root))

    def _sign_upload(self, call: Call, address: Address, size: int) -> str:
        self._check_new(address, size)
        return self._sign(call, address, Purpose.UPLOAD, "POST", size)

    def _check_new(self, address: Address, size: int | None) -> None:
        if not address.names or address.names == (TEMPORARY,):
            raise Invalid("Name the file: this address is a folder.")
        if size is not None and size > self.largest:
            raise too_large(self.largest)

    def _sign(self, call: Call, address: Address, purpose: Purpose, method: str, size: int | None) -> str:
        return self._signatures.sign(call, purpose, method, address.url, size=size)


def media_type_of(name: str) -> str:
    """What a file's name says that it is."""
    return mimetypes.guess_type(name, strict=False)[0] or UNKNOWN_TYPE


def temporary(extension: str | None) -> Address:
    """An address that nobody has had. The extension is the end of a file's name, with or without a dot."""
    ending = (extension or "").strip().lstrip(".")
    name = secrets.token_hex(16) + (f".{ending}" if ending else "")
    if "/" in ending or len(ending) > 50:
        raise Invalid("An extension is the end of a file's name, such as parquet.")
    return parse(f"fd://{TEMPORARY}/{name}")


def key_of(owner_id: int, address: Address) -> str:
    """What the store has a file of an owner under."""
    names, prefix = address.names, FILES
    if names[:1] == (TEMPORARY,):
        names, prefix = names[1:], TEMPORARIES
    return "/".join([prefix, str(owner_id), *(encoded(name) for name in names)])


def _name(key: str) -> str:
    return decoded(key.rpartition("/")[2])


def _found(address: Address, blob: Blob) -> Entry:
    return Entry(address=address, size=blob.size, modified=blob.modified)


def _entry(address: Address, item: Item) -> Entry:
    return Entry(address=address, directory=item.directory, size=item.size, modified=item.modified)


def _opened_mounted(address: Address, file: BinaryIO, item: Item) -> Opened:
    assert item.size is not None

    async def read(start: int, stop: int) -> Pieces:
        await _in_thread(partial(file.seek, start))
        while start < stop and (piece := await _in_thread(partial(file.read, min(PIECE, stop - start)))):
            start += len(piece)
            yield piece

    # No entity tag: what code writes in place may keep its size, and its time within the clock's step.
    return Opened(address=address, size=item.size, modified=item.modified, etag=None, read=read, close=file.close)


async def _exactly(pieces: Pieces, size: int) -> Pieces:
    came = 0
    async for piece in pieces:
        came += len(piece)
        if came > size:
            raise TooLarge(f"The file has more than the {size:,} bytes that this form was signed for.")
        yield piece
    if came != size:
        raise Invalid(f"The file has {came:,} bytes, and this form was signed for {size:,}.")


async def _gathered(pieces: Pieces) -> Pieces:
    """The same bytes in fewer pieces: a disk is asked from a thread, once for each."""
    waiting: list[bytes] = []
    size = 0
    async for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


async def _in_thread(function: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(function)


def _too_deep(depth: int) -> Invalid:
    return Invalid(
        f"Files lie more than {depth} names below this address, and nothing was deleted; "
        "send a larger max_deletion_depth, or `unlimited`."
    )
