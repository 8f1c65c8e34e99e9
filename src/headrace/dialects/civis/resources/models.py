"""Models: what is trained on a table, its builds, and what scores other tables by it. Not served yet."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, AuthorFilter, Hidden, Id
from headrace.dialects.civis.shapes import Author, LastRun, Notifications, Schedule
from headrace.dialects.civis.traits.archive import archivable
from headrace.dialects.civis.traits.membership import in_projects
from headrace.dialects.civis.traits.runs import Cancelled, RunPage, State
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.errors import NotServed
from headrace.model.object import Kind, Noun
from headrace.model.page import Page, Slice
from headrace.services.call import Call

LATER = "Models are not served yet: what trains them and scores by them comes with a later version of Headrace."
MODEL = Noun("model", Kind.JOB, ("model",))
Sql = Annotated[str, Meta(max_length=1_000_000, description="A condition on the rows: what follows WHERE.")] | None


class ModelPage(Page, frozen=True, kw_only=True):
    """A page of models."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 50
    order: Annotated[  # type: ignore[assignment]
        Literal["updated_at", "model_name", "name", "created_at", "last_run.updated_at"],
        Meta(description="The field on which to order."),
    ] = "updated_at"


class ModelType(Wire, frozen=True, kw_only=True):
    """A way to train."""

    id: int
    algorithm: str
    dv_type: Annotated[str, Meta(description="Of which type the dependent variable is: `Binary`, say.")]
    fint_allowed: Annotated[bool, Meta(description="Whether it takes interactions of features.")]


class BuildListed(Wire, frozen=True, kw_only=True):
    """A build, as a model shows it."""

    id: int
    name: str | None
    created_at: datetime | None
    description: str | None
    root_mean_squared_error: Annotated[float | None, Meta(description="Null unless the model is continuous.")]
    r_squared_error: Annotated[float | None, Meta(description="Null unless the model is continuous.")]
    roc_auc: Annotated[float | None, Meta(description="Null where the model is continuous.")]


class Build(BuildListed, frozen=True, kw_only=True):
    """A build: the model trained once."""

    state: State
    error: str | None
    transformation_metadata: str | None
    output: Annotated[str | None, Meta(description="The output as JSON, where it is small.")]
    output_location: Annotated[str | None, Meta(description="The address of the whole output.")]


class ModelPrediction(Wire, frozen=True, kw_only=True):
    """A prediction, as a model shows it."""

    id: int
    table_name: str
    primary_key: list[str]
    limiting_sql: str | None = field(name="limitingSQL")
    output_table: str
    schedule: Schedule
    state: str


class ModelFields(Wire, frozen=True, kw_only=True):
    """How a model is trained; what is not known yet is null."""

    table_name: Annotated[str | None, Meta(description="The table to train on, as `schema.table`.")] = None
    database_id: Id | None = None
    credential_id: Id | None = None
    model_name: Annotated[str, Meta(max_length=200)] | None = None
    description: Annotated[str, Meta(max_length=100_000)] | None = None
    interaction_terms: bool | None = None
    box_cox_transformation: bool | None = None
    model_type_id: Annotated[Id | None, Meta(description="One of `/models/types`.")] = None
    primary_key: Annotated[str | None, Meta(description="The column that tells rows apart.")] = None
    dependent_variable: str | None = None
    dependent_variable_order: list[str] | None = None
    excluded_columns: list[str] | None = None
    limiting_sql: Sql = field(default=None, name="limitingSQL")
    active_build_id: Annotated[Id | None, Meta(description="The build that scores.")] = None
    cross_validation_parameters: dict[str, Any] | None = None
    number_of_folds: int | None = None
    notifications: Notifications | None = None
    schedule: Schedule | None = None
    parent_id: Annotated[Id | None, Meta(description="The job whose success starts this one.")] = None
    time_zone: Annotated[str, Meta(max_length=64)] | None = None


class ModelCreate(ModelFields, frozen=True, kw_only=True):
    """A model to make."""

    hidden: Hidden = False


