"""Predictions: tables that a model scores. Declared, and not served yet."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, field

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, JobState
from headrace.dialects.civis.resources.models import LATER, Sql
from headrace.dialects.civis.shapes import LastRun, Schedule
from headrace.dialects.civis.traits.runs import Cancelled, RunPage, State
from headrace.model.page import Slice
from headrace.services.call import Call


class ScoreStats(Wire, frozen=True, kw_only=True):
    """How the scores of one column are spread."""

    score_name: str
    histogram: list[int]
    avg_score: float | None
    min_score: float | None
    max_score: float | None


class ScoredTable(Wire, frozen=True, kw_only=True):
    """A table of scores."""

    id: int
    schema: str
    name: str
    created_at: datetime
    score_stats: list[ScoreStats]


class PredictionListed(Wire, frozen=True, kw_only=True):
    """A prediction, as lists show it."""

    id: int
    model_id: int
    scored_table_id: Annotated[int | None, Meta(description="The table that is scored.")]
    scored_table_name: str | None
    output_table_name: str
    state: JobState
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None
    last_run: LastRun | None


class Prediction(PredictionListed, frozen=True, kw_only=True):
    """A prediction."""

    scored_tables: list[ScoredTable]
    schedule: Schedule
    limiting_sql: str | None = field(name="limitingSQL")
    primary_key: list[str]


class PredictionChange(Wire, frozen=True, kw_only=True):
    """What to change of a prediction; null is no change."""

    output_table_name: Annotated[str | None, Meta(description="The table for the scores, as `schema.table`.")] = None
    limiting_sql: Sql = field(default=None, name="limitingSQL")
    primary_key: Annotated[list[str] | None, Meta(description="The columns that tell rows apart.")] = None


class PredictionRun(Wire, frozen=True, kw_only=True):
    """A run of a prediction."""

    id: int
    prediction_id: int
    state: State
    exception: Annotated[str | None, Meta(description="Why it failed.")]
    name: str | None
    created_at: datetime | None
    score_stats: list[ScoreStats]


class PredictionSchedule(Wire, frozen=True, kw_only=True):
    """When a prediction runs."""

    id: int
    schedule: Schedule
    score_on_model_build: Annotated[bool, Meta(description="Whether it runs after each build of its model.")]


class PredictionScheduleSet(Wire, frozen=True, kw_only=True):
    """When a prediction is to run; null is no change."""

    schedule: Schedule | None = None
    score_on_model_build: Annotated[bool | None, Meta(description="Whether to run after each build of its model.")] = (
        None
    )


resource = Resource("/predictions", Prediction, later=LATER)


@resource.get()
def list_predictions(
    call: Call, model_id: Annotated[Id | None, Meta(description="Only predictions of this model.")] = None
) -> Later[list[PredictionListed]]:
    """List predictions."""


@resource.get("/{id}")
def get_prediction(call: Call, id: Id) -> Later[Prediction]:
    """Get a prediction."""


@resource.patch("/{id}")
def update_prediction(call: Call, id: Id, body: PredictionChange) -> Later[Prediction]:
    """Update some of a prediction."""


@resource.get("/{id}/schedules")
def get_prediction_schedule(call: Call, id: Id) -> Later[PredictionSchedule]:
    """Get the schedule of a prediction."""


@resource.put("/{id}/schedules")
def set_prediction_schedule(call: Call, id: Id, body: PredictionScheduleSet) -> Later[PredictionSchedule]:
    """Set the schedule of a prediction."""


@resource.post("/{id}/runs", status=202)
def start_prediction(call: Call, id: Id) -> Later[PredictionRun]:
    """Run a prediction."""


@resource.get("/{id}/runs")
def list_prediction_runs(call: Call, id: Id, page: RunPage) -> Later[Slice[PredictionRun]]:
    """List the runs of a prediction."""


@resource.get("/{id}/runs/{run_id}")
def get_prediction_run(call: Call, id: Id, run_id: Id) -> Later[PredictionRun]:
    """Check the status of a run of a prediction."""


@resource.delete("/{id}/runs/{run_id}", status=202)
def cancel_prediction_run(call: Call, id: Id, run_id: Id) -> Later[Cancelled]:
    """Cancel a run of a prediction."""
