"""Saved udfs on this protocol's wire (Fused protocol notes 2.5), in the paths of both client generations."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from headrace.api.operation import Operation, describe
from headrace.errors import Invalid, NotFound
from headrace.model.job import Udf
from headrace.services import tokens, udfs
from headrace.services.call import Call

DEFAULTS = {"type": "geopandas_v2", "headers": [], "parameters": {}, "metadata": None}


class Save(Struct):
    """A udf to keep: its name, and the udf object as JSON text."""

    slug: str | None = None
    udf_body: str | None = None
    allow_public_read: bool | None = None
    allow_public_list: bool | None = None
    udf_type: str | None = None
    collection_id: str | None = None


class Saved(Struct):
    """A udf that is kept."""

    id: str
    slug: str
    udf_body: str
    collection_id: str
    collection_name: str
    user_email: str
    udf_type: str
    allow_public_read: bool
    allow_public_list: bool
    version: int
    last_updated: str
    share_token: str | None = None  # of a udf that was saved for the first time


Skip = Annotated[int, Meta(ge=0, le=10_000_000, description="Udfs to pass over.")]
Most = Annotated[int, Meta(ge=1, le=1000, description="Udfs to return.")]


def create(call: Call, body: Save) -> Saved:
    """Keep a udf under a new name."""
    if body.udf_body is None:
        raise Invalid("A udf is kept with a `udf_body`, the udf object as JSON text.")
    # Clients of the first generation give the name in the object alone.
    slug = body.slug or udfs.check_body(body.udf_body).name
    udf_body = completed(body.udf_body)
    if not slug:
        raise Invalid("A udf is kept under a name: give a `slug`, or a `name` in the udf object.")
    udf = udfs.create(
        call,
        slug,
        udf_body,
        public_read=bool(body.allow_public_read),
        public_list=bool(body.allow_public_list),
        collection_uid=body.collection_id,
        udf_type=body.udf_type,
    )
    # Seed 001: a udf that is saved for the first time has a shared token by default.
    token = tokens.create(call, udf.uid).token if call.platform.settings.share_saves else None
    return shown(udf, token)


def overwrite(call: Call, id: str, body: Save) -> Saved:
    """Keep a new version of a udf."""
    return shown(
        udfs.update(
            call,
            id,
            slug=body.slug,
            body=None if body.udf_body is None else completed(body.udf_body),
            public_read=body.allow_public_read,
            public_list=body.allow_public_list,
            collection_uid=body.collection_id,
            udf_type=body.udf_type,
        )
    )


def delete(call: Call, id: str) -> Saved:
    """Remove a udf with its versions and tokens."""
    return shown(udfs.delete(call, id))


def get(call: Call, id: str) -> Saved:
    """A udf by its id."""
    return shown(udfs.get(call, id))


def get_by_owner(call: Call, owner: str, slug: str) -> Saved:
    """A udf by its owner's e-mail or handle, and its name."""
    return shown(udfs.get_by_slug(call, owner, slug))


def get_in_collection(call: Call, owner: str, collection: str, slug: str) -> Saved:
    """A udf by its owner's e-mail or handle, its collection and its name."""
    return shown(udfs.get_by_slug(call, owner, slug, collection))


def get_of_team(call: Call, collection: str, slug: str) -> Saved:
    """A udf of the caller's team: on this server, one of the caller's or one that is open to all."""
    try:
        return shown(udfs.get_by_slug(call, call.user.email, slug, collection))
    except NotFound:
        return shown(udfs.get_public(call, slug, collection))


def get_public(call: Call, slug: str) -> Saved:
    """A udf that is open to all, by its name."""
    return shown(udfs.get_public(call, slug))


def get_public_in_collection(call: Call, collection: str, slug: str) -> Saved:
    """A udf that is open to all, by its collection and name."""
    return shown(udfs.get_public(call, slug, collection))


def list_own(call: Call, skip: Skip = 0, limit: Most = 25, udf_type: str | None = None) -> list[Saved]:
    """The caller's udfs, the most recently changed first; an empty list past the end."""
    return [shown(udf) for udf in udfs.list_own(call, skip, limit, udf_type).items]


def list_public(call: Call, skip: Skip = 0, limit: Most = 25, udf_type: str | None = None) -> list[Saved]:
    """The udfs that their owners list for all."""
    return [shown(udf) for udf in udfs.list_public(call, skip, limit, udf_type).items]


def list_of_team(call: Call, skip: Skip = 0, limit: Most = 25, udf_type: str | None = None) -> list[Saved]:
    """The udfs that the caller may read: their own, and those that are open to all."""
    return [shown(udf) for udf in udfs.list_readable(call, skip, limit, udf_type).items]


def shown(udf: Udf, share_token: str | None = None) -> Saved:
    """A udf as this wire has it."""
    return Saved(
        id=udf.uid,
        slug=udf.slug,
        udf_body=udf.body,
        collection_id=udf.collection_uid,
        collection_name=udf.collection_name,
        user_email=udf.owner_email,
        udf_type=udf.udf_type or "auto",
        allow_public_read=udf.public_read,
        allow_public_list=udf.public_list,
        version=udf.version,
        last_updated=udf.updated_at.isoformat(),
        share_token=share_token,
    )


def completed(udf_body: str) -> str:
    """The udf object with what clients insist on and people leave out; its other text is left as it came."""
    udfs.check_body(udf_body)
    read = msgspec.json.decode(udf_body)
    missing = {name: value for name, value in DEFAULTS.items() if name not in read}
    return msgspec.json.encode({**read, **missing}).decode() if missing else udf_body


def operations() -> list[Operation]:
    """The routes of saved udfs."""
    routes: list[tuple[str, str, Any]] = [
        ("POST", "/udf/new", create),
        ("GET", "/udf/self", list_own),
        ("GET", "/udf/public", list_public),
        ("GET", "/udf/exec-env/self", list_of_team),
        ("GET", "/udf/by-id/{id}", get),
        ("POST", "/udf/by-id/{id}", overwrite),
        ("DELETE", "/udf/by-id/{id}", delete),
        ("GET", "/udf/by-user-email/{owner}/by-slug/{slug}", get_by_owner),
        ("GET", "/udf/by-user-handle/{owner}/by-slug/{slug}", get_by_owner),
        ("GET", "/udf/by-user-email/{owner}/by-collection/{collection}/by-slug/{slug}", get_in_collection),
        ("GET", "/udf/by-user-handle/{owner}/by-collection/{collection}/by-slug/{slug}", get_in_collection),
        ("GET", "/udf/exec-env/self/by-collection/{collection}/by-slug/{slug}", get_of_team),
        ("GET", "/udf/public/by-slug/{slug}", get_public),
        ("GET", "/udf/public/by-collection/{collection}/by-slug/{slug}", get_public_in_collection),
    ]
    return [describe(method, path, function, status=200, tags=("udfs",)) for method, path, function in routes]
