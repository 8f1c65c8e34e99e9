"""Scripts: jobs of every kind but udfs, kept with their settings and the versions of their code.

What a kind has is told by a `Way`, which the wire derives from its shape. A field given as null is no change where the
field cannot be null. Objects that a script names must be visible to who names them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import objects as queries
from headrace.db import projects as project_rows
from headrace.db import scripts as rows
from headrace.db.scripts import Backing
from headrace.errors import Forbidden, Invalid, NotFound, TooLarge
from headrace.model import ids, params
from headrace.model.job import Kind, Script, Way
from headrace.model.object import NOUNS, Level, Noun
from headrace.model.object import Kind as ObjectKind
from headrace.model.page import Page, Slice
from headrace.model.params import Param
from headrace.model.run import Entry
from headrace.model.schedule import Recurrence, zone_of
from headrace.services import changes, objects
from headrace.services.call import Call
from headrace.services.dependencies import REFERENCES
from headrace.services.objects import Wanted
from headrace.services.projects import PROJECT

Given = Mapping[str, Any]

JOB = NOUNS[ObjectKind.JOB]
TEMPLATE = NOUNS[ObjectKind.TEMPLATE]
KINDS = tuple(kind.value for kind in Kind if kind is not Kind.UDF)
ALL = Noun("script", ObjectKind.JOB, KINDS)

UNTOLD = frozenset({"uid", "owner_id", "created_at", "updated_at", "settings"})
LONGEST_NAME = 200  # characters of a name that is made here
LARGEST_CODE = 8 << 20  # characters
LARGEST_SETTINGS = 1 << 20  # characters of JSON, arguments included
LONGEST_CHAIN = 1000  # jobs that run one after the other
SCHEDULED = "A job that runs after another is not scheduled too; leave out `parent_id`, or the schedule."


class Around(Struct, frozen=True, kw_only=True):
    """What is shown of scripts beside themselves, by the script's id or the template's."""

    projects: dict[int, list[tuple[int, str]]]
    last: dict[int, Entry]
    succeeded: dict[int, Entry]
    published: dict[int, int]
    dependents: dict[int, int]
    backings: dict[int, Backing]
    aliases: dict[int, list[tuple[int, str]]]


def create(call: Call, way: Way, given: Given) -> int:
    """A new script of the caller's; its id.

    Raises Invalid for what no script of the kind can be, NotFound where it names an object that the caller may not see.
    """
    now = datetime.now(UTC)
    with call.platform.db.begin() as connection:
        wanted = given.get("from_template_id")
        backing = None if wanted is None else _template(connection, call, wanted)
        settings = _merged(way, way.defaults, given)
        values: dict[str, Any] = {
            "kind": way.kind.value,
            "uid": ids.new_uid(),
            "owner_id": call.user.id,
            "name": given.get("name") or "",
            "hidden": bool(given.get("hidden")),
            "parent_id": given.get("parent_id"),
            "running_as_id": given.get("running_as_id"),
            "template_id": backing.id if backing else None,
            "settings": settings,
            "created_at": now,
            "updated_at": now,
        }
        code = _code(way, given)
        _check(connection, call, None, values)
        values["next_run_at"] = _next_run(values, given, now)
        job_id = rows.insert(connection, code, **values)
        if not values["name"]:
            values["name"] = _default_name(job_id, backing if way.kind is Kind.CUSTOM else None)
            rows.update(connection, job_id, name=values["name"])
        changes.record(connection, call, "create", ObjectKind.JOB, job_id, None, _told(values), name=values["name"])
    return job_id


def replace(call: Call, way: Way, job_id: int, given: Given) -> None:
    """Give a script other attributes; those that are not given are as in a new script."""
    _write(call, way, job_id, given, way.defaults)


def change(call: Call, way: Way, job_id: int, given: Given) -> None:
    """Change the attributes of a script that are given."""
    _write(call, way, job_id, given, None)


def get(call: Call, noun: Noun, job_id: int) -> Script:
    """A script that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, noun, job_id)
        return _script(connection, noun, job_id)


def code_of(call: Call, script: Script) -> str | None:
    """The code of a script at its current version; that of the script behind the template where it has one.

    The latter is for who may see the template.
    """
    with call.platform.db.read() as connection:
        job_id = script.id
        if script.kind == Kind.CUSTOM and script.template_id is not None:
            seen = queries.level_of(connection, TEMPLATE, script.template_id, call.user.id)
            backing = rows.backings(connection, [script.template_id]).get(script.template_id) if seen else None
            if backing is None:
                return None
            job_id = backing.job_id
        return rows.codes(connection, [job_id]).get(job_id)


def list_scripts(
    call: Call,
    noun: Noun,
    wanted: Wanted,
    page: Page,
    *,
    status: Sequence[str] = (),
    template_ids: Sequence[int] | None = None,
) -> Slice[Script]:
    """A page of the scripts that the caller may see, of those that stand so or are made from one of those templates."""
    more = [rows.standing(status, calls=False)] if status else []
    if template_ids is not None:
        more.append(rows.made_from(template_ids))
    by = rows.by_last_run() if page.order == "last_run.updated_at" else None
    with call.platform.db.read() as connection:
        found = objects.list_ids(connection, call, noun, wanted, page, *more, by=by)
        return Slice(rows.read(connection, found.items), found.total)


