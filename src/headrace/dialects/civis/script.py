"""What scripts of all kinds have on this wire; a kind adds its own fields and a few lines.

    class Sql(Script, frozen=True, kw_only=True):
        sql: Annotated[str, Meta(description="The raw SQL query for the script.")]

    SQL = declare(Kind.SQL, Sql, fields="name params arguments sql", required="name sql", code="sql")
    resource = scripts(SQL, SqlRun, "sql_id")

The shape is declared once. Requests to make, replace and change a script are derived from it (`given.py`), and so is
what of it is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct

from headrace.api.operation import Operation
from headrace.api.resource import Resource, Trait
from headrace.dialects.civis import given
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, LevelWord, Name, several
from headrace.dialects.civis.job_types import TYPES, type_of
from headrace.dialects.civis.shapes import (
    Author,
    LastRun,
    Notifications,
    Param,
    ProjectStub,
    RequiredResources,
    Schedule,
    authors,
)
from headrace.dialects.civis.traits.archive import archivable
from headrace.dialects.civis.traits.membership import in_projects
from headrace.dialects.civis.traits.runs import Instant, JobRun, logs, outputs, runs
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model.job import Kind, Way
from headrace.model.job import Script as Row
from headrace.model.object import Kind as ObjectKind
from headrace.model.object import Noun
from headrace.model.page import Slice
from headrace.model.params import MOST, fill
from headrace.model.run import Entry
from headrace.services import objects
from headrace.services import scripts as services
from headrace.services.call import Call
from headrace.services.scripts import JOB, Around

Code = Annotated[str, Meta(max_length=services.LARGEST_CODE)]
Label = Annotated[str, Meta(max_length=1000)]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]


class Links(Wire, frozen=True, kw_only=True):
    """Where more is told, without a scheme."""

    details: str
    runs: str


class Alias(Wire, frozen=True, kw_only=True):
    """Another name of an object."""

    id: int
    object_id: int
    alias: str


class Script(Wire, frozen=True, kw_only=True):
    """A script."""

    id: int
    name: Annotated[Name, Meta(description="The name of the script.")]
    type: Annotated[str, Meta(description="The type of the script, such as SQL, Python or Container.")]
    created_at: datetime
    updated_at: datetime
    author: Author
    state: Annotated[str, Meta(description="The state of the last run, `idle` without one, or `scheduled`.")]
    finished_at: datetime | None = None
    category: str = "script"
    projects: list[ProjectStub] = []
    parent_id: Annotated[Id | None, Meta(description="The job after whose success this one runs.")] = None
    user_context: Annotated[
        Literal["runner", "author"], Meta(description="As whom it runs when it is run through a template.")
    ] = "runner"
    params: Annotated[list[Param], Meta(max_length=MOST, description="What the script wants to be given.")] = []
    arguments: Annotated[dict[str, Any], Meta(description="What it is given, by name.")] = {}
    is_template: bool = False
    published_as_template_id: int | None = None
    from_template_id: Annotated[Id | None, Meta(description="The template that the script is made from.")] = None
    from_template_aliases: list[Alias] = []
    template_dependents_count: int | None = None
    template_script_name: str | None = None
    links: Links
    schedule: Schedule = Schedule()
    notifications: Notifications = Notifications()
    running_as: Author
    running_as_id: Annotated[Id | None, Meta(description="As whom the script runs; its owner unless set.")] = None
    next_run_at: Annotated[Instant | None, Meta(description="The time of the next scheduled run.")] = None
    time_zone: Annotated[Label, Meta(description="The time zone of the schedule, such as America/Chicago.")] = "UTC"
    last_run: LastRun | None = None
    my_permission_level: LevelWord
    hidden: Annotated[bool, Meta(description="Whether lists leave it out.")] = False
    target_project_id: Annotated[Id | None, Meta(description="The project that what it makes is added to.")] = None
    archived: bool = False


class Contained(Script, frozen=True, kw_only=True):
    """A script that runs in a container."""

    required_resources: RequiredResources = RequiredResources()
    instance_type: Annotated[Label | None, Meta(description="Kept; this server has no types of machines.")] = None
    cancel_timeout: Annotated[Seconds, Meta(description="Seconds from asking it to stop to killing it.")] = 0
    docker_image_tag: Annotated[Label | None, Meta(description="The tag of the image.")] = None
    partition_label: Annotated[Label | None, Meta(description="Kept; this server has no partitions.")] = None


class Clone(Wire, frozen=True, kw_only=True):
    """What a copy takes along."""

    clone_schedule: Annotated[bool, Meta(description="If true, copy the schedule too.")] = False
    clone_triggers: Annotated[bool, Meta(description="If true, copy what it runs after.")] = False
    clone_notifications: Annotated[bool, Meta(description="If true, copy whom it notifies.")] = False


# Fields of requests that are columns, or are made into some.
ROW = frozenset({"name", "hidden", "parent_id", "running_as_id", "next_run_at", "from_template_id"})
AT_FIRST = frozenset({"hidden", "from_template_id"})  # given when a script is made, and not later
STATUSES = ("running", "failed", "succeeded", "idle", "scheduled", "queued", "cancelled")
W = TypeVar("W", bound=Wire)
Status = Annotated[str, several(STATUSES, "Only what stands so, with commas between.")] | None
Read = Callable[[Call, int], Any]


class Declared(Struct, frozen=True, kw_only=True):
    """A kind of script: its shape, which of its fields may be given and must be, and how the rest is kept and read."""

    shape: type[Script]
    fields: list[str]
    required: list[str]
    way: Way
    read: Callable[[dict[str, Any]], dict[str, Any]]


def declare(kind: Kind, shape: type[Script], *, fields: str, required: str = "", code: str | None = None) -> Declared:
    """A kind of script. `fields` may be given, in this order, and `required` must be.

    `code` is the one of them that is kept as a version.
    """
    names = fields.split()
    kept = [name for name in names if name not in ROW and name != code]
    way = Way(
        noun=Noun("script", ObjectKind.JOB, (kind.value,)),
        kind=kind,
        code=code,
        defaults=given.defaults(shape, kept),
        parts=given.parts(shape, kept),
    )
    read = given.reader(shape, kept)
    return Declared(shape=shape, fields=names, required=required.split(), way=way, read=read)


def scripts(
    declared: Declared,
    run: type[JobRun],
    own: str,
    *,
    also: Sequence[Kind] = (),
    traits: Sequence[Callable[[Noun], Trait]] = (),
) -> Resource:
    """The resource of the scripts of a kind. `own` is the field of its runs that holds the script's ID.

    Scripts of the kinds in `also` are shown here as well, since clients ask for them here. `traits` are what the kind
    has besides.
    """
    kind, shape = declared.way.kind, declared.shape
    noun = Noun("script", ObjectKind.JOB, (kind.value, *(other.value for other in also)))

    def read(call: Call, script_id: int) -> Script:
        return show(call, declared, services.get(call, noun, script_id))

    return Resource(
        f"/{TYPES[kind].path}",
        shape,
        traits=[
            _kept(declared, read),
            archivable(noun, read, shape),
            shares(noun),
            in_projects(noun),
            transferable(noun),
            runs(noun, run, own),
            logs(noun),
            outputs(noun),
            *(trait(noun) for trait in traits),
        ],
    )


def _kept(declared: Declared, read: Read) -> Trait:
    """Making, reading, replacing, changing, archiving and copying."""
    way, shape, names, must = declared.way, declared.shape, declared.fields, declared.required
    later = [name for name in names if name not in AT_FIRST]
    creation = given.request(f"{shape.__name__}Create", shape, names, must)
    replacement = given.request(f"{shape.__name__}Replace", shape, later, [one for one in must if one in later])
    changed = given.request(f"{shape.__name__}Change", shape, later)

    def create(call: Call, body: Wire):  # noqa: ANN202 - said below, as it differs by kind
        """Create a script."""
        return read(call, services.create(call, way, given.plain(body)))

    def get(call: Call, id: Id):  # noqa: ANN202
        """View a script."""
        return read(call, id)

    def replace(call: Call, id: Id, body: Wire):  # noqa: ANN202
        """Replace all attributes of a script."""
        services.replace(call, way, id, given.plain(body))
        return read(call, id)

    def change(call: Call, id: Id, body: Wire):  # noqa: ANN202
        """Update some attributes of a script."""
        services.change(call, way, id, given.plain(body))
        return read(call, id)

    def archive(call: Call, id: Id) -> None:
        """Archive a script, as `PUT .../archive` does."""
        objects.archive(call, way.noun, id, archived=True)

    def clone(call: Call, id: Id, body: Clone):  # noqa: ANN202
        """Make a copy of a script, as one's own."""
        copy = services.clone(
            call,
            way,
            id,
            schedule=body.clone_schedule,
            triggers=body.clone_triggers,
            notifications=body.clone_notifications,
        )
        return read(call, copy)

    for function, body in ((create, creation), (get, None), (replace, replacement), (change, changed), (clone, Clone)):
        function.__annotations__ |= {"return": shape} | ({"body": body} if body else {})

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("POST", "", create, status=201)
        yield resource.operation("GET", "/{id}", get)
        yield resource.operation("PUT", "/{id}", replace)
        yield resource.operation("PATCH", "/{id}", change)
        yield resource.operation("DELETE", "/{id}", archive)
        yield resource.operation("POST", "/{id}/clone", clone, status=201)

    return trait


