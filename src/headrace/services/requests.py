"""What is called, how, and what makes two calls equal."""

from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from headrace.model.job import Function
from headrace.runtime.wire import Lent
from headrace.services import versions
from headrace.services.admission import Lock

_canonical = msgspec.json.Encoder(order="deterministic").encode


class Target(Struct, frozen=True, kw_only=True):
    """What to run, under whose environment, and what the right to run it came from."""

    function: Function
    digest: str
    name: str
    owner_id: int
    owner_email: str
    author_id: int | None = None  # who wrote the code, where it is not the owner of the environment
    max_age: int | None = None  # seconds: what the udf itself declares
    environment: str = "default"
    job_id: int | None = None
    version: int | None = None
    token_id: int | None = None
    collection_id: int | None = None  # of the token that it was called by
    lock: Lock | None = None  # what a caller needs beside the token
    keeps: bool = True  # whether results are stored where neither the call nor the udf says
    program: str = ""  # of runtime/worker.py:PROGRAMS, where that answers and no function does
    job: dict[str, Any] = {}  # what the program is given beside the call's arguments
    lent: tuple[Lent, ...] = ()  # what its worker is shown
    reads: tuple[str, ...] = ()  # paths whose changes make another result of an equal call
    catalogues: tuple[int, ...] = ()  # schemas in PostgreSQL whose next snapshots make another one
    unheld: tuple[str, ...] = ()  # paths that make it another target once they are there


class Request(Struct, frozen=True, kw_only=True):
    """One call of a target."""

    uid: str
    target: Target
    arguments: dict[str, Any]
    formats: tuple[str, ...] = ()
    tile: tuple[int, int, int] | None = None
    max_age: int | None = None  # seconds: what the call says; 0 neither reads nor stores
    door: str
    caller_id: int | None = None
    context: dict[str, Any] = {}
    streams: bool = False  # whether the caller takes a large result while it is being written
    depth: int = 1  # 1 for a call from outside; a call that a call makes has one more
    parent_uid: str | None = None  # of the run that makes the call
    seen: tuple[str, ...] = ()  # the last snapshots of the target's catalogues, looked at since it came
    element: list[Any] = []  # one, where it is called for an element of an input: its arguments, or its first one


def key_of(request: Request) -> str:
    """What makes two calls equal: code, owner's environment, arguments, formats and tile, the state of what it reads.

    And who wrote the code, where that is not the owner: the same code may ask for less then. Its first part is the
    group that results are forgotten by, and of a tile its last part is the tile.
    """
    target = request.target
    parts = (
        target.environment,
        target.name,
        request.arguments,
        request.formats,
        request.tile,
        *(() if target.author_id is None else (target.author_id,)),
        *(("element", *request.element) if request.element else ()),
        *(("reads", versions.of(target.reads)) if target.reads else ()),
        *(("snapshots", *request.seen) if request.seen else ()),
    )
    key = f"{group_of(target.owner_id, target.digest)}-{sha256(_canonical(parts)).hexdigest()[:48]}"
    return key if request.tile is None else f"{key}-{request.tile[0]}-{request.tile[1]}-{request.tile[2]}"


def group_of(owner_id: int, digest: str) -> str:
    """What the keys of all results of some code in an owner's environment begin with. 48 hex characters."""
    return sha256(f"{owner_id} {digest}".encode()).hexdigest()[:48]


def given_to_program(request: Request) -> dict[str, Any]:
    """What the program of a target gets in place of arguments."""
    target, given = request.target, request.arguments
    if request.element:
        given = {**given, **(request.element[0] if isinstance(request.element[0], dict) else {"": request.element[0]})}
    return {**target.job, "given": given, "tile": request.tile}