def look_around(call: Call, scripts: Sequence[Script]) -> Around:
    """What is shown of these scripts beside themselves, each kind of it in one query."""
    job_ids = [script.id for script in scripts]
    template_ids = {script.template_id for script in scripts if script.template_id is not None}
    with call.platform.db.read() as connection:
        seen = objects.matches(call, PROJECT, Wanted(archived=None, hidden=None))
        published = rows.published(connection, job_ids)
        custom = [script.id for script in scripts if script.kind == Kind.CUSTOM]
        done = rows.succeeded()
        return Around(
            projects=project_rows.projects_of(connection, ObjectKind.JOB, job_ids, seen),
            last=rows.last_runs(connection, job_ids, call.user.id),
            succeeded=rows.last_runs(connection, custom, call.user.id, done) if custom else {},
            published=published,
            dependents=rows.dependents(connection, published.values()) if published else {},
            backings=rows.backings(connection, template_ids) if template_ids else {},
            aliases=rows.aliases_of(connection, template_ids) if template_ids else {},
        )


def params_of(script: Script, around: Around) -> list[dict[str, Any]]:
    """The parameters of a script; those of the script behind the template where it has one."""
    backing = around.backings.get(script.template_id or 0) if script.kind == Kind.CUSTOM else None
    found: list[dict[str, Any]] = (backing.settings if backing else script.settings).get("params") or []
    return found


def expanded(script: Script, around: Around) -> dict[str, Any]:
    """What can be put into the code of a script, without secrets."""
    wanted = msgspec.convert(params_of(script, around), list[Param])
    return params.expand(wanted, script.settings.get("arguments") or {})


def clone(call: Call, way: Way, job_id: int, *, schedule: bool, triggers: bool, notifications: bool) -> int:
    """A copy of a script that the caller may see, as the caller's own; its id.

    What it is scheduled for, what it runs after and whom it notifies are copied where that is asked for. What the
    caller may not see is left out of the copy.
    """
    with call.platform.db.read() as connection:
        objects.require(connection, call, way.noun, job_id)
        script = _script(connection, way.noun, job_id)
        code = rows.codes(connection, [job_id]).get(job_id)
        given = dict(script.settings)
        for name, kind in _references(given):
            if queries.level_of(connection, NOUNS[kind], given[name], call.user.id) is None:
                given[name] = None
        target = given.get("target_project_id")
        if target and not _may_fill(connection, call, target):
            given["target_project_id"] = None
        parent_id = script.parent_id if triggers else None
        if parent_id and queries.level_of(connection, JOB, parent_id, call.user.id) is None:
            parent_id = None
    given |= {
        "name": f"Clone of Script {job_id} {script.name}"[:LONGEST_NAME],
        "hidden": script.hidden,
        "parent_id": parent_id,
        "from_template_id": script.template_id,
        **({way.code: code} if way.code else {}),
    }
    for name, kept in (("schedule", schedule), ("notifications", notifications)):
        if not kept:
            del given[name]
    return create(call, way, given)


def _write(call: Call, way: Way, job_id: int, given: Given, base: Given | None) -> None:
    now = datetime.now(UTC)
    with call.platform.db.begin() as connection:
        objects.require(connection, call, way.noun, job_id, Level.WRITE)
        before = _script(connection, way.noun, job_id, lock=True)
        old_code = rows.codes(connection, [job_id]).get(job_id) if way.code else None
        values: dict[str, Any] = {name: given[name] for name in ("parent_id", "running_as_id") if name in given}
        if base is not None:
            values = {"parent_id": None, "running_as_id": None, **values}
        if given.get("from_template_id") is not None:
            values["template_id"] = _template(connection, call, given["from_template_id"]).id
        if given.get("name") or base is not None:
            backing = (
                rows.backings(connection, [before.template_id]).get(before.template_id) if before.template_id else None
            )
            values["name"] = given.get("name") or _default_name(job_id, backing)
        values["settings"] = _merged(way, before.settings if base is None else base, given)
        _check(connection, call, before, values)
        if base is not None or {"schedule", "time_zone", "next_run_at", "parent_id"} & given.keys():
            whole = {"parent_id": before.parent_id, **values}
            values["next_run_at"] = _next_run(whole, given, now)
        code = _code(way, given) if way.code in given or base is not None else old_code
        if code is not None and code != old_code:
            values["version"] = before.version + 1
            rows.add_version(connection, job_id, values["version"], code, call.user.id, now)
        rows.update(connection, job_id, updated_at=now, **values)
        told = _told({name: getattr(before, name) for name in values}), _told(values)
        changes.record(connection, call, "update", ObjectKind.JOB, job_id, *told, name=before.name)


