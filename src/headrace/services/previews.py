"""The first rows of a table of text: which delimiter it has, whether a header, and what its columns hold.

Bytes of users are parsed in the server's process here and nowhere else. That is sound because little can go wrong:
HEAD bytes are read and MOST come out of gzip, whatever it holds; the rest is `csv` of the standard library over that
text, in one pass, with fields of bounded length. Nothing is guessed by regular expressions, as `csv.Sniffer` does.
"""

import csv
import io
import re
import zlib
from collections.abc import Sequence

from msgspec import Struct

from headrace.errors import Invalid

HEAD = 64 << 10  # bytes read
MOST = 256 << 10  # bytes that are made of them
ROWS, COLUMNS = 100, 1000
DELIMITERS = {"comma": ",", "tab": "\t", "pipe": "|"}
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
BOM = b"\xef\xbb\xbf"
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)


class Unreadable(Invalid):
    """The file cannot be shown as a table."""

    code = "preview_failed"


class Column(Struct, frozen=True):
    """A column, and the type of SQL that holds what was seen of it."""

    name: str
    sql_type: str


class Table(Struct, frozen=True, kw_only=True):
    """The first rows of a table; those of an empty file have no delimiter."""

    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[str]] = ()
    delimiter: str | None = None  # its word: comma, tab or pipe
    header: bool = False


def read(head: bytes, delimiter: str | None, *, header: bool | None, cut: bool) -> Table:
    """The table that a file begins with. None is found out; `cut`: the file goes on after `head`.

    Raises Unreadable.
    """
    data, cut = _plain(head, cut=cut)
    if not data:
        return Table()
    if b"\0" in data:
        raise Unreadable("This file is not text, so it has no rows to show.")
    text = data.decode("utf-8", errors="replace")
    if cut:  # the last line may go on
        whole, _, _ = text.rpartition("\n")
        text = whole or text
    word = delimiter or max(DELIMITERS, key=lambda word: _fit(text, DELIMITERS[word]))
    rows = _rows(text, DELIMITERS[word])
    if not rows:
        return Table()
    if header is None:
        header = _has_header(rows)
    width = max(len(row) for row in rows)
    body = [row + [""] * (width - len(row)) for row in (rows[1:] if header else rows)]
    names = rows[0] + [""] * (width - len(rows[0])) if header else [""] * width
    columns = [
        Column(name.strip() or f"column_{n}", _type([row[n - 1] for row in body])) for n, name in enumerate(names, 1)
    ]
    return Table(columns=columns, rows=body[:ROWS], delimiter=word, header=header)


def _plain(head: bytes, *, cut: bool) -> tuple[bytes, bool]:
    if head.startswith(ZIP):
        raise Unreadable("This file is a ZIP archive, and no preview is made of those; upload what is in it, or gzip.")
    if head.startswith(GZIP):
        inflate = zlib.decompressobj(wbits=31)
        try:
            head = inflate.decompress(head, MOST)
        except zlib.error as wrong:
            raise Unreadable("This file begins as gzip and is none.") from wrong
        cut = cut or not inflate.eof
    return head.removeprefix(BOM), cut


def _fit(text: str, delimiter: str) -> tuple[int, int]:
    """How well a delimiter fits: in how many of the first lines it is as often as in the first, and how often."""
    lines = [line for line in text.split("\n", 20)[:20] if line.strip()]
    count = lines[0].count(delimiter) if lines else 0
    return (sum(line.count(delimiter) == count for line in lines) if count else 0, count)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(row) > COLUMNS:
                raise Unreadable(f"A row of this file has over {COLUMNS:,} columns, which is more than are shown.")
            if row:
                rows.append(row)
            if len(rows) > ROWS:
                break
    except csv.Error as wrong:
        raise Unreadable(f"This file is no table of text: {wrong}.") from wrong
    return rows


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row is names: each one a different word, over something else that differs in kind."""
    first, rest = rows[0], rows[1:]
    if any(not name.strip() or NUMBER.fullmatch(name.strip()) for name in first) or len(set(first)) < len(first):
        return False
    return (
        not rest
        or any(_type([row[at] for row in rest if at < len(row)]) != "VARCHAR" for at in range(len(first)))
        or all(name.replace("_", "").replace(" ", "").isalnum() for name in first)
    )


def _type(values: list[str]) -> str:
    given = [value.strip() for value in values if value.strip()]
    if given and all(WHOLE.fullmatch(value) for value in given):
        return "INT" if all(abs(int(value)) < 1 << 31 for value in given) else "BIGINT"
    if given and all(NUMBER.fullmatch(value) for value in given):
        return "FLOAT"
    return "VARCHAR"
