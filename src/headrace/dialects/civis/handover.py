"""The bytes of files on this protocol's wire: what the URLs that `/files` gives out are answered by (notes 4.1).

    POST /blobs/{signature}         a form: its fields, and last a part `file`
    PUT  /blobs/{signature}         a part of a file, as the body
    GET  /blobs/{signature}/{name}  the bytes

No key is asked for: the signature is the permission. A refused upload is told as object stores tell it, in XML: that
is what the published clients show of an answer, where of JSON they show the status alone.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headrace.api import transfer
from headrace.api.forms import LONGEST_FIELD, Form
from headrace.api.operation import Operation, describe
from headrace.errors import HeadraceError, Invalid
from headrace.services.call import Call
from headrace.services.files import media_type_of
from headrace.services.handover import Handover

BLOBS = "/blobs"
HANDED_OUT = {"Referrer-Policy": "no-referrer", "Cache-Control": "private, no-store"}  # the address is the key


class HandoverRoutes:
    """The routes that signatures open, over the service that a server composes."""

    def __init__(self, handover: Handover, body_seconds: float) -> None:
        self._handover, self._seconds = handover, body_seconds

    def operations(self) -> list[Operation]:
        """Every route; `/endpoints` names none of them, since clients make no methods of these."""
        raw = partial(describe, raw=True, public=True, tags=("files",))
        xml = ("application/xml",)
        return [
            raw("POST", f"{BLOBS}/{{signature}}", self.take_form, status=204, media_types=xml),
            raw("PUT", f"{BLOBS}/{{signature}}", self.take_part, media_types=xml),
            raw("GET", f"{BLOBS}/{{signature}}/{{name}}", self.give, media_types=("*/*",), statuses=(206, 304, 307)),
        ]

    async def take_form(self, call: Call, request: Request, signature: str) -> Response:
        """Keep the part `file` of a form as the file that its URL was signed for."""

        async def take() -> Response:
            slip = await self._handover.admit(signature, "POST")
            transfer.announced(request, self._handover.largest + LONGEST_FIELD)
            form = Form(request.headers.get("content-type", ""), transfer.pieces(request, self._seconds))
            fields = await form.read_fields()
            if "key" not in fields:
                raise Invalid("The form has no field `key` before its file; send every field that came with the URL.")
            await self._handover.keep_file(slip, fields["key"], form.read_file(), call.address)
            return Response(status_code=204)

        return await _answer(take)

    async def take_part(self, call: Call, request: Request, signature: str) -> Response:
        """Keep the body as the part that its URL was signed for, in place of one that came before."""

        async def take() -> Response:
            slip = await self._handover.admit(signature, "PUT")
            size = transfer.announced(request, self._handover.largest)
            etag = await self._handover.keep_part(slip, transfer.pieces(request, self._seconds), size)
            return Response(status_code=200, headers={"ETag": etag})

        return await _answer(take)

    async def give(self, call: Call, request: Request, signature: str, name: str) -> Response:
        """The bytes of a file, or a range of them. The name is for whoever reads the URL, and opens nothing."""
        outgoing = await self._handover.open(signature)
        if url := self._handover.redirect(outgoing):
            return RedirectResponse(url, 307, HANDED_OUT)
        response = transfer.deliver(
            request,
            outgoing.read,
            lambda: None,
            name=last_name(outgoing.name),
            size=outgoing.size,
            modified=outgoing.modified,
            media_type=media_type_of(outgoing.name),
            etag=outgoing.etag,
            attached=not outgoing.inline,
        )
        response.headers.update(HANDED_OUT)
        return response


def upload_path(signature: str) -> str:
    """Where a form or a part is sent to."""
    return f"{BLOBS}/{signature}"


def download_path(signature: str, name: str) -> str:
    """Where a file is read from; its name ends the path, as programs tell by that what is in it."""
    return f"{BLOBS}/{signature}/{quote(last_name(name), safe='')}"


def last_name(name: str) -> str:
    """The name without the folders that its sender had it in."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return last if last.strip(". ") else "file"


async def _answer(take: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await take()
    except HeadraceError as wrong:
        if wrong.status == HeadraceError.status:
            raise
        text = f"<Error><Code>{escape(wrong.code)}</Code><Message>{escape(wrong.message)}</Message></Error>"
        headers = {"Retry-After": str(after)} if (after := getattr(wrong, "retry_after", None)) else {}
        return transfer.Refusal(
            f'<?xml version="1.0" encoding="UTF-8"?>\n{text}', wrong.status, headers, "application/xml"
        )
