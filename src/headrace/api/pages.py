"""Pages for people: the frame around what a script of `web/` draws, and pages that say the same in words alone.

No page runs a script that stands in it, and none asks another server. What comes from udfs and their callers is text.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from starlette.responses import Response

from headrace.api.assets import Assets

HTML = "text/html; charset=utf-8"
ICON = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path d='M1 11c3-5 5 1 8-3s4-3 6-5'"
    " fill='none' stroke='%230d7a8a' stroke-width='2.5' stroke-linecap='round'/></svg>"
)
MARK = (
    '<svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d="M1 11c3-5 5 1 8-3s4-3 6-5M1 15c3-5 5 1 8-3s4-3 '
    '6-5" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/></svg>'
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; worker-src 'self' blob:; frame-src 'self'; base-uri 'none'; form-action 'self'"
)
STYLE = files("headrace.api").joinpath("pages.css").read_text()
_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
PLAIN_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; base-uri 'none'; form-action 'self'"
)
# A page's address may hold a token: it is told to nobody, and kept by nobody on the way.
HEADERS = {
    "Content-Type": HTML,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache, private",
    "Vary": "Accept",
}


def drawn(assets: Assets, entry: str, title: str, about: Mapping[str, Any], otherwise: str) -> Response:
    """The frame of the page that the script `entry` draws, which finds `about` in it.

    `otherwise` is the address of the same in words, for browsers that run no scripts.
    """
    given = escape(json.dumps(about), quote=True)
    head = f'<meta name="headrace" content="{given}">\n{assets.tags(entry)}'
    words = f'<noscript><p class="words">This page draws with a script. <a href="{escape(otherwise)}">The same in words'
    body = f'<div id="app" aria-busy="true"></div>\n{words}</a>.</p></noscript>'
    return Response(_page(title, head, body), headers=HEADERS | {"Content-Security-Policy": POLICY})


def worded(title: str, body: str, status: int = 200) -> Response:
    """A page of HTML alone, in the same style. `body` is markup: whoever makes it escapes what came from elsewhere."""
    head = f"<style>{STYLE}</style>"
    return Response(_page(title, head, body), status, headers=HEADERS | {"Content-Security-Policy": PLAIN_POLICY})


def refused(status: int, message: str) -> Response:
    """The page that says why there is no other."""
    body = (
        f'<header class="bar"><a class="brand" href="/">{MARK}Headrace</a></header>\n<main class="words">'
        f'<p class="eyebrow">{status}</p><h1>There is nothing to show here</h1><p class="lead">{escape(message)}</p>'
        '<p><a href="/">What this server is</a></p></main>'
    )
    return worded("Headrace", body, status)


def _page(title: str, head: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="{ICON}">\n{head}\n'
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
