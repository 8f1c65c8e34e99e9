"""Reports: pages that show what a job found. Declared, and not served yet."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, AuthorFilter, Hidden, Id, JobState, LevelWord, Listed, Moment
from headrace.dialects.civis.shapes import Author, LastRun, ProjectStub, Schedule
from headrace.dialects.civis.traits.archive import archivable
from headrace.dialects.civis.traits.membership import in_projects
from headrace.dialects.civis.traits.runs import State
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.errors import NotServed
from headrace.model.object import Kind, Noun
from headrace.model.page import Slice
from headrace.services.call import Call

LATER = "Reports are not served yet: what makes and shows them comes with a later version of Headrace."
REPORT = Noun("report", Kind.JOB, ("report",))
Side = Annotated[int, Meta(ge=600, le=10_000, description="In pixels.")] | None


class ReportPage(Listed, frozen=True, kw_only=True):
    """A page of reports."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 20


class ReportScript(Wire, frozen=True, kw_only=True):
    """The script whose result a report shows."""

    id: int
    name: str
    sql: str | None


class ReportListed(Wire, frozen=True, kw_only=True):
    """A report, as lists show it."""

    id: int
    name: str
    user: Author
    created_at: datetime
    updated_at: datetime
    type: str
    archived: bool
    projects: list[ProjectStub]
    state: JobState | None
    finished_at: datetime | None
    viz_updated_at: datetime | None
    script: ReportScript | None
    job_path: Annotated[str | None, Meta(description="Where the script is: `/scripts/sql/5`.")]
    tableau_id: int | None
    template_id: int | None
    auth_thumbnail_url: str | None
    last_run: LastRun | None


class Report(ReportListed, frozen=True, kw_only=True):
    """A report."""

    description: str | None
    my_permission_level: LevelWord
    hidden: bool
    auth_data_url: Annotated[str, Meta(description="A signed address of the data; empty where there is none.")]
    auth_code_url: Annotated[str, Meta(description="A signed address of the page; empty where there is none.")]
    config: str | None
    valid_output_file: Annotated[bool, Meta(description="Whether the script has a result to show.")]
    provide_api_key: bool = field(name="provideAPIKey")
    api_key: Annotated[str | None, Meta(description="A key that the page may use, where it was granted.")]
    api_key_id: int | None
    app_state: Annotated[dict[str, Any] | None, Meta(description="What the page keeps, as it wrote it.")]
    use_viewers_tableau_username: bool | None


class ReportCreate(Wire, frozen=True, kw_only=True):
    """A report to make."""

    script_id: Annotated[Id | None, Meta(description="The script whose result it is to show.")] = None
    name: Annotated[str, Meta(max_length=200)] | None = None
    code_body: Annotated[str | None, Meta(description="The page, as HTML.")] = None
    app_state: dict[str, Any] | None = None
    provide_api_key: Annotated[bool | None, Meta(description="Whether the page gets a key to ask the server.")] = field(
        default=None, name="provideAPIKey"
    )
    template_id: Annotated[Id | None, Meta(description="The template of the page.")] = None
    description: Annotated[str, Meta(max_length=100_000)] | None = None
    hidden: Hidden = False


class ReportChange(Wire, frozen=True, kw_only=True):
    """What to change of a report."""

    name: Annotated[str, Meta(max_length=200)] | None = None
    script_id: Annotated[Id | None, Meta(description="The script whose result it is to show.")] = None
    code_body: Annotated[str | None, Meta(description="The page, as HTML.")] = None
    config: str | None = None
    app_state: dict[str, Any] | None = None
    provide_api_key: Annotated[bool | None, Meta(description="Whether the page gets a key to ask the server.")] = field(
        default=None, name="provideAPIKey"
    )
    template_id: Annotated[Id | None, Meta(description="Null takes the template away.")] = None
    use_viewers_tableau_username: bool | None = None
    description: Annotated[str, Meta(max_length=100_000)] | None = None


class SnapshotSettings(Wire, frozen=True, kw_only=True):
    """How pictures of a report are taken, and to whom they are sent."""

    state: State | None = None
    finished_at: Moment | None = None
    send_email_on_completion: bool | None = None
    email_template: str | None = None
    recipient_email_addresses: Annotated[str | None, Meta(description="With commas between.")] = None
    email_subject: str | None = None
    height: Side = None
    width: Side = None
    schedule: Schedule | None = None
    parent_id: Annotated[Id | None, Meta(description="The job whose success has a picture taken.")] = None


class Snapshot(SnapshotSettings, frozen=True, kw_only=True):
    """The same, of one report."""

    id: Annotated[int, Meta(description="The ID of the report.")]


def read(call: Call, report_id: int) -> Report:
    """A report as this wire has it."""
    raise NotServed(LATER)


resource = Resource(
    "/reports",
    Report,
    traits=[shares(REPORT), in_projects(REPORT), transferable(REPORT), archivable(REPORT, read, Report)],
    later=LATER,
)


@resource.get()
def list_reports(
    call: Call,
    page: ReportPage,
    type: Annotated[Literal["tableau", "other", "tableau,other"] | None, Meta(description="Of these types.")] = None,
    template_id: Annotated[Id | None, Meta(description="Only reports of this template.")] = None,
    author: AuthorFilter = None,
    hidden: Hidden = False,
    archived: Archived = "",
) -> Later[Slice[ReportListed]]:
    """List reports."""


@resource.post(status=200)
def create_report(call: Call, body: ReportCreate) -> Later[Report]:
    """Create a report."""


@resource.get("/{id}")
def get_report(call: Call, id: Id) -> Later[Report]:
    """Get a report."""


@resource.patch("/{id}")
def update_report(call: Call, id: Id, body: ReportChange) -> Later[Report]:
    """Update some of a report."""


@resource.post("/{id}/grants", status=200)
def grant_key(call: Call, id: Id) -> Later[Report]:
    """Let a report ask the server with a key of yours."""


@resource.delete("/{id}/grants")
def revoke_key(call: Call, id: Id) -> None:
    """Take back the key that a report asks with."""


@resource.get("/{id}/snapshots")
def get_snapshot_settings(call: Call, id: Id) -> Later[Snapshot]:
    """Get how pictures of a report are taken."""


@resource.post("/{id}/snapshots", status=200)
def take_snapshot(call: Call, id: Id, body: SnapshotSettings) -> Later[Snapshot]:
    """Set how pictures of a report are taken, and take one."""


@resource.patch("/{id}/snapshots")
def update_snapshot_settings(call: Call, id: Id, body: SnapshotSettings) -> Later[Snapshot]:
    """Update how pictures of a report are taken."""
