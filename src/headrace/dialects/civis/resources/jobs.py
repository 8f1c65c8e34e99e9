"""Jobs of all kinds in one list: scripts, udfs and what else runs (Civis protocol notes 5.5 and 6.2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis import given
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import (
    Archived,
    AuthorFilter,
    Hidden,
    Id,
    LevelWord,
    Query,
    is_archived,
    several,
)
from headrace.dialects.civis.job_types import NAMES, kinds_like, kinds_of, type_of
from headrace.dialects.civis.script import Status, run_of, statuses
from headrace.dialects.civis.shapes import Author, LastRun, Notifications, Schedule, authors
from headrace.dialects.civis.traits.archive import archivable
from headrace.dialects.civis.traits.membership import in_projects
from headrace.dialects.civis.traits.runs import JobRun, logs, outputs, runs
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model.job import Kind
from headrace.model.job import Script as Row
from headrace.model.object import Level
from headrace.model.page import Page, Slice
from headrace.model.run import Entry
from headrace.services import jobs as services
from headrace.services import objects
from headrace.services import runs as run_services
from headrace.services.call import Call
from headrace.services.jobs import Tree
from headrace.services.objects import Wanted
from headrace.services.scripts import ALL, JOB

SHOWN = 10  # runs of a job


class JobListed(Wire, frozen=True, kw_only=True):
    """A job, as lists show it."""

    id: int
    name: str
    type: Annotated[str, Meta(description="The type of the job, such as JobTypes::SqlRunner.")]
    from_template_id: int | None
    state: Annotated[str, Meta(description="The state of the last run, `idle` without one, or `scheduled`.")]
    created_at: datetime
    updated_at: datetime
    last_run_updated_at: datetime | None
    last_run: LastRun | None
    archived: bool
    author: Author
    schedule: Schedule


class Job(JobListed, frozen=True, kw_only=True):
    """A job."""

    runs: Annotated[list[LastRun], Meta(description="The last runs, the newest first.")]
    hidden: bool
    my_permission_level: LevelWord
    success_email_subject: str | None
    success_email_body: str | None
    running_as_user: str
    run_by_user: str | None


class Child(Wire, frozen=True, kw_only=True):
    """A job that runs after another, and those that run after it."""

    id: int
    name: str
    type: str
    from_template_id: int | None
    state: str
    created_at: datetime
    updated_at: datetime
    runs: list[LastRun]
    last_run: LastRun | None
    children: list["Child"]


class TriggerEmail(Wire, frozen=True, kw_only=True):
    """The address by which mail is to start a job."""

    trigger_email: Annotated[str, Meta(description="Its own for each job. This server does not read mail yet.")]


class JobPage(Page, frozen=True, kw_only=True):
    """A page of jobs."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 50
    order: Annotated[  # type: ignore[assignment]
        Literal["updated_at", "last_run_updated_at"], Meta(description="The field on which to order.")
    ] = "updated_at"


def read(call: Call, job_id: int) -> Job:
    """A job as this wire has it."""
    return _shown(call, [services.get_job(call, job_id)])[0]


# A udf stays with its collection, so it is not given away from here.
resource = Resource(
    "/jobs",
    Job,
    traits=[
        archivable(JOB, read, Job),
        shares(JOB),
        in_projects(JOB),
        transferable(ALL),
        runs(JOB, JobRun, started=201),
        logs(JOB),
        outputs(JOB),
    ],
)


