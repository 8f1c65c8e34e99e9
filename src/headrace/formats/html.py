"""HTML: a frame as a table, a str as the page its author wrote, any other plain value as escaped JSON.

What shows itself as HTML in notebooks, such as a map of folium's or a chart of plotly's, is the page that it makes.

Every cell and name is escaped, so that data never runs as script.
"""

from html import escape
from typing import Any

from headrace.formats import Format, Tile, Unserializable, _frames, _values

ROWS = 10_000  # at a time

HEAD = b"""<!doctype html>
<meta charset="utf-8">
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .6rem; text-align: left; white-space: pre-wrap }
th { position: sticky; top: 0; background: #fff }
</style>
"""


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame or a plain value."""
    if isinstance(value, str):
        sink.write(value.encode())
    elif _frames.is_frame(value):
        _write_table(_frames.as_rows(value), sink)
    elif _values.shows_html(value):
        _write_page(value, sink)
    else:
        sink.write(HEAD + b"<pre>" + escape(_frames.to_json(value)).encode() + b"</pre>\n")


def _write_page(value: Any, sink: Any) -> None:
    """What the object shows of itself; a map of folium's without the frame that notebooks have around it."""
    if hasattr(value, "get_root") and hasattr(value.get_root(), "render"):
        shown = value.get_root().render()
    elif hasattr(value, "to_html"):
        shown = value.to_html()
    else:
        shown = value._repr_html_()  # the display protocol of notebooks
    if not shown:
        raise Unserializable(f"A {type(value).__name__} can show itself as HTML, but this one gives nothing.")
    sink.write(shown.encode())


def _write_table(table: Any, sink: Any) -> None:
    names = "".join(f"<th>{escape(name)}</th>" for name in table.column_names)
    sink.write(HEAD + f"<table>\n<thead><tr>{names}</tr></thead>\n<tbody>\n".encode())
    row = "<tr>" + "<td>%s</td>" * table.num_columns + "</tr>\n"
    for part in _frames.parts_of(table, ROWS):
        columns = [_cells(column) for column in _frames.flat(part).columns]
        sink.write("".join(map(row.__mod__, zip(*columns, strict=True))).encode())
    sink.write(b"</tbody>\n</table>\n")


def _cells(column: Any) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return ["" if cell is None else escape(cell) for cell in column.to_pylist()]
    return ["" if cell is None else cell for cell in column.to_pylist()] if column.null_count else column.to_pylist()


format = Format(
    media_type="text/html; charset=utf-8",
    suffix=".html",
    kinds=frozenset({"frame", "plain", "page"}),
    write=write,
    scripted=True,
)
