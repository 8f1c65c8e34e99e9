"""JSON values: small results with a name, which runs list among what they made."""

from typing import Annotated

import msgspec
from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model.value import JsonValue as Kept
from headrace.services import values
from headrace.services.call import Call

# Not `Name`: a value may go without one.
ValueName = Annotated[str, Meta(max_length=200, description="The name of the JSON value.")]
Text = Annotated[str, Meta(min_length=1, max_length=1_000_000, description="The value, as JSON in a text.")]


class JsonValue(Wire, frozen=True, kw_only=True):
    """A value with a name."""

    id: int
    name: str
    value: Annotated[msgspec.Raw, Meta(description="The value itself, as it was written.")]


class JsonValueCreate(Wire, frozen=True, kw_only=True):
    """A value to keep."""

    name: ValueName | None = None
    value_str: Text


class JsonValueChange(Wire, frozen=True, kw_only=True):
    """What to change of a value; null is no change."""

    name: ValueName | None = None
    value_str: Text | None = None


resource = Resource("/json_values", JsonValue, traits=[shares(values.JSON_VALUE), transferable(values.JSON_VALUE)])


@resource.post(status=201)
def create_json_value(call: Call, body: JsonValueCreate) -> JsonValue:
    """Create a JSON value."""
    return _shown(values.create_value(call, name=body.name or "", value=body.value_str))


@resource.get("/{id}")
def get_json_value(call: Call, id: Id) -> JsonValue:
    """Get a JSON value."""
    return _shown(values.get_value(call, id))


@resource.patch("/{id}")
def update_json_value(call: Call, id: Id, body: JsonValueChange) -> JsonValue:
    """Update some of a JSON value."""
    return _shown(values.update_value(call, id, name=body.name, value=body.value_str))


def _shown(kept: Kept) -> JsonValue:
    return JsonValue(id=kept.id, name=kept.name, value=msgspec.Raw(kept.value))
