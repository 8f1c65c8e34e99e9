"""Arrays one by one: what is known of each, who may use it, and what was done with it (TileDB protocol notes 3.8)."""

import posixpath
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta

from headrace.api.operation import Operation, describe
from headrace.dialects.tiledb.codec import Wire
from headrace.dialects.tiledb.pages import ALL, PageNumber, PaginationMetadata, PerPage, paged
from headrace.errors import Invalid, NotFound
from headrace.model.array import Activity, Event
from headrace.model.object import Level
from headrace.model.page import Page, Slice
from headrace.services import arrays
from headrace.services.arrays import Shown
from headrace.services.call import Call

ArrayAction = Literal["read", "write", "edit", "read_array_logs", "read_array_info", "read_array_schema"]
FileType = Literal["notebook", "user_defined_function", "ml_model", "file", "registered_task_graph"]
ACTIONS: dict[Level, list[ArrayAction]] = {
    Level.READ: ["read", "read_array_info", "read_array_schema"],
    Level.WRITE: ["read", "read_array_info", "read_array_schema", "write"],
    Level.MANAGE: ["read", "read_array_info", "read_array_schema", "write", "edit", "read_array_logs"],
}
# What an action asks for; those to read something of an array are to read it.
LEVELS = {"edit": Level.MANAGE, "read_array_logs": Level.MANAGE, "write": Level.WRITE}
LATEST = (1 << 33) - 1  # seconds since 1970, in the year 2242

Seconds = Annotated[int, Meta(ge=0, le=LATEST, description="Seconds since 1970.")]
Line = Annotated[str, Meta(max_length=1000)]
Long = Annotated[str, Meta(max_length=100_000)]


class ArrayInfo(Wire, frozen=True, kw_only=True):
    """What is known of an array."""

    id: str
    file_type: str | None = None
    file_properties: dict[str, str]
    uri: str
    namespace: str
    size: int | None = None
    last_accessed: datetime | None = None
    description: str | None = None
    name: str
    allowed_actions: list[ArrayAction]
    access_credentials_name: str | None = None
    share_count: int
    public_share: bool
    namespace_subscribed: bool
    tiledb_uri: str
    tags: list[str]
    license_id: str | None = None
    license_text: str | None = None
    read_only: bool
    is_favorite: bool
    created_at: datetime
    created_by: str


class ArrayInfoUpdate(Wire, frozen=True, kw_only=True):
    """What to say of an array; what is left out stays as it is."""

    description: Long | None = None
    name: Line | None = None
    uri: Line | None = None
    file_type: FileType | None = None
    file_properties: dict[Line, Line] | None = None
    access_credentials_name: Line | None = None
    tags: Annotated[list[Line], Meta(max_length=1000)] | None = None
    license_id: Line | None = None
    license_text: Long | None = None
    read_only: bool | None = None


class ArraySharing(Wire, frozen=True, kw_only=True):
    """What a user or an organization may do with an array."""

    actions: list[str]
    namespace: str
    namespace_type: str | None = None


class ArrayActivityLog(Wire, frozen=True, kw_only=True):
    """One thing that was done with an array."""

    event_at: datetime
    action: str
    username: str
    array_task_id: str | None = None
    id: str


class ArrayActivityLogData(Wire, frozen=True, kw_only=True):
    """A page of what was done with an array."""

    activitylogs: list[ArrayActivityLog]
    pagination_metadata: PaginationMetadata


def register_array(call: Call, namespace: str, array: str, body: ArrayInfoUpdate) -> ArrayInfo:
    """Register an array that lies somewhere, under a name in a namespace of the caller's.

    Where it lies is the `uri` of the body or the last part of the path; where neither is an address, the array is to
    be made in a folder of the server's.
    """
    storage = body.uri or (array if "://" in array else "")
    name = body.name or posixpath.basename((storage or array).rstrip("/"))
    return shown(arrays.register(call, namespace, name, storage, **_given(body)))


def get_array_metadata(call: Call, namespace: str, array: str) -> ArrayInfo:
    """What is known of an array, called by name, by UUID or by where it lies."""
    return shown(arrays.get(call, namespace, array))


def update_array_metadata(call: Call, namespace: str, array: str, body: ArrayInfoUpdate) -> None:
    """Say something else of an array."""
    given: dict[str, object] = dict(_given(body))
    if body.name is not None:
        given["name"] = body.name
    # Clients send the address that they called the array by along with every change.
    if (
        body.uri
        and not body.uri.startswith("tiledb://")
        and body.uri != arrays.get(call, namespace, array).array.storage
    ):
        given["storage"] = body.uri
    arrays.update(call, namespace, array, **given)


def deregister_array(call: Call, namespace: str, array: str) -> None:
    """Forget an array, and leave its cells where they lie."""
    arrays.deregister(call, namespace, array)


def delete_array(call: Call, namespace: str, array: str) -> None:
    """Forget an array that lies in a folder of the server's, and delete its cells."""
    arrays.delete(call, namespace, array)


def get_array_sharing_policies(call: Call, namespace: str, array: str) -> list[ArraySharing]:
    """With whom an array is shared; `public` is everybody."""
    return [
        ArraySharing(
            actions=list(ACTIONS[grant.level]),
            namespace=grant.namespace,
            namespace_type="organization" if grant.is_group else "user",
        )
        for grant in arrays.list_grants(call, namespace, array)
    ]


