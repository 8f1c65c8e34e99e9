"""Collections, their bundles and session tokens on this protocol's wire (Fused protocol notes 2.9)."""

from collections.abc import AsyncGenerator
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
import msgspec
from msgspec import Meta, Struct
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe
from headrace.api.streams import read_body
from headrace.dialects.fused.answer import JSON
from headrace.errors import Invalid, Malformed
from headrace.model import collection as model
from headrace.services import bundles, collections, passcodes
from headrace.services.call import Call

PARTS = 10  # of a form, beside the file


class New(Struct):
    """A collection to make."""

    name: str
    access_scope: str = "team"
    allow_public_read: bool | None = None
    dashboard_body: str | None = None
    passcode: str | None = None


class Change(Struct):
    """What to change of a collection; null is no change, an empty passcode takes the passcode away."""

    name: str | None = None
    access_scope: str | None = None
    allow_public_read: bool | None = None
    dashboard_body: str | None = None
    passcode: str | None = None
    preview_image_url: str | None = None
    udfs: list[dict[str, Any]] | None = None


class Lite(Struct):
    """A collection without its dashboard."""

    id: str
    name: str
    username: str
    access_scope: str
    last_updated: datetime
    allow_public_read: bool
    share_token: str | None
    share_client_id: str | None
    preview_image_url: str | None
    passcode: str | None


class Collection(Lite):
    """A collection. Its share token is shown to its owner alone; its passcode, kept as a hash, to nobody."""

    dashboard_body: str | None = None


class Life(Struct):
    """For how long a session token is to open something."""

    ttl: Annotated[int, Meta(description="Seconds, at most a day.")] = 3600


class SessionToken(Struct):
    """A session token; it is not shown again."""

    session_token: str
    expires_at: datetime


class Revoked(Struct):
    """How many session tokens were revoked."""

    revoked: int


Skip = Annotated[int, Meta(ge=0, le=10_000_000, description="Collections to pass over.")]
Most = Annotated[int, Meta(ge=1, le=1000, description="Collections to return.")]


def create(call: Call, body: New) -> Collection:
    """Make a collection."""
    made = collections.create(
        call,
        body.name,
        access_scope=body.access_scope,
        public_read=bool(body.allow_public_read),
        dashboard_body=body.dashboard_body,
        passcode=body.passcode,
    )
    return shown(call, made)


def get(call: Call, id: str) -> Collection:
    """A collection by its id."""
    return shown(call, collections.get(call, id))


def get_by_name(call: Call, name: str) -> Collection:
    """A collection of the caller's by its name; `default` is there from the start."""
    return shown(call, collections.get_by_name(call, name))


def get_of_team(call: Call, name: str) -> Collection:
    """A collection that somebody else on this server has opened to all, by its name."""
    return shown(call, collections.get_of_others(call, name))


def list_own(call: Call, skip: Skip = 0, limit: Most = 100) -> list[Collection]:
    """The caller's collections, the most recently changed first; an empty list past the end."""
    return [shown(call, one) for one in collections.list_own(call, skip, limit).items]


def list_own_lite(call: Call, skip: Skip = 0, limit: Most = 100) -> list[Lite]:
    """The caller's collections without their dashboards."""
    return [Lite(**_shared(call, one)) for one in collections.list_own(call, skip, limit).items]


def list_of_team(call: Call, skip: Skip = 0, limit: Most = 100) -> list[Collection]:
    """The collections that the caller may read: their own, and those that others have opened to all."""
    return [shown(call, one) for one in collections.list_readable(call, skip, limit).items]


def list_of_team_lite(call: Call, skip: Skip = 0, limit: Most = 100) -> list[Lite]:
    """The collections that the caller may read, without their dashboards."""
    return [Lite(**_shared(call, one)) for one in collections.list_readable(call, skip, limit).items]


def update(call: Call, id: str, body: Change) -> Collection:
    """Change a collection of the caller's; udfs that are named move into it."""
    uids = None if body.udfs is None else [_uid(udf) for udf in body.udfs]
    changed = collections.update(
        call,
        id,
        name=body.name,
        access_scope=body.access_scope,
        public_read=body.allow_public_read,
        dashboard_body=body.dashboard_body,
        passcode=body.passcode,
        preview_image_url=body.preview_image_url,
        udf_uids=uids,
    )
    return shown(call, changed)


def delete(call: Call, id: str) -> Collection:
    """Remove a collection with its udfs, their versions and tokens."""
    return shown(call, collections.delete(call, id))


