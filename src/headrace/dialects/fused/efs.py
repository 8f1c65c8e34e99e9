"""The disk that calls see as /mount, on this protocol's wire (Fused protocol notes 2.7)."""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import transfer
from headrace.api.codec import PlainJson
from headrace.api.forms import LONGEST_FIELD, Form
from headrace.api.operation import Operation, describe
from headrace.api.streams import read_body
from headrace.dialects.fused.files import answer, listed, read_query, send
from headrace.errors import Invalid, NotFound
from headrace.services.call import Call
from headrace.services.files import Files

SMALL = 1 << 20  # bytes of a body that names a file
LOG = 256 << 10  # bytes of each log that are sent: its end


class Item(Struct):
    """A file or folder of the disk, by its path in it."""

    item: str


class Child(Struct):
    """A file or folder in a folder; its `url` is its path in the disk."""

    url: str
    file_name: str
    is_directory: bool
    size: int | None
    last_modified: datetime | None


class Children(Struct):
    """What is right under a folder."""

    items: list[Child]


class Named(Struct):
    """A file of the disk."""

    file_name: Annotated[str, Meta(description="Its path in the disk.")]


class LogFolder(Struct):
    """Where a run writes what it prints."""

    log_dir: Annotated[str, Meta(description="A folder under /mount.")]


class Logs(Struct):
    """What a run has printed so far."""

    stdout: str
    stderr: str


_read_item = PlainJson().reader(Item)


class DiskRoutes:
    """The routes of the disk, over the service that a server composes."""

    def __init__(self, files: Files, body_seconds: float) -> None:
        self._files, self._seconds = files, body_seconds

    def operations(self) -> list[Operation]:
        """Every route; all instances of `client_id` share the disk."""
        tags, disk = ("files",), "/efs/{client_id}"
        raw = partial(describe, raw=True, tags=tags)
        return [
            describe("POST", disk + "/list", self.list, status=200, tags=tags),
            raw("GET", disk + "/download", self.download, query=Named, media_types=("*/*",), statuses=(206, 304)),
            raw("POST", disk + "/upload", self.upload),
            raw("DELETE", disk + "/delete-file", self.delete, body=Item),
            raw("DELETE", disk + "/delete-dir", self.delete, body=Item, name="delete_folder"),
            describe("POST", disk + "/udf-logs", self.read_logs, status=200, tags=tags),
        ]

    async def list(self, call: Call, client_id: str, body: Item) -> Children:
        """What is right under a folder of the disk."""
        entries = [listed(entry) for entry in await self._files.list(call, _address(body.item))]
        start = len("file:///mount/")
        return Children(
            [
                Child(one.url[start:].rstrip("/"), one.file_name, one.is_directory, one.size, one.last_modified)
                for one in entries
            ]
        )

    async def download(self, call: Call, request: Request, client_id: str) -> Response:
        """The bytes of a file of the disk, or a range of them."""
        return send(request, await self._files.open(call, _address(read_query(request, Named).file_name)))

    async def upload(self, call: Call, request: Request, client_id: str) -> Response:
        """Keep the part `file` of a form in the folder that its field `dir` names, under the file's own name."""
        _ = call.user
        length = transfer.announced(request, self._files.largest + LONGEST_FIELD)
        form = Form(request.headers.get("content-type", ""), transfer.pieces(request, self._seconds))
        fields = await form.read_fields()
        if not form.filename or "/" in form.filename:
            raise Invalid("The part `file` of the form wants a filename, without a slash.")
        path = _address(f"{fields.get('dir', '')}/{form.filename}")
        announced = None if length is None else max(0, length - LONGEST_FIELD)
        return answer(listed(await self._files.upload(call, path, form.read_file(), announced)))

    async def delete(self, call: Call, request: Request, client_id: str) -> Response:
        """Delete a file, or a folder with all that is in it. Whether it was there."""
        _ = call.user
        body: Item = _read_item(await read_body(request, SMALL, self._seconds))
        if not body.item.strip("/"):
            raise Invalid("Name the file or folder; the whole disk is emptied by /files/delete of file:///mount.")
        return answer(await self._files.delete(call, _address(body.item), None))

    async def read_logs(self, call: Call, client_id: str, body: LogFolder) -> Logs:
        """What a run has printed so far, the end of it, from its folder on the disk."""
        path = body.log_dir if body.log_dir.startswith("/mount/") else _address(body.log_dir)
        return Logs(await self._end(call, f"{path}/stdout.log"), await self._end(call, f"{path}/stderr.log"))

    async def _end(self, call: Call, path: str) -> str:
        with suppress(NotFound):
            opened = await self._files.open(call, path)
            try:
                pieces = [piece async for piece in opened.read(max(0, opened.size - LOG), opened.size)]
                return b"".join(pieces).decode(errors="replace")
            finally:
                opened.close()
        return ""


def _address(path: str) -> str:
    return f"file:///mount/{path}"
