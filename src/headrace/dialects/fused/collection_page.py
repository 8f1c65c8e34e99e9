"""What a collection's token shows to people: the udfs in it, what each is, and where its page is."""

from html import escape
from urllib.parse import urlencode

import anyio.to_thread
import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content, pages
from headrace.api.assets import Assets
from headrace.dialects.fused.answer import JSON
from headrace.dialects.fused.openings import SESSION, Openings, base_of
from headrace.dialects.fused.share_words import in_session, page_of, refused
from headrace.errors import HeadraceError
from headrace.services import collections, descriptions
from headrace.services.call import Call
from headrace.services.calls import etag_of


class Listed(Struct, kw_only=True):
    """A udf of a collection: `base` is the path that its calls and its `about.json` are under, `page` its page."""

    name: str
    version: int
    kind: str
    updated_at: str
    base: str
    page: str


class AboutCollection(Struct, kw_only=True):
    """What is told of a collection to whoever holds its token. `more` counts the udfs that are not listed."""

    name: str
    owner: str
    updated_at: str
    udfs: list[Listed]
    more: int


class CollectionPage:
    """The page of a collection. What a udf says of itself, the page asks each one when it is looked at."""

    def __init__(self, openings: Openings, assets: Assets) -> None:
        self._openings, self._assets = openings, assets

    async def show(self, call: Call, request: Request, token: str) -> Response:
        """The page, which its script draws."""
        if not self._assets:
            return await self.show_in_words(call, request, token)
        try:
            told = await self._told(call, request, token)
        except HeadraceError as wrong:
            return refused(request, wrong, token)
        words = in_session(request, f"{base_of(token)}/plain")
        about = {"token": token} | msgspec.to_builtins(told)
        return pages.drawn(self._assets, "collection", f"{told.name} · Headrace", about, words)

    async def show_in_words(self, call: Call, request: Request, token: str) -> Response:
        """The page for browsers that run no scripts."""
        try:
            told = await self._told(call, request, token)
        except HeadraceError as wrong:
            return refused(request, wrong, token)
        return pages.worded(f"{told.name} · Headrace", _words(told, request.query_params.get(SESSION)))

    async def get_about(self, call: Call, request: Request, token: str) -> Response:
        """The same for programs."""
        body = msgspec.json.encode(await self._told(call, request, token))
        return await content.deliver(request, body, JSON, {"Cache-Control": "no-cache"}, etag_of(body))

    async def _told(self, call: Call, request: Request, token: str) -> AboutCollection:
        opened = await self._openings.open_collection(call, request, token)
        members = await anyio.to_thread.run_sync(collections.list_members, call.platform, opened)
        return AboutCollection(
            name=opened.name,
            owner=await anyio.to_thread.run_sync(descriptions.name_of, call.platform, opened.owner_id),
            updated_at=opened.updated_at.isoformat(),
            udfs=[
                Listed(
                    name=one.slug,
                    version=one.version,
                    kind=one.udf_type or "auto",
                    updated_at=one.updated_at.isoformat(),
                    base=base_of(token, one.slug),
                    page=page_of(request, token, one.slug),
                )
                for one in members.items
            ],
            more=members.total - len(members.items),
        )


def _words(told: AboutCollection, session: str | None) -> str:
    """The page as markup. Everything that is not ours is escaped."""
    more = "" if session is None else f"?{escape(urlencode({SESSION: session}))}"
    entries = "".join(
        f'<a href="{one.base}/plain{more}"><b>{escape(one.name)}</b>'
        f"<span>version {one.version}, saved {one.updated_at[:10]}</span></a>"
        for one in told.udfs
    )
    rest = f'<p class="note">And {told.more} more, which are called by their names.</p>' if told.more else ""
    count = len(told.udfs) + told.more
    lead = f"{count} function{'' if count == 1 else 's'}, each with a page, an address for programs and map tiles."
    return f"""<header class="bar"><a class="brand" href="/">{pages.MARK}Headrace</a></header>
<main class="words"><p class="eyebrow">shared by {escape(told.owner)}</p><h1>{escape(told.name)}</h1>
<p class="lead">{lead if count else "Nothing is in this collection yet."}</p>
<div class="doors">{entries}</div>{rest}</main>"""
