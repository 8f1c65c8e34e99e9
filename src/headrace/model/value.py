"""JSON values: what is small, has a name, and is shared and listed among what a run made."""

import json

from headrace.errors import Invalid
from headrace.model.object import Object

DEEPEST = 100  # levels; every client reads that many


class JsonValue(Object, frozen=True, kw_only=True):
    """A value with a name, as the text that it came in: order, spaces and digits of numbers are kept."""

    value: str


def check_text(text: str) -> str:
    """The text itself. Raises Invalid where it is not JSON (RFC 8259)."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except ValueError as wrong:
        raise Invalid(f"The field `valueStr` wants JSON as text: {wrong}.") from wrong
    except RecursionError as wrong:
        raise Invalid(f"The field `valueStr` is nested too deeply; {DEEPEST} levels are taken.") from wrong
    nested, level = [value], 0
    while within := [one for one in nested if isinstance(one, (list, dict))]:
        level += 1
        if level > DEEPEST:
            raise Invalid(f"The field `valueStr` is nested too deeply; {DEEPEST} levels are taken.")
        nested = [inner for one in within for inner in (one.values() if isinstance(one, dict) else one)]
    return text


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no number of JSON")
