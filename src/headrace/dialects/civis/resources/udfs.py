"""Udfs: Python functions and SQL queries that are kept, and called over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import BLANK, Newest, Uid
from headrace.errors import Invalid
from headrace.model import job, statement
from headrace.model.page import Page, Slice
from headrace.model.statement import ENTRYPOINT, SQL, Dialect, Kind
from headrace.services import udfs
from headrace.services.call import Call

Slug = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=rf"^[^\x00-\x1f\x7f/\\]*[^{BLANK}/\\][^\x00-\x1f\x7f/\\]*$",
        examples=["my_udf"],
    ),
]
Code = Annotated[
    str, Meta(min_length=1, description="Python source that defines the entrypoint, or a statement of SQL.")
]
Language = Literal["python", "sql"]
Entrypoint = Annotated[
    str, Meta(pattern=r"^[^\W\d]\w*$", max_length=200, examples=["udf"], description="The function to call.")
]
MaxAge = Annotated[int, Meta(ge=0, le=(1 << 31) - 1, description="Seconds that a result is served again.")]


class Module(Wire, frozen=True, kw_only=True):
    """An extra module that the function can import."""

    module_name: Annotated[str, Meta(min_length=1, max_length=200)]
    source_code: str
    source_file: str | None = None


class Input(Wire, frozen=True, kw_only=True):
    """A value that the statement of a saved query takes, as :name."""

    name: Annotated[str, Meta(min_length=1, max_length=63, pattern=r"^[A-Za-z_]\w*$", examples=["least"])]
    kind: Annotated[Kind, Meta(description="What it is; `choice` is one of `choices`.")] = "text"
    choices: list[str] = []


class Udf(Wire, frozen=True, kw_only=True):
    """A saved udf."""

    uid: str
    id: int
    name: str
    version: int
    owner_id: int
    owner_email: str
    public_read: bool
    public_list: bool
    created_at: datetime
    updated_at: datetime


class UdfDetail(Udf, frozen=True, kw_only=True):
    """A saved udf with its code."""

    code: str
    entrypoint: str
    language: str
    dialect: str | None
    inputs: list[Input]
    parameters: dict[str, Any]
    headers: list[Module]
    cache_max_age: int | None


class UdfCreate(Wire, frozen=True, kw_only=True):
    """A udf to save."""

    name: Annotated[Slug, Meta(description="The name that the udf is called by.")]
    code: Code
    language: Annotated[Language, Meta(description="What the code is: Python, or one statement of SQL that reads.")] = (
        "python"
    )
    dialect: Annotated[Dialect, Meta(description="Of a statement of SQL.")] = "duckdb"
    inputs: Annotated[list[Input], Meta(description="What a statement of SQL takes, each as :name in it.")] = []
    entrypoint: Entrypoint = "udf"
    parameters: Annotated[dict[str, Any], Meta(description="Arguments where a call gives none.")] = {}
    headers: Annotated[list[Module], Meta(description="Extra modules that the function can import.")] = []
    cache_max_age: MaxAge | None = None
    public_read: Annotated[bool, Meta(description="Whether everyone with a key may read and call it.")] = False
    public_list: Annotated[bool, Meta(description="Whether it is in everyone's list of public udfs.")] = False


class UdfChange(Wire, frozen=True, kw_only=True):
    """What to change of a udf; null is no change. Other code, or other parameters, are a new version."""

    name: Annotated[Slug | None, Meta(description="The name that the udf is called by.")] = None
    code: Code | None = None
    dialect: Annotated[Dialect | None, Meta(description="Of a statement of SQL.")] = None
    inputs: Annotated[list[Input] | None, Meta(description="What a statement of SQL takes, each as :name in it.")] = (
        None
    )
    entrypoint: Entrypoint | None = None
    parameters: Annotated[dict[str, Any] | None, Meta(description="Arguments where a call gives none.")] = None
    headers: Annotated[list[Module] | None, Meta(description="Extra modules that the function can import.")] = None
    cache_max_age: MaxAge | None = None
    public_read: Annotated[bool | None, Meta(description="Whether everyone with a key may read and call it.")] = None
    public_list: Annotated[bool | None, Meta(description="Whether it is in everyone's list of public udfs.")] = None


class Version(Wire, frozen=True, kw_only=True):
    """One version of a udf."""

    version: int
    author_id: int
    created_at: datetime
    code: str
    entrypoint: str


class RecentlyChanged(Newest, frozen=True, kw_only=True):
    """A page of udfs."""

    order: Annotated[Literal["updated_at"], Meta(description="The field on which to order.")] = "updated_at"  # type: ignore[assignment]


class ByVersion(Page, frozen=True, kw_only=True):
    """A page of versions."""

    order: Annotated[Literal["version"], Meta(description="The field on which to order.")] = "version"  # type: ignore[assignment]


resource = Resource("/udfs", Udf)


@resource.get()
def list_udfs(
    call: Call,
    page: RecentlyChanged,
    *,
    public: Annotated[bool, Meta(description="List what others share with all, not one's own.")] = False,
) -> Slice[Udf]:
    """List udfs, the most recently changed first."""
    find = udfs.list_public if public else udfs.list_own
    found = find(call, page.offset, page.limit)
    return Slice([Udf(**_shown(udf)) for udf in found.items], found.total)


@resource.post(status=201)
def create_udf(call: Call, body: UdfCreate) -> UdfDetail:
    """Save a udf under a new name."""
    text = _body({"name": body.name, "type": "geopandas_v2"}, body)
    return _detail(udfs.create(call, body.name, text, public_read=body.public_read, public_list=body.public_list))


@resource.get("/{uid}")
def get_udf(call: Call, uid: Uid) -> UdfDetail:
    """Get a udf with its code."""
    return _detail(udfs.get(call, uid))


@resource.put("/{uid}")
def update_udf(call: Call, uid: Uid, body: UdfChange) -> UdfDetail:
    """Save a udf again."""
    saved = udfs.get_own(call, uid)
    known = msgspec.json.decode(saved.body)
    text = _body(known, body)
    saved = udfs.update(
        call,
        uid,
        slug=body.name,
        body=text if msgspec.json.decode(text) != known else None,
        public_read=body.public_read,
        public_list=body.public_list,
    )
    return _detail(saved)


@resource.delete("/{uid}")
def delete_udf(call: Call, uid: Uid) -> None:
    """Remove a udf with its versions and tokens. Its runs stay."""
    udfs.delete(call, uid)


@resource.get("/{uid}/versions")
def list_versions(call: Call, uid: Uid, page: ByVersion) -> Slice[Version]:
    """List the versions of a udf, the newest first."""
    found = udfs.list_versions(call, uid)
    if page.order_dir == "asc":
        found = found[::-1]
    return Slice([_version(version) for version in found[page.offset :][: page.limit]], len(found))


def _body(known: dict[str, Any], given: UdfCreate | UdfChange) -> str:
    """The udf object with what was given put in; what other clients keep in it stays (Fused protocol notes 3.1)."""
    fields = ("name", "code", "entrypoint", "parameters", "cache_max_age")
    changes = {name: value for name in fields if (value := getattr(given, name)) is not None}
    if given.headers is not None:
        changes["headers"] = [
            {"module_name": m.module_name, "source_code": m.source_code, "source_file": m.source_file}
            for m in given.headers
        ]
    metadata = known.get("metadata") or {}
    said = metadata.get(SQL)
    if said is not None or (isinstance(given, UdfCreate) and given.language == "sql"):
        dialect = given.dialect or (said or {}).get("dialect", "duckdb")
        inputs = (said or {}).get("inputs", []) if given.inputs is None else [_input(one) for one in given.inputs]
        changes["metadata"] = {**metadata, SQL: {"dialect": dialect, "inputs": inputs}}
        changes["entrypoint"] = ENTRYPOINT
    elif given.inputs:
        raise Invalid("`inputs` are of SQL; a Python function says in its annotations what it takes.")
    return msgspec.json.encode(known | changes).decode()


def _input(one: Input) -> dict[str, Any]:
    return {"name": one.name, "kind": one.kind, "choices": one.choices}


def _shown_input(one: statement.Input) -> Input:
    return Input(name=one.name, kind=one.kind, choices=[str(choice) for choice in one.choices])


def _detail(udf: job.Udf) -> UdfDetail:
    function = udfs.check_body(udf.body)
    saved = function.saved()
    return UdfDetail(
        **_shown(udf),
        code=function.code,
        entrypoint=function.entrypoint,
        language="python" if saved is None else "sql",
        dialect=None if saved is None else saved.dialect,
        inputs=[] if saved is None else [_shown_input(one) for one in saved.inputs],
        parameters=function.parameters,
        headers=[Module(module_name=m.name, source_code=m.source, source_file=m.source_file) for m in function.headers],
        cache_max_age=function.max_age(),
    )


def _version(version: job.Version) -> Version:
    function = udfs.check_body(version.body)
    return Version(
        version=version.version,
        author_id=version.author_id,
        created_at=version.created_at,
        code=function.code,
        entrypoint=function.entrypoint,
    )


def _shown(udf: job.Udf) -> dict[str, Any]:
    return {
        "uid": udf.uid,
        "id": udf.id,
        "name": udf.slug,
        "version": udf.version,
        "owner_id": udf.owner_id,
        "owner_email": udf.owner_email,
        "public_read": udf.public_read,
        "public_list": udf.public_list,
        "created_at": udf.created_at,
        "updated_at": udf.updated_at,
    }
