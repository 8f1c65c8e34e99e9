"""The files of the caller, on the server: list, upload, download, delete, sign."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from headrace.client.resource import Joined, Owner
from headrace.client.result import checked, unanswered
from headrace.errors import Invalid

Record = dict[str, Any]
Records = list[Record]  # named here, since `list` hides the type below it
Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where that is known

PIECE = 1 << 20


class Files(Joined):
    """What `Client.files` is: files by their addresses, and those of the resource API by their numbers.

    Addresses are `fd://folder/name`, or `folder/name` for short; `file:///mount/...` is the disk that calls see.
    """

    _of = "files"

    def __init__(self, client: Owner, http: httpx.Client) -> None:
        super().__init__(client)
        self._http, self._url = http, client.url

    def list(self, path: str = "") -> Records:
        """What is right under a folder: url, file_name, is_directory, size, last_modified of each."""
        return self._ask("GET", "/files/list-details", params={"path": address(path)}).json()

    def upload(self, source: Path | bytes | BinaryIO, path: str, progress: Progress | None = None) -> Record:
        """Keep bytes, or what is in a file, under an address, in place of what was there. Raises Invalid, Failed."""
        if isinstance(source, Path):
            try:
                with source.open("rb") as file:
                    return self.upload(file, path, progress)
            except OSError as wrong:
                raise Invalid(f"{source} cannot be read: {wrong.strerror}.") from wrong
        asked: dict[str, Any] = {"params": {"path": address(path)}}
        if isinstance(source, bytes):
            return self._ask("PUT", "/files/upload", content=source, **asked).json()
        headers = {"Content-Type": "application/octet-stream"}
        if size := _length(source):
            headers["Content-Length"] = str(size)
        pieces = _pieces(source, size, progress)
        return self._ask("PUT", "/files/upload", content=pieces, headers=headers, **asked).json()

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises Failed."""
        return self._ask("GET", "/files/get", params={"path": address(path)}).content

    def download(self, path: str, target: Path, progress: Progress | None = None) -> int:
        """Write a file to this machine, whole or not at all. Its bytes. Raises Invalid, Failed."""
        part = target.with_name(f".{target.name[:100]}.{os.getpid()}")
        try:
            with part.open("wb") as out:
                size = self._receive(path, out, progress)
            part.replace(target)
        except OSError as wrong:
            raise Invalid(f"{target} cannot be written: {wrong.strerror}.") from wrong
        finally:
            part.unlink(missing_ok=True)
        return size

    def delete(self, path: str | int, *, recursive: bool = False) -> Any:  # noqa: ANN401 - of a number, as every method
        """Delete a file, or with `recursive` a folder however deep. Whether it was there.

        A number is that of a file of the resource API, which is deleted there.
        """
        if isinstance(path, int):
            return self._client.resource(self._of).delete(path)
        depth = "unlimited" if recursive else "0"
        asked = {"path": address(path), "max_deletion_depth": depth}
        return self._ask("DELETE", "/files/delete", params=asked).json()

    def _receive(self, path: str, out: BinaryIO, progress: Progress | None) -> int:
        # Bytes as they are kept: in a coding, their number would not be the one that is announced.
        headers = {"Accept-Encoding": "identity"}
        try:
            with self._http.stream(
                "GET", "/files/get", params={"path": address(path)}, headers=headers, follow_redirects=True
            ) as answer:
                if not answer.is_success:
                    answer.read()
                checked(answer)
                size, total = 0, int(answer.headers.get("content-length", 0)) or None
                for piece in answer.iter_raw():
                    out.write(piece)
                    size += len(piece)
                    if progress:
                        progress(size, total)
                return size
        except httpx.TransportError as away:
            raise unanswered(self._url, away) from away

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return checked(self._http.request(method, path, follow_redirects=True, **options))
        except httpx.TransportError as away:
            raise unanswered(self._url, away) from away

    def sign(self, path: str) -> str:
        """A URL by which anyone reads the file for a while."""
        return self._ask("GET", "/files/sign", params={"path": address(path)}).json()


def address(path: str) -> str:
    """An address in full."""
    return path if "://" in path or path.startswith("/mount") else f"fd://{path}"


def _length(file: BinaryIO) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size - file.tell() or None
    except OSError:
        return None


def _pieces(file: BinaryIO, size: int | None, progress: Progress | None) -> Iterator[bytes]:
    came = 0
    while piece := file.read(PIECE):
        yield piece
        came += len(piece)
        if progress:
            progress(came, size)
