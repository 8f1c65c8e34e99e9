"""Arrays: a catalogue of what lies in folders of the server's, on disks of their owners and in object stores.

An array is called `tiledb://namespace/name`. Who may do what with one is decided as for every object; whoever may not
see one is told what they are told of one that there is not.
"""

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import arrays as rows
from headrace.db import favorites
from headrace.db import objects as queries
from headrace.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.model import ids
from headrace.model.array import Activity, Array, Event, check_name, check_storage, parse
from headrace.model.object import NOUNS, Kind, Level
from headrace.model.page import Page, Slice
from headrace.model.statement import writes
from headrace.model.task import LAKE, Detail, Type
from headrace.services import changes, grants, namespaces, objects
from headrace.services.call import Call
from headrace.services.grants import Grant
from headrace.store import mounts

ARRAY = NOUNS[Kind.ARRAY]
PUBLIC = "public"  # the namespace that stands for everybody
TOLD = ("name", "namespace", "storage", "description", "tags", "file_type", "public_read")
WRITES = re.compile(r"\s*(insert|replace|delete|update)\b\s*(?:ignore\s+)?(?:into\s+|from\s+)?`([^`@]+)", re.IGNORECASE)
MOST_RECENT = 20  # arrays that were accessed last


class Shelf(Enum):
    """Which of the arrays that somebody may see."""

    OWNED = "in a namespace of theirs"
    SHARED = "shared with them"
    MINE = "either of these"
    PUBLIC = "open to everybody"
    ALL = "all of them"


class Wanted(Struct, frozen=True, kw_only=True):
    """Which arrays a list is to hold; None and empty ask for nothing."""

    namespace: str | None = None
    within: str | None = None  # of a namespace of the caller's, what is in it, and what is shared with them
    search: str | None = None
    permission: Level = Level.READ
    tags: Sequence[str] = ()
    without_tags: Sequence[str] = ()
    file_types: Sequence[str] = ()
    without_file_types: Sequence[str] = ()
    file_properties: Sequence[str] = ()  # `name` or `name:value`
    shared_to: Sequence[str] = ()
    public: bool | None = None
    marked: bool = False  # as a favorite of the caller's


class Shown(Struct, frozen=True, kw_only=True):
    """An array as somebody sees it."""

    array: Array
    level: Level
    owner: str
    shares: int
    own: bool  # whether it is in a namespace of theirs
    marked: bool  # whether it is a favorite of theirs


def find(connection: Connection, call: Call, uri: str, level: Level = Level.READ) -> Array:
    """The array of a URI: `tiledb://namespace/` and its name, its UUID or where it lies.

    Raises NotFound where the caller may not see it, exactly as where it is not there, Forbidden where they may see it
    and not do that much, Invalid for what is no such URI.
    """
    array = _called(connection, call, *parse(uri), level)
    if array.read_only and level is Level.WRITE:
        raise Forbidden(f"{array.uri} is read-only; who may change what is said of it can end that.")
    return array


def make(connection: Connection, call: Call, namespace: str, name: str, storage: str = "", **given: Any) -> Array:  # noqa: ANN401
    """A new array in a namespace in which the caller may act, and its folder where it lies at no `storage`.

    Whoever is in the group of a namespace manages what is in it. Raises NotFound, Invalid, and Conflict where the
    namespace has one of that name or that lies there.
    """
    home, now = call.platform.settings.home, datetime.now(UTC)
    space = namespaces.own(connection, call, namespace)
    storage = check_storage(storage) if storage else ""
    for called in (check_name(name), storage):
        if called and (known := rows.find(connection, space.name, called)) is not None:
            raise Conflict(f"There is an array {known.uri} already.")
    array = rows.insert(
        connection,
        uid=ids.new_uid(),
        owner_id=call.user.id,
        namespace=space.name,
        name=name,
        storage=storage,
        created_at=now,
        updated_at=now,
        **{"file_properties": {}, "tags": [], "read_only": False, "public_read": False, **given},
    )
    if space.group_id is not None:
        queries.put_share(connection, Kind.ARRAY, array.id, Level.MANAGE, group_id=space.group_id)
    # Before the commit: a folder without an array goes with the next sweep, an array without one would be broken.
    lay(home, array)
    if array.folder is not None:
        array = rows.update(connection, array.id, size=0)
    changes.record(connection, call, "create", Kind.ARRAY, array.id, None, changes.told(array, *TOLD), name=name)
    note(connection, call, [array], Event.REGISTER if storage else Event.CREATE)
    return array