def show(call: Call, declared: Declared, row: Row) -> Script:
    """A script in its shape."""
    around = services.look_around(call, [row])
    runner = row.running_as_id or row.owner_id
    people = authors(call, {row.owner_id, runner})
    published = around.published.get(row.id)
    wanted = declared.shape.__struct_fields__
    values: dict[str, Any] = {
        **declared.read(row.settings),
        **brief(call, row, around, people),
        **_code(call, declared, row, around),
        **PARAMS({"params": services.params_of(row, around)}),
        "published_as_template_id": published,
        "template_dependents_count": around.dependents.get(published, 0) if published else None,
        "from_template_aliases": aliases_of(row, around),
        "running_as": people[runner],
        "running_as_id": runner,
        "next_run_at": row.next_run_at,
        "my_permission_level": objects.level(call, JOB, row.id).word,
        "hidden": row.hidden,
    }
    return declared.shape(**{name: value for name, value in values.items() if name in wanted})


def brief(call: Call, row: Row, around: Around, people: dict[int, Author]) -> dict[str, Any]:
    """What lists of scripts show, and more of it than any of them."""
    backing = around.backings.get(row.template_id or 0)
    type_ = type_of(row.kind)
    last, succeeded = around.last.get(row.id), around.succeeded.get(row.id)
    at = f"{call.platform.settings.url.partition('://')[2]}/api/{type_.path}/{row.id}"
    return {
        "id": row.id,
        "name": row.name,
        "type": type_.word,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "author": people[row.owner_id],
        "state": row.standing,
        "finished_at": last.finished_at if last else None,
        "projects": [ProjectStub(id=one, name=name) for one, name in around.projects.get(row.id, ())],
        "parent_id": row.parent_id,
        "is_template": row.id in around.published,
        "from_template_id": row.template_id,
        "template_script_id": row.template_id,
        "template_script_name": backing.name if backing else None,
        "backing_script_type": type_of(backing.kind).word if backing else None,
        "template_note": backing.note if backing else None,
        "ui_report_id": backing.ui_report_id if backing else None,
        "links": Links(details=at, runs=f"{at}/runs"),
        "time_zone": row.settings.get("time_zone", "UTC"),
        "last_run": run_of(last),
        "last_successful_run": run_of(succeeded),
        "archived": row.archived,
    }


