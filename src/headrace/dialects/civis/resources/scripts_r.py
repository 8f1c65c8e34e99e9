"""R scripts: code that runs in a container with the packages of its image."""

from typing import Annotated

from msgspec import Meta

from headrace.dialects.civis.script import Code, Contained, declare, scripts
from headrace.dialects.civis.traits.runs import MeasuredRun, takes_errors, takes_outputs
from headrace.model.job import Kind


class RScript(Contained, frozen=True, kw_only=True):
    """An R script."""

    source: Annotated[Code, Meta(description="The body of the script.")]


class RRun(MeasuredRun, frozen=True, kw_only=True):
    """A run of an R script."""

    r_id: Annotated[int, Meta(description="The ID of the script.")]


R = declare(
    Kind.R,
    RScript,
    code="source",
    required="name source",
    fields="name parent_id user_context params arguments schedule notifications next_run_at time_zone hidden "
    "target_project_id required_resources instance_type cancel_timeout docker_image_tag partition_label running_as_id "
    "source",
)
resource = scripts(R, RRun, "r_id", traits=[takes_outputs, takes_errors])