def _merged(way: Way, base: Given, given: Given) -> dict[str, Any]:
    """The settings after a change. A part with fields keeps those that are not given, a schedule excepted."""
    result = {**way.defaults, **base}
    for name, value in given.items():
        if name not in way.defaults or (value is None and way.defaults[name] is not None):
            continue
        if name in way.parts and value is not None:
            known = way.parts[name] if name == "schedule" else {**way.parts[name], **(result[name] or {})}
            kept = {key: one for key, one in value.items() if one is not None or way.parts[name][key] is None}
            result[name] = known | kept
        else:
            result[name] = value
    if len(msgspec.json.encode(result)) > LARGEST_SETTINGS:
        raise TooLarge(f"The settings of a script, its arguments included, have at most {LARGEST_SETTINGS >> 20} MB.")
    return result


def _check(connection: Connection, call: Call, before: Script | None, values: Given) -> None:
    settings: dict[str, Any] = values["settings"]
    known = before.settings if before else {}
    if "params" in settings:
        params.check(msgspec.convert(settings["params"], list[Param]))
    for name, kind in _references(settings):
        one = settings[name]
        if one != known.get(name) and queries.level_of(connection, NOUNS[kind], one, call.user.id) is None:
            raise NotFound(f"`{name}`: there is no {NOUNS[kind].word} {one} that you may see.")
    target = settings.get("target_project_id")
    if target is not None and target != known.get("target_project_id") and not _may_fill(connection, call, target):
        raise NotFound(f"`target_project_id`: there is no project {target} that you may change.")
    runner = values.get("running_as_id")
    if runner not in {None, call.user.id, before.running_as_id if before else None}:
        raise Forbidden("`running_as_id`: a script runs as its owner, or as who sets this to themselves.")
    parent_id = values.get("parent_id")
    if parent_id is not None and parent_id != (before.parent_id if before else None):
        _check_parent(connection, call, before.id if before else None, parent_id)


def _may_fill(connection: Connection, call: Call, project_id: int) -> bool:
    return (queries.level_of(connection, PROJECT, project_id, call.user.id) or 0) >= Level.WRITE


def _check_parent(connection: Connection, call: Call, job_id: int | None, parent_id: int) -> None:
    if queries.level_of(connection, JOB, parent_id, call.user.id) is None:
        raise NotFound(f"`parent_id`: there is no job {parent_id} that you may see.")
    above: int | None = parent_id
    for _ in range(LONGEST_CHAIN):
        if above is None:
            return
        if above == job_id:
            raise Invalid(f"`parent_id`: the job {parent_id} runs after this one itself, directly or through others.")
        above = rows.parent_of(connection, above)
    raise Invalid(f"`parent_id`: at most {LONGEST_CHAIN} jobs run one after the other.")


def _next_run(values: Given, given: Given, now: datetime) -> datetime | None:
    settings = values["settings"]
    zone = zone_of(settings["time_zone"])
    recurrence = msgspec.convert(settings["schedule"], Recurrence)
    recurrence.check()
    if not recurrence.scheduled:
        return None
    if values.get("parent_id") is not None:
        raise Invalid(SCHEDULED)
    asked: datetime | None = given.get("next_run_at")
    return asked if asked is not None and asked > now else recurrence.following(now, zone)


def _code(way: Way, given: Given) -> str | None:
    code = given.get(way.code) if way.code else None
    if code is not None and len(code) > LARGEST_CODE:
        raise TooLarge(f"The code of a script has at most {LARGEST_CODE >> 20} MB.")
    return code


def _template(connection: Connection, call: Call, template_id: int) -> Backing:
    seen = queries.level_of(connection, TEMPLATE, template_id, call.user.id)
    backing = rows.backings(connection, [template_id]).get(template_id) if seen else None
    if backing is None or backing.archived:
        raise NotFound(f"`from_template_id`: there is no template {template_id} that you may use.")
    return backing


def _default_name(job_id: int, backing: Backing | None) -> str:
    number = f" #{job_id}"
    return f"{backing.name[: LONGEST_NAME - len(number)]}{number}" if backing else f"Script{number}"


def _references(settings: Given) -> list[tuple[str, ObjectKind]]:
    return [(name, kind) for name, kind in REFERENCES.items() if settings.get(name) is not None]


def _told(values: Given) -> dict[str, Any]:
    """What the log of changes keeps: code as its version, and of arguments, which may be secret, a digest."""
    told = {name: value for name, value in values.items() if name not in UNTOLD}
    told |= {name: value for name, value in values["settings"].items() if name != "arguments"}
    told["arguments"] = ids.digest(msgspec.json.encode(values["settings"].get("arguments")).decode())
    return msgspec.to_builtins(told)


def _script(connection: Connection, noun: Noun, job_id: int, *, lock: bool = False) -> Script:
    if not (found := rows.read(connection, [job_id], lock=lock)):
        raise NotFound(f"There is no {noun.word} {job_id} that you may see.")
    return found[0]
