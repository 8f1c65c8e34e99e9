"""Bytes by key: a folder, or an object store by URL, through obstore."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from headrace.errors import Invalid, NotFound, Unavailable

KEY = re.compile(r"(?!.*(^|/)\.{1,2}(/|$))[\w.=@+~-][\w.=@+~ -]*(/[\w.=@+~-][\w.=@+~ -]*)*")
SEGMENT = 200  # bytes; file systems take 255, a name beside it while it is written included

# A store that is away is answered for, not waited for: obstore's own default is to try for three minutes.
CLIENT: Any = {"allow_http": True, "connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=60)}
RETRY: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
UNFINISHED = "*#[0-9]*"  # how obstore names a file until it is whole; no key has a #


class Blobs:
    """Objects under keys such as `results/ab/abcd`. Its methods may be called from any thread."""

    def __init__(self, place: str | Path) -> None:
        self._folder = place if isinstance(place, Path) else None
        if isinstance(place, Path):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._store: Any = LocalStore(place)
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

    def delete(self, key: str) -> None:
        """Forget the key; nothing happens where it is not there."""
        with suppress(NotFound):
            self._do(obstore.delete, _checked(key))

    def list(self, prefix: str) -> Iterator[tuple[str, int, float]]:
        """Key, size and time of change (seconds since 1970) of everything under a prefix."""
        try:
            for chunk in obstore.list(self._store, prefix=_checked(prefix)):
                for item in chunk:
                    yield item["path"], item["size"], item["last_modified"].timestamp()
        except BaseError as away:
            raise Unavailable(f"The store does not answer: {_first_line(away)}") from away

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
            raise Unavailable(f"The store does not answer: {_first_line(away)}") from away


def _checked(key: str) -> str:
    if len(key) > 1000 or not KEY.fullmatch(key) or any(len(s.encode()) > SEGMENT for s in key.split("/")):
        raise Invalid(
            f"{key[:100]!r} is no key: short segments of letters, digits and . _ = @ + ~ - between slashes are."
        )
    return key


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200] + "."
