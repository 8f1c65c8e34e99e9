"""The page at `/`: what this server is, and the first steps, for a person who found its address."""

from html import escape

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import pages
from headrace.api.operation import Operation, describe

FUNCTION = """# hello.py
import headrace

@headrace.udf
def udf(name: str = "world", rows: int = 3):
    \"\"\"Greet somebody several times.\"\"\"
    import pandas as pd
    return pd.DataFrame({"n": range(rows), "greeting": f"hello {name}"})
"""


def landing(version: str) -> list[Operation]:
    """The one route."""

    async def home(call: object, request: Request) -> Response:
        """Show what this server is, and how to log in and push the first udf."""
        return pages.worded("Headrace", _words(str(request.base_url).rstrip("/"), version))

    return [describe("GET", "/", home, raw=True, public=True, tags=("people",), media_types=("text/html",))]


def _words(base: str, version: str) -> str:
    address = escape(base)
    return f"""<header class="bar"><a class="brand" href="/">{pages.MARK}Headrace</a>
<nav aria-label="Pages"><a href="/docs">Reference</a><a href="/openapi.json">OpenAPI</a></nav></header>
<main class="words">
<p class="eyebrow">Headrace {escape(version)} answers here</p>
<h1>One saved function, every door</h1>
<p class="lead">This server keeps the Python functions of a team, runs each in a fenced process, and shares it as an
HTTPS API in any format, as map tiles, and as a page that shows its result as a table, a chart or a map.</p>
<p><a class="button primary" href="/docs">Read the reference</a></p>
<h2>Your first function</h2>
<ol class="steps">
<li><h3>Log in with an API key</h3>
<pre><code>pip install headrace
headrace login headrace --url {address} --api-key hr_...</code></pre>
<p class="note">Whoever runs this server makes keys with <code>headrace keys create</code>.</p></li>
<li><h3>Write a function</h3><pre><code>{escape(FUNCTION)}</code></pre></li>
<li><h3>Keep it, call it, share it</h3>
<pre><code>headrace udf push hello.py
headrace udf run hello name=reader rows=2
headrace udf share hello</code></pre>
<p class="note">The address that <code>share</code> prints opens a page in a browser, and answers programs as
a file.</p></li>
</ol>
<h2>With a client you have</h2>
<p>The published <code>fused</code> packages work against this server as they are:
<code>headrace login fused --url {address}</code> writes their settings.</p>
<h2>Doors</h2>
<div class="doors">
<a href="/docs"><b>Reference</b><span>Every operation, to read and to try</span></a>
<a href="/openapi.json"><b>OpenAPI 3.1</b><span>The same, for programs</span></a>
<a href="/healthz"><b>Health</b><span>Whether it answers, and whether it is ready</span></a>
</div>
</main>"""
