"""Output formats: a file each. What a udf gave is classified once; the first asked-for format that takes it writes it.

    frame    DataFrame, GeoDataFrame, Series, geometry, Arrow table, polars frame
    raster   numpy array, (array, bounds), xarray DataArray or Dataset
    plain    str, numbers, bool, list, dict and what is in them
    bytes    bytes, a file in memory, a response of a web framework: passed through as they are
    nothing  None: an empty body

This module and those of the formats import nothing heavy, so that a server can list them; a worker writes with them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from headrace.errors import Invalid
from headrace.registry import Registry

Tile = tuple[int, int, int]  # z, x, y

BINARY = "application/octet-stream"


class Unserializable(Exception):  # noqa: N818 - a statement about a value
    """No asked-for format takes the value."""


class Format(Struct, frozen=True, kw_only=True):
    """How values become bytes.

    `write(value, sink, tile)` gets the value in the form that `formats/_values.py` gives its kind, and a binary file.
    """

    media_type: str
    suffix: str
    kinds: frozenset[str]
    write: Callable[[Any, Any, Tile | None], None]
    needs_geometry: bool = False
    accepts: Callable[[Any], bool] | None = None  # of the values of its kinds; None: all of them

    def takes(self, seen: Any) -> bool:  # noqa: ANN401 - a classified value
        """Whether this format can hold the value."""
        if seen.kind not in self.kinds or (self.needs_geometry and not seen.geometry):
            return False
        return self.accepts is None or self.accepts(seen.value)


class Encoded(Struct, frozen=True):
    """What was written: the format's name, the content type, and further headers."""

    format: str
    media_type: str
    headers: tuple[tuple[str, str], ...] = ()


FORMATS: Registry[Format] = Registry("headrace.formats", "format")


def encode(value: object, formats: Sequence[str], tile: Tile | None, sink: Any) -> Encoded:  # noqa: ANN401 - a binary file
    """Write the value in the first of these formats that takes it. Raises Unserializable, naming those that would."""
    from headrace.formats import _values  # noqa: PLC0415 - the server lists formats and never writes

    seen = _values.classify(value)
    if seen.kind == "nothing":
        return Encoded("", "application/json")
    if seen.kind == "bytes":
        sink.write(seen.value)
        return Encoded("", seen.media_type or BINARY, seen.headers)
    for name in formats:
        chosen = FORMATS[name]
        if chosen.takes(seen):
            chosen.write(seen.value, sink, tile)
            return Encoded(name, chosen.media_type)
    if seen.kind == "plain" and "parquet" in formats:
        # Clients of the first generation read nothing but Parquet and pictures: a value is a frame of one cell.
        FORMATS["parquet"].write(_values.as_cell(seen.value), sink, tile)
        return Encoded("parquet", FORMATS["parquet"].media_type)
    raise Unserializable(
        f"The udf returned {seen.description}, which cannot be written as {' or '.join(formats)}; "
        f"{', '.join(_taking(seen))} would take it."
    )


def check(names: Sequence[str]) -> None:
    """Raise Invalid for a name that no format has."""
    for name in names:
        if name not in FORMATS.names:
            raise Invalid(f"No format is called {name[:60]!r}; there are {', '.join(FORMATS.names)}.")


def _taking(seen: Any) -> list[str]:  # noqa: ANN401 - a classified value
    taking = [name for name in FORMATS.names if FORMATS[name].takes(seen)]
    return taking or ["none of the formats here"]
