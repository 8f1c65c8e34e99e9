"""Content codings (RFC 9110, section 8.4): which one a client takes, and bytes in it, at once or as they come."""

import gzip
import re
import zlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import Protocol

import zstandard

# What a coding saves is worth its time for text and vector tiles; images, Parquet and Arrow are compressed already.
CODED = re.compile(r"text/|application/(json|geo\+json|x-ndjson|xml|vnd\.mapbox-vector-tile)|image/svg")
LEVEL = 1


class Coder(Protocol):
    """Compresses pieces of one body; both coders that we use look like this."""

    def compress(self, data: bytes | memoryview, /) -> bytes:
        """What is ready after this piece; it may be nothing."""
        ...

    def flush(self, mode: int = ..., /) -> bytes:
        """The rest, or with `AT_ONCE` what has been held back."""
        ...


def choose(accepted: str) -> str | None:
    """The best coding that an Accept-Encoding header takes, or None."""
    offered = {
        name.strip().lower(): _quality(rest) for name, _, rest in (o.partition(";") for o in accepted.split(","))
    }
    usable = [coding for coding in CODERS if offered.get(coding, offered.get("*", 0.0)) > 0]
    return usable[0] if usable else None


def compress(coding: str, body: bytes | memoryview) -> bytes:
    """A whole body in that coding."""
    if coding == "gzip":
        return gzip.compress(body, compresslevel=LEVEL, mtime=0)
    if coding == "deflate":
        return zlib.compress(body, LEVEL)
    return zstandard.ZstdCompressor(level=LEVEL).compress(body)


def compressed(coding: str, pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Pieces of a body in that coding."""
    coder = CODERS[coding]()
    for piece in pieces:
        if data := coder.compress(piece):
            yield data
    yield coder.flush()


async def compressed_as_it_comes(coding: str, pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Pieces of a body that is still being written, in that coding; nothing that came is held back."""
    coder = CODERS[coding]()
    async for piece in pieces:
        yield coder.compress(piece) + coder.flush(AT_ONCE[coding])
    yield coder.flush()


def _gzip() -> Coder:
    return zlib.compressobj(LEVEL, zlib.DEFLATED, 31)  # 31: with gzip's own header


def _deflate() -> Coder:
    return zlib.compressobj(LEVEL)  # with zlib's header, as RFC 9110 says and not every client believes


def _zstd() -> Coder:
    return zstandard.ZstdCompressor(level=LEVEL).compressobj()


def _quality(parameters: str) -> float:
    found = re.search(r"q\s*=\s*([\d.]+)", parameters)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0


AT_ONCE = {"zstd": zstandard.COMPRESSOBJ_FLUSH_BLOCK, "gzip": zlib.Z_SYNC_FLUSH, "deflate": zlib.Z_SYNC_FLUSH}
CODERS: dict[str, Callable[[], Coder]] = {"zstd": _zstd, "gzip": _gzip, "deflate": _deflate}
