"""What a token shows to people: a page in a browser, the udf's description, and its calls as an OpenAPI document."""

from functools import partial
from urllib.parse import parse_qsl

import anyio.to_thread
import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headrace.api import content, pages
from headrace.api.assets import Assets
from headrace.api.operation import Operation, describe
from headrace.api.streams import read_body
from headrace.dialects.fused import shared_spec
from headrace.dialects.fused.collection_page import CollectionPage
from headrace.dialects.fused.openings import SESSION, Openings, base_of
from headrace.dialects.fused.share_words import in_session, page_of, refused, words_of
from headrace.errors import HeadraceError, Malformed
from headrace.formats import FORMATS
from headrace.model.result import Problem
from headrace.services import collections, descriptions, udfs
from headrace.services.call import Call
from headrace.services.calls import Calls, etag_of
from headrace.services.collections import parted
from headrace.services.descriptions import Description, Opened

JSON = "application/json"
LARGEST_FORM = 4 << 10  # bytes
# Parameters that say of a request that a program made it, whatever its Accept header says.
FOR_PROGRAMS = ("format", "dtype_out_vector", "dtype_out_raster")


class FormatShown(Struct, kw_only=True):
    """A format that calls can ask for, and the kinds of value that it writes."""

    name: str
    media_type: str
    suffix: str
    kinds: list[str]


class About(Struct, kw_only=True):
    """What is told of a udf to whoever holds a token for it. `code` is there where everyone may read it."""

    name: str
    owner: str
    version: int
    updated_at: str
    doc: str
    parameters: list[descriptions.Parameter]
    place: str | None
    open: bool
    problem: Problem | None
    code: str | None
    formats: list[FormatShown]


