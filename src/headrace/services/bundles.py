"""Bundles: a collection as a zip of files, as people keep it in a repository.

    canvas.toml      nodes and edges of the canvas, and of each udf what its source does not say
    <name>.py        one udf each
    anything else    text that is kept and given back

An import makes the collection what the bundle says: udfs that are not in it are removed, those that are get a new
version where they differ. All of it or nothing.
"""

import io
import re
import tomllib
import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import tomli_w
from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import collections as queries
from headrace.db import jobs as udf_queries
from headrace.db.tables import collections, jobs
from headrace.errors import Conflict, Invalid, TooLarge
from headrace.model import ids
from headrace.model.collection import Collection
from headrace.model.job import Udf
from headrace.services import collections as service
from headrace.services import udfs
from headrace.services.call import Call

TABLE = "canvas.toml"
MOST_FILES = 1_000
MOST_TEXT = 4 << 20  # characters of files that are no udfs
WRITTEN = (1980, 1, 1, 0, 0, 0)  # the time of every file: equal collections are equal bundles
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
DEFAULTS: dict[str, Any] = {"type": "geopandas_v2", "headers": [], "parameters": {}, "metadata": None}

# The function that is marked as a udf, a few further decorators between. The server never parses user code.
ENTRYPOINT = re.compile(r"^@(?:fused\.)?udf\b.*(?:\n(?!(?:async )?def ).*){0,40}?\n(?:async )?def +(\w+)", re.MULTILINE)


class Kept(Struct):
    """What is kept of a bundle beside its udfs."""

    toml: str = ""
    files: dict[str, str] = {}


def export(call: Call, uid: str) -> bytes:
    """A collection that the caller may read, as a zip."""
    collection = service.get(call, uid)
    with call.platform.db.read() as connection:
        matches = jobs.c.collection_id == collection.id
        found = udf_queries.list_udfs(connection, matches, 0, MOST_FILES).items
        kept = _kept(connection, collection.id)
    files = {TABLE: _table(kept.toml, found).encode()}
    files |= {f"{udf.slug}.py": udfs.check_body(udf.body).code.encode(errors="replace") for udf in found}
    files |= {name: text.encode(errors="replace") for name, text in kept.files.items() if name not in files}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, WRITTEN), files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def load(call: Call, uid: str, data: bytes) -> Collection:
    """Make a collection of the caller's what a zip says. Raises Invalid, TooLarge, Conflict, NotFound."""
    collection = service.get_own(call, uid)
    files = {name: _text(name, body) for name, body in unpack(data, call.platform.settings.collection_mb << 20).items()}
    if TABLE not in files:
        raise Invalid(f"The bundle has no {TABLE}; it names the nodes of the canvas.")
    table = _read(files[TABLE])
    sources = {name[:-3]: text for name, text in files.items() if name.endswith(".py") and "/" not in name}
    bodies = {udfs.check_slug(name): _body(name, code, table) for name, code in sources.items()}
    others = {name: text for name, text in files.items() if name != TABLE and name.removesuffix(".py") not in sources}
    if sum(map(len, others.values())) > MOST_TEXT:
        raise TooLarge(f"The files of a bundle that are no udfs have at most {MOST_TEXT >> 20} MB.")
    kept = msgspec.json.encode(Kept(files[TABLE], others)).decode()
    now = datetime.now(UTC)
    with call.platform.db.begin() as connection:
        known = queries.names_in(connection, collection.id)
        for name in known.keys() - bodies.keys():
            udf_queries.delete_udf(connection, known[name])
        for name, body in bodies.items():
            _put(connection, call, collection, known.get(name), name, body, now)
        queries.update_collection(connection, collection.id, bundle=kept, updated_at=now)
        changed = queries.find_collection(connection, collections.c.id == collection.id)
    assert changed is not None
    call.platform.revision.bump()
    return changed


