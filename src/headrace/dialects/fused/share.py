"""What a token shows to people: a page in a browser, the udf's description, and its calls as an OpenAPI document."""

from functools import partial
from html import escape
from typing import Any
from urllib.parse import quote

import anyio.to_thread
import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content, pages
from headrace.api.assets import Assets
from headrace.api.operation import Operation, describe
from headrace.dialects.fused import shared_spec
from headrace.dialects.fused.openings import Openings
from headrace.errors import HeadraceError
from headrace.formats import FORMATS
from headrace.model.result import Problem
from headrace.services import descriptions, udfs
from headrace.services.call import Call
from headrace.services.calls import Calls, etag_of
from headrace.services.descriptions import Description, Opened

PREFIX = "/server/v1/realtime-shared/"
JSON = "application/json"
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
    """The routes of the share page."""

    def __init__(self, calls: Calls, openings: Openings, assets: Assets) -> None:
        self._calls, self._openings, self._assets = calls, openings, assets

    def operations(self) -> list[Operation]:
        """Beside the calls of a token, under the dialect's prefix."""
        told = partial(describe, "GET", raw=True, public=True, tags=("tokens",), statuses=(304,))
        return [
            told("/realtime-shared/{token}/plain", self.show_in_words, media_types=("text/html",)),
            told("/realtime-shared/{token}/about.json", self.get_about),
            told("/realtime-shared/{token}/openapi.json", self.get_document),
        ]

    def short(self) -> list[Operation]:
        """The address that people pass on, under no prefix."""
        options: dict[str, Any] = {"raw": True, "public": True, "media_types": ("text/html",)}
        return [describe("GET", "/share/{token}", self.show, name="share", tags=("people",), **options)]

    @staticmethod
    def is_for_people(request: Request) -> bool:
        """Whether a call came from a browser's address bar or a link: HTML is wanted, and no format is named."""
        return "text/html" in request.headers.get("accept", "") and not any(
            name in request.query_params for name in FOR_PROGRAMS
        )

    async def show(self, call: Call, request: Request, token: str) -> Response:
        """Show what a token opens: its parameters, and its result as a table, a chart, a picture or a map."""
        if not self._assets:
            return await self.show_in_words(call, request, token)
        try:
            await self._openings.open(call, request, token)
            opened = await anyio.to_thread.run_sync(descriptions.open_token, call.platform, token)
        except HeadraceError as wrong:
            return _refused(request, wrong)
        about = {"base": PREFIX + quote(token, safe=""), "name": opened.udf.slug, "owner": opened.owner}
        words = f"{PREFIX}{quote(token, safe='')}/plain"
        return pages.drawn(self._assets, "share", f"{opened.udf.slug} · Headrace", about, words)

    async def show_in_words(self, call: Call, request: Request, token: str) -> Response:
        """Show what a token opens, with a form and links, to browsers that run no scripts."""
        try:
            opened, described = await self._described(call, request, token)
        except HeadraceError as wrong:
            return _refused(request, wrong)
        return pages.worded(f"{opened.udf.slug} · Headrace", _words(opened, described, token))

    async def get_about(self, call: Call, request: Request, token: str) -> Response:
        """What a udf says of itself: its words, its parameters, the formats it can be asked for."""
        opened, described = await self._described(call, request, token)
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
                code=udfs.check_body(opened.udf.body).code if opened.udf.public_read else None,
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
        opened, described = await self._described(call, request, token)
        base = call.platform.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        body = msgspec.json.encode(shared_spec.document(opened, described, f"{base}{PREFIX}{quote(token, safe='')}"))
        return await content.deliver(request, body, JSON, {"Cache-Control": "no-cache"}, etag_of(body))

    async def _described(self, call: Call, request: Request, token: str) -> tuple[Opened, Description]:
        target, _ = await self._openings.open(call, request, token)
        opened = await anyio.to_thread.run_sync(descriptions.open_token, call.platform, token)
        context = {"user_email": target.owner_email, "recursion_factor": 1, "headers": {}}
        return opened, await descriptions.describe(self._calls, target, context)


def _refused(request: Request, wrong: HeadraceError) -> Response:
    """The page that says what is wrong, to those who read pages. Raises it to programs."""
    if "text/html" not in request.headers.get("accept", ""):
        raise wrong
    return pages.refused(wrong.status, wrong.message)


def _words(opened: Opened, described: Description, token: str) -> str:
    """The page as markup. Everything that is not ours is escaped."""
    run = f"{PREFIX}{quote(token, safe='')}/run"
    entries = "\n".join(_entry(p) for p in described.parameters)
    options = "".join(f"<option{' selected' if n == 'html' else ''}>{n}</option>" for n in FORMATS.names if n != "mvt")
    links = "".join(f'<li><a class="button" href="{run}?format={n}">{n}</a></li>' for n in FORMATS.names if n != "mvt")
    problem = described.problem
    wrong = f'<p class="problem">{escape(f"{problem.kind}: {problem.message}")}</p>' if problem else ""
    return f"""<header class="bar"><a class="brand" href="/">{pages.MARK}Headrace</a></header>
<main class="words"><p class="eyebrow">shared by {escape(opened.owner)}</p><h1>{escape(opened.udf.slug)}</h1>
<p class="lead prose">{escape(described.doc)}</p>{wrong}
<form action="{run}" method="get">{entries}
<label>format <select name="format">{options}</select></label>
<div><button class="primary" type="submit">Call</button></div></form>
<h2>The result as a file</h2><p class="note">With the defaults of its parameters; a format that does not fit the result
answers with one that does.</p><ul class="links">{links}</ul>
<h2>For programs</h2><p><a href="{PREFIX}{quote(token, safe="")}/openapi.json">OpenAPI description</a> ·
<a href="{PREFIX}{quote(token, safe="")}/tilejson.json?format=png">TileJSON</a></p></main>"""


def _entry(parameter: descriptions.Parameter) -> str:
    told = escape(" ".join(filter(None, [parameter.annotation, "required" if parameter.required else ""])))
    name, default = escape(parameter.name), parameter.default
    if parameter.kind in ("choice", "boolean"):
        choices = parameter.choices or ["true", "false"]
        options = "".join(
            f"<option{' selected' if choice == default else ''}>{escape(choice)}</option>" for choice in choices
        )
        entry = f'<select name="{name}">{options}</select>'
    else:
        needed = " required" if parameter.required else ""
        entry = f'<input name="{name}" value="{escape(default or "")}"{needed}>'
    return f"<label>{name} <small>{told}</small>{entry}</label>"
