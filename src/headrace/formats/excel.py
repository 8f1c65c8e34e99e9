"""Excel workbook (Office Open XML, ISO 29500): one sheet, a header that stays in sight, no index but a named one.

    truth, numbers      as they are; whole numbers and decimals of over 15 digits, of which Excel keeps 15, as text
    times without zone  Excel's own, where they are whole milliseconds from 1 March 1900 on; others ISO 8601 text
    dates, times of day, durations    Excel's own under the same conditions; a duration must not be negative
    NaN                 an empty cell, like everything that is missing; infinities the texts `inf` and `-inf`
    text                itself, in cells of text: one that begins with = is no formula
    anything else       the text that CSV has

Libraries are slower by far, or write files that Excel does not open (DuckDB's extension: control characters and
infinities break its XML, and it does not keep blanks at an end), so the sheet is written here, row by row.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import datetime as dt
import re
import zipfile
from collections.abc import Callable
from typing import Any

from headrace.formats import Format, Tile, Unserializable, _frames, _markup

ROWS = 20_000  # at a time
MOST_ROWS, MOST_COLUMNS, MOST_TEXT = 1_048_576, 16_384, 32_767  # Excel's own limits
DIGITS = 15
DAY = 86_400_000  # ms
FIRST = dt.datetime(1900, 3, 1)  # noqa: DTZ001 - before it, Excel counts a 29 February 1900 that was none
LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999_000)  # noqa: DTZ001
EPOCH = 25_569  # 1 January 1970 as Excel counts days

# Cell styles, by their place in STYLES' cellXfs.
DATE, TIME, TIME_MS, CLOCK, DURATION, HEADER = range(1, 7)

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FORMATTED = '<xf numFmtId="{}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
<sheets><sheet name="udf" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{_MAIN}"><numFmts count="5">
<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>
<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>
<numFmt numFmtId="166" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss.000"/>
<numFmt numFmtId="167" formatCode="hh:mm:ss.000"/>
<numFmt numFmtId="168" formatCode="[h]:mm:ss.000"/></numFmts>
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="7"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
{"".join(map(_FORMATTED.format, range(164, 169)))}
<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>""",
}
_PANE = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
_VIEW = f'<sheetViews><sheetView workbookViewId="0">{_PANE}</sheetView></sheetViews>'
HEAD = f'{_XML}<worksheet xmlns="{_MAIN}"><dimension ref="A1:%s"/>{_VIEW}<sheetData>'
TAIL = "</sheetData></worksheet>"

_spelled = re.compile(r"_(x[0-9A-Fa-f]{4})_")
_spelled_bytes = re.compile(rb"_x[0-9A-Fa-f]{4}_").search


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame. Raises Unserializable for one that is over a limit of Excel's."""
    rows, columns = len(value), len(value.columns)
    if rows >= MOST_ROWS:
        raise Unserializable(
            f"A sheet of Excel holds a header and {MOST_ROWS - 1:,} rows, and the udf returned {rows:,}; return fewer, "
            "or ask for csv or parquet."
        )
    if columns > MOST_COLUMNS:
        raise Unserializable(
            f"A sheet of Excel holds {MOST_COLUMNS:,} columns, and the udf returned {columns:,}; return fewer, "
            "or ask for csv or parquet."
        )
    table = _frames.as_rows(value)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        # By open, which dates members 1980, and not by writestr, which dates them now: equal values are equal bytes.
        for name, text in PARTS.items():
            with book.open(name, "w") as part:
                part.write((_XML + text).encode())
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            _write_sheet(table, sheet)


