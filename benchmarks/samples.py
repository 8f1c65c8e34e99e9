"""Values of any type that operations take or give: every field filled, every list with one item."""

import re
from typing import Any

from msgspec import Raw, inspect

# One of these matches each pattern of a declared field.
TEXTS = ("a", "1", "true", "2026-01-31T12:00:00Z", "python3", "3.11", "0 12 * * *", "a" * 36)


def sample(info: inspect.Type, within: frozenset[type] = frozenset()) -> Any:
    """A value of the type, as JSON has it. A list that leads back to where it is in (`within`) is empty."""
    match info:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            examples = (extra or {}).get("examples")
            return examples[0] if examples and not isinstance(inner, inspect.UnionType) else sample(inner, within)
        case inspect.UnionType(types=types):
            return sample(next(one for one in types if not isinstance(one, inspect.NoneType)), within)
        case inspect.StructType(fields=fields):
            return {field.encode_name: sample(field.type, within | {info.cls}) for field in fields}
        case inspect.ListType(item_type=item, max_length=most):
            leads_back = isinstance(item, inspect.StructType) and item.cls in within
            return [] if leads_back or most == 0 else [sample(item, within)]
        case inspect.DictType(value_type=inner):
            return {"key": sample(inner, within)}
        case inspect.RawType():
            return Raw(b"1")
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case inspect.StrType():
            return text(info)
        case inspect.IntType(ge=low):
            return max(low or 1, 1)
        case inspect.FloatType():
            return 1.5
        case inspect.BoolType():
            return True
        case inspect.DateTimeType():
            return "2026-01-31T12:00:00Z"
        case inspect.NoneType():
            return None
        case _:
            return "any"


def text(info: inspect.StrType) -> str:
    """A text as short as it may be, at least a letter."""
    if info.pattern:
        return next(one for one in TEXTS if re.search(info.pattern, one))
    return "a" * max(info.min_length or 1, 1)
