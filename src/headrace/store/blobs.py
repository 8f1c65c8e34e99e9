"""Bytes by key: a folder, or an object store by URL, through obstore."""

import os
import re
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import obstore
from msgspec import Struct
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import LocalStore, from_url

from headrace.errors import Conflict, Invalid, NotFound, Unavailable

KEY = re.compile(r"(?!.*(^|/)\.{1,2}(/|$))[\w.=@+~-][\w.=@+~ -]*(/[\w.=@+~-][\w.=@+~ -]*)*")
SEGMENT = 200  # bytes; file systems take 255, a name beside it while it is written included

# A store that is away is answered for, not waited for: obstore's own default is to try for three minutes.
CLIENT: Any = {"allow_http": True, "connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=60)}
RETRY: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
UNFINISHED = "*#[0-9]*"  # how obstore names a file until it is whole; no key has a #

PART = 8 << 20  # bytes of a large object sent at a time; an object store takes 10,000 parts
PARTS = 2  # under way at once, for one object
PIECE = 1 << 20  # bytes read at a time
STEP = 1000  # keys deleted at a time
MOST_LISTED = 100_000  # names of one folder


Keys = Sequence[str]


class Blob(Struct, frozen=True, kw_only=True):
    """What the store knows of the bytes under a key."""

    key: str
    size: int
    modified: datetime
    etag: str | None = None  # in quotes


class Blobs:
    """Objects under keys such as `results/ab/abcd`. Its methods may be called from any thread."""

    def __init__(self, place: str | Path) -> None:
        self._folder = place if isinstance(place, Path) else None
        self.url = None if isinstance(place, Path) else place.rstrip("/")
        if isinstance(place, Path):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._store: Any = LocalStore(place, automatic_cleanup=True)
        else:
            try:
                self._store = from_url(place, client_options=CLIENT, retry_config=RETRY)
            except (BaseError, ValueError) as wrong:
                raise Invalid(f"HEADRACE_STORE_URL cannot be used: {_first_line(wrong)}") from wrong

    def put(self, key: str, data: bytes) -> None:
        """Keep the bytes under the key: all of them at once, in place of what was there."""
        self._do(obstore.put, _checked(key), data)

    def put_pieces(self, key: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Keep the bytes of all pieces under the key, without holding them all at once; whole or not at all."""
        self._do(obstore.put, _checked(key), iter(pieces))

    def get(self, key: str) -> bytes:
        """The bytes under the key. Raises NotFound."""
        return bytes(self._do(obstore.get, _checked(key)).bytes())

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Part of the bytes under the key. Raises NotFound."""
        return bytes(self._do(obstore.get_range, _checked(key), start=start, length=length))

    def size(self, key: str) -> int:
        """How many bytes are under the key. Raises NotFound."""
        return int(self._do(obstore.head, _checked(key))["size"])

    def stat(self, key: str) -> Blob:
        """What is known of the bytes under the key. Raises NotFound."""
        return _blob(self._do(obstore.head, _checked(key)))

    def delete(self, key: str) -> None:
        """Forget the key; nothing happens where it is not there."""
        with suppress(NotFound):
            self._do(obstore.delete, _checked(key))

    def list(self, prefix: str) -> Iterator[tuple[str, int, float]]:
        """Key, size and time of change (seconds since 1970) of everything under a prefix."""
        for blob in self.scan(prefix):
            yield blob.key, blob.size, blob.modified.timestamp()

    def scan(self, prefix: str) -> Iterator[Blob]:
        """Everything under a prefix, in no order."""
        try:
            for chunk in obstore.list(self._store, prefix=_checked(prefix)):
                yield from map(_blob, chunk)
        except BaseError as away:
            raise self._away(away) from away

    def copy(self, source: str, target: str) -> None:
        """Keep under `target` too what is under `source`: by a second link in a folder, by the store itself elsewhere.

        What replaces the source later does not touch the copy. Raises NotFound.
        """
        try:
            obstore.copy(self._store, _checked(source), _checked(target))
        except FileNotFoundError as missing:
            raise NotFound(f"There is nothing under {source}.") from missing
        except BaseError as away:
            raise self._away(away) from away

    def export(self, key: str, target: Path) -> None:
        """Put the bytes under a key into a new file: by a second link where the store is a folder, else by copying.

        The file is there whole or not at all, and what replaces the bytes under the key later does not touch it.
        Raises NotFound.
        """
        part = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        try:
            if self._folder is not None:
                with suppress(FileExistsError):
                    os.link(self._folder / _checked(key), part)
            else:
                with part.open("wb") as file:
                    for piece in self._do(obstore.get, _checked(key)).stream(min_chunk_size=PIECE):
                        file.write(piece)
            part.chmod(0o644)
            part.replace(target)
        except (FileNotFoundError, NotADirectoryError) as missing:
            raise NotFound(f"There is nothing under {key}.") from missing
        finally:
            part.unlink(missing_ok=True)

    def list_folder(self, prefix: str) -> tuple[Sequence[Blob], Keys]:
        """What is right under a prefix: the objects, and the prefixes that go on, without a slash at the end.

        Raises Invalid past MOST_LISTED names of a folder.
        """
        if self._folder:
            return _scan(self._folder, _checked(prefix))
        try:
            found = obstore.list_with_delimiter(self._store, prefix=_checked(prefix))
        except BaseError as away:
            raise self._away(away) from away
        return [_blob(item) for item in found["objects"]], list(found["common_prefixes"])

    def delete_all(self, keys: Keys) -> None:
        """Forget these keys, which `list` gave; those that are gone by now are no error."""
        for at in range(0, len(keys), STEP):
            step = list(keys[at : at + STEP])
            try:
                obstore.delete(self._store, step)
            except FileNotFoundError:  # a folder stops at the first that is gone
                for key in step:
                    with suppress(NotFound):
                        self._do(obstore.delete, key)
            except BaseError as away:
                raise self._away(away) from away

    async def find(self, key: str) -> Blob:
        """What is known of the bytes under the key. Raises NotFound."""
        try:
            return _blob(await obstore.head_async(self._store, _checked(key)))
        except (FileNotFoundError, NotADirectoryError) as missing:
            raise NotFound(f"There is nothing under {key}.") from missing
        except BaseError as away:
            if self._is_under_an_object(key):
                raise NotFound(f"There is nothing under {key}.") from away
            raise self._away(away) from away

    async def read(self, blob: Blob, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `stop`, in pieces; none of another object that came under the key since.

        Raises NotFound where it is gone, Conflict where it is another.
        """
        if start >= stop:
            return
        options: Any = {"range": (start, stop)}
        if blob.etag:
            options["if_match"] = blob.etag
        try:
            found = await obstore.get_async(self._store, blob.key, options=options)
            async for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)
        except FileNotFoundError as missing:
            raise NotFound(f"There is nothing under {blob.key}.") from missing
        except PreconditionError as changed:
            raise Conflict("It has been replaced this moment; ask again.") from changed
        except BaseError as away:
            raise self._away(away) from away

    async def write(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep what comes under the key, all of it in place of what was there, or nothing where `pieces` raises.

        Holds a few parts in memory, however much comes. Raises Conflict where a folder cannot hold it: under a name
        that is an object, or in the place of a prefix.
        """
        if self._is_under_an_object(_checked(key)):
            raise Conflict("A part of this address is the name of a file; a folder and a file cannot share a name.")
        if self._folder and (self._folder / key).is_dir():
            raise Conflict("There is a folder of that name; a folder and a file cannot share a name.")
        first: list[bytes] = []
        size = 0
        async for piece in pieces:
            first.append(piece)
            size += len(piece)
            if size >= PIECE:
                break
        start = b"".join(first)
        raised: list[BaseException] = []

        async def all_of_it() -> AsyncIterator[bytes]:
            yield start
            try:
                async for piece in pieces:
                    yield piece
            except BaseException as wrong:
                raised.append(wrong)
                raise

        try:
            if size < PIECE:
                await obstore.put_async(self._store, key, start)
            else:
                await obstore.put_async(
                    self._store, key, all_of_it(), use_multipart=True, chunk_size=PART, max_concurrency=PARTS
                )
        except BaseError as away:
            raise (raised[0] if raised else self._away(away)) from away
        except BaseException:
            if raised:
                raise raised[0] from None
            raise

    def sign(self, key: str, seconds: int) -> str | None:
        """A URL of the object store itself that anyone can read these bytes by; None where they are in a folder."""
        return None if self._folder else self._sign("GET", [key], seconds)[0]

    def sign_writes(self, keys: Keys, seconds: int) -> Keys:
        """URLs of the object store itself that anyone can PUT bytes under these keys by, of whatever size."""
        return self._sign("PUT", keys, seconds)

    def _sign(self, method: Any, keys: Keys, seconds: int) -> Keys:  # noqa: ANN401 - a word of obstore's
        try:
            return obstore.sign(self._store, method, [_checked(key) for key in keys], timedelta(seconds=seconds))
        except BaseError as away:
            raise self._away(away) from away

    def sweep(self, before: float) -> None:
        """Delete what killed writers left half-written in a folder before that moment (seconds since 1970)."""
        for path in self._folder.rglob(UNFINISHED) if self._folder else ():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    def _do(self, verb: Any, key: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - a verb of obstore
        try:
            return verb(self._store, key, *args, **kwargs)
        except FileNotFoundError as missing:
            raise NotFound(f"There is nothing under {key}.") from missing
        except BaseError as away:
            raise self._away(away) from away

    def _is_under_an_object(self, key: str) -> bool:
        return self._folder is not None and any((self._folder / above).is_file() for above in Path(key).parents)

    def _away(self, error: Exception) -> Unavailable:
        # Where the folder is, callers are not told.
        said = str(error).partition("\n")[0].replace(str(self._folder or ""), "")[:200]
        return Unavailable(f"The store does not answer: {said}.")


def _scan(folder: Path, prefix: str) -> tuple[Sequence[Blob], Keys]:
    # The library would gather all names first, of however many millions.
    objects: list[Blob] = []
    prefixes: list[str] = []
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder / prefix) as entries:
        for entry in entries:
            if len(objects) + len(prefixes) == MOST_LISTED:
                raise Invalid(f"This folder has over {MOST_LISTED:,} names, which is more than are listed.")
            key = f"{prefix}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if _holds_any(entry.path):
                    prefixes.append(key)
            elif not fnmatch(entry.name, UNFINISHED):
                with suppress(FileNotFoundError):
                    found = entry.stat()
                    modified = datetime.fromtimestamp(found.st_mtime, UTC)
                    objects.append(Blob(key=key, size=found.st_size, modified=modified))
    return objects, prefixes


def _holds_any(folder: str) -> bool:
    # An upload that failed leaves the folders it was to come into; an object store knows no empty ones.
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if _holds_any(entry.path):
                    return True
            elif not fnmatch(entry.name, UNFINISHED):
                return True
    return False


def _blob(item: Any) -> Blob:  # noqa: ANN401 - ObjectMeta of obstore
    return Blob(key=item["path"], size=item["size"], modified=item["last_modified"], etag=item.get("e_tag"))


def _checked(key: str) -> str:
    if len(key) > 1000 or not KEY.fullmatch(key) or any(len(s.encode()) > SEGMENT for s in key.split("/")):
        raise Invalid(
            f"{key[:100]!r} is no key: short segments of letters, digits and . _ = @ + ~ - between slashes are."
        )
    return key


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200] + "."