def is_excels_own(column: Any) -> bool:
    """Whether Excel has a type for the column, of which it keeps every value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_floating(kind):
        return not pa.types.is_float16(kind)
    if pa.types.is_integer(kind):
        ends = pc.min_max(column).as_py()
        return all(end is None or abs(end) < 10**DIGITS for end in ends.values())
    if pa.types.is_decimal(kind):
        digits = pc.replace_substring_regex(column.cast(pa.string()), r"^-?0*\.?0*|\.", "")
        return (pc.max(pc.utf8_length(digits)).as_py() or 0) <= DIGITS
    if pa.types.is_date(kind):
        column, kind = column.cast(pa.timestamp("s")), pa.timestamp("s")
    if pa.types.is_timestamp(kind) and kind.tz is None:
        low, high = pa.scalar(FIRST, pa.timestamp("us")), pa.scalar(LAST, pa.timestamp("us"))
        if not _is_whole_milliseconds(column):
            return False
        column = column.cast(pa.timestamp("ms")).cast(pa.timestamp("us"))
        return pc.all(pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high)), min_count=0).as_py()
    if pa.types.is_duration(kind):
        least = pc.min(column.cast(pa.int64())).as_py()
        return _is_whole_milliseconds(column) and (least is None or least >= 0)
    return pa.types.is_time(kind) and _is_whole_milliseconds(column)


def _is_whole_milliseconds(column: Any) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    ticks = {"s": 1, "ms": 1, "us": 1000, "ns": 1_000_000}[column.type.unit]
    counts = column.cast(pa.int32() if pa.types.is_time32(column.type) else pa.int64()).cast(pa.int64())
    return pc.all(pc.equal(pc.multiply(pc.divide(counts, ticks), ticks), counts), min_count=0).as_py()


def _write_sheet(table: Any, sheet: Any) -> None:
    import pyarrow as pa

    corner = f"{_letters(max(table.num_columns - 1, 0))}{table.num_rows + 1}"
    sheet.write((HEAD % corner).encode())
    if not table.num_columns:
        sheet.write(TAIL.encode())
        return
    letters = [_letters(place) for place in range(table.num_columns)]
    names = _text_cells(pa.array(table.column_names, pa.large_string()), "a name of a column").to_pylist()
    header = "".join(
        f'<c r="{letter}1" s="{HEADER}" t="inlineStr"><is><t xml:space="preserve">{name}</t></is></c>'
        for letter, name in zip(letters, names, strict=True)
    )
    sheet.write(f'<row r="1">{header}</row>'.encode())
    own = [is_excels_own(column) for column in table.columns]
    kinds = [column.type if is_own else pa.large_string() for column, is_own in zip(table.columns, own, strict=True)]
    makers = list(map(_maker, table.column_names, kinds))
    start = 0
    for part in _frames.parts_of(table, ROWS):
        numbers = _markup.texts(pa.array(range(start + 2, start + 2 + part.num_rows), pa.int32()))
        parts: list[Any] = ['<row r="', numbers, '">']
        for letter, make, is_own, column in zip(letters, makers, own, part.columns, strict=True):
            shown = column if is_own else _frames.flat_column(column)
            parts.append(make(f'<c r="{letter}', numbers, shown.combine_chunks()))
        start += part.num_rows
        sheet.write(_markup.joined(*parts, "</row>"))
    sheet.write(TAIL.encode())


def _maker(name: str, kind: Any) -> Callable[[str, Any, Any], Any]:
    """What makes the cells of a column of that type, from the start of a cell, the numbers of the rows and values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def cells(end: str, values: Callable[[Any], Any], close: str = "</v></c>") -> Callable[[str, Any, Any], Any]:
        return lambda start, rows, column: _markup.between(start, rows, end, values(column), close, missing="")

    def days(ticks: int) -> Callable[[Any], Any]:
        def since(column: Any) -> Any:
            column = column.cast(pa.timestamp("ms")) if pa.types.is_date(kind) else column
            counts = column.cast(pa.int32() if pa.types.is_time32(kind) else pa.int64()).cast(pa.int64())
            shift = EPOCH * DAY if pa.types.is_timestamp(column.type) else 0
            ms = pc.add(pc.multiply(counts, 1000) if ticks == 0 else pc.divide(counts, ticks), shift)
            return _markup.texts(pc.divide(ms.cast(pa.float64()), float(DAY)))

        return since

    def of_unit() -> Callable[[Any], Any]:
        return days({"s": 0, "ms": 1, "us": 1000, "ns": 1_000_000}[kind.unit])

    def text(column: Any) -> Any:
        return _text_cells(_markup.texts(column), f"the column {name!r}")

    if pa.types.is_boolean(kind):
        return cells('" t="b"><v>', lambda column: _markup.texts(column.cast(pa.int8())))
    if pa.types.is_floating(kind):
        return _float_cells
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return cells('"><v>', _markup.texts)
    if pa.types.is_date(kind):
        return cells(f'" s="{DATE}"><v>', days(1))
    if pa.types.is_timestamp(kind):
        return cells(f'" s="{TIME if kind.unit == "s" else TIME_MS}"><v>', of_unit())
    if pa.types.is_time(kind):
        return cells(f'" s="{CLOCK}"><v>', of_unit())
    if pa.types.is_duration(kind):
        return cells(f'" s="{DURATION}"><v>', of_unit())
    return cells('" t="inlineStr"><is><t xml:space="preserve">', text, "</t></is></c>")


def _float_cells(start: str, rows: Any, column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.cast(pa.float64())
    texts = _markup.texts(column)
    finite = pc.is_finite(column)
    numbers = _markup.between(start, rows, '"><v>', texts, "</v></c>", missing="")
    if pc.all(finite, min_count=0).as_py():
        return numbers
    words = _markup.between(start, rows, '" t="inlineStr"><is><t>', texts, "</t></is></c>", missing="")
    shown = pc.if_else(pc.is_inf(column), words, pa.scalar("", pa.large_string()))
    return pc.coalesce(pc.if_else(finite, numbers, shown), pa.scalar("", pa.large_string()))


def _text_cells(cells: Any, where: str) -> Any:
    """Text as XML; what XML cannot hold, and what looks like its spelling, as `_xHHHH_` (ISO 29500-1, 22.9.2.19)."""
    import pyarrow.compute as pc

    _check_lengths(cells, where)
    if _spelled_bytes(_markup.characters(cells)):
        cells = pc.replace_substring_regex(cells, _spelled.pattern, r"_x005F_\1_x005F_")
    return _markup.escaped(cells, lambda character: f"_x{ord(character):04X}_")


def _check_lengths(cells: Any, where: str) -> None:
    import pyarrow.compute as pc

    longest = pc.max(pc.binary_length(cells)).as_py() or 0
    if longest <= MOST_TEXT:
        return
    longest = max(len(text.encode("utf-16-le")) // 2 for text in cells.drop_null().to_pylist())
    if longest > MOST_TEXT:
        raise Unserializable(
            f"A cell of Excel holds {MOST_TEXT:,} characters, and {where} has a text of {longest:,}; shorten it or "
            "leave the column out, or ask for csv or parquet."
        )


def _letters(place: int) -> str:
    """A column's name: A, B ... Z, AA, AB ..."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


format = Format(
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    suffix=".xlsx",
    kinds=frozenset({"frame"}),
    write=write,
)
