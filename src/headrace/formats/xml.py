"""XML 1.0, as pandas writes and reads it: `<data>` of `<row>`s, an element for each column, no index but a named one.

Cells are what CSV has. One without a value is `<name xsi:nil="true"/>` (XML Schema 1, 2.6.2), one of empty text
`<name></name>`. Names become names of elements: what these cannot hold is `_`. Characters that XML 1.0 has no form for
are U+FFFD.
"""

import re
from typing import Any

from headrace.formats import Format, Tile, _frames, _markup

ROWS = 20_000  # at a time
HEAD = b"<?xml version='1.0' encoding='utf-8'?>\n<data xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"

# XML 1.0, section 2.3, less the colon, which would stand for a namespace.
_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_no_name = re.compile(rf"[^{_START}.0-9\u00b7\u0300-\u036f\u203f-\u2040-]")
_starts = re.compile(f"[{_START}]").match


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame."""
    table = _frames.as_rows(value)
    names = element_names(table.column_names)
    sink.write(HEAD)
    for part in map(_frames.flat, _frames.parts_of(table, ROWS)):
        cells = [
            _markup.between(
                f"<{name}>", _markup.escaped(_markup.texts(column)), f"</{name}>", missing=f'<{name} xsi:nil="true"/>'
            )
            for name, column in zip(names, part.columns, strict=True)
        ]
        sink.write(_markup.joined("<row>", *cells, "</row>\n") if cells else b"<row/>\n" * part.num_rows)
    sink.write(b"</data>\n")


def element_names(names: list[str]) -> list[str]:
    """Each as a name that an element may have; of those that then are the same, later ones get `.1`, `.2` ..."""
    cleaned = [_no_name.sub("_", name) for name in names]
    cleaned = [name if _starts(name) else f"_{name}" for name in cleaned]
    taken, unique = set(cleaned), list[str]()
    for stem in cleaned:
        name, copy = stem, 0
        while name in unique or (copy and name in taken):
            copy += 1
            name = f"{stem}.{copy}"
        unique.append(name)
    return unique


format = Format(
    media_type="application/xml",
    suffix=".xml",
    kinds=frozenset({"frame"}),
    write=write,
    scripted=True,  # not what is written here, but what user code could send by that name
)
