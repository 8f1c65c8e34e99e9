"""What is wrong with a statement, as a sentence with the line and a caret."""

import re
from typing import TYPE_CHECKING

from headrace.engines._duckdb import LATE
from headrace.errors import Conflict, HeadraceError, Invalid, TooLarge

if TYPE_CHECKING:
    import duckdb

WIDTH = 100  # characters of a line that are shown
# DuckDB names the kind of error before its sentence, and shows its own reading of the line after it.
KIND = re.compile(r"^(?:[A-Z][A-Za-z_-]* )+Error: ")
AT = re.compile(r"\n+LINE \d+:.*", re.DOTALL)
PATHS = re.compile(r"(?<![\w:/])/(?:lake|tmp|home|work|root|var|usr)/[\w./@+-]+")
SOURCE = re.compile(r'(?:Did you mean "(?:pg_|duckdb_|sqlite_|pragma_)[^"]*"\?)')


class SqlError(Invalid):
    """The statement is wrong, at this line and column, both from 1."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        self.line, self.column = line, column
        super().__init__(message)


def at(text: str, offset: int, message: str) -> SqlError:
    """An error at a character of the text, with the line and a caret beneath it."""
    offset = max(0, min(offset, len(text)))
    before = text[:offset]
    line = before.count("\n") + 1
    column = offset - (before.rfind("\n") + 1) + 1
    shown = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    start = max(0, column - WIDTH // 2)
    shown = shown[start : start + WIDTH].replace("\t", " ")
    caret = " " * (column - 1 - start) + "^"
    return SqlError(f"{message}\nLine {line}, column {column}:\n{shown}\n{caret}", line=line, column=column)


def near(text: str, word: str, message: str) -> SqlError:
    """An error at the first place where a word stands in the text; without a place where it does not."""
    found = re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", text, re.IGNORECASE) if word else None
    return at(text, found.start(), message) if found else SqlError(message)


def moved(error: SqlError, made: str, text: str) -> SqlError:
    """An error in a text that was made of the user's, at the same word in the user's."""
    if error.line is None or error.column is None:
        return error
    rest = made.splitlines()[error.line - 1][error.column - 1 :]
    word = re.split(r"[^\w$.:/@-]", rest.lstrip("\"'"), maxsplit=1)[0]
    return near(text, word, error.message.partition("\nLine ")[0])


def of_duckdb(error: "duckdb.Error", text: str) -> HeadraceError:
    """What DuckDB refused, in terms of the text that the user wrote."""
    import duckdb

    said = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return TooLarge("The statement needs more memory than it has; read fewer rows or columns, or filter first.")
    if isinstance(error, duckdb.InterruptException):
        return SqlError("The statement was stopped.")
    if any(word in said for word in LATE):
        return Conflict("Others changed the same tables at the same time first; nothing is written. Run it again.")
    message = SOURCE.sub("", KIND.sub("", AT.sub("", said)))
    message = PATHS.sub("a file of the server", message).strip()
    message = " ".join(message.split())
    message = message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")
    return _placed(said, text, message)


def _placed(said: str, text: str, message: str) -> SqlError:
    """The error where DuckDB's caret points, as far as that word stands in the user's text."""
    shown = re.search(r"LINE (\d+): (.*)\n([ ]*)\^", said)
    word = ""
    if "at end of input" in said:  # which DuckDB shows no line of
        return at(text, len(text.rstrip()), message)
    if shown:
        column = len(shown[3]) - len(f"LINE {shown[1]}: ")
        lines = text.splitlines(keepends=True)
        part = shown[2].strip(".")
        skipped = len(shown[2]) - len(shown[2].lstrip("."))
        # DuckDB read the user's own text, and not one that was made of it, where the line is the same.
        if (row := int(shown[1]) - 1) < len(lines) and part.strip() and (start := lines[row].find(part)) >= 0:
            return at(text, sum(map(len, lines[:row])) + start + column - skipped, message)
        word = re.split(r"[^\w$.:/@-]", shown[2][max(0, column) :].lstrip('"'), maxsplit=1)[0]
    return near(text, word, message)


def told(error: Exception) -> str:
    """What TileDB says went wrong, without where in its source that was, and without a path."""
    said = str(error).partition("\n")[0].removeprefix("TileDBError: ")
    said = re.sub(r"\s*\([^()]*\.cc:\d+\)\.?$", "", said)
    said = PATHS.sub("the array", re.sub(r"file:///\S+?(?=[\s'\"]|$)", "the array", said))
    return said.rpartition("Error: ")[2].rstrip(". ") or "TileDB refuses it"


def of_parser(error: Exception, text: str) -> SqlError:
    """What sqlglot could not read."""
    described = getattr(error, "errors", None) or [{}]
    first = described[0]
    message = first.get("description") or str(error).partition(". Line")[0].partition("\n")[0]
    message = f"The statement cannot be read: {message[:1].lower() + message[1:].rstrip('.')}."
    if not first.get("line"):
        return SqlError(message)
    word = first.get("highlight") or ""
    ends = _offset(text, first["line"], first["col"])
    return at(text, ends - max(len(word), 1), message)


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column
