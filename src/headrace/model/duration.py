"""Durations as people write them in URLs and decorators: `90`, `90s`, `15m`, `2h`, `1d` (Fused protocol notes 4.3)."""

import re

from headrace.errors import Invalid

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
TEXT = re.compile(r"\s*(\d{1,12})\s*([smhdSMHD]?)\s*")


def seconds(value: object, name: str = "cache_max_age") -> int:
    """Whole seconds of a number, or of a whole number and one of s, m, h, d. Raises Invalid with the name."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Invalid(f"{name} wants seconds or a text like 15m, 2h or 1d, and got {value!r}.")
    if isinstance(value, str):
        if not (found := TEXT.fullmatch(value)):
            raise Invalid(f"{name} wants seconds or a text like 15m, 2h or 1d, and got {value[:60]!r}.")
        return int(found[1]) * UNITS[found[2].lower()]
    if not 0 <= value < 1e12:
        raise Invalid(f"{name} wants seconds of 0 or more, and got {value!r}.")
    return int(value)
