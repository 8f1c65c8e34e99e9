"""The audit log on this protocol's wire (Fused protocol notes 2.9)."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from headrace.api.operation import Operation, describe
from headrace.services import audit
from headrace.services.audit import Entry
from headrace.services.call import Call


class Asked(Struct, frozen=True, kw_only=True):
    """Which part of the log, and in which order."""

    start_timestamp: Annotated[str | None, Meta(description="Calls that started then (ISO 8601) or later.")] = None
    end_timestamp: Annotated[str | None, Meta(description="Calls that started then or before.")] = None
    limit: Annotated[int, Meta(ge=1, le=audit.MOST, description="Calls to return.")] = 100
    scan_forward: Annotated[bool, Meta(description="The oldest first, or the newest.")] = True
    page_token: Annotated[str | None, Meta(description="`next_page_token` of the page before.")] = None


class Scanned(Struct, frozen=True, kw_only=True):
    """How much of the log is looked through."""

    start_timestamp: str | None = None
    end_timestamp: str | None = None
    max_records_to_scan: Annotated[int, Meta(ge=1, le=audit.MOST_SCANNED)] = 1000


class Record(Struct):
    """One call: who, what, when, by which right, and how it went. It holds no token's text."""

    id: str
    timestamp: datetime
    finished_at: datetime | None
    udf_id: str | None
    udf_name: str | None
    user_email: str | None
    owner_email: str | None
    execution_environment_id: str
    door: str
    shared_token_id: int | None
    through_collection: bool
    status: str
    status_code: int
    format: str | None
    cached: bool
    size: int
    duration_ms: float
    error: str | None


class Log(Struct):
    """A page of the log."""

    items: list[Record]
    limit: int
    next_page_token: str | None = None


class Latest(Struct):
    """A udf that was called, and when it was last."""

    udf_id: str | None
    udf_name: str | None
    timestamp: datetime


class Distinct(Struct):
    """The udfs that were called, the latest first."""

    items: list[Latest]
    limit: int
    next_page_token: str | None = None


def list_own(call: Call, asked: Asked) -> Log:
    """What the caller called, and what ran in their environment."""
    return _log(call, "self", asked)


def list_of_environment(call: Call, asked: Asked) -> Log:
    """What ran in the caller's environment, whoever called it."""
    return _log(call, "environment", asked)


def get(call: Call, id: str) -> Log:
    """One call by its run id."""
    return Log([_record(audit.get(call, id))], 1)


def list_by_udf_id(call: Call, udf_id: str, asked: Asked) -> Log:
    """The calls of a saved udf."""
    return _log(call, "self", asked, udf_uid=udf_id)


def list_by_udf_name(call: Call, udf_name: str, asked: Asked) -> Log:
    """The calls of udfs of a name, those whose code came with the call among them."""
    return _log(call, "self", asked, udf_name=udf_name)


def list_by_shared_token(call: Call, token: str, asked: Asked) -> Log:
    """The calls by a token of the caller's: of one udf, or of a collection."""
    return _log(call, "environment", asked, shared_token=token)


def list_names(call: Call, scanned: Scanned) -> Distinct:
    """The names of the udfs that the caller called, or that ran in their environment."""
    return _distinct(call, "self", "job_name", scanned)


def list_names_of_environment(call: Call, scanned: Scanned) -> Distinct:
    """The names of the udfs that ran in the caller's environment."""
    return _distinct(call, "environment", "job_name", scanned)


def list_ids(call: Call, scanned: Scanned) -> Distinct:
    """The ids of the saved udfs that the caller called, or that ran in their environment."""
    return _distinct(call, "self", "udf_uid", scanned)


def list_ids_of_environment(call: Call, scanned: Scanned) -> Distinct:
    """The ids of the saved udfs that ran in the caller's environment."""
    return _distinct(call, "environment", "udf_uid", scanned)


def operations() -> list[Operation]:
    """The routes of the log."""
    routes: list[tuple[str, Any]] = [
        ("/log/self", list_own),
        ("/log/exec-env/self", list_of_environment),
        ("/log/by-id/{id}", get),
        ("/log/by-udf-id/{udf_id}", list_by_udf_id),
        ("/log/by-udf-name/{udf_name}", list_by_udf_name),
        ("/log/by-shared-token/{token}", list_by_shared_token),
        ("/log/distinct-udf-names/self", list_names),
        ("/log/distinct-udf-names/exec-env/self", list_names_of_environment),
        *((f"/log/{word}/self", list_ids) for word in ("distinct-udf-id", "distinct-udf-ids")),
        *((f"/log/{word}/exec-env/self", list_ids_of_environment) for word in ("distinct-udf-id", "distinct-udf-ids")),
    ]
    return [describe("GET", path, function, tags=("log",)) for path, function in routes]


def _log(call: Call, whose: audit.Whose, asked: Asked, **which: str) -> Log:
    found, following = audit.list_entries(
        call,
        whose,
        start=asked.start_timestamp,
        end=asked.end_timestamp,
        most=asked.limit,
        forward=asked.scan_forward,
        page_token=asked.page_token or None,
        **which,
    )
    return Log([_record(entry) for entry in found], asked.limit, following)


def _distinct(call: Call, whose: audit.Whose, of: Any, scanned: Scanned) -> Distinct:  # noqa: ANN401 - a literal
    found = audit.list_latest(
        call,
        whose,
        of=of,
        start=scanned.start_timestamp,
        end=scanned.end_timestamp,
        scan=scanned.max_records_to_scan,
    )
    items = [Latest(entry.udf_uid, entry.job_name, entry.started_at) for entry in found]
    return Distinct(items, scanned.max_records_to_scan)


def _record(entry: Entry) -> Record:
    return Record(
        id=entry.uid,
        timestamp=entry.started_at,
        finished_at=entry.finished_at,
        udf_id=entry.udf_uid,
        udf_name=entry.job_name,
        user_email=entry.caller_email,
        owner_email=entry.owner_email,
        execution_environment_id="default",
        door=entry.door,
        shared_token_id=entry.token_id,
        through_collection=entry.collection_id is not None,
        status=entry.state.value,
        status_code=entry.status,
        format=entry.format,
        cached=entry.cache.value == "hit",
        size=entry.size,
        duration_ms=entry.total_ms,
        error=entry.error,
    )
