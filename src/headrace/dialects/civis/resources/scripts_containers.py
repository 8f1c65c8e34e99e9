"""Containers: a command that runs in an image."""

from typing import Annotated

from msgspec import Meta

from headrace.dialects.civis.fields import Id
from headrace.dialects.civis.script import Contained, Label, declare, scripts
from headrace.dialects.civis.traits.runs import MeasuredRun, run_elsewhere, takes_outputs
from headrace.model.job import Kind

Command = Annotated[str, Meta(max_length=500_000)]


class Container(Contained, frozen=True, kw_only=True):
    """A container."""

    repo_http_uri: Annotated[Label | None, Meta(description="The repository to check out in it.")] = None
    repo_ref: Annotated[Label | None, Meta(description="The tag or branch of the repository.")] = None
    remote_host_credential_id: Annotated[
        Id | None, Meta(description="The credential of a database that its environment holds.")
    ] = None
    git_credential_id: Annotated[Id | None, Meta(description="The credential of the repository.")] = None
    docker_command: Annotated[Command | None, Meta(description="The command, as `sh -c` takes it.")] = None
    docker_image_name: Annotated[Label | None, Meta(description="The name of the image.")] = None
    docker_image_tag: Annotated[Label, Meta(description="The tag of the image.")] = "latest"


class ContainerRun(MeasuredRun, frozen=True, kw_only=True):
    """A run of a container."""

    container_id: Annotated[int, Meta(description="The ID of the container.")]


CONTAINERS = declare(
    Kind.CONTAINERS,
    Container,
    required="required_resources docker_command docker_image_name",
    fields="name parent_id user_context params arguments schedule notifications required_resources repo_http_uri "
    "repo_ref remote_host_credential_id git_credential_id docker_command docker_image_name docker_image_tag "
    "instance_type cancel_timeout time_zone partition_label hidden target_project_id running_as_id",
)
# The published clients ask here for everything that runs in a container (Civis protocol notes 4.6 to 4.8).
resource = scripts(
    CONTAINERS,
    ContainerRun,
    "container_id",
    also=[Kind.CUSTOM, Kind.PYTHON3, Kind.R],
    traits=[takes_outputs, run_elsewhere],
)