@resource.get()
def list_jobs(
    call: Call,
    page: JobPage,
    state: Status = None,
    type: Annotated[str, several(NAMES, "Only jobs of these types, with commas between.")] | None = None,
    q: Query = None,
    permission: LevelWord | None = None,
    archived: Archived = "",
    author: AuthorFilter = None,
    hidden: Hidden = False,
    scheduled: Annotated[bool | None, Meta(description="Only jobs that are scheduled, or that are not.")] = None,
) -> Slice[JobListed]:
    """List jobs of all kinds."""
    wanted = Wanted(
        archived=is_archived(archived), hidden=hidden, author=author, permission=Level.of(permission or "read")
    )
    found = services.list_jobs(
        call,
        wanted,
        page,
        states=statuses(state),
        kinds=kinds_of(type) if type else None,
        alike=(q, kinds_like(q)) if q else None,
        scheduled=scheduled,
    )
    last = services.last_runs(call, [row.id for row in found.items])
    people = authors(call, {row.owner_id for row in found.items})
    items = [JobListed(**_brief(row, last.get(row.id), people[row.owner_id])) for row in found.items]
    return Slice(items, found.total)


@resource.get("/{id}")
def get_job(call: Call, id: Id) -> Job:
    """Show basic job info."""
    return read(call, id)


@resource.get("/{id}/parents")
def list_parents(call: Call, id: Id) -> list[Job]:
    """Show the chain of jobs after which this job runs, the nearest first."""
    return _shown(call, services.list_parents(call, id))


@resource.get("/{id}/children")
def list_children(call: Call, id: Id) -> list[Child]:
    """Show the jobs that run after this job, and those that run after them."""
    trees = services.list_children(call, id)
    ids: list[int] = []
    waiting = list(trees)
    while waiting:
        tree = waiting.pop()
        ids.append(tree.job.id)
        waiting += tree.children
    last = services.last_runs(call, ids)
    return [_child(tree, last) for tree in trees]


@resource.post("/{id}/trigger_email", status=200)
def make_trigger_email(call: Call, id: Id) -> TriggerEmail:
    """Generate the e-mail address by which mail is to start this job."""
    return TriggerEmail(trigger_email=services.trigger_address(call, id))


def _brief(row: Row, last: Entry | None, author: Author) -> dict[str, Any]:
    # A call of a udf is written down as a run, and not into the job.
    state = last.state.value if last and row.kind == Kind.UDF else row.standing
    return {
        "id": row.id,
        "name": row.name,
        "type": type_of(row.kind).class_name,
        "from_template_id": row.template_id,
        "state": state,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "last_run_updated_at": last.finished_at if last else None,
        "last_run": run_of(last),
        "archived": row.archived,
        "author": author,
        **PARTS(row.settings),
    }


def _shown(call: Call, rows: Sequence[Row]) -> list[Job]:
    last = services.last_runs(call, [row.id for row in rows])
    people = authors(call, {one for row in rows for one in (row.owner_id, row.running_as_id or row.owner_id)})
    shown: list[Job] = []
    for row in rows:
        notifications = NOTIFIED(row.settings)["notifications"]
        past = run_services.list_of_job(call, JOB, row.id, Page(limit=SHOWN)).items
        shown.append(
            Job(
                **_brief(row, last.get(row.id), people[row.owner_id]),
                runs=[one for run in past if (one := run_of(run))],
                hidden=row.hidden,
                my_permission_level=objects.level(call, JOB, row.id).word,  # type: ignore[arg-type]
                success_email_subject=notifications.success_email_subject,
                success_email_body=notifications.success_email_body,
                running_as_user=people[row.running_as_id or row.owner_id].username,
                run_by_user=None,
            )
        )
    return shown


def _child(tree: Tree, last: dict[int, Entry]) -> Child:
    row, run = tree.job, run_of(last.get(tree.job.id))
    return Child(
        id=row.id,
        name=row.name,
        type=type_of(row.kind).class_name,
        from_template_id=row.template_id,
        state=row.standing,
        created_at=row.created_at,
        updated_at=row.updated_at,
        runs=[run] if run else [],
        last_run=run,
        children=[_child(child, last) for child in tree.children],
    )


class _Kept(Wire, frozen=True, kw_only=True):
    schedule: Schedule = Schedule()
    notifications: Notifications = Notifications()


PARTS = given.reader(_Kept, ["schedule"])
NOTIFIED = given.reader(_Kept, ["notifications"])
