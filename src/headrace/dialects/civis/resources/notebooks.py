"""Notebooks. Declared, since the command line of the published client builds a group of commands on them.

It starts only where the document has such paths (Civis protocol notes 2.7). Running notebooks is not on the way.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, AuthorFilter, Hidden, Id, LevelWord, Listed
from headrace.dialects.civis.shapes import Author, ProjectStub
from headrace.model.page import Page, Slice
from headrace.services.call import Call

LATER = "This server keeps and runs no notebooks; save the code as a udf or a script."


class NotebookPage(Listed, frozen=True, kw_only=True):
    """A page of notebooks."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 20


class DeploymentPage(Page, frozen=True, kw_only=True):
    """A page of deployments."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 20
    order: Annotated[Literal["created_at"], Meta(description="The field on which to order.")] = "created_at"  # type: ignore[assignment]


class DeploymentListed(Wire, frozen=True, kw_only=True):
    """A notebook's server, as lists show it."""

    deployment_id: int
    user_id: int
    host: str | None
    name: str | None
    docker_image_name: str | None
    docker_image_tag: str | None
    instance_type: str | None
    memory: int | None
    cpu: int | None
    state: Literal["pending", "running", "terminated", "sleeping"]
    state_message: str | None
    max_memory_usage: float | None
    max_cpu_usage: float | None
    created_at: datetime
    updated_at: datetime
    notebook_id: int


class Deployment(DeploymentListed, frozen=True, kw_only=True):
    """A notebook's server."""

    display_url: str | None


class NotebookListed(Wire, frozen=True, kw_only=True):
    """A notebook, as lists show it."""

    id: int
    name: str
    language: str
    description: str | None
    user: Author
    created_at: datetime
    updated_at: datetime
    most_recent_deployment: DeploymentListed | None
    archived: bool


class Notebook(NotebookListed, frozen=True, kw_only=True):
    """A notebook."""

    notebook_url: str | None
    notebook_preview_url: str | None
    requirements_url: str | None
    file_id: str | None
    requirements_file_id: str | None
    docker_image_name: str | None
    docker_image_tag: str | None
    instance_type: str | None
    memory: int | None
    cpu: int | None
    credentials: list[ProjectStub]
    environment_variables: dict[str, Any]
    idle_timeout: int | None
    partition_label: str | None
    git_repo_id: int | None
    git_repo_url: str | None
    git_ref: str | None
    git_path: str | None
    my_permission_level: LevelWord
    hidden: bool


class NotebookChange(Wire, frozen=True, kw_only=True):
    """What to change of a notebook."""

    name: Annotated[str, Meta(max_length=200)] | None = None
    language: Literal["python3", "r"] | None = None
    description: str | None = None
    file_id: str | None = None
    requirements_file_id: str | None = None
    requirements: str | None = None
    docker_image_name: str | None = None
    docker_image_tag: str | None = None
    instance_type: str | None = None
    memory: int | None = None
    cpu: int | None = None
    credentials: list[Id] | None = None
    environment_variables: dict[str, Any] | None = None
    idle_timeout: int | None = None
    partition_label: str | None = None
    git_repo_url: str | None = None
    git_ref: str | None = None
    git_path: str | None = None


class NotebookCreate(NotebookChange, frozen=True, kw_only=True):
    """A notebook to make."""

    hidden: Hidden = False


class NotebookLinks(Wire, frozen=True, kw_only=True):
    """Where to send a notebook's new content."""

    update_url: str
    update_preview_url: str


class DeploymentCreate(Wire, frozen=True, kw_only=True):
    """A notebook's server to start."""

    deployment_id: Id | None = None


resource = Resource("/notebooks", Notebook, later=LATER)


@resource.get()
def list_notebooks(
    call: Call,
    page: NotebookPage,
    hidden: Hidden = False,
    archived: Archived = "",
    author: AuthorFilter = None,
    status: Annotated[str | None, Meta(description="Only notebooks in these states, with commas between.")] = None,
) -> Later[Slice[NotebookListed]]:
    """List notebooks."""


@resource.post(status=201)
def create_notebook(call: Call, body: NotebookCreate) -> Later[Notebook]:
    """Create a notebook."""


@resource.get("/{id}")
def get_notebook(call: Call, id: Id) -> Later[Notebook]:
    """Get a notebook."""


@resource.patch("/{id}")
def update_notebook(call: Call, id: Id, body: NotebookChange) -> Later[Notebook]:
    """Update some of a notebook."""


@resource.get("/{id}/update-links")
def get_notebook_links(call: Call, id: Id) -> Later[NotebookLinks]:
    """Get where to send a notebook's new content."""


@resource.get("/{notebook_id}/deployments")
def list_deployments(
    call: Call, notebook_id: Id, page: DeploymentPage, deployment_id: Id | None = None
) -> Later[Slice[DeploymentListed]]:
    """List the servers of a notebook."""


@resource.post("/{notebook_id}/deployments", status=201)
def start_deployment(call: Call, notebook_id: Id, body: DeploymentCreate) -> Later[Deployment]:
    """Start a notebook's server."""


@resource.get("/{notebook_id}/deployments/{deployment_id}")
def get_deployment(call: Call, notebook_id: Id, deployment_id: Id) -> Later[Deployment]:
    """Get a notebook's server."""


@resource.delete("/{notebook_id}/deployments/{deployment_id}")
def stop_deployment(call: Call, notebook_id: Id, deployment_id: Id) -> None:
    """Stop a notebook's server."""
