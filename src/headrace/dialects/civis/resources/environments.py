"""Environments: packages with their versions, under a name that udfs say where they run."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id
from headrace.model import environment as model
from headrace.model.page import Page, Slice
from headrace.services import environments
from headrace.services.call import Call

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", examples=["geo"])]
# What every reader of the document can write; the service reads all of PEP 508 and says in words what is wrong.
NUMBER = r"[0-9]{1,9}(\.[0-9]{1,9}){0,5}((a|b|rc)[0-9]{1,9})?(\.post[0-9]{1,9})?"
BOUND = rf"(==|>=|<=|!=|<|>){NUMBER}"
LINE = rf"^[A-Za-z0-9]([A-Za-z0-9._-]{{0,60}}[A-Za-z0-9])?({BOUND}(,{BOUND}){{0,3}})?$"
Lines = Annotated[
    list[Annotated[str, Meta(max_length=model.LONGEST, extra_json_schema={"pattern": LINE}, examples=["six==1.16.0"])]],
    Meta(min_length=1, max_length=model.MOST, description="Packages, each as name==1.2.3."),
]
Version = Annotated[
    str,
    Meta(pattern=r"^3\.[0-9]{1,2}(\.[0-9]{1,2})?$", description="A version of Python that the server's machine has."),
]


class ByName(Page, frozen=True, kw_only=True):
    """A page of environments."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 50
    order: Annotated[Literal["name"], Meta(description="The field on which to order.")] = "name"  # type: ignore[assignment]
    order_dir: Annotated[Literal["asc"], Meta(description="Direction in which to sort.")] = "asc"  # type: ignore[assignment]


class Environment(Wire, frozen=True, kw_only=True):
    """An environment."""

    id: int
    name: str
    state: Annotated[
        Literal["pending", "building", "ready", "failed"], Meta(description="How the last build is going.")
    ]
    usable: Annotated[bool, Meta(description="Whether calls run in it: once a build went well, also during the next.")]
    requirements: list[str]
    python: str | None
    error: Annotated[str | None, Meta(description="Why the last build failed, in the installer's words.")]
    size: Annotated[int, Meta(description="Bytes on disk.")]
    created_at: datetime
    updated_at: datetime
    built_at: datetime | None


class EnvironmentDetail(Environment, frozen=True, kw_only=True):
    """An environment with all that lies in it."""

    hash: Annotated[str | None, Meta(description="What environments with the same packages have in common.")]
    packages: Annotated[list[str], Meta(description="Every package with its version, those of others' needs too.")]


class EnvironmentCreate(Wire, frozen=True, kw_only=True):
    """An environment to build."""

    name: Annotated[Slug, Meta(description="The name that udfs say.")]
    requirements: Lines
    python: Version | None = None


class EnvironmentChange(Wire, frozen=True, kw_only=True):
    """What to build it from now; null is as before."""

    requirements: Lines | None = None
    python: Version | None = None


class Line(Wire, frozen=True, kw_only=True):
    """A line that the installer said."""

    id: int
    message: str


resource = Resource("/environments", Environment)


@resource.get()
def list_environments(call: Call, page: ByName) -> Slice[Environment]:
    """List one's environments."""
    found = environments.list_own(call, page.offset, page.limit)
    return Slice([Environment(**_shown(one)) for one in found.items], found.total)


@resource.post(status=201)
def create_environment(call: Call, body: EnvironmentCreate) -> EnvironmentDetail:
    """Make an environment; it is built in the background."""
    return _detail(environments.create(call, body.name, body.requirements, body.python))


@resource.get("/{id}")
def get_environment(call: Call, id: Id) -> EnvironmentDetail:
    """Get an environment."""
    return _detail(environments.get(call, id))


@resource.put("/{id}")
def update_environment(call: Call, id: Id, body: EnvironmentChange) -> EnvironmentDetail:
    """Build an environment anew.

    Versions that its lines leave open may be newer ones. Calls run in the old one until the new one is ready.
    """
    return _detail(environments.update(call, id, requirements=body.requirements, python=body.python))


@resource.delete("/{id}")
def delete_environment(call: Call, id: Id) -> None:
    """Forget an environment; udfs that name it can no longer be called."""
    environments.delete(call, id)


@resource.get("/{id}/logs")
def list_logs(call: Call, id: Id) -> list[Line]:
    """List what was said during the last build, so far."""
    lines = environments.get(call, id).log.splitlines()
    return [Line(id=number, message=line) for number, line in enumerate(lines, 1)]


def _detail(one: model.Environment) -> EnvironmentDetail:
    return EnvironmentDetail(**_shown(one), hash=one.digest, packages=one.pins)


def _shown(one: model.Environment) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state.value,
        "usable": one.digest is not None,
        "requirements": one.requirements,
        "python": one.python,
        "error": one.error,
        "size": one.size,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "built_at": one.built_at,
    }
