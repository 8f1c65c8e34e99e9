"""A run: one execution of a job, and what may happen to it next."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    """Where a run stands. The dialects translate these words, each with one table."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to the run."""
        return self in {State.SUCCEEDED, State.FAILED, State.CANCELLED}


class Cache(StrEnum):
    """Whether a call was answered from a stored result."""

    HIT = "hit"
    MISS = "miss"
    OFF = "off"


class Run(Struct, frozen=True, kw_only=True):
    """What is kept of a run: who, what, when, how it went, and where the time went (milliseconds)."""

    uid: str
    state: State
    job_id: int | None = None
    job_name: str | None = None
    version: int | None = None
    code_hash: str
    owner_id: int
    caller_id: int | None = None
    token_id: int | None = None
    collection_id: int | None = None  # where it was called by a collection's token
    parent_uid: str | None = None  # of the run whose code called it
    door: str  # which way the call came in: body, saved, token, tile, task
    format: str | None = None
    cache: Cache = Cache.OFF
    status: int  # the HTTP status of the answer; 202 while there is none
    size: int = 0  # bytes of the result
    started_at: datetime
    finished_at: datetime | None  # None while it is under way
    queue_ms: float = 0
    start_ms: float = 0
    import_ms: float = 0
    user_ms: float = 0
    encode_ms: float = 0
    total_ms: float = 0
    error_class: str | None = None
    error: str | None = None
    stdout: str = ""
    stderr: str = ""


class Entry(Struct, frozen=True, kw_only=True):
    """A run, as the history of its job shows it."""

    id: int
    uid: str
    job_id: int
    state: State
    started_at: datetime
    finished_at: datetime | None
    error: str | None


class Log(Struct, frozen=True, kw_only=True):
    """A line that a run printed; ids count from 1 within the run."""

    id: int
    created_at: datetime
    level: str
    message: str
