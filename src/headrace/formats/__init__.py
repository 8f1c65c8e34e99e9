"""Output formats: a file each. What a udf gave is classified once; the first asked-for format that takes it writes it.

    frame    DataFrame, GeoDataFrame, Series, geometry, Arrow table, polars frame
    features a table with geometries, which is a frame too
    raster   numpy array, (array, bounds), xarray DataArray or Dataset
    plain    str, numbers, bool, list, dict and what is in them
    drawing  a figure; what shows itself as SVG
    page     what shows itself as HTML
    bytes    bytes, a file in memory, a response of a web framework: passed through as they are
    pieces   what a function yields, text or bytes: passed through as it comes
    nothing  None: an empty body

This module and those of the formats import nothing heavy, so that a server can list them; a worker writes with them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from headrace.errors import Invalid
from headrace.registry import Registry

if TYPE_CHECKING:
    from headrace.formats._values import Seen

Tile = tuple[int, int, int]  # z, x, y

Headers = tuple[tuple[str, str], ...]

BINARY = "application/octet-stream"
PACKAGES = {"PIL": "pillow", "sklearn": "scikit-learn"}  # modules whose package has another name


class Unserializable(Exception):
    """No asked-for format takes the value."""


def always(value: Any, tile: Tile | None) -> bool:
    """Every value of the format's kinds fits."""
    return True


class Format(Struct, frozen=True, kw_only=True):
    """How values become bytes.

    `write(value, sink, tile)` gets the value in the form that `formats/_values.py` gives its kind, and a binary file;
    it may give headers that say what became of the value. A raster that becomes a picture (`image/...`) of a tile has
    been put onto that tile (`formats/_tiles.py`).
    `fits(value, tile)` says, without looking at every element, whether it can write this one, and `wants` what it
    needs for that, in words. `scripted`: whether a browser may run what is in it.
    """

    media_type: str
    suffix: str
    kinds: frozenset[str]
    write: Callable[[Any, Any, Tile | None], Headers | None]
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
    if tile is not None and (seen.kind == "nothing" or _is_empty_array(seen)):
        seen = _nothing_in_a_tile(seen, formats, tile)
    if seen.kind == "nothing":
        return Encoded("", seen.media_type or "application/json")
    if seen.kind == "bytes":
        sink.head = Encoded("", seen.media_type or BINARY, seen.headers)
        sink.write(seen.value)
        return sink.head
    if seen.kind == "pieces":
        return _pass_on(seen.value, sink)
    name, value = _choice(seen, formats, tile)
    chosen = FORMATS[name]
    sink.head = Encoded(name, chosen.media_type)
    try:
        if tile is not None and isinstance(value, _values.Raster) and _is_picture(chosen):
            from headrace.formats import _tiles

            value = _tiles.on_tile(value, tile)
        headers = chosen.write(value, sink, tile)
    except ModuleNotFoundError as missing:
        package = PACKAGES.get(missing.name or "", missing.name)
        raise Unserializable(
            f"Writing {seen.description} as {name} needs the package {package}, which this environment does not have; "
            "add it to the environment's packages."
        ) from missing
    except (ValueError, TypeError, NotImplementedError, ArithmeticError, LookupError, RecursionError) as refused:
        # What libraries say of a value that they cannot write, such as a lone surrogate, is for the udf's author.
        raise Unserializable(
            f"The udf returned {seen.description}, which could not be written as {name}: {refused}"
        ) from refused
    return Encoded(name, chosen.media_type, headers or ())


def _pass_on(pieces: Iterable[Any], sink: Any) -> Encoded:
    """Write what a function yields, each piece to be sent at once. Raises Unserializable for neither text nor bytes."""
    text = None
    for piece in pieces:
        if not isinstance(piece, str | bytes | bytearray | memoryview):
            raise Unserializable(f"The udf yielded a value of type {type(piece).__name__}; yield text or bytes.")
        if text is None:
            text = isinstance(piece, str)
            sink.head = Encoded("", "text/plain; charset=utf-8" if text else BINARY)
            sink.begin()
        sink.write(piece.encode() if isinstance(piece, str) else piece)
    return sink.head or Encoded("", BINARY)


def _nothing_in_a_tile(seen: "Seen", formats: Sequence[str], tile: Tile) -> "Seen":
    """What a map shows where a udf has nothing: a transparent picture, or the empty tile of another format."""
    from msgspec.structs import replace

    from headrace.formats import _tiles

    first = FORMATS[formats[0]] if formats else None
    if first is None or _is_picture(first):
        return replace(seen, kind="raster", value=_tiles.blank(tile))
    return replace(seen, kind="nothing", media_type=first.media_type) if "raster" not in first.kinds else seen


def _is_picture(known: Format) -> bool:
    return known.media_type.startswith("image/") and "raster" in known.kinds


def _is_empty_array(seen: "Seen") -> bool:
    return seen.kind in ("raster", "array") and seen.value.original is not None and not seen.value.original.size


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