def unpack(data: bytes, most: int) -> dict[str, bytes]:
    """The files in a zip of at most `most` bytes, unpacked. What the zip says of its own sizes is not believed.

    Raises Invalid for what is no zip, for a path that leads elsewhere, and for encryption; TooLarge past the bounds.
    """
    # Before it is read: a directory of millions of names would be read whole, and each entry begins with this mark.
    if len(data) > most or data.count(b"PK\x01\x02") > 2 * MOST_FILES:
        raise TooLarge(f"A bundle has at most {MOST_FILES} files and {most >> 20} MB.")
    files: dict[str, bytes] = {}
    left = most
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                name = _path(entry)
                with archive.open(entry) as file:
                    body = file.read(left + 1)
                left -= len(body)
                if left < 0 or len(files) >= MOST_FILES:
                    raise TooLarge(f"A bundle has at most {MOST_FILES} files and {most >> 20} MB, unpacked.")
                if name in files:
                    raise Invalid(f"The bundle has two files called {name[:100]!r}.")
                files[name] = body
    except UNREADABLE as wrong:
        raise Invalid(f"The bundle cannot be read as a zip: {wrong}.") from wrong
    return files


def _path(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    parts = name.replace("\\", "/").split("/")
    if "\\" in name or len(name) > 500 or any(part in {"", ".", ".."} or ":" in part for part in parts):
        raise Invalid(f"The bundle has a file whose path leads elsewhere: {name[:100]!r}.")
    if not name.isprintable():
        raise Invalid(f"The bundle has a file whose name holds control characters: {name[:100]!r}.")
    if entry.flag_bits & 1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise Invalid(f"{name[:100]!r} is encrypted, or packed in another way than deflate.")
    return name


def _text(name: str, body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as wrong:
        raise Invalid(f"{name[:100]!r} is not UTF-8 text; a bundle holds source files and text.") from wrong


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Invalid(f"{TABLE} cannot be read as TOML: {wrong}.") from wrong


def _body(name: str, code: str, table: dict[str, Any]) -> str:
    """The udf object of a source file: what the table says of it, else what its source says."""
    told = table.get("udf")
    told = told.get(name) if isinstance(told, dict) else None
    text = told.get("object") if isinstance(told, dict) else None
    try:
        known = msgspec.json.decode(text, type=dict[str, Any]) if isinstance(text, str) else {}
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise Invalid(f"The `object` of the udf {name[:60]!r} in {TABLE} is not a JSON object: {wrong}.") from wrong
    marked = ENTRYPOINT.search(code)
    entrypoint = known.get("entrypoint")
    if marked and not (isinstance(entrypoint, str) and f"def {entrypoint}(" in code):
        entrypoint = marked[1]
    values = {**DEFAULTS, **known, "name": name, "code": code, "entrypoint": entrypoint or "udf"}
    body = msgspec.json.encode(values).decode()
    udfs.check_body(body)
    return body


def _put(
    connection: Connection, call: Call, collection: Collection, job_id: int | None, name: str, body: str, now: datetime
) -> None:
    author = call.user.id
    if job_id is None:
        values = {"uid": ids.new_uid(), "slug": name, "owner_id": author, "created_at": now, "updated_at": now}
        flags = {"public_read": False, "public_list": False}
        udf_queries.insert_udf(connection, body, author, **values, **flags, collection_id=collection.id)
        return
    udf = udf_queries.find_udf(connection, jobs.c.id == job_id)
    if udf is not None and msgspec.json.decode(udf.body) == msgspec.json.decode(body):
        return
    version = udf.version + 1 if udf else 1
    if udf is None or not udf_queries.update_udf(connection, job_id, udf.version, version=version, updated_at=now):
        raise Conflict(f"The udf {name!r} is being saved by somebody else; import the bundle again.")
    udf_queries.add_version(connection, job_id, version, body, author, now)


def _table(toml: str, found: Sequence[Udf]) -> str:
    table = _read(toml)
    names = [udf.slug for udf in found]
    canvas = table.get("canvas")
    canvas = canvas if isinstance(canvas, dict) else {}
    nodes = [node for node in canvas.get("nodes", []) if isinstance(node, dict)]
    placed = {node.get("udfName") for node in nodes}
    nodes += [{"udfName": name, "type": "udf"} for name in sorted(names) if name not in placed]
    table["canvas"] = {**canvas, "nodes": nodes, "edges": canvas.get("edges", [])}
    table["udf"] = {udf.slug: {"object": _without_code(udf.body)} for udf in sorted(found, key=lambda udf: udf.slug)}
    return tomli_w.dumps(table)


def _without_code(body: str) -> str:
    values = {key: value for key, value in msgspec.json.decode(body).items() if key not in {"code", "name"}}
    return msgspec.json.encode(DEFAULTS | values, order="deterministic").decode()


def _kept(connection: Connection, collection_id: int) -> Kept:
    text = queries.find_bundle(connection, collection_id)
    return msgspec.json.decode(text, type=Kept) if text else Kept()