class ModelListed(Wire, frozen=True, kw_only=True):
    """A model, as lists show it."""

    id: int
    table_name: str | None
    database_id: int | None
    credential_id: int | None
    model_name: str | None
    description: str | None
    interaction_terms: bool | None
    box_cox_transformation: bool | None
    model_type_id: int | None
    primary_key: str | None
    dependent_variable: str | None
    dependent_variable_order: list[str] | None
    excluded_columns: list[str] | None
    limiting_sql: str | None = field(name="limitingSQL")
    cross_validation_parameters: dict[str, Any]
    number_of_folds: int | None
    schedule: Schedule
    parent_id: int | None
    time_zone: str
    last_run: LastRun | None
    user: Author
    created_at: datetime
    updated_at: datetime
    current_build_state: Annotated[str, Meta(description="`idle` where it was never built.")]
    current_build_exception: str | None
    builds: list[BuildListed]
    predictions: list[ModelPrediction]
    last_output_location: str | None
    archived: bool


class Model(ModelListed, frozen=True, kw_only=True):
    """A model."""

    active_build_id: int | None
    notifications: Notifications
    running_as: Author
    hidden: bool


class ModelSchedule(Wire, frozen=True, kw_only=True):
    """When a model is trained again."""

    id: int
    schedule: Schedule


class ModelScheduleSet(Wire, frozen=True, kw_only=True):
    """When a model is to be trained again."""

    schedule: Schedule


class PredictionCreate(Wire, frozen=True, kw_only=True):
    """A table to score by a model."""

    table_name: Annotated[str, Meta(min_length=1, description="The table to score, as `schema.table`.")]
    primary_key: Annotated[list[str], Meta(description="The columns that tell rows apart.")]
    limiting_sql: Sql = field(default=None, name="limitingSQL")
    output_table: Annotated[str | None, Meta(description="The table for the scores, as `schema.table`.")] = None
    schedule: Schedule | None = None


def read(call: Call, model_id: int) -> Model:
    """A model as this wire has it."""
    raise NotServed(LATER)


resource = Resource(
    "/models",
    Model,
    traits=[shares(MODEL), in_projects(MODEL), transferable(MODEL), archivable(MODEL, read, Model)],
    later=LATER,
)


@resource.get("/types")
def list_model_types(call: Call) -> Later[list[ModelType]]:
    """List the types that a model can be of."""


@resource.get()
def list_models(
    call: Call,
    page: ModelPage,
    model_name: Annotated[str | None, Meta(description="Only models with this text in their name.")] = None,
    training_table_name: Annotated[str | None, Meta(description="Only models of tables with this in their name.")] = (
        None
    ),
    dependent_variable: Annotated[str | None, Meta(description="Only models of variables with this in them.")] = None,
    status: Annotated[str | None, Meta(description="Only models in these states, with commas between.")] = None,
    author: AuthorFilter = None,
    hidden: Hidden = False,
    archived: Archived = "",
) -> Later[Slice[ModelListed]]:
    """List models."""


@resource.post(status=200)
def create_model(call: Call, body: ModelCreate) -> Later[Model]:
    """Create a model."""


@resource.get("/{id}")
def get_model(call: Call, id: Id) -> Later[Model]:
    """Get a model."""


@resource.patch("/{id}", status=204)
def update_model(call: Call, id: Id, body: ModelFields) -> None:
    """Update some of a model."""


@resource.post("/{id}/builds", status=202)
def start_build(call: Call, id: Id) -> Later[Build]:
    """Train a model."""


@resource.get("/{id}/builds")
def list_builds(call: Call, id: Id, page: RunPage) -> Later[Slice[Build]]:
    """List the builds of a model."""


@resource.get("/{id}/builds/{build_id}")
def get_build(call: Call, id: Id, build_id: Id) -> Later[Build]:
    """Check the status of a build."""


@resource.delete("/{id}/builds/{build_id}", status=202)
def cancel_build(call: Call, id: Id, build_id: Id) -> Later[Cancelled]:
    """Cancel a build."""


@resource.put("/{id}/predictions")
def create_prediction(call: Call, id: Id, body: PredictionCreate) -> Later[ModelPrediction]:
    """Add a table to score by a model."""


@resource.get("/{id}/schedules")
def get_model_schedule(call: Call, id: Id) -> Later[ModelSchedule]:
    """Get the schedule by which a model is trained."""


@resource.put("/{id}/schedules")
def set_model_schedule(call: Call, id: Id, body: ModelScheduleSet) -> Later[ModelSchedule]:
    """Set the schedule by which a model is trained."""