def share_array(call: Call, namespace: str, array: str, body: ArraySharing) -> None:
    """Let a user, an organization or everybody (`public`) do so much with an array; no actions take it all back."""
    words = [action.lower() for action in body.actions]
    if unknown := [word for word in words if word not in ACTIONS[Level.MANAGE]]:
        raise Invalid(
            f"`actions` wants some of {', '.join(ACTIONS[Level.MANAGE])}; {unknown[0][:40]!r} is none of them."
        )
    level = max((LEVELS.get(word, Level.READ) for word in words), default=None)
    arrays.share(call, namespace, array, body.namespace, level)


def array_activity_log(
    call: Call,
    namespace: str,
    array: str,
    start: Seconds | None = None,
    end: Seconds | None = None,
    event_types: str | None = None,
    task_id: str | None = None,
    has_task_id: bool | None = None,
) -> list[ArrayActivityLog]:
    """What was done with an array, the newest first, at most 1,000 things. `event_types` has commas between."""
    words = [word.strip() for word in (event_types or "").split(",") if word.strip()]
    found = _activity(call, namespace, array, ALL, start, end, words, task_id, has_task_id)
    return [_logged(one) for one in found.items]


def array_activity_page(
    call: Call,
    namespace: str,
    array: str,
    start: Seconds | None = None,
    end: Seconds | None = None,
    event_types: list[str] | None = None,
    task_id: str | None = None,
    has_task_id: bool | None = None,
    page: PageNumber = 1,
    per_page: PerPage = 10,
) -> ArrayActivityLogData:
    """A page of what was done with an array, the newest first."""
    one = Page(page_num=page, limit=per_page)
    found = _activity(call, namespace, array, one, start, end, event_types or [], task_id, has_task_id)
    return ArrayActivityLogData(
        activitylogs=[_logged(one) for one in found.items], pagination_metadata=paged(page, per_page, found.total)
    )


def get_activity_log_by_id(call: Call, namespace: str, array: str, id: str) -> ArrayActivityLog:
    """One thing that was done with an array."""
    found = arrays.list_activity(call, namespace, array, Page(limit=1), uid=id)
    if not found.items:
        raise NotFound(f"Nothing was done with this array under the id {id[:60]!r}.")
    return _logged(found.items[0])


def shown(one: Shown) -> ArrayInfo:
    """An array as this wire has it."""
    array = one.array
    return ArrayInfo(
        id=array.uid,
        file_type=array.file_type,
        file_properties=array.file_properties,
        uri=array.storage or array.uri,
        namespace=array.namespace,
        size=array.size,
        last_accessed=array.last_accessed_at,
        description=array.description,
        name=array.name,
        allowed_actions=ACTIONS[one.level],
        access_credentials_name=array.access_credentials_name,
        share_count=one.shares,
        public_share=array.public_read,
        namespace_subscribed=False,
        tiledb_uri=array.uri,
        tags=array.tags,
        license_id=array.license_id,
        license_text=array.license_text,
        read_only=array.read_only,
        is_favorite=one.marked,
        created_at=array.created_at,
        created_by=one.owner,
    )


def operations() -> list[Operation]:
    """The routes of single arrays."""
    tags = ("arrays",)
    one = "/v1/arrays/{namespace}/{array}"
    return [
        describe("POST", f"{one}/register", register_array, tags=tags),
        describe("GET", f"{one}/metadata", get_array_metadata, tags=tags),
        describe("PATCH", f"{one}/metadata", update_array_metadata, tags=tags),
        describe("DELETE", f"{one}/deregister", deregister_array, tags=tags),
        describe("DELETE", one, delete_array, tags=tags),
        describe("GET", f"{one}/share", get_array_sharing_policies, tags=tags),
        describe("PATCH", f"{one}/share", share_array, tags=tags),
        describe("GET", f"{one}/activity", array_activity_log, tags=tags),
        describe("GET", f"{one}/activity/{{id}}", get_activity_log_by_id, tags=tags),
        describe("GET", "/v2/arrays/{namespace}/{array}/activity", array_activity_page, tags=tags),
    ]


def _given(body: ArrayInfoUpdate) -> dict[str, object]:
    names = (
        "description",
        "file_type",
        "file_properties",
        "access_credentials_name",
        "tags",
        "license_id",
        "license_text",
        "read_only",
    )
    return {name: value for name in names if (value := getattr(body, name)) is not None}


def _activity(
    call: Call,
    namespace: str,
    array: str,
    page: Page,
    start: int | None,
    end: int | None,
    words: list[str],
    task_id: str | None,
    has_task: bool | None,
) -> Slice[Activity]:
    # What is never written down is known to the protocol all the same, and finds nothing.
    events = [Event(word) for word in words if word in set(Event)]
    if words and not events:
        arrays.get(call, namespace, array)
        return Slice([], 0)
    return arrays.list_activity(
        call,
        namespace,
        array,
        page,
        since=None if start is None else datetime.fromtimestamp(start, UTC),
        until=None if end is None else datetime.fromtimestamp(end, UTC),
        events=events,
        task_uid=task_id,
        has_task=has_task,
    )


def _logged(one: Activity) -> ArrayActivityLog:
    return ArrayActivityLog(
        event_at=one.at, action=one.event, username=one.username, array_task_id=one.task_uid, id=one.uid
    )
