"""The projects that an object is in (Civis protocol notes 6.7)."""

from collections.abc import Iterator
from datetime import datetime

from headrace.api.operation import Operation
from headrace.api.resource import Resource, Trait
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Hidden, Id
from headrace.dialects.civis.shapes import Author, authors
from headrace.model.object import Noun, Project
from headrace.services import projects
from headrace.services.call import Call


class ProjectListed(Wire, frozen=True, kw_only=True):
    """A project, as lists show it."""

    id: int
    author: Author
    name: str
    description: str
    users: list[Author]
    auto_share: bool
    created_at: datetime
    updated_at: datetime
    archived: bool


def in_projects(noun: Noun) -> Trait:
    """Putting an object into projects, and taking it out."""

    def list_projects(call: Call, id: Id, hidden: Hidden = False) -> list[ProjectListed]:
        """List the projects an object belongs to."""
        return listed(call, projects.list_projects_of(call, noun, id, hidden=hidden))

    def add_to_project(call: Call, id: Id, project_id: Id) -> None:
        """Add an object to a project."""
        projects.add(call, noun, id, project_id)

    def remove_from_project(call: Call, id: Id, project_id: Id) -> None:
        """Remove an object from a project."""
        projects.remove(call, noun, id, project_id)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("GET", "/{id}/projects", list_projects)
        yield resource.operation("PUT", "/{id}/projects/{project_id}", add_to_project)
        yield resource.operation("DELETE", "/{id}/projects/{project_id}", remove_from_project)

    return trait


def listed(call: Call, found: list[Project]) -> list[ProjectListed]:
    """Projects as lists show them, with who may see each."""
    seen_by = projects.users_of(call, [project.id for project in found])
    people = authors(call, {p.owner_id for p in found} | {one for ids in seen_by.values() for one in ids})
    return [
        ProjectListed(
            id=project.id,
            author=people[project.owner_id],
            name=project.name,
            description=project.description,
            users=[people[one] for one in seen_by.get(project.id, ()) if one in people],
            auto_share=project.auto_share,
            created_at=project.created_at,
            updated_at=project.updated_at,
            archived=project.archived,
        )
        for project in found
    ]
