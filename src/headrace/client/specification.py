"""The document of a server's operations: asked for once, kept in memory, and asked for again by its entity tag.

It is kept for each server and key, since a server may show some operations to some people. A file or a dictionary can
stand in for it.
"""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from headrace.client import methods
from headrace.client.methods import Methods, Schema
from headrace.errors import Invalid

if TYPE_CHECKING:
    import httpx

    Send = Callable[..., httpx.Response]

ATTEMPTS = 6

# The resources that the documentation of 2017 lists; `resources="base"` shows these alone (notes 2.5).
BASE = frozenset(
    "credentials databases files imports jobs models predictions projects queries reports scripts tables users".split()
)


class Specification:
    """A document and what is read from it. Two clients of one server share it."""

    def __init__(self, document: Mapping[str, Any], etag: str | None = None) -> None:
        self.document, self.etag = document, etag
        self.classes: dict[str, Any] = {}  # of resources, made when they are first asked for

    @cached_property
    def resources(self) -> dict[str, Methods]:
        """The methods of each resource. Raises Invalid for what is no such document."""
        return methods.methods(self.document)

    @property
    def definitions(self) -> Mapping[str, Schema]:
        """The shapes of objects by their names."""
        return self.document.get("definitions", {})


Local = Mapping[str, Any] | str | Path | Specification

_kept: dict[tuple[str, str | None], Specification] = {}


def of(send: "Send", url: str, api_key: str | None, local: Local | None) -> Specification:
    """What is given, or what the server says. Raises Invalid, Failed."""
    if isinstance(local, Specification):
        return local
    if local is not None:
        return Specification(local) if isinstance(local, Mapping) else from_file(Path(local))
    kept = fetch(send, url, _kept.get((url, api_key)))
    _kept[url, api_key] = kept
    return kept


def fetch(send: "Send", url: str, known: Specification | None, attempts: int = ATTEMPTS) -> Specification:
    """The server's document, or `known` where the server says that it is the same still. Raises Failed."""
    from headrace.client import retries
    from headrace.client.result import refused

    headers = {"If-None-Match": known.etag} if known and known.etag else {}
    answer, times, waited = retries.sent(
        lambda: send("GET", f"{url}/api/endpoints", headers=headers, follow_redirects=True), attempts
    )
    if known and answer.status_code == 304:
        return known
    if not answer.is_success:
        raise refused(answer, times, waited)
    return Specification(_decoded(answer.content, url), answer.headers.get("etag"))


def from_file(file: Path) -> Specification:
    """The document in a file. Raises Invalid."""
    try:
        return Specification(_decoded(file.read_bytes(), str(file)))
    except OSError as wrong:
        raise Invalid(f"{file} cannot be read: {wrong.strerror}.") from wrong


def _decoded(body: bytes, source: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise Invalid(f"What {source} holds is not a document of operations: {wrong}.") from wrong


def write(specification: Specification, url: str, file: Path) -> None:
    """Keep a document in a file, with the server and the entity tag it came with."""
    from headrace.client import profile

    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {"url": url, "etag": specification.etag, "document": specification.document}
    profile.write(file, json.dumps(kept))


def kept_in(file: Path, url: str) -> Specification | None:
    """The document of a server that a file keeps; None where it keeps none, or that of another server."""
    try:
        kept = msgspec.json.decode(file.read_bytes())
        return Specification(kept["document"], kept["etag"]) if kept["url"] == url else None
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return None
