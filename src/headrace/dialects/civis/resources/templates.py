"""Templates of scripts (Civis protocol notes 6.9)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis import given
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import AuthorFilter, Hidden, Id, LevelWord, Name
from headrace.dialects.civis.job_types import type_of
from headrace.dialects.civis.script import PARAMS
from headrace.dialects.civis.shapes import Author, Param, authors
from headrace.dialects.civis.traits.membership import in_projects
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model.page import Page, Slice
from headrace.model.template import Template as Row
from headrace.services import objects
from headrace.services import templates as services
from headrace.services.call import Call
from headrace.services.objects import Wanted
from headrace.services.scripts import TEMPLATE

Note = Annotated[str, Meta(max_length=100_000)]


class TemplateListed(Wire, frozen=True, kw_only=True):
    """A template, as lists show it."""

    id: int
    public: Annotated[bool, Meta(description="Always false: a template is for whom it is shared with.")] = False
    script_id: Annotated[int, Meta(description="The script behind the template.")]
    user_context: Annotated[str, Meta(description="As whom the script runs: `runner` or `author`.")]
    name: Annotated[Name, Meta(description="The name of the template.")]
    category: str = "script"
    created_at: datetime
    updated_at: datetime
    use_count: Annotated[int, Meta(description="How many scripts are made from it.")]
    ui_report_id: Annotated[Id | None, Meta(description="The report that it is shown in.")] = None
    tech_reviewed: Annotated[bool, Meta(description="Always false: nobody reviews templates here.")] = False
    archived: Annotated[bool, Meta(description="Whether the template is archived.")] = False
    author: Author


class Template(TemplateListed, frozen=True, kw_only=True):
    """A template."""

    script_type: Annotated[str, Meta(description="The type of the script behind it.")]
    params: Annotated[list[Param], Meta(description="What the script behind it wants to be given.")]
    note: Annotated[Note | None, Meta(description="What it is for.")] = None
    hidden: Annotated[bool, Meta(description="Whether lists leave it out.")] = False
    my_permission_level: LevelWord


class TemplateCreate(Wire, frozen=True, kw_only=True):
    """A template to make."""

    script_id: Annotated[Id, Meta(description="The script behind it.")]
    name: Annotated[Name, Meta(description="The name of the template.")]
    note: Annotated[Note | None, Meta(description="What it is for.")] = None
    ui_report_id: Annotated[Id | None, Meta(description="The report that it is shown in.")] = None
    archived: bool = False
    hidden: Hidden = False


class TemplateReplace(Wire, frozen=True, kw_only=True):
    """What a template is to be."""

    name: Annotated[Name, Meta(description="The name of the template.")]
    note: Annotated[Note | None, Meta(description="What it is for.")] = None
    ui_report_id: Annotated[Id | None, Meta(description="The report that it is shown in.")] = None
    archived: bool = False


TemplateChange = given.request("TemplateChange", Template, ["name", "note", "ui_report_id", "archived"])


class TemplatePage(Page, frozen=True, kw_only=True):
    """A page of templates."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 50
    order: Annotated[Literal["name", "updated_at", "created_at"], Meta(description="The field on which to order.")] = (  # type: ignore[assignment]
        "name"
    )
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


resource = Resource(
    "/templates/scripts", Template, traits=[shares(TEMPLATE), in_projects(TEMPLATE), transferable(TEMPLATE)]
)


@resource.get()
def list_templates(
    call: Call,
    page: TemplatePage,
    hidden: Hidden = False,
    author: AuthorFilter = None,
    category: Annotated[
        Literal["import", "export", "enhancement", "model", "script"] | None,
        Meta(description="Only templates of this category."),
    ] = None,
) -> Slice[TemplateListed]:
    """List templates of scripts."""
    if category not in {None, "script"}:  # every template is one
        return Slice([], 0)
    found = services.list_templates(call, Wanted(hidden=hidden, author=author), page)
    people = authors(call, {row.owner_id for row in found.items})
    return Slice([TemplateListed(**_brief(row, people[row.owner_id])) for row in found.items], found.total)


@resource.post(status=201)
def create_template(call: Call, body: TemplateCreate) -> Template:
    """Create a template of a script."""
    made = services.create_template(
        call,
        body.script_id,
        name=body.name,
        note=body.note,
        ui_report_id=body.ui_report_id,
        archived=body.archived,
        hidden=body.hidden,
    )
    return _shown(call, made)


@resource.get("/{id}")
def get_template(call: Call, id: Id) -> Template:
    """Get a template of a script."""
    return _shown(call, services.get_template(call, id))


@resource.put("/{id}")
def replace_template(call: Call, id: Id, body: TemplateReplace) -> Template:
    """Replace all attributes of a template."""
    return _shown(call, services.update_template(call, id, given.plain(body)))


@resource.patch("/{id}")
def change_template(call: Call, id: Id, body: TemplateChange) -> Template:  # type: ignore[valid-type]
    """Update some attributes of a template."""
    values = given.plain(body)
    kept = {name: value for name, value in values.items() if value is not None or name in {"note", "ui_report_id"}}
    return _shown(call, services.update_template(call, id, kept))


@resource.delete("/{id}")
def archive_template(call: Call, id: Id) -> None:
    """Archive a template."""
    objects.archive(call, TEMPLATE, id, archived=True)


def _brief(row: Row, author: Author) -> dict[str, Any]:
    return {
        "id": row.id,
        "script_id": row.job_id,
        "user_context": row.settings.get("user_context", "runner"),
        "name": row.name,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "use_count": row.uses,
        "ui_report_id": row.ui_report_id,
        "archived": row.archived,
        "author": author,
    }


def _shown(call: Call, row: Row) -> Template:
    return Template(
        **_brief(row, authors(call, [row.owner_id])[row.owner_id]),
        **PARAMS({"params": row.settings.get("params") or []}),
        script_type=type_of(row.job_kind).word,
        note=row.note,
        hidden=row.hidden,
        my_permission_level=objects.level(call, TEMPLATE, row.id).word,  # type: ignore[arg-type]
    )
