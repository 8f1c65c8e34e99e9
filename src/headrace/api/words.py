"""What a type wants, in words, and what msgspec finds wrong with a value, as a sentence for its sender."""

import re
from typing import Any

import msgspec
from msgspec import inspect

FOUND = re.compile(r"(?P<what>.*?)(?: - at `(?P<where>[^`]*)`)?", re.DOTALL)
STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
WORDS = {
    "int": "an integer",
    "str": "a string",
    "bool": "true or false",
    "float": "a number",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
PLAIN: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.DateTimeType: "a time such as 2026-01-31T12:00:00Z",
    inspect.DateType: "a date such as 2026-01-31",
    inspect.UUIDType: "a UUID",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.SetType: "a list",
    inspect.VarTupleType: "a list",
    inspect.AnyType: "any value",
}


def wanted(type_: inspect.Type) -> str:
    """What values a type takes: `an integer from 1 to 1000`, `one of asc, desc`."""
    match type_:
        case inspect.Metadata(type=inspect.StrType(pattern=str()) as text, extra_json_schema={"examples": examples}):
            return f"{wanted(msgspec.structs.replace(text, pattern=None))} such as {examples[0]}"
        case inspect.Metadata(type=inner):
            return wanted(inner)
        case inspect.UnionType(types=types):
            return " or ".join(wanted(t) for t in types if not isinstance(t, inspect.NoneType))
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.EnumType(cls=cls):
            return f"one of {', '.join(str(member.value) for member in cls)}"
        case inspect.IntType(ge=low, le=high):
            return "an integer" + _between(low, high)
        case inspect.FloatType(ge=low, le=high):
            return "a number" + _between(low, high)
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            length = _between(low, high).replace(" from", "")
            return "a string" + (f" of{length} characters" if length else "") + (f" like {pattern}" if pattern else "")
        case inspect.ListType(min_length=low, max_length=high):
            length = _between(low, high).replace(" from", "")
            return "a list" + (f" of{length} items" if length else "")
        case _:
            return PLAIN.get(type(type_), "another value")


def sentence(error: msgspec.ValidationError, type_: Any) -> str:  # noqa: ANN401 - any annotation
    """What is wrong, naming the field, what came and what `type_` wants there."""
    found = FOUND.fullmatch(str(error))
    assert found is not None
    what, where = found["what"], found["where"] or "$"
    name = where.removeprefix("$").removeprefix(".")
    if match := re.fullmatch(r"Object missing required field `(.*)`", what, re.DOTALL):
        return f"The field `{_join(name, match[1])}` is missing."
    at = _follow(inspect.type_info(type_), where)
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        struct = _bare(at)
        fields = struct.fields if isinstance(struct, inspect.StructType) else ()
        known = f"; there are {', '.join(f.encode_name for f in fields)}" if fields else ""
        return f"There is no field `{_join(name, match[1][:60])}` here{known}."
    subject = f"The field `{name}`" if name else "The body"
    if at is None:
        return f"{subject} is wrong: {what}."
    if match := re.fullmatch(r"Expected .*, got `(\w+)`", what):
        return f"{subject} wants {wanted(at)}, and got {WORDS.get(match[1], match[1])}."
    if match := re.fullmatch(r"Invalid enum value (.*)", what, re.DOTALL):
        return f"{subject} wants {wanted(at)}, and got {match[1][:60]}."
    return f"{subject} wants {wanted(at)}."


def _join(name: str, field: str) -> str:
    return f"{name}.{field}" if name else field


def _between(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" from {low} on"
    return f" up to {high}" if high is not None else ""


def _follow(type_: inspect.Type, path: str) -> inspect.Type | None:
    """The type at a path such as `$.tags[1]`, or None where the path leads through a union of several."""
    current: inspect.Type | None = type_
    for name, index in STEP.findall(path.removeprefix("$")):
        current = _bare(current)
        match current:
            case inspect.StructType(fields=fields) if name:
                current = next((f.type for f in fields if f.encode_name == name), None)
            case inspect.ListType() | inspect.SetType() | inspect.VarTupleType():
                current = current.item_type if index else None
            case inspect.DictType(value_type=item):
                current = item
            case _:
                return None
    return current


def _bare(type_: inspect.Type | None) -> inspect.Type | None:
    if isinstance(type_, inspect.Metadata):
        return _bare(type_.type)
    if isinstance(type_, inspect.UnionType):
        types = [t for t in type_.types if not isinstance(t, inspect.NoneType)]
        return _bare(types[0]) if len(types) == 1 else type_
    return type_