class Share:
    """The routes of the share pages: of a udf, and of a collection."""

    def __init__(self, calls: Calls, openings: Openings, assets: Assets) -> None:
        self._calls, self._openings, self._assets = calls, openings, assets
        self._collections = CollectionPage(openings, assets)

    def operations(self) -> list[Operation]:
        """Beside the calls of a token, under the dialect's prefix."""
        told = partial(describe, "GET", raw=True, public=True, tags=("tokens",), statuses=(304,))
        shared, named = "/realtime-shared/{token}", "/realtime-shared/{token}/{name}"
        return [
            told(f"{shared}/plain", self.show_in_words, media_types=("text/html",)),
            told(f"{shared}/about.json", self.get_about),
            told(f"{shared}/openapi.json", self.get_document),
            told(f"{named}/plain", self.show_named_in_words, media_types=("text/html",)),
            told(f"{named}/about.json", self.get_about_named),
            told(f"{named}/openapi.json", self.get_document_named),
        ]

    def short(self) -> list[Operation]:
        """The addresses that people pass on, under no prefix."""
        page = partial(describe, raw=True, public=True, tags=("people",), media_types=("text/html",))
        return [
            page("GET", "/share/{token}", self.show_whole, name="share"),
            page("GET", "/share/{token}/{name}", self.show_named, name="share_named"),
            page("POST", "/share/{token}", self.unlock, statuses=(303,)),
            page("POST", "/share/{token}/{name}", self.unlock_named, statuses=(303,)),
        ]

    @staticmethod
    def is_for_people(request: Request) -> bool:
        """Whether a call came from a browser's address bar or a link: HTML is wanted, and no format is named."""
        return "text/html" in request.headers.get("accept", "") and not any(
            name in request.query_params for name in FOR_PROGRAMS
        )

    async def show_whole(self, call: Call, request: Request, token: str) -> Response:
        """Show what a token opens: a udf with its result, or the udfs of a collection."""
        return await self.show(call, request, token)

    async def show_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """Show the udf of that name that a collection's token opens."""
        return await self.show(call, request, token, name)

    async def show(self, call: Call, request: Request, token: str, name: str | None = None) -> Response:
        """Show what a token opens: its parameters, and its result as a table, a chart, a picture or a map."""
        if name is None and collections.is_whole(token):
            return await self._collections.show(call, request, token)
        if not self._assets:
            return await self._show_in_words(call, request, token, name)
        try:
            await self._openings.open(call, request, token, name)
            opened = await anyio.to_thread.run_sync(descriptions.open_token, call.platform, token, name)
        except HeadraceError as wrong:
            return refused(request, wrong, token, name)
        about = {
            "base": base_of(token, name),
            "name": opened.udf.slug,
            "owner": opened.owner,
            "within": opened.within and {"name": opened.within, "href": page_of(request, parted(token)[0])},
        }
        words = in_session(request, f"{base_of(token, name)}/plain")
        return pages.drawn(self._assets, "share", f"{opened.udf.slug} · Headrace", about, words)

    async def show_in_words(self, call: Call, request: Request, token: str) -> Response:
        """Show what a token opens, with a form and links, to browsers that run no scripts."""
        return await self._show_in_words(call, request, token, None)

    async def show_named_in_words(self, call: Call, request: Request, token: str, name: str) -> Response:
        """Show the udf of that name that a collection's token opens, to browsers that run no scripts."""
        return await self._show_in_words(call, request, token, name)

    async def _show_in_words(self, call: Call, request: Request, token: str, name: str | None) -> Response:
        if name is None and collections.is_whole(token):
            return await self._collections.show_in_words(call, request, token)
        try:
            opened, described = await self._described(call, request, token, name)
        except HeadraceError as wrong:
            return refused(request, wrong, token, name)
        up = page_of(request, parted(token)[0]) if opened.within else None
        session = request.query_params.get(SESSION)
        return pages.worded(
            f"{opened.udf.slug} · Headrace", words_of(opened, described, base_of(token, name), session, up)
        )

    async def unlock(self, call: Call, request: Request, token: str) -> Response:
        """The passcode of a collection, from the form of its page: on to the page, with a session token."""
        return await self._unlock(call, request, token, None)

    async def unlock_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """The passcode of a collection, from the form of the page of one of its udfs."""
        return await self._unlock(call, request, token, name)

    async def _unlock(self, call: Call, request: Request, token: str, name: str | None) -> Response:
        body = await read_body(request, LARGEST_FORM, call.platform.settings.body_seconds)
        try:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=5))
        except ValueError as unread:
            raise Malformed("The body is no form.") from unread
        try:
            session = await self._openings.unlock(call, request, token, fields.get("passcode", ""))
        except HeadraceError as wrong:
            return refused(request, wrong, token, name)
        return RedirectResponse(page_of(request, token, name, session), 303)

    async def get_about(self, call: Call, request: Request, token: str) -> Response:
        """What a udf says of itself: its words, its parameters, its formats. Of a collection, the names of its udfs."""
        if collections.is_whole(token):
            return await self._collections.get_about(call, request, token)
        return await self._get_about(call, request, token, None)

    async def get_about_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """What the udf of that name says of itself, to whoever holds a collection's token."""
        return await self._get_about(call, request, token, name)

    async def _get_about(self, call: Call, request: Request, token: str, name: str | None) -> Response:
        opened, described = await self._described(call, request, token, name)
        body = msgspec.json.encode(
            About(
                name=opened.udf.slug,
                owner=opened.owner,
                version=opened.udf.version,
                updated_at=opened.udf.updated_at.isoformat(),
                doc=described.doc,
                parameters=described.parameters,
                place=described.place,
                open=described.open,
                problem=described.problem,
                code=udfs.check_body(opened.udf.body).code if opened.public else None,
                formats=[
                    FormatShown(name=n, media_type=f.media_type, suffix=f.suffix, kinds=sorted(f.kinds))
                    for n in FORMATS.names
                    for f in [FORMATS[n]]
                ],
            )
        )
        return await content.deliver(request, body, JSON, {"Cache-Control": "no-cache"}, etag_of(body))

    async def get_document(self, call: Call, request: Request, token: str) -> Response:
        """The calls that a token opens, as an OpenAPI 3.1 document of the udf's own parameters."""
        return await self._get_document(call, request, token, None)

    async def get_document_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """The calls of the udf of that name that a collection's token opens, as an OpenAPI 3.1 document."""
        return await self._get_document(call, request, token, name)

    async def _get_document(self, call: Call, request: Request, token: str, name: str | None) -> Response:
        opened, described = await self._described(call, request, token, name)
        base = call.platform.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        body = msgspec.json.encode(shared_spec.document(opened, described, f"{base}{base_of(token, name)}"))
        return await content.deliver(request, body, JSON, {"Cache-Control": "no-cache"}, etag_of(body))

    async def _described(
        self, call: Call, request: Request, token: str, name: str | None
    ) -> tuple[Opened, Description]:
        target, _ = await self._openings.open(call, request, token, name)
        opened = await anyio.to_thread.run_sync(descriptions.open_token, call.platform, token, name)
        context = {"user_email": target.owner_email, "recursion_factor": 1, "headers": {}}
        return opened, await descriptions.describe(self._calls, target, context)
