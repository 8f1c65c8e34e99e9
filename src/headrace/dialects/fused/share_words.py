"""The share pages as markup alone, and what they say where there is nothing to show. What is not ours is escaped."""

from html import escape
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import pages
from headrace.dialects.fused.openings import SESSION
from headrace.errors import HeadraceError
from headrace.formats import FORMATS
from headrace.services.admission import Ended, Locked, WrongPasscode
from headrace.services.descriptions import Description, Opened, Parameter

FORMATS_SHOWN = [name for name in FORMATS.names if name != "mvt"]


def in_session(request: Request, path: str) -> str:
    """A path with the session token that a request came with, for a link on its page."""
    session = request.query_params.get(SESSION)
    return path if session is None else f"{path}?{urlencode({SESSION: session})}"


def page_of(request: Request, token: str, name: str | None = None, session: str | None = None) -> str:
    """The page of a token, with the session token that is given, else with the one that the request came with.

    The parameters of the request go along where it was for the same page.
    """
    path = f"/share/{quote(token, safe='')}" + ("" if name is None else f"/{quote(name, safe='')}")
    if session is None:
        return in_session(request, path)
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != SESSION]
    return f"{path}?{urlencode([*kept, (SESSION, session)])}"


def refused(request: Request, wrong: HeadraceError, token: str, name: str | None = None) -> Response:
    """The page that says what is wrong, to those who read pages; where a passcode helps, it asks for one.

    Raises what is wrong to programs.
    """
    if "text/html" not in request.headers.get("accept", ""):
        raise wrong
    if isinstance(wrong, Locked | Ended | WrongPasscode) and wrong.lock.passcode is not None:
        return _asking(request, wrong, token, name)
    return pages.refused(wrong.status, wrong.message)


def _asking(request: Request, wrong: HeadraceError, token: str, name: str | None) -> Response:
    path = f"/share/{quote(token, safe='')}" + ("" if name is None else f"/{quote(name, safe='')}")
    query = urlencode([(key, value) for key, value in request.query_params.multi_items() if key != SESSION])
    action = escape(f"{path}?{query}" if query else path)
    said = "" if isinstance(wrong, Locked) else f'<p class="problem" role="alert">{escape(wrong.message)}</p>'
    body = f"""<header class="bar"><a class="brand" href="/">{pages.MARK}Headrace</a></header>
<main class="words"><p class="eyebrow">a shared collection</p><h1>It is kept behind a passcode</h1>
<p class="lead">Whoever gave you this address can tell you the passcode. It opens the collection for four hours.</p>
{said}<form action="{action}" method="post">
<label>Passcode <input name="passcode" type="password" autocomplete="off" required autofocus></label>
<div><button class="primary" type="submit">Open</button></div></form></main>"""
    return pages.worded("Headrace", body, wrong.status)


def words_of(opened: Opened, described: Description, base: str, session: str | None, up: str | None) -> str:
    """The page of a udf, under whose address `base` it is called. `up` is the page of the collection it came from."""
    entries = "\n".join(_entry(p) for p in described.parameters)
    options = "".join(f"<option{' selected' if n == 'html' else ''}>{n}</option>" for n in FORMATS_SHOWN)
    if session is not None:
        entries += f'<input type="hidden" name="{SESSION}" value="{escape(session)}">'
    more = "" if session is None else "&amp;" + escape(urlencode({SESSION: session}))
    links = "".join(f'<li><a class="button" href="{base}/run?format={n}{more}">{n}</a></li>' for n in FORMATS_SHOWN)
    problem = described.problem
    wrong = f'<p class="problem">{escape(f"{problem.kind}: {problem.message}")}</p>' if problem else ""
    within = f' in <a href="{escape(up)}">{escape(opened.within or "")}</a>' if up else ""
    spec = f"{base}/openapi.json" + ("" if session is None else f"?{escape(urlencode({SESSION: session}))}")
    return f"""<header class="bar"><a class="brand" href="/">{pages.MARK}Headrace</a></header>
<main class="words"><p class="eyebrow">shared by {escape(opened.owner)}{within}</p><h1>{escape(opened.udf.slug)}</h1>
<p class="lead prose">{escape(described.doc)}</p>{wrong}
<form action="{base}/run" method="get">{entries}
<label>format <select name="format">{options}</select></label>
<div><button class="primary" type="submit">Call</button></div></form>
<h2>The result as a file</h2><p class="note">With the defaults of its parameters. A format that does not fit the result
is answered with the formats that do.</p><ul class="links">{links}</ul>
<h2>For programs</h2><p><a href="{spec}">OpenAPI description</a> ·
<a href="{base}/tilejson.json?format=png{more}">TileJSON</a></p></main>"""


def _entry(parameter: Parameter) -> str:
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
