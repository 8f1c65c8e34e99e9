"""Files on this protocol's wire (Fused protocol notes 2.7, 9.9)."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headrace.api import transfer
from headrace.api.forms import LONGEST_FIELD, Form
from headrace.api.operation import Operation, describe
from headrace.api.parameters import pairs
from headrace.dialects.fused.answer import JSON
from headrace.errors import Invalid, NotFound
from headrace.model.file import Address, Entry
from headrace.services.call import Call
from headrace.services.files import Files, Opened

BYTES = "application/octet-stream"
HANDED_OUT = {"Referrer-Policy": "no-referrer", "Cache-Control": "private, no-store"}  # the address is the key

Path = Annotated[str, Meta(description="An address: fd://folder/name or file:///mount/folder/name.")]


class At(Struct):
    """Where a file or folder is."""

    path: Path


class Upload(Struct):
    """A file that is about to be uploaded."""

    path: Path
    content_length: Annotated[int, Meta(ge=0, description="Its bytes, exactly.")]


class Temporary(Struct):
    """A temporary file."""

    extension: Annotated[str | None, Meta(description="The end of its name, such as parquet.")] = None


class TemporaryUpload(Temporary, kw_only=True):
    """A temporary file that is about to be uploaded."""

    content_length: Annotated[int, Meta(ge=0, description="Its bytes, exactly.")]


class Listed(Struct):
    """A file, or a folder that files are in."""

    url: str
    file_name: str
    is_directory: bool
    size: int | None
    last_modified: datetime | None


class SignedPost(Struct):
    """A form: every field and then a part `file`, to be posted without a key."""

    url: str
    fields: dict[str, str]


class SignedTemporary(Struct):
    """A form, and the address that the file will have."""

    signed_post: SignedPost
    storage_url: str


class FileRoutes:
    """The routes of files, over the service that a server composes."""

    def __init__(self, files: Files, body_seconds: float, public_url: str) -> None:
        self._files, self._seconds, self._public_url = files, body_seconds, public_url.rstrip("/")

    def operations(self) -> list[Operation]:
        """Every route of protocol notes 2.7 but those of the shared disk, and what signatures open."""
        tags = ("files",)
        raw = partial(describe, raw=True, tags=tags)
        bytes_ = partial(describe, raw=True, media_types=("*/*",), statuses=(206, 304, 307), tags=tags)
        return [
            describe("GET", "/files/list", self.list_names, tags=tags),
            describe("GET", "/files/list-details", self.list_details, tags=tags),
            bytes_("GET", "/files/get", self.get, query=At),
            describe("DELETE", "/files/delete", self.delete, tags=tags),
            raw("GET", "/files/sign", self.sign, query=At),
            raw("GET", "/files/sign_prefix", self.sign_prefix, query=At),
            describe("POST", "/files/resolve", self.resolve, status=200, tags=tags),
            raw("PUT", "/files/upload", self.upload, query=At),
            raw("POST", "/files/upload-temp", self.upload_temp, query=Temporary),
            raw("GET", "/files/sign-upload", self.sign_upload, query=Upload),
            raw("GET", "/files/sign-upload-temp", self.sign_upload_temp, query=TemporaryUpload),
            raw("POST", "/blob-upload", self.upload_signed, public=True, status=204),
            bytes_("GET", "/blob/{signature}/{name}", self.get_signed, public=True),
        ]

    async def list_names(self, call: Call, path: Path) -> list[str]:
        """The addresses right under an address; those of folders end in a slash."""
        return [entry.url for entry in await self._files.list(call, path)]

    async def list_details(self, call: Call, path: Path) -> list[Listed]:
        """What is right under an address."""
        return [listed(entry) for entry in await self._files.list(call, path)]

    async def get(self, call: Call, request: Request) -> Response:
        """The bytes of a file, or a range of them."""
        opened = await self._files.open(call, read_query(request, At).path)
        return self._redirected(opened) or send(request, opened)

    async def delete(self, call: Call, path: Path, max_deletion_depth: str = "2") -> bool:
        """Delete a file, or a folder whose files are at most so many names below it; `unlimited` takes any."""
        return await self._files.delete(call, path, _depth(max_deletion_depth))

    async def sign(self, call: Call, request: Request) -> Response:
        """A URL by which anyone reads a file for a while."""
        address, signature = self._files.sign_download(call, read_query(request, At).path)
        return answer(self._url(request, address, signature))

    async def sign_prefix(self, call: Call, request: Request) -> Response:
        """Such URLs of all files under an address, by their own."""
        signed = await self._files.sign_folder(call, read_query(request, At).path)
        return answer({a.url: self._url(request, a, signature) for a, signature in signed.items()})

    async def resolve(self, call: Call, path: Path) -> str:
        """Where a file is in the store itself, for whoever may read that; the same address where nobody may."""
        return self._files.resolve(call, path)

    async def upload(self, call: Call, request: Request) -> Response:
        """Keep the body under an address, in place of what was there."""
        _ = call.user
        path, length = read_query(request, At).path, transfer.announced(request, self._files.largest)
        entry = await self._files.upload(call, path, transfer.pieces(request, self._seconds), length)
        return answer(listed(entry))

    async def upload_temp(self, call: Call, request: Request) -> Response:
        """Keep the body for a while, and tell its address."""
        extension, length = read_query(request, Temporary).extension, transfer.announced(request, self._files.largest)
        body = transfer.pieces(request, self._seconds)
        return answer((await self._files.upload_temporary(call, extension, body, length)).url)

    async def sign_upload(self, call: Call, request: Request) -> Response:
        """A form by which anyone writes a file of that length under an address for a while."""
        asked = read_query(request, Upload)
        return answer(self._form(request, *self._files.sign_upload(call, asked.path, asked.content_length)))

    async def sign_upload_temp(self, call: Call, request: Request) -> Response:
        """Such a form for a temporary file."""
        asked = read_query(request, TemporaryUpload)
        address, signature = self._files.sign_temporary(call, asked.extension, asked.content_length)
        return answer(SignedTemporary(self._form(request, address, signature), address.url))

    async def upload_signed(self, call: Call, request: Request) -> Response:
        """Keep the file of a form that was signed here: its fields, as they were given, and then the part `file`."""
        transfer.announced(request, self._files.largest + LONGEST_FIELD)
        form = Form(request.headers.get("content-type", ""), transfer.pieces(request, self._seconds))
        fields = await form.read_fields()
        if missing := [name for name in ("key", "signature") if name not in fields]:
            raise Invalid(f"The form has no field `{missing[0]}` before its file.")
        await self._files.upload_signed(fields["signature"], fields["key"], form.read_file())
        return Response(status_code=204)

    async def get_signed(self, call: Call, request: Request, signature: str, name: str) -> Response:
        """The bytes of a file by a URL that was signed here, or a range of them."""
        opened = await self._files.open_signed(signature)
        if name != opened.address.name:
            opened.close()
            raise NotFound("This URL was signed for a file of another name.")
        response = self._redirected(opened) or send(request, opened)
        response.headers.update(HANDED_OUT)
        return response

    def _redirected(self, opened: Opened) -> Response | None:
        if (url := self._files.redirect(opened)) is None:
            return None
        opened.close()
        return RedirectResponse(url, 307, HANDED_OUT)

    def _form(self, request: Request, address: Address, signature: str) -> SignedPost:
        return SignedPost(f"{self._base(request)}/blob-upload", {"key": address.url, "signature": signature})

    def _url(self, request: Request, address: Address, signature: str) -> str:
        return f"{self._base(request)}/blob/{signature}/{quote(address.name, safe='')}"

    def _base(self, request: Request) -> str:
        return f"{self._public_url or str(request.base_url).rstrip('/')}/server/v1"


def send(request: Request, opened: Opened) -> Response:
    """The response that streams a file."""
    return transfer.deliver(
        request,
        opened.read,
        opened.close,
        name=opened.address.name,
        size=opened.size,
        modified=opened.modified,
        media_type=opened.media_type,
        etag=opened.etag,
    )


def listed(entry: Entry) -> Listed:
    """An entry as this wire has it."""
    return Listed(entry.url, entry.address.name, entry.directory, entry.size, entry.modified)


def answer(value: Any) -> Response:  # noqa: ANN401 - any JSON value
    """A value as JSON."""
    return Response(msgspec.json.encode(value), headers={"Content-Type": JSON})


def read_query(request: Request, type_: type[Any]) -> Any:  # noqa: ANN401 - a value of the type
    """The query as a Struct; names that it does not have are ignored. Raises Malformed and Invalid."""
    came = dict(pairs(request.scope["query_string"]))
    for name in type_.__struct_fields__:
        if "\0" in came.get(name, ""):
            raise Invalid(f"The parameter `{name}` holds the character NUL, which no text may hold here.")
    try:
        return msgspec.convert(came, type_, strict=False)
    except msgspec.ValidationError as wrong:
        raise Invalid(f"The query is not right: {wrong}.") from wrong


def _depth(text: str) -> int | None:
    if text.lower() == "unlimited":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid("max_deletion_depth wants a number of names, or the word `unlimited`.")
    return int(text)
