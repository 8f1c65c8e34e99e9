"""Projects: objects that belong together, and who may see them with one step."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import (
    Archived,
    AuthorFilter,
    Hidden,
    Id,
    LevelWord,
    Listed,
    Name,
    is_archived,
)
from headrace.dialects.civis.shapes import Author, authors
from headrace.dialects.civis.traits.archive import archivable
from headrace.dialects.civis.traits.membership import ProjectListed, listed
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model.object import Kind, Level, Member
from headrace.model.page import Slice
from headrace.services import objects, projects
from headrace.services.call import Call
from headrace.services.objects import Wanted

Description = Annotated[str, Meta(max_length=100_000, description="A description of the project.")]
Note = Annotated[str, Meta(max_length=1_000_000, description="Notes for the project.")]

# In which list of a project its jobs are; those of other kinds are among all objects alone.
LISTS = {"import": "imports", "model": "models"}
SCRIPTS = frozenset({"sql", "python3", "r", "javascript", "containers", "custom", "udf"})


class ByChange(Listed, frozen=True, kw_only=True):
    """A page of projects."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 20


class Item(Wire, frozen=True, kw_only=True):
    """An object in a project."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime


class FileItem(Wire, frozen=True, kw_only=True):
    """A file in a project."""

    id: int
    file_name: str
    created_at: datetime
    updated_at: datetime


class AnyItem(Wire, frozen=True, kw_only=True):
    """An object in a project, of whatever kind."""

    project_id: int
    object_id: int
    object_type: str
    fco_type: str
    sub_type: str | None
    name: str
    icon: str | None
    author: str
    updated_at: datetime
    archived: bool
    hidden: bool


class Project(Wire, frozen=True, kw_only=True):
    """A project, with what of it you may see."""

    id: int
    author: Author
    name: str
    description: str
    users: list[Author]
    auto_share: Annotated[bool, Meta(description="Whether who may see the project may see what is in it.")]
    created_at: datetime
    updated_at: datetime
    tables: list[Item]
    surveys: list[Item]
    scripts: list[Item]
    imports: list[Item]
    exports: list[Item]
    models: list[Item]
    notebooks: list[Item]
    services: list[Item]
    workflows: list[Item]
    reports: list[Item]
    script_templates: list[Item]
    files: list[FileItem]
    enhancements: list[Item]
    app_instances: list[Item]
    projects: list[Item]
    all_objects: list[AnyItem]
    note: str | None
    can_current_user_enable_auto_share: bool
    hidden: bool
    archived: bool
    parent_project: Item | None
    my_permission_level: LevelWord


class ProjectCreate(Wire, frozen=True, kw_only=True):
    """A project to make."""

    name: Annotated[Name, Meta(description="The name of this project.")]
    description: Description
    note: Note | None = None
    auto_share: Annotated[bool, Meta(description="Whether who may see the project may see what is in it.")] = False
    hidden: Hidden = False


class ProjectChange(Wire, frozen=True, kw_only=True):
    """What to change of a project; null is no change."""

    name: Annotated[Name | None, Meta(description="The name of this project.")] = None
    description: Description | None = None
    note: Note | None = None


class AutoShare(Wire, frozen=True, kw_only=True):
    """Whether a project shares what is in it."""

    auto_share: bool


def read(call: Call, project_id: int) -> Project:
    """A project as this wire has it."""
    return _shown(call, projects.get_project(call, project_id))


resource = Resource(
    "/projects",
    Project,
    traits=[shares(projects.PROJECT), transferable(projects.PROJECT), archivable(projects.PROJECT, read, Project)],
)


@resource.get()
def list_projects(
    call: Call,
    page: ByChange,
    permission: LevelWord | None = None,
    auto_share: Annotated[bool | None, Meta(description="Only projects that share what is in them, or do not.")] = None,
    author: AuthorFilter = None,
    hidden: Hidden = False,
    archived: Archived = "",
) -> Slice[ProjectListed]:
    """List projects."""
    level = Level.of(permission or "read")
    wanted = Wanted(archived=is_archived(archived), hidden=hidden, author=author, permission=level)
    found = projects.list_projects(call, wanted, page, auto_share=auto_share)
    return Slice(listed(call, list(found.items)), found.total)


@resource.post(status=200)
def create_project(call: Call, body: ProjectCreate) -> Project:
    """Create a project."""
    made = projects.create_project(
        call,
        name=body.name,
        description=body.description,
        note=body.note,
        hidden=body.hidden,
        auto_share=body.auto_share,
    )
    return _shown(call, made)


@resource.get("/{project_id}")
def get_project(call: Call, project_id: Id) -> Project:
    """Get a detailed view of a project and the objects in it."""
    return read(call, project_id)


@resource.put("/{project_id}")
def update_project(call: Call, project_id: Id, body: ProjectChange) -> Project:
    """Update a project."""
    changed = projects.update_project(call, project_id, name=body.name, description=body.description, note=body.note)
    return _shown(call, changed)


@resource.delete("/{project_id}")
def archive_project(call: Call, project_id: Id) -> None:
    """Archive a project, as `PUT .../archive` does."""
    objects.archive(call, projects.PROJECT, project_id, archived=True)


@resource.put("/{project_id}/auto_share")
def set_auto_share(call: Call, project_id: Id, body: AutoShare) -> Project:
    """Enable or disable auto-sharing on a project."""
    return _shown(call, projects.set_auto_share(call, project_id, auto_share=body.auto_share))


def _shown(call: Call, project: projects.Project) -> Project:
    members = projects.list_members(call, [project.id])
    brief = listed(call, [project])[0]
    people = authors(call, {member.object.owner_id for member in members})
    lists: dict[str, list[Item]] = {}
    for member in members:
        lists.setdefault(_list_of(member), []).append(_item(member))
    names = ("tables", "surveys", "scripts", "imports", "exports", "models", "notebooks", "services", "workflows")
    more = ("reports", "script_templates", "enhancements", "app_instances", "projects")
    fields: dict[str, Any] = {name: lists.get(name, []) for name in (*names, *more)}
    return Project(
        **{name: getattr(brief, name) for name in ProjectListed.__struct_fields__},
        **fields,
        files=[_file(member) for member in members if member.kind is Kind.FILE],
        all_objects=[_any(member, people[member.object.owner_id].username) for member in members],
        note=project.note,
        can_current_user_enable_auto_share=projects.may_share_all(call, project.id),
        hidden=project.hidden,
        parent_project=None,
        my_permission_level=_level(objects.level(call, projects.PROJECT, project.id)),
    )


def _level(level: Level) -> Literal["read", "write", "manage"]:
    return level.word  # type: ignore[return-value]


def _list_of(member: Member) -> str:
    if member.kind is Kind.JOB:
        return "scripts" if member.job_kind in SCRIPTS else LISTS.get(member.job_kind or "", "")
    return {Kind.TEMPLATE: "script_templates"}.get(member.kind, "")


def _item(member: Member) -> Item:
    one = member.object
    return Item(id=one.id, name=one.name, created_at=one.created_at, updated_at=one.updated_at)


def _file(member: Member) -> FileItem:
    one = member.object
    return FileItem(id=one.id, file_name=one.name, created_at=one.created_at, updated_at=one.updated_at)


def _any(member: Member, author: str) -> AnyItem:
    one = member.object
    return AnyItem(
        project_id=member.project_id,
        object_id=one.id,
        object_type=member.kind.title().replace("_", ""),
        fco_type=member.kind.value,
        sub_type=member.job_kind,
        name=one.name,
        icon=None,
        author=author,
        updated_at=one.updated_at,
        archived=one.archived,
        hidden=one.hidden,
    )