def listed(call: Call, shape: type[W], found: Slice[Row]) -> Slice[W]:
    """Scripts as lists show them, in that shape."""
    around = services.look_around(call, found.items)
    people = authors(call, {row.owner_id for row in found.items})
    wanted = shape.__struct_fields__
    values = (brief(call, row, around, people) for row in found.items)
    return Slice([shape(**{name: one[name] for name in wanted}) for one in values], found.total)


def statuses(words: str | None) -> list[str]:
    """What a list of states with commas between names."""
    return [word.strip() for word in words.split(",")] if words else []


def run_of(run: Entry | None) -> LastRun | None:
    """A run, as the job that it is the last of shows it."""
    if run is None:
        return None
    return LastRun(
        id=run.id,
        state=run.state.value,
        created_at=run.started_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error=run.error,
    )


def aliases_of(row: Row, around: Around) -> list[Alias]:
    """Other names of the template that a script is made from."""
    template_id = row.template_id or 0
    return [Alias(id=one, object_id=template_id, alias=alias) for one, alias in around.aliases.get(template_id, ())]


def _code(call: Call, declared: Declared, row: Row, around: Around) -> dict[str, Any]:
    """The code, and what it is with arguments put in."""
    if declared.way.code is None and "code_preview" not in declared.shape.__struct_fields__:
        return {}
    text = services.code_of(call, row)
    expanded = services.expanded(row, around)
    preview = None if text is None else fill(text, expanded)
    return {"expanded_arguments": expanded, "code_preview": preview, declared.way.code or "": text or ""}


PARAMS = given.reader(Script, ["params"])
