"""Custom scripts: another script, by way of the template that it is behind, with arguments of one's own."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, AuthorFilter, Hidden, Id, Listed, is_archived
from headrace.dialects.civis.script import Label, Script, Status, declare, listed, scripts, statuses
from headrace.dialects.civis.shapes import Author, LastRun, ProjectStub, RequiredResources
from headrace.dialects.civis.traits.runs import MeasuredRun, takes_outputs
from headrace.model.job import Kind
from headrace.model.page import Slice
from headrace.services import scripts as services
from headrace.services.call import Call
from headrace.services.objects import Wanted


class Custom(Script, frozen=True, kw_only=True):
    """A custom script."""

    backing_script_type: Annotated[str | None, Meta(description="The type of the script behind the template.")] = None
    remote_host_id: Annotated[Id | None, Meta(description="The database that it connects to.")] = None
    credential_id: Annotated[Id | None, Meta(description="The credential that it connects with.")] = None
    code_preview: Annotated[str | None, Meta(description="The code that will run, with the arguments put in.")] = None
    ui_report_url: int | None = None
    ui_report_id: int | None = None
    ui_report_provide_api_key: bool | None = msgspec.field(default=None, name="uiReportProvideAPIKey")
    template_note: str | None = None
    last_successful_run: LastRun | None = None
    required_resources: Annotated[
        RequiredResources | None, Meta(description="In place of those of the script behind the template.")
    ] = None
    partition_label: Annotated[Label | None, Meta(description="Kept; this server has no partitions.")] = None


class CustomListed(Wire, frozen=True, kw_only=True):
    """A custom script, as lists show it."""

    id: int
    name: str
    type: str
    backing_script_type: str | None
    created_at: datetime
    updated_at: datetime
    author: Author
    state: str
    finished_at: datetime | None
    projects: list[ProjectStub]
    parent_id: int | None
    from_template_id: int | None
    time_zone: str
    last_run: LastRun | None
    archived: bool
    last_successful_run: LastRun | None


class CustomRun(MeasuredRun, frozen=True, kw_only=True):
    """A run of a custom script."""

    custom_id: Annotated[int, Meta(description="The ID of the script.")]


class CustomPage(Listed, frozen=True, kw_only=True):
    """A page of custom scripts."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 50
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


CUSTOM = declare(
    Kind.CUSTOM,
    Custom,
    required="from_template_id",
    fields="name parent_id arguments from_template_id remote_host_id credential_id schedule notifications time_zone "
    "hidden target_project_id required_resources partition_label running_as_id",
)
resource = scripts(CUSTOM, CustomRun, "custom_id", traits=[takes_outputs])


@resource.get()
def list_custom(
    call: Call,
    page: CustomPage,
    from_template_id: Annotated[
        Annotated[str, Meta(pattern=r"^ *[0-9]{1,9} *(, *[0-9]{1,9} *)*$", examples=["1, 2"])] | None,
        Meta(description="Only scripts made from these templates: IDs, with commas between."),
    ] = None,
    author: AuthorFilter = None,
    status: Status = None,
    hidden: Hidden = False,
    archived: Archived = "",
) -> Slice[CustomListed]:
    """List custom scripts."""
    wanted = Wanted(archived=is_archived(archived), hidden=hidden, author=author)
    templates = None if from_template_id is None else [int(one) for one in from_template_id.split(",")]
    found = services.list_scripts(call, CUSTOM.way.noun, wanted, page, status=statuses(status), template_ids=templates)
    return listed(call, CustomListed, found)
