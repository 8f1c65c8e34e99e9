"""Scripts of all kinds in one list, and SQL scripts under the paths of the first API (Civis protocol notes 5.11)."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis import given
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, AuthorFilter, Hidden, Id, Listed, is_archived, several
from headrace.dialects.civis.job_types import NAMES, TYPES, kinds_of, type_of
from headrace.dialects.civis.resources.scripts_sql import SQL, Sql, SqlOutput
from headrace.dialects.civis.script import Code, Links, Status, listed, show, statuses
from headrace.dialects.civis.shapes import Author, LastRun, ProjectStub
from headrace.dialects.civis.traits import runs
from headrace.model.job import Kind
from headrace.model.object import Noun
from headrace.model.page import Page, Slice
from headrace.services import objects
from headrace.services import runs as run_services
from headrace.services import scripts as services
from headrace.services.call import Call
from headrace.services.objects import Wanted
from headrace.services.scripts import ALL

HISTORY = 1000  # runs shown at most
SCRIPTS = [kind for kind in TYPES if kind not in {Kind.UDF, Kind.CUSTOM}]


class AnyScript(Sql, frozen=True, kw_only=True):
    """A script of any kind; `sql` is null where it is no SQL script."""

    sql: Code | None  # type: ignore[assignment]
    template_script_id: Annotated[Id | None, Meta(description="The template that it is made from.")] = None


class ScriptListed(Wire, frozen=True, kw_only=True):
    """A script, as lists show it."""

    id: int
    name: str
    type: str
    created_at: datetime
    updated_at: datetime
    author: Author
    state: str
    finished_at: datetime | None
    projects: list[ProjectStub]
    parent_id: int | None
    is_template: bool
    from_template_id: int | None
    links: Links
    time_zone: str
    last_run: LastRun | None
    archived: bool
    template_script_id: int | None


class ScriptType(Wire, frozen=True, kw_only=True):
    """A kind of script."""

    name: str


class PastRun(Wire, frozen=True, kw_only=True):
    """A run, as the history of a SQL script shows it."""

    id: int
    sql_id: int
    state: str
    is_cancel_requested: bool
    finished_at: datetime | None
    error: str | None
    output: list[SqlOutput]


class ScriptPage(Listed, frozen=True, kw_only=True):
    """A page of scripts."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 20
    order: Annotated[  # type: ignore[assignment]
        Literal["updated_at", "name", "created_at", "last_run.updated_at"],
        Meta(description="The field on which to order."),
    ] = "updated_at"


Create = given.request(
    "ScriptCreate",
    AnyScript,
    "name remote_host_id credential_id sql params arguments template_script_id notifications hidden".split(),
    "name remote_host_id credential_id sql".split(),
)
Change = given.request(
    "ScriptChange",
    AnyScript,
    "name sql params arguments template_script_id schedule notifications parent_id".split(),
)

resource = Resource("/scripts", AnyScript, traits=[runs.cancellable(ALL)])


# The shape of SQL scripts holds what scripts of other kinds have in common too.
ANY = msgspec.structs.replace(SQL, shape=AnyScript)


def read(call: Call, script_id: int) -> AnyScript:
    """A script of any kind, its type by the class name."""
    row = services.get(call, ALL, script_id)
    shown = cast("AnyScript", show(call, ANY, row))
    own = {"sql": shown.sql if row.kind == Kind.SQL else None, "type": type_of(row.kind).class_name}
    return msgspec.structs.replace(shown, **own)


@resource.get("/types")
def list_types(call: Call) -> list[ScriptType]:
    """List the kinds of scripts."""
    _ = call.user
    return [ScriptType(name=kind.value) for kind in SCRIPTS]


@resource.post(status=200)
def create_script(call: Call, body: Create) -> AnyScript:  # type: ignore[valid-type]
    """Create a SQL script."""
    return read(call, services.create(call, SQL.way, _values(body)))


@resource.get()
def list_scripts(
    call: Call,
    page: ScriptPage,
    type: Annotated[str, several(NAMES, "Only scripts of these kinds, with commas between.")] | None = None,
    category: Annotated[
        Literal["script", "import", "export", "enhancement"] | None, Meta(description="Only scripts of this category.")
    ] = None,
    author: AuthorFilter = None,
    status: Status = None,
    hidden: Hidden = False,
    archived: Archived = "",
) -> Slice[ScriptListed]:
    """List scripts; those made from templates are in a list of their own."""
    kinds = [kind for kind in kinds_of(type) if kind in ALL.jobs] if type else SCRIPTS
    if category not in {None, "script"}:  # every script is one
        return Slice([], 0)
    wanted = Wanted(archived=is_archived(archived), hidden=hidden, author=author)
    noun = Noun(ALL.word, ALL.kind, tuple(kinds))
    return listed(call, ScriptListed, services.list_scripts(call, noun, wanted, page, status=statuses(status)))


@resource.get("/{id}")
def get_script(call: Call, id: Id) -> AnyScript:
    """Get details about a script of any kind."""
    return read(call, id)


@resource.patch("/{id}")
def change_script(call: Call, id: Id, body: Change) -> AnyScript:  # type: ignore[valid-type]
    """Update some attributes of a SQL script."""
    services.change(call, SQL.way, id, _values(body))
    return read(call, id)


@resource.delete("/{id}")
def archive_script(call: Call, id: Id) -> None:
    """Archive a script, as `PUT .../archive` does."""
    objects.archive(call, ALL, id, archived=True)


@resource.post("/{id}/run", later=runs.STARTING)
def run_script(call: Call, id: Id) -> None:
    """Run a script."""
    run_services.check_starting(call, ALL, id)


@resource.patch("/container/{id}/runs/{run_id}", later=runs.REPORTING)
def update_container_run(call: Call, id: Id, run_id: Id, body: runs.Failure) -> None:
    """Update the error of a container's run; the path of the current API."""
    run_services.check_starting(call, ALL, id)


@resource.get("/{id}/history")
def list_history(call: Call, id: Id) -> list[PastRun]:
    """Get the run history of a script, the newest run first."""
    found = run_services.list_of_job(call, ALL, id, Page(limit=HISTORY))
    return [
        PastRun(
            id=run.id,
            sql_id=run.job_id,
            state=run.state.value,
            is_cancel_requested=False,
            finished_at=run.finished_at,
            error=run.error,
            output=[],
        )
        for run in found.items
    ]


def _values(body: Wire) -> dict[str, Any]:
    values = given.plain(body)
    if "template_script_id" in values:
        values["from_template_id"] = values.pop("template_script_id")
    return values