def lay(home: Path, array: Array) -> None:
    """See that the folder of an array that lies here is there, for every worker that it is lent to."""
    if array.folder is None:
        return
    folder = home / LAKE / array.folder
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        # Workers are users of the machine that are not the server's; nobody else comes past the home folder.
        folder.chmod(0o777)


def register(call: Call, namespace: str, name: str, storage: str, **given: Any) -> Shown:  # noqa: ANN401
    """A new array that lies at `storage`, or with none in a folder of the server's, with these columns."""
    with call.platform.db.begin() as connection:
        return _shown(connection, call, make(connection, call, namespace, name, storage, **given))


def get(call: Call, namespace: str, called: str) -> Shown:
    """An array that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        return _shown(connection, call, _called(connection, call, namespace, called, Level.READ))


def update(call: Call, namespace: str, called: str, **given: Any) -> Array:  # noqa: ANN401
    """Change columns of an array that the caller may write; None is no change.

    Where it lies changes who manages it. Raises Conflict where the namespace has one of that name.
    """
    values = {name: value for name, value in given.items() if value is not None}
    level = Level.MANAGE if "storage" in values else Level.WRITE
    with call.platform.db.begin() as connection:
        before = _called(connection, call, namespace, called, level)
        if "name" in values and check_name(values["name"]) != before.name:
            known = rows.find(connection, before.namespace, values["name"])
            if known is not None and known.id != before.id:
                raise Conflict(f"There is an array {known.uri} already.")
        if "storage" in values and not before.storage:
            raise Conflict("This array lies in a folder of the server's, and stays there.")
        if "storage" in values:
            values["storage"] = check_storage(values["storage"])
        after = rows.update(connection, before.id, updated_at=datetime.now(UTC), **values)
        told = [changes.told(one, *TOLD) for one in (before, after)]
        changes.record(connection, call, "update", Kind.ARRAY, before.id, *told, name=before.name)
        note(connection, call, [after], Event.METADATA_UPDATE)
        return after


def deregister(call: Call, namespace: str, called: str) -> None:
    """Forget an array that the caller manages, and leave its cells where they lie.

    Raises Conflict for one in a folder of the server's: nothing would find it again.
    """
    with call.platform.db.begin() as connection:
        array = _called(connection, call, namespace, called, Level.MANAGE)
        if not array.storage:
            raise Conflict(f"{array.uri} lies in a folder of the server's and nowhere else; delete it, or keep it.")
        objects.delete(connection, call, ARRAY, array.id, changes.told(array, *TOLD))


def delete(call: Call, namespace: str, called: str) -> None:
    """Forget an array that the caller manages, and delete its folder.

    Raises Conflict for one whose cells lie elsewhere, which are not the server's to delete.
    """
    with call.platform.db.begin() as connection:
        array = _called(connection, call, namespace, called, Level.MANAGE)
        if (folder := array.folder) is None:
            raise Conflict(f"{array.uri} lies at {array.storage}: deregister it here, and delete its cells there.")
        objects.delete(connection, call, ARRAY, array.id, changes.told(array, *TOLD))
    # After the commit: where the server is killed in between, the next sweep takes the folder.
    shutil.rmtree(call.platform.settings.home / LAKE / folder, ignore_errors=True)


def browse(call: Call, shelf: Shelf, wanted: Wanted, page: Page) -> Slice[Shown]:
    """A page of the arrays on a shelf that the caller may see and asks for."""
    with call.platform.db.read() as connection:
        matches = _matches(connection, call, shelf, wanted)
        found = queries.ids_of_page(connection, ARRAY, matches, page)
        return Slice(
            _all_shown(connection, call, rows.read(connection, found)), queries.count(connection, ARRAY, matches)
        )


def count_by_namespace(call: Call, shelf: Shelf, wanted: Wanted) -> dict[str, int]:
    """How many arrays there are on a shelf, by namespace."""
    with call.platform.db.read() as connection:
        return rows.count_by_namespace(connection, _matches(connection, call, shelf, wanted))


def list_grants(call: Call, namespace: str, called: str) -> list[Grant]:
    """With whom an array that the caller may see is shared."""
    with call.platform.db.read() as connection:
        array = _called(connection, call, namespace, called, Level.READ)
        everybody = [Grant(namespace=PUBLIC, level=Level.READ)] if array.public_read else []
        return everybody + grants.list_grants(connection, ARRAY, array.id)


def share(call: Call, namespace: str, called: str, to: str, level: Level | None) -> None:
    """Let a user, a group or everybody (`public`) do so much with an array that the caller manages; None: nothing.

    Raises NotFound where there is nobody of that name or nothing to take back, Invalid where everybody would write.
    """
    with call.platform.db.begin() as connection:
        array = _called(connection, call, namespace, called, Level.MANAGE)
        if to == PUBLIC:
            if level not in (None, Level.READ):
                raise Invalid("Everybody may be let read an array, and no more.")
            rows.update(connection, array.id, public_read=level is not None, updated_at=datetime.now(UTC))
            told = [{"public_read": one} for one in (array.public_read, level is not None)]
            changes.record(connection, call, "share", Kind.ARRAY, array.id, *told, name=array.name)
            return
    grants.give(call, ARRAY, array.id, to, level)


def note(
    connection: Connection, call: Call, arrays: Sequence[Array], event: Event, task_uid: str | None = None
) -> None:
    """Write down that the caller did something with these arrays, in a task where it was one."""
    rows.note(
        connection,
        [array.id for array in arrays],
        uids=[ids.new_run_uid() for _ in arrays],
        user_id=call.user.id,
        at=datetime.now(UTC),
        event=event.value,
        task_uid=task_uid,
    )


def resize(connection: Connection, call: Call, array: Array) -> None:
    """Note how large an array is now that was written to, where it lies in a folder of the server's."""
    if array.folder is not None:
        size = mounts.measured(call.platform.settings.home / LAKE / array.folder)
        if size != array.size:
            rows.update(connection, array.id, size=size)