def share(call: Call, collection_id: str, *, new_token: bool = False, client_id: str | None = None) -> Collection:
    """Give a collection a share token, or with `new_token` another one in place of the one it has."""
    return shown(call, collections.share(call, collection_id, client_id=client_id, new_token=new_token))


def unshare(call: Call, collection_id: str) -> Collection:
    """Have the share token of a collection, and every session token of it, open nothing from now on."""
    return shown(call, collections.unshare(call, collection_id))


def export(call: Call, request: Request, id: str) -> Response:
    """A collection as a zip of source files and a canvas.toml."""
    name = collections.get(call, id).name
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    headers = {"Content-Type": "application/zip", "Content-Disposition": f'attachment; filename="{plain}.zip"'}
    return Response(bundles.export(call, id), headers=headers)


async def load(call: Call, request: Request, id: str) -> Response:
    """Make a collection what a zip says, which comes as the part `file` of a form: udfs not in it are removed."""
    _ = call.user
    data = await _file(request, call)
    changed = await anyio.to_thread.run_sync(bundles.load, call, id, data)
    answer = await anyio.to_thread.run_sync(shown, call, changed)
    return Response(msgspec.json.encode(answer), headers={"Content-Type": JSON})


def create_session(call: Call, token: str, body: Life) -> SessionToken:
    """A token that lets people without a key call by a collection's token for a while: `fused_session_token=...`."""
    made = collections.create_session(call, token, body.ttl)
    return SessionToken(made.token, made.expires_at)


def delete_sessions(call: Call, token: str, session_token: str | None = None) -> Revoked:
    """Revoke the session token that is named, or every one of that collection."""
    return Revoked(collections.delete_sessions(call, token, session_token))


def shown(call: Call, collection: model.Collection) -> Collection:
    """A collection as this wire has it."""
    return Collection(**_shared(call, collection), dashboard_body=collection.dashboard_body)


def operations() -> list[Operation]:
    """The routes of collections."""
    routes: list[tuple[str, str, Any]] = [
        ("POST", "/collection/new", create),
        ("GET", "/collection/self", list_own),
        ("GET", "/collection/self/lite", list_own_lite),
        ("GET", "/collection/exec-env", list_of_team),
        ("GET", "/collection/exec-env/lite", list_of_team_lite),
        ("GET", "/collection/by-name/{name}", get_by_name),
        ("GET", "/collection/exec-env/by-slug/{name}", get_of_team),
        ("GET", "/collection/by-id/{id}", get),
        ("POST", "/collection/by-id/{id}", update),
        ("DELETE", "/collection/by-id/{id}", delete),
        ("POST", "/collection/share", share),
        ("POST", "/collection/unshare", unshare),
        ("POST", "/session-token/by-access-token/{token}", create_session),
        ("DELETE", "/session-token/by-access-token/{token}", delete_sessions),
    ]
    by_id, raw = "/collection/by-id/{id}", partial(describe, raw=True, tags=("collections",))
    return [
        *(describe(method, path, function, status=200, tags=("collections",)) for method, path, function in routes),
        raw("GET", f"{by_id}/export-toml", export, media_types=("application/zip",)),
        raw("POST", f"{by_id}/import-toml", load, name="import_collection"),
    ]


def _shared(call: Call, collection: model.Collection) -> dict[str, Any]:
    return {
        "id": collection.uid,
        "name": collection.name,
        "username": collection.owner_username,
        "access_scope": collection.access_scope,
        "last_updated": collection.updated_at,
        "allow_public_read": collection.public_read,
        "share_token": collections.share_token(call, collection),
        "share_client_id": collection.share_client_id,
        "preview_image_url": collection.preview_image_url,
        "passcode": passcodes.MASK if collection.passcode else None,
    }


def _uid(udf: dict[str, Any]) -> str:
    if not isinstance(uid := udf.get("id"), str):
        raise Invalid("Each of `udfs` names a udf by its `id`.")
    return uid


async def _file(request: Request, call: Call) -> bytes:
    settings = call.platform.settings
    most = (settings.collection_mb << 20) + (64 << 10)
    body = await read_body(request, most, settings.body_seconds)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=1, max_fields=PARTS, max_part_size=most)
    parser.spool_max_size = most  # nothing is written to the disk
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as wrong:
        raise Malformed(f"The body is no form with a part `file` (multipart/form-data): {wrong}.") from wrong
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("The form has no part `file` with the zip.")
    try:
        return await file.read()
    finally:
        await form.close()
