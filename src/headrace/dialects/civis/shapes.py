"""Parts that objects of many kinds have on this wire, and how they are read from what is kept."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import initials
from headrace.model import params
from headrace.model.access import User
from headrace.services import accounts
from headrace.services.call import Call

Hours = Annotated[int, Meta(ge=0, le=23)]
Minutes = Annotated[int, Meta(ge=0, le=59)]
Days = Annotated[int, Meta(ge=0, le=6)]
DaysOfMonth = Annotated[int, Meta(ge=1, le=31)]
ParamName = Annotated[str, Meta(min_length=1, max_length=200)]


class Author(Wire, frozen=True, kw_only=True):
    """A user, as objects name who owns them."""

    id: int
    name: str
    username: str
    initials: str
    online: bool | None = None


class Schedule(Wire, frozen=True, kw_only=True):
    """When a job is to run, in its time zone."""

    scheduled: Annotated[bool | None, Meta(description="Whether the job is to run by this schedule.")] = None
    scheduled_days: Annotated[list[Days], Meta(description="Days of the week; 0 is Sunday.")] = []
    scheduled_hours: Annotated[list[Hours], Meta(description="Hours of the day.")] = []
    scheduled_minutes: Annotated[list[Minutes], Meta(description="Minutes of the hour.")] = []
    scheduled_runs_per_hour: Annotated[int | None, Meta(description="Runs in an hour, in place of minutes.")] = None
    scheduled_days_of_month: Annotated[list[DaysOfMonth], Meta(description="Days of the month, in place of days.")] = []


class Notifications(Wire, frozen=True, kw_only=True):
    """Who is told how a job ended."""

    urls: Annotated[list[str], Meta(description="URLs to receive a POST when the job ends.")] = []
    success_email_subject: str | None = None
    success_email_body: Annotated[str | None, Meta(description="Markdown.")] = None
    success_email_addresses: list[str] = []
    success_email_from_name: str | None = None
    success_email_reply_to: str | None = None
    failure_email_addresses: list[str] = []
    stall_warning_minutes: int | None = None
    success_on: bool = True
    failure_on: bool = True


class Param(Wire, frozen=True, kw_only=True):
    """A value that a script wants to be given."""

    name: Annotated[ParamName, Meta(description="The variable's name as used within the code.")]
    label: Annotated[str | None, Meta(description="The label to present to users.")] = None
    description: Annotated[str | None, Meta(description="What it is, for who is to give it.")] = None
    type: Annotated[Literal[params.TYPES], Meta(description="The type of the value.")]  # type: ignore[valid-type]
    required: Annotated[bool, Meta(description="Whether an argument must be given.")] = False
    value: Annotated[str | int | float | bool | None, Meta(description="A value that no argument replaces.")] = None
    default: Annotated[
        str | int | float | bool | None,
        Meta(description="The value without an argument; not for what is required or a credential."),
    ] = None
    allowed_values: Annotated[
        list[dict[str, Any]], Meta(max_length=1000, description="All that it may be, each a label and a value.")
    ] = []


class RequiredResources(Wire, frozen=True, kw_only=True):
    """What a container is given of the machine."""

    cpu: Annotated[int, Meta(ge=2, le=1 << 20, description="Thousandths of a core.")] = 256
    memory: Annotated[int, Meta(ge=4, le=1 << 24, description="MiB.")] = 1024
    disk_space: Annotated[float, Meta(ge=0, le=1 << 20, description="GB.")] = 1.0


class LastRun(Wire, frozen=True, kw_only=True):
    """The last run of a job."""

    id: int
    state: str
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None


class ProjectStub(Wire, frozen=True, kw_only=True):
    """A project that an object is in."""

    id: int
    name: str


def author_of(user: User) -> Author:
    """A user as an object's author."""
    return Author(id=user.id, name=user.name, username=user.username, initials=initials(user.name))


def authors(call: Call, ids: Iterable[int]) -> dict[int, Author]:
    """These users, by id."""
    return {user.id: author_of(user) for user in accounts.get_users(call, set(ids))}


def given(body: Wire) -> dict[str, Any]:
    """The fields of a change that were given: null is no change."""
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None}
