"""The built files of `web/`: under `/assets/`, by names that change with what is in them."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content
from headrace.api.operation import Operation, describe
from headrace.errors import NotFound

FOREVER = "public, max-age=31536000, immutable"
TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "woff2": "font/woff2",
    "svg": "image/svg+xml",
    "png": "image/png",
}


class Chunk(Struct, rename={"is_entry": "isEntry"}):
    """What the manifest of a build says of one file."""

    file: str
    css: list[str] = []
    imports: list[str] = []
    is_entry: bool = False


_decode = msgspec.json.Decoder(dict[str, Chunk]).decode


class Assets:
    """The build in a folder. Where there is none, pages do without."""

    def __init__(self, folder: Traversable) -> None:
        manifest = folder.joinpath("manifest.json")
        self._chunks = _decode(manifest.read_bytes()) if manifest.is_file() else {}
        files = folder.joinpath("assets")
        self._files = {f.name: f for f in files.iterdir()} if self._chunks else {}
        self._read: dict[str, tuple[bytes, str]] = {}

    def __bool__(self) -> bool:
        """Whether there is a build."""
        return bool(self._chunks)

    def tags(self, entry: str) -> str:
        """The elements that bring the script `entry` and its style sheets into a page."""
        chunk = self._chunks[f"src/{entry}.ts"]
        needed = [*self._needed(chunk)]
        styles = dict.fromkeys(css for one in [*needed, chunk] for css in one.css)
        preloads = [f'<link rel="modulepreload" href="/{one.file}">' for one in needed]
        sheets = [f'<link rel="stylesheet" href="/{css}">' for css in styles]
        return "\n".join([*sheets, *preloads, f'<script type="module" src="/{chunk.file}"></script>'])

    def operations(self) -> Sequence[Operation]:
        """The one route."""
        options: dict[str, Any] = {"raw": True, "public": True, "tags": ("people",), "statuses": (304,)}
        return [describe("GET", "/assets/{name}", self.get_asset, **options, media_types=("*/*",))]

    async def get_asset(self, call: Any, request: Request, name: str) -> Response:  # noqa: ANN401 - as every operation
        """Give a script, style sheet or font of the pages for people."""
        if name not in self._read:
            if name not in self._files:
                raise NotFound("No part of a page has this name; load the page again.")
            body = self._files[name].read_bytes()
            self._read[name] = body, f'"{blake2b(body, digest_size=12).hexdigest()}"'
        body, etag = self._read[name]
        media_type = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        headers = {"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"}
        return await content.deliver(request, body, media_type, headers, etag)

    def _needed(self, chunk: Chunk) -> Iterator[Chunk]:
        for name in chunk.imports:
            yield from self._needed(self._chunks[name])
            yield self._chunks[name]
