"""Rows of a table as the text of a markup language, made of whole columns by Arrow: a quarter of the time of Python's.

A *cell* is a text array with an element for each row; `joined` sets cells side by side.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import re
from collections.abc import Callable
from typing import Any

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}  # a bare \r is read back as \n (XML 1.0, 2.11)

# What XML 1.0 cannot hold in any form (section 2.2); surrogates, which UTF-8 cannot hold either, aside.
UNHEARD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
REPLACEMENT = "\ufffd"

_special = re.compile(rb"[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]").search


def texts(column: Any) -> Any:
    """The values of an Arrow column as one array of text; floats as the shortest that is read back as the same."""
    import pyarrow as pa

    column = column.cast(pa.large_string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def escaped(cells: Any, spell: Callable[[str], str] | None = None) -> Any:
    """Cells of text as character data of XML; `spell` says what stands for a character that XML cannot hold."""
    import pyarrow.compute as pc

    data = characters(cells)
    if not _special(data):
        return cells
    for character in set(UNHEARD.findall(str(data, "utf-8"))):
        cells = pc.replace_substring(cells, character, spell(character) if spell else REPLACEMENT)
    for character, entity in ENTITIES.items():
        cells = pc.replace_substring(cells, character, entity)
    return cells


def escape(text: str) -> str:
    """One text as character data of XML."""
    text = UNHEARD.sub(REPLACEMENT, text)
    for character, entity in ENTITIES.items():
        text = text.replace(character, entity)
    return text


def between(*parts: Any, missing: str) -> Any:
    """Cells and constant texts as one cell; where one has no value, `missing` instead of them all."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.coalesce(_join(parts, "emit_null"), pa.scalar(missing, pa.large_string()))


def joined(*parts: Any) -> memoryview:
    """Cells and constant texts side by side, row after row, in UTF-8."""
    return characters(_join(parts, "replace"))


def characters(cells: Any) -> memoryview:
    """All the text of the cells, in UTF-8."""
    import numpy as np

    _, offsets, data = cells.buffers()
    if data is None or not len(cells):
        return memoryview(b"")
    ends = np.frombuffer(offsets, np.int64, len(cells) + 1, cells.offset * 8)
    return memoryview(data)[int(ends[0]) : int(ends[-1])]


def _join(parts: Any, nulls: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_string()
    parts = [pa.scalar(part, kind) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*parts, pa.scalar("", kind), null_handling=nulls)
