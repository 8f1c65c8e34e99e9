"""Templates: scripts that others run with arguments of their own, by way of custom scripts.

Who may see a template may use it, whether or not they may see the script behind it. So making one takes a manager of
the script.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headrace.db import objects as queries
from headrace.db import templates as rows
from headrace.errors import Conflict, Forbidden, NotFound
from headrace.model.job import Kind
from headrace.model.object import Kind as ObjectKind
from headrace.model.object import Level, Noun
from headrace.model.page import Page, Slice
from headrace.model.template import Template
from headrace.services import changes, objects
from headrace.services.call import Call
from headrace.services.objects import Wanted
from headrace.services.scripts import KINDS, TEMPLATE

BACKING = Noun("script", ObjectKind.JOB, tuple(kind for kind in KINDS if kind != Kind.CUSTOM))
CHANGING = ("name", "note", "ui_report_id", "archived")


def create_template(
    call: Call, script_id: int, *, name: str, note: str | None, ui_report_id: int | None, archived: bool, hidden: bool
) -> Template:
    """A template of a script that the caller manages. Raises Forbidden for another, Conflict where it has one."""
    now = datetime.now(UTC)
    values = {"name": name, "note": note, "ui_report_id": ui_report_id, "archived": archived, "hidden": hidden}
    try:
        with call.platform.db.begin() as connection:
            level = queries.level_of(connection, BACKING, script_id, call.user.id)
            if level is None:
                raise NotFound(f"`script_id`: there is no script {script_id} that you may see and that is not custom.")
            if level < Level.MANAGE:
                raise Forbidden(f"`script_id`: only who manages the script {script_id} may make a template of it.")
            template_id = rows.insert(
                connection, owner_id=call.user.id, job_id=script_id, created_at=now, updated_at=now, **values
            )
            what = {"script_id": script_id, **values}
            changes.record(connection, call, "create", ObjectKind.TEMPLATE, template_id, None, what, name=name)
            return _template(connection, template_id)
    except IntegrityError as taken:
        raise Conflict(f"The script {script_id} is behind a template already; change that one.") from taken


def get_template(call: Call, template_id: int) -> Template:
    """A template that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, TEMPLATE, template_id)
        return _template(connection, template_id)


def list_templates(call: Call, wanted: Wanted, page: Page) -> Slice[Template]:
    """A page of the templates that the caller may see."""
    with call.platform.db.read() as connection:
        found = objects.list_ids(connection, call, TEMPLATE, wanted, page)
        return Slice(rows.read(connection, found.items), found.total)


def update_template(call: Call, template_id: int, given: dict[str, Any]) -> Template:
    """Change a template that the caller may write; archiving it takes a manager."""
    values = {name: value for name, value in given.items() if name in CHANGING}
    with call.platform.db.begin() as connection:
        level = objects.require(connection, call, TEMPLATE, template_id, Level.WRITE)
        before = _template(connection, template_id)
        if values.get("archived", before.archived) != before.archived and level < Level.MANAGE:
            objects.require(connection, call, TEMPLATE, template_id, Level.MANAGE)
        queries.update(connection, TEMPLATE, template_id, updated_at=datetime.now(UTC), **values)
        old = {name: getattr(before, name) for name in values}
        changes.record(connection, call, "update", ObjectKind.TEMPLATE, template_id, old, values, name=before.name)
        return _template(connection, template_id)


def _template(connection: Connection, template_id: int) -> Template:
    if not (found := rows.read(connection, [template_id])):
        raise NotFound(f"There is no template {template_id} that you may see.")
    return found[0]
