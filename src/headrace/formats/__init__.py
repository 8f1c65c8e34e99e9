"""Output formats: a file each. What a udf gave is classified once; the first asked-for format that takes it writes it.

    frame    DataFrame, GeoDataFrame, Series, geometry, Arrow table, polars frame
    raster   numpy array, (array, bounds), xarray DataArray or Dataset
    plain    str, numbers, bool, list, dict and what is in them
    drawing  a figure; what shows itself as SVG
    page     what shows itself as HTML
    bytes    bytes, a file in memory, a response of a web framework: passed through as they are
    nothing  None: an empty body

This module and those of the formats import nothing heavy, so that a server can list them; a worker writes with them.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from headrace.errors import Invalid
from headrace.registry import Registry

if TYPE_CHECKING:
    from headrace.formats._values import Seen

Tile = tuple[int, int, int]  # z, x, y

BINARY = "application/octet-stream"


class Unserializable(Exception):
    """No asked-for format takes the value."""


def always(value: Any, tile: Tile | None) -> bool:
    """Every value of the format's kinds fits."""
    return True


class Format(Struct, frozen=True, kw_only=True):
    """How values become bytes.

    `write(value, sink, tile)` gets the value in the form that `formats/_values.py` gives its kind, and a binary file.
    `fits(value, tile)` says, without looking at every element, whether it can write this one, and `wants` what it
    needs for that, in words. `scripted`: whether a browser may run what is in it.
    """

    media_type: str
    suffix: str
    kinds: frozenset[str]
    write: Callable[[Any, Any, Tile | None], None]
    fits: Callable[[Any, Tile | None], bool] = always
    wants: str = ""
    scripted: bool = False

    def takes(self, seen: "Seen", tile: Tile | None) -> bool:
        """Whether this classified value can be written."""
        return seen.kind in self.kinds and self.fits(seen.value, tile)


class Encoded(Struct, frozen=True):
    """What was written: the format's name, the content type, and further headers."""

    format: str
    media_type: str
    headers: tuple[tuple[str, str], ...] = ()


# What published clients of the second generation ask for at once: they read a ZIP too, and as a dict of tables.
CLIENTS = frozenset({"npy", "tiff", "parquet", "json"})

FORMATS: Registry[Format] = Registry("headrace.formats", "format")


def encode(value: object, formats: Sequence[str], tile: Tile | None, sink: Any) -> Encoded:
    """Write the value in the first of these formats that takes it. Raises Unserializable, naming those that would.

    A value that was classified already is not looked at again: there are some that can be read but once.
    """
    from headrace.formats import _values

    seen = value if isinstance(value, _values.Seen) else _values.classify(value)
    if seen.kind == "nothing":
        return Encoded("", "application/json")
    if seen.kind == "bytes":
        sink.write(seen.value)
        return Encoded("", seen.media_type or BINARY, seen.headers)
    name, value = _choice(seen, formats, tile)
    chosen = FORMATS[name]
    try:
        chosen.write(value, sink, tile)
    except (ValueError, TypeError, NotImplementedError, ArithmeticError, LookupError, RecursionError) as refused:
        # What libraries say of a value that they cannot write, such as a lone surrogate, is for the udf's author.
        raise Unserializable(
            f"The udf returned {seen.description}, which could not be written as {name}: {refused}"
        ) from refused
    return Encoded(name, chosen.media_type)


def _choice(seen: "Seen", formats: Sequence[str], tile: Tile | None) -> tuple[str, Any]:
    """The first format that takes the value, and the value as it takes it. Raises Unserializable."""
    from headrace.formats import _values

    if seen.kind == "plain" and set(formats) >= CLIENTS and _values.is_collection(seen.value):
        return "zip", seen.value
    for name in formats:
        for way in seen.ways():
            if FORMATS[name].takes(way, tile):
                return name, way.value
    if seen.kind == "plain" and "parquet" in formats:
        # Clients of the first generation read nothing but Parquet and pictures: a value is a frame of one cell.
        return "parquet", _values.as_cell(seen.value)
    if seen.kind == "frame" and "geojson" in formats:
        # A feature need not have a place (RFC 7946, section 3.2); any other format that was asked for goes before.
        return "geojson", seen.value
    raise Unserializable(_refusal(seen, formats, tile))


def check(names: Sequence[str]) -> None:
    """Raise Invalid for a name that no format has."""
    for name in names:
        if name not in FORMATS.names:
            raise Invalid(f"No format is called {name[:60]!r}; there are {', '.join(FORMATS.names)}.")


def _refusal(seen: "Seen", formats: Sequence[str], tile: Tile | None) -> str:
    wanting = [
        f"{name} wants {FORMATS[name].wants}"
        for name in formats
        if seen.kind in FORMATS[name].kinds and FORMATS[name].wants
    ]
    refused = f"The udf returned {seen.description}, which cannot be written as {' or '.join(formats) or 'nothing'}"
    refused += f" ({', '.join(wanting)})" if wanting else ""
    taking = [name for name in FORMATS.names if any(FORMATS[name].takes(way, tile) for way in seen.ways())]
    if not taking:
        return f"{refused}, nor in any other format; return a table, an array or plain values."
    return f"{refused}; {', '.join(taking)} would take it."