def note_task(connection: Connection, call: Call, uid: str, type_: Type, detail: Detail, uris: Sequence[str]) -> None:
    """Write down what a task of the caller's did with the arrays of these URIs, as far as its words tell."""
    by_event: dict[Event, list[Array]] = {}
    written = detail.output_uri is not None or any(map(writes, (*detail.init_commands, detail.query or "")))
    for uri in uris:
        if (array := rows.find(connection, *parse(uri))) is not None:
            if written:
                resize(connection, call, array)
            by_event.setdefault(_event(type_, detail, uri), []).append(array)
    for event, done in by_event.items():
        note(connection, call, done, event, uid)


def list_activity(call: Call, namespace: str, called: str, page: Page | None, **wanted: Any) -> Slice[Activity]:  # noqa: ANN401
    """A page of what was done with an array, or all of it, for who manages it; `wanted` as `db.arrays` takes it."""
    with call.platform.db.read() as connection:
        array = _called(connection, call, namespace, called, Level.MANAGE)
        return rows.list_activity(connection, array.id, page, **wanted)


def list_last_accessed(call: Call) -> list[tuple[Array, datetime, Event]]:
    """The arrays that the caller did something with last and may still see, when and what."""
    with call.platform.db.read() as connection:
        found = rows.last_accessed(connection, call.user.id, MOST_RECENT)
        seen = queries.levels_of(connection, ARRAY, [array.id for array, _, _ in found], call.user.id)
    return [one for one in found if one[0].id in seen]


