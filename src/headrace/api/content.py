"""Sending bytes: entity tags, ranges, HEAD and compression, for any operation that answers with a body.

RFC 9110 sections 8.4 (content coding), 13 (conditional requests), 14 (ranges). What a coding saves is worth its
time for text and vector tiles over a packet's size; images, Parquet and Arrow are compressed already.
"""

import gzip
import re
from collections.abc import Iterator

import zstandard
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

SMALLEST = 1400  # bytes: what fits one packet is not worth a coding
THREADED = 256 * 1024  # bytes: above this, a coding would hold the event loop for over a millisecond
CHUNK = 256 * 1024
CODED = re.compile(r"text/|application/(json|geo\+json|xml|vnd\.mapbox-vector-tile)|image/svg")
RANGE = re.compile(r"bytes=(\d*)-(\d*)")

Headers = dict[str, str]


def headers_of(request: Request) -> dict[str, str]:
    """The headers of a request by their names in lower case; of one that is repeated, the first."""
    return {name.decode("latin-1"): text.decode("latin-1") for name, text in reversed(request.scope["headers"])}


async def deliver(
    request: Request, body: bytes | memoryview, media_type: str, headers: Headers, etag: str | None = None
) -> Response:
    """The response that sends `body`, or the part of it that was asked for, or nothing where the client has it."""
    if etag:
        if (known := request.headers.get("if-none-match")) and (same := _matching(known, etag)):
            return _plain(b"", 304, None, headers | {"ETag": same})
        headers["ETag"] = etag
    if (wanted := request.headers.get("range")) and _same(request.headers.get("if-range"), etag):
        headers["Accept-Ranges"] = "bytes"
        return _part(wanted, body, media_type, headers)
    if len(body) >= SMALLEST and CODED.match(media_type):
        headers["Vary"] = "Accept-Encoding"
        if coding := _coding(request.headers.get("accept-encoding", "")):
            compress = CODINGS[coding]
            body = compress(body) if len(body) < THREADED else await run_in_threadpool(compress, body)
            headers["Content-Encoding"] = coding
            if etag:
                headers["ETag"] = f'{etag[:-1]}-{coding}"'
            return _send(body, 200, media_type, headers)
    headers["Accept-Ranges"] = "bytes"
    return _send(body, 200, media_type, headers)


def _matching(known: str, etag: str) -> str | None:
    """The tag among those the client knows that stands for the same content, in whatever coding it was sent."""
    for tag in (tag.strip() for tag in known.split(",")):
        if tag == "*":
            return etag
        if tag.removeprefix("W/").strip('"').partition("-")[0] == etag.strip('"'):
            return tag
    return None


def _same(if_range: str | None, etag: str | None) -> bool:
    return if_range is None or if_range == etag


def _part(wanted: str, body: bytes | memoryview, media_type: str, headers: Headers) -> Response:
    size = len(body)
    if not (found := RANGE.fullmatch(wanted.strip())) or not (found[1] or found[2]):
        return _send(body, 200, media_type, headers)  # several ranges, or another unit: the whole is a right answer
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    else:
        first, last = max(size - int(found[2]), 0), size - 1
    if first > last:
        return _plain(b"", 416, media_type, headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _send(memoryview(body)[first : last + 1], 206, media_type, headers)


def _send(body: bytes | memoryview, status: int, media_type: str, headers: Headers) -> Response:
    if isinstance(body, bytes) or len(body) <= CHUNK:
        return _plain(body, status, media_type, headers)
    headers["Content-Type"] = media_type
    headers["Content-Length"] = str(len(body))
    # Pages of a large result may have to be fetched or read back; a thread waits for them, not the loop.
    return StreamingResponse(iterate_in_threadpool(_pieces(body)), status, headers)


def _pieces(body: memoryview) -> Iterator[bytes]:
    for at in range(0, len(body), CHUNK):
        yield bytes(body[at : at + CHUNK])


class Whole(Response):
    """A body that is there, with its headers as they are given.

    Starlette would add a charset to text types, and published clients compare the type exactly.
    """

    def __init__(self, body: bytes, status: int, headers: Headers) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
        if status not in (204, 304):
            self.raw_headers.append((b"content-length", b"%d" % len(body)))


def _plain(body: bytes | memoryview, status: int, media_type: str | None, headers: Headers) -> Response:
    if media_type:
        headers["Content-Type"] = media_type
    return Whole(bytes(body), status, headers)


def _coding(accepted: str) -> str | None:
    offered = {
        name.strip().lower(): _quality(rest) for name, _, rest in (o.partition(";") for o in accepted.split(","))
    }
    usable = [coding for coding in CODINGS if offered.get(coding, offered.get("*", 0.0)) > 0]
    return usable[0] if usable else None


def _quality(parameters: str) -> float:
    found = re.search(r"q\s*=\s*([\d.]+)", parameters)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0


def _gzip(body: bytes | memoryview) -> bytes:
    return gzip.compress(body, compresslevel=1, mtime=0)


def _zstd(body: bytes | memoryview) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(body)


CODINGS = {"zstd": _zstd, "gzip": _gzip}
