"""What requests give of an object, derived from the shape that answers show it in.

Each field of a shape is declared once. A request to make or replace an object must hold some of the fields and may
hold others; a request to change it may hold any. A field that is not given is UNSET, which null is not.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType, inspect

from headrace.dialects.civis.codec import Wire, normaliser
from headrace.dialects.civis.shapes import Notifications, Schedule

Count = Annotated[int, Meta(ge=1, le=60)]
Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,2}$")]
Numbers = list[Annotated[int, Meta(ge=0, le=59)] | Digits] | UnsetType | None
Truth = Annotated[str, Meta(pattern="^(true|false)$")]
Address = Annotated[str, Meta(max_length=2000)]
Addresses = Annotated[list[Address], Meta(max_length=100)] | Address | UnsetType | None
Words = Annotated[str, Meta(max_length=100_000)] | UnsetType | None


class ScheduleGiven(Wire, frozen=True, kw_only=True):
    """A schedule; what is not given of it is as in a job that is not scheduled. Numbers may come as text."""

    scheduled: bool | Truth | UnsetType | None = UNSET
    scheduled_days: Numbers = UNSET
    scheduled_hours: Numbers = UNSET
    scheduled_minutes: Numbers = UNSET
    scheduled_runs_per_hour: Count | Digits | UnsetType | None = UNSET
    scheduled_days_of_month: Numbers = UNSET

    def __post_init__(self) -> None:
        """Read texts as what they say."""
        if isinstance(self.scheduled, str):
            msgspec.structs.force_setattr(self, "scheduled", self.scheduled == "true")
        if isinstance(self.scheduled_runs_per_hour, str):
            msgspec.structs.force_setattr(self, "scheduled_runs_per_hour", int(self.scheduled_runs_per_hour))
        for name in ("scheduled_days", "scheduled_hours", "scheduled_minutes", "scheduled_days_of_month"):
            if isinstance(numbers := getattr(self, name), list):
                read = sorted({int(number) for number in cast("list[int | str]", numbers)})
                msgspec.structs.force_setattr(self, name, read)


class NotificationsGiven(Wire, frozen=True, kw_only=True):
    """Whom to tell; what is not given stays. One address may stand for a list."""

    urls: Addresses = UNSET
    success_email_subject: Words = UNSET
    success_email_body: Words = UNSET
    success_email_addresses: Addresses = UNSET
    success_email_from_name: Words = UNSET
    success_email_reply_to: Words = UNSET
    failure_email_addresses: Addresses = UNSET
    stall_warning_minutes: Annotated[int, Meta(ge=0, le=1 << 31)] | UnsetType | None = UNSET
    success_on: bool | Truth | UnsetType | None = UNSET
    failure_on: bool | Truth | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """Read one address as a list of it, and words as what they say."""
        for name in ("urls", "success_email_addresses", "failure_email_addresses"):
            if isinstance(one := getattr(self, name), str):
                msgspec.structs.force_setattr(self, name, [one] if one else [])
        for name in ("success_on", "failure_on"):
            if isinstance(word := getattr(self, name), str):
                msgspec.structs.force_setattr(self, name, word == "true")


GIVEN: dict[type[Wire], type[Wire]] = {Schedule: ScheduleGiven, Notifications: NotificationsGiven}


def request(
    name: str, shape: type[Wire], fields: Sequence[str], required: Sequence[str] = (), doc: str | None = None
) -> type[Wire]:
    """A request that may hold these fields of the shape, in this order, and must hold the required ones."""
    types = get_type_hints(shape, include_extras=True)
    declared = [
        (field, _given(types[field])) if field in required else (field, _optional(_given(types[field])), UNSET)
        for field in fields
    ]
    namespace = {"__doc__": doc or f"{shape.__doc__}".rstrip(".") + ", as requests give it."}
    made = msgspec.defstruct(name, declared, bases=(Wire,), frozen=True, kw_only=True, namespace=namespace)  # type: ignore[arg-type]
    return cast("type[Wire]", made)


def plain(value: Any) -> Any:  # noqa: ANN401 - a value of a field
    """A value as services take it: Structs as dicts by the names that Python has, without what is not given."""
    if isinstance(value, Wire):
        return {name: plain(one) for name in value.__struct_fields__ if (one := getattr(value, name)) is not UNSET}
    return [plain(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def defaults(shape: type[Wire], fields: Sequence[str]) -> dict[str, Any]:
    """What these fields of the shape are where nothing is said."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        if field.name in fields:
            value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
            found[field.name] = plain(value)
    return found


def parts(shape: type[Wire], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The fields of the shape that have fields in turn, with the defaults of these."""
    types = get_type_hints(shape, include_extras=True)
    structs = {name: _struct_in(types[name]) for name in fields}
    return {name: defaults(struct, struct.__struct_fields__) for name, struct in structs.items() if struct is not None}


def reader(shape: type[Wire], fields: Sequence[str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function from what is kept of these fields to values of their types in the shape."""
    types = get_type_hints(shape, include_extras=True)
    # A default that is changeable is made anew for each value, as msgspec does for the shape itself.
    known = {
        one.name: one.default_factory() if one.default is msgspec.NODEFAULT else one.default
        for one in msgspec.structs.fields(shape)
        if not one.required
    }
    declared = [(name, types[name], known[name]) for name in fields]
    kept = msgspec.defstruct(f"{shape.__name__}Kept", declared, bases=(Wire,), frozen=True, kw_only=True)
    normalise = normaliser(inspect.type_info(kept))
    assert normalise is not None
    names = frozenset(fields)
    firm = frozenset(name for name in fields if known[name] is not None)  # a kind shown as another may have null there

    def read(settings: dict[str, Any]) -> dict[str, Any]:
        there = {name: one for name, one in settings.items() if name in names and (one is not None or name not in firm)}
        value = msgspec.convert(normalise(there), kept)
        return {name: getattr(value, name) for name in names}

    return read


@cache
def _partial(struct: type[Wire]) -> type[Wire]:
    """The struct with every field optional."""
    return request(f"{struct.__name__}Given", struct, struct.__struct_fields__)


def _struct_in(type_: Any) -> type[Wire] | None:  # noqa: ANN401 - any annotation
    if get_origin(type_) is Annotated:
        return _struct_in(get_args(type_)[0])
    found = [one for one in get_args(type_) or (type_,) if isinstance(one, type) and issubclass(one, Wire)]
    return found[0] if found and get_origin(type_) is not list else None


def _given(type_: Any) -> Any:  # noqa: ANN401
    """The type that a request gives a field in."""
    struct = _struct_in(type_)
    if struct is None:
        return type_
    whole = type_ is struct or (get_origin(type_) is Annotated and get_args(type_)[0] is struct)
    given = GIVEN.get(struct) or _partial(struct)
    return given if whole else given | None


def _optional(type_: Any) -> Any:  # noqa: ANN401
    return type_ | UnsetType | None