def _called(connection: Connection, call: Call, namespace: str, called: str, level: Level) -> Array:
    array = rows.find(connection, namespaces.canonical(connection, call, namespace), called)
    held = None if array is None else queries.level_of(connection, ARRAY, array.id, call.user.id)
    if array is None or held is None:
        raise NotFound(f"There is no array tiledb://{namespace[:100]}/{called[:200]} that you may see.")
    if held < level:
        raise Forbidden(objects.NEEDED[level].format(word=ARRAY.word))
    return array


def _shown(connection: Connection, call: Call, array: Array) -> Shown:
    return _all_shown(connection, call, [array])[0]


def _all_shown(connection: Connection, call: Call, arrays: Sequence[Array]) -> list[Shown]:
    numbers = [array.id for array in arrays]
    levels = queries.levels_of(connection, ARRAY, numbers, call.user.id)
    counts = rows.count_shares(connection, numbers)
    owners = rows.owners(connection, list({array.owner_id for array in arrays}))
    own = set(namespaces.list_own(connection, call))
    marked = favorites.marked(connection, call.user.id, Kind.ARRAY, numbers)
    return [
        Shown(
            array=one,
            level=levels[one.id],
            owner=owners[one.owner_id],
            shares=counts.get(one.id, 0),
            own=one.namespace in own,
            marked=one.id in marked,
        )
        for one in arrays
        if one.id in levels
    ]


def _matches(connection: Connection, call: Call, shelf: Shelf, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    user_id = call.user.id
    own = namespaces.list_own(connection, call)
    shared = sa.and_(queries.shared_with(Kind.ARRAY, user_id, wanted.permission), sa.not_(rows.of_namespaces(own)))
    mine = rows.of_namespaces(own)
    found = [queries.permitted(Kind.ARRAY, user_id, wanted.permission)]
    found += queries.on_shelf(ARRAY, archived=False, hidden=False)
    if wanted.within is not None:
        within = namespaces.canonical(connection, call, wanted.within)
        mine = rows.of_namespaces([within])
        if within not in own:
            found.append(mine)
            shelf = Shelf.ALL
    match shelf:
        case Shelf.OWNED:
            found.append(mine)
        case Shelf.SHARED:
            found.append(shared)
        case Shelf.MINE:
            found.append(sa.or_(mine, shared))
        case Shelf.PUBLIC:
            found.append(rows.public())
        case Shelf.ALL:
            pass
    if wanted.namespace is not None:
        found.append(rows.of_namespaces([namespaces.canonical(connection, call, wanted.namespace)]))
    if wanted.search:
        found.append(rows.like(wanted.search))
    if wanted.tags:
        found.append(sa.or_(*map(rows.tagged, wanted.tags)))
    found += [sa.not_(rows.tagged(tag)) for tag in wanted.without_tags]
    if wanted.file_types:
        found.append(rows.of_types(wanted.file_types))
    if wanted.without_file_types:
        found.append(sa.not_(rows.of_types(wanted.without_file_types)))
    for text in wanted.file_properties:
        name, _, value = text.partition(":")
        found.append(rows.has_property(name, value or None))
    if wanted.shared_to:
        found.append(rows.shared_to(wanted.shared_to))
    if wanted.marked:
        found.append(favorites.among(user_id, Kind.ARRAY, queries.table_of(ARRAY).c.id))
    if wanted.public is not None:
        found.append(rows.public() if wanted.public else sa.not_(rows.public()))
    return found


def _event(type_: Type, detail: Detail, uri: str) -> Event:
    if type_ is not Type.SQL:
        return Event.UDF
    if detail.output_uri == uri:
        return Event.QUERY_WRITE
    verb = WRITES.match(detail.query or "")
    if verb is None or uri != verb[2]:
        return Event.QUERY_READ
    return Event.QUERY_DELETE if verb[1].lower() == "delete" else Event.QUERY_WRITE
