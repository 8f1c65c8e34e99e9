"""Statements with named values: where those stand in the text, and what a kept statement says of them.

A name is written `:name`, or `$name` in the dialect of the warehouse. Quoted text, names and comments hold none.
"""

import re
from collections.abc import Collection
from typing import Any, Literal

from msgspec import Struct

from headrace.errors import Invalid

SQL = "headrace:sql"  # the key of a udf's metadata under which a saved query says what it is
ENTRYPOINT = "query"  # what stands in a udf object for the function that a statement has none of
MOST = 100  # values of one statement
TILE = ("z", "x", "y")  # what a map tile gives

Dialect = Literal["duckdb", "mysql"]
Kind = Literal["text", "integer", "number", "boolean", "choice", "date", "datetime", "time", "json"]

WORDS: dict[str, str] = {
    "text": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date (YYYY-MM-DD, or seconds since 1970)",
    "datetime": "a date and time (ISO 8601, or seconds since 1970)",
    "time": "a time (HH:MM:SS, or seconds since 1970)",
    "json": "JSON",
}

# The words that a statement begins with which reads.
READS = (
    "SELECT",
    "WITH",
    "FROM",
    "VALUES",
    "TABLE",
    "PIVOT",
    "UNPIVOT",
    "SUMMARIZE",
    "DESCRIBE",
    "SHOW",
)  # first words
# Those with which one begins that writes, unless what it makes is gone with its session.
WRITES = ("ALTER", "CALL", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "MERGE", "REPLACE", "TRUNCATE", "UPDATE")
SHRINKS = ("CALL", "DELETE", "DROP", "TRUNCATE")
# What takes from a schema that which nothing brings back.
FORGETS = re.compile(r"\bducklake_(expire_snapshots|cleanup_old_files)\b", re.IGNORECASE)
_TEMPORARY = re.compile(r"\s*(?:or\s+replace\s+)?temp(?:orary)?\b", re.IGNORECASE)
_FIRST = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|\Z)|#[^\n]*(?:\n|\Z)|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_NAME = r"[A-Za-z_]\w{0,62}"
# What stands before a colon that is no name's: a cast, a slice or the key of a struct.
_PLACE = rf"(?<![:\w\])}}'\"\[]):(?P<colon>{_NAME})"
_COMMON = r"--[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)"
_TOKENS: dict[str, re.Pattern[str]] = {
    "duckdb": re.compile(
        rf"{_COMMON}|\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)|'(?:[^']|'')*(?:'|\Z)"
        rf"|\$(?P<tag>(?:{_NAME})?)\$.*?(?:\$(?P=tag)\$|\Z)|{_PLACE}|\$(?P<dollar>{_NAME})",
        re.DOTALL,
    ),
    "mysql": re.compile(rf"{_COMMON}|#[^\n]*|'(?:[^'\\]|\\.|'')*(?:'|\Z)|`[^`]*(?:`|\Z)|{_PLACE}", re.DOTALL),
}
_ENDS = {name: re.compile(f"{tokens.pattern}|(?P<end>;)", re.DOTALL) for name, tokens in _TOKENS.items()}


class Input(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that a saved query takes, under its name in the statement."""

    name: str
    kind: Kind = "text"
    choices: list[str | int | float] = []

    @property
    def words(self) -> str:
        """What it wants."""
        return f"one of {', '.join(map(repr, self.choices))}" if self.kind == "choice" else WORDS[self.kind]


class Saved(Struct, frozen=True, kw_only=True):
    """What a udf whose code is SQL says beside its text."""

    dialect: Dialect = "duckdb"
    inputs: list[Input] = []


def names_in(text: str, dialect: str) -> list[str]:
    """The names of the values that a statement takes, in the order of the text."""
    found = (match["colon"] or match.groupdict().get("dollar") for match in _TOKENS[dialect].finditer(text))
    return list(dict.fromkeys(name for name in found if name))


def split(text: str, dialect: str) -> tuple[list[str], str]:
    """The statements of a text that end with a semicolon, and what stands after the last of them."""
    parts: list[str] = []
    start = 0
    for match in _ENDS[dialect].finditer(text):
        if match["end"]:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    return [part for part in parts if part], text[start:]


def bound(text: str, dialect: str, names: Collection[str]) -> tuple[str, list[str]]:
    """The statement with numbers in place of these names, or question marks, and the name that each is bound to.

    What stands where in the text stays there, so that an error points at what was written.
    """
    order: list[str] = []

    def replace(match: re.Match[str]) -> str:
        name = match["colon"] or match.groupdict().get("dollar")
        if not name or name not in names:
            return match[0]
        if dialect == "mysql":
            order.append(name)
            return "?".ljust(len(match[0]))
        if name not in order:
            order.append(name)
        return f"${order.index(name) + 1}".ljust(len(match[0]))

    return _TOKENS[dialect].sub(replace, text), order


def check(text: str, saved: Saved, defaults: Collection[str] = ()) -> None:
    """Raise Invalid where a statement takes what it does not declare, declares what cannot be, or does not read."""
    if not text.strip():
        raise Invalid("The statement is empty.")
    first = _FIRST.match(text)
    if first is None or first[1].upper() not in READS:
        raise Invalid(
            f"A saved query reads and writes nothing: it begins with {', '.join(READS[:-1])} or {READS[-1]}, and not "
            f"with {first[1][:40] if first else text.strip()[:40]!r}."
        )
    names = [one.name for one in saved.inputs]
    if len(names) > MOST:
        raise Invalid(f"A saved query takes at most {MOST} values.")
    for one in saved.inputs:
        if not re.fullmatch(_NAME, one.name):
            raise Invalid(f"{one.name[:80]!r} is no name of a value: letters, digits and _ after a letter, up to 63.")
        if names.count(one.name) > 1:
            raise Invalid(f"The value {one.name} is declared twice.")
        if (one.kind == "choice") != bool(one.choices):
            raise Invalid(f"The value {one.name} is of the kind `choice` and has `choices`, or neither.")
    unknown = [name for name in names_in(text, saved.dialect) if name not in names and name not in TILE]
    if unknown:
        raise Invalid(
            f"The statement takes {', '.join(f':{name}' for name in unknown)}, and does not declare "
            f"{'it' if len(unknown) == 1 else 'them'}; say what each is, such as integer or text."
        )
    if odd := [name for name in defaults if name not in names]:
        raise Invalid(f"There is a default for {', '.join(sorted(odd))[:200]}, which the statement does not declare.")


def writes(text: str) -> bool:
    """Whether a statement begins as one that writes. What writes otherwise, the worker's fences refuse."""
    first = _FIRST.match(text)
    if first is None or first[1].upper() not in WRITES:
        return False
    return not (first[1].upper() == "CREATE" and _TEMPORARY.match(text, first.end()))


def grows(text: str) -> bool:
    """Whether a statement begins as one that makes something larger."""
    first = _FIRST.match(text)
    return first is not None and writes(text) and first[1].upper() not in SHRINKS


def doc(text: str) -> str:
    """What a statement says of itself: the comment that it begins with."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if not line.strip().startswith("--"):
            break
        lines.append(line.strip().lstrip("-").strip())
    return "\n".join(lines)


def read(value: Any) -> Saved:  # noqa: ANN401 - any JSON value
    """What a udf's metadata says of its statement. Raises Invalid."""
    from msgspec import ValidationError, convert

    try:
        return convert(value, Saved)
    except ValidationError as wrong:
        raise Invalid(f"What the saved query declares cannot be read: {wrong}.") from wrong
