"""The arrays of a server: list, look at, create, and make of files - tables and rasters - which the server reads."""

# ruff: noqa: S608 - names are quoted, and the server gives a statement no more than its caller has
import contextlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headrace.errors import Invalid

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.client.client import Client

Record = dict[str, Any]
Tell = Callable[[str, int, int | None], None]  # a step in words, how far it is, and how far it goes

TABLES = (".parquet", ".csv", ".json", ".ndjson", ".arrow")
NETCDF = (".nc", ".nc3", ".nc4", ".netcdf")
RASTERS = (".tif", ".tiff", *NETCDF)
CELLS = 1 << 21  # of a dense array that one statement writes
TILE = 256  # cells of a tile along a dimension of a raster
ROW = "row"  # the dimension of a table that names none: its rows by number
TYPES = {
    "bool": "TINYINT",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INT",
    "int64": "BIGINT",
    "uint8": "TINYINT UNSIGNED",
    "uint16": "SMALLINT UNSIGNED",
    "uint32": "INT UNSIGNED",
    "uint64": "BIGINT UNSIGNED",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "TEXT",
    "large_string": "TEXT",
    "binary": "BLOB",
    "large_binary": "BLOB",
    "date32[day]": "DATE",
    "timestamp[us]": "DATETIME(6)",
}


class Arrays:
    """What `Client.arrays` is. An array is called `name`, or in full `tiledb://namespace/name`."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def list(self, shelf: str = "owned", *, search: str | None = None, page: int = 1, per_page: int = 100) -> Any:  # noqa: ANN401
        """A page of arrays: `arrays` and `pagination_metadata`. `shelf` is owned, shared or public."""
        asked = {"page": page, "per_page": per_page, **({"search": search} if search else {})}
        return self._client.ask("GET", f"{self._client.url}/v1/arrays/browser/{shelf}", params=asked)

    def info(self, name: str) -> Record:
        """What is known of an array, with its `columns`: name, type, whether each is a dimension. Raises Failed."""
        uri = self.uri(name)
        found = self._client.ask("GET", self._address(uri, "/metadata"))
        columns = self._client.sql(f"DESCRIBE {_quoted(uri)}", dialect="mysql", result="json")
        shown = [{"name": c["Field"], "type": c["Type"], "dimension": c["Key"] == "PRI"} for c in columns]
        return {**found, "columns": shown}

    def create(
        self,
        name: str,
        dimensions: Mapping[str, str],
        attributes: Mapping[str, str],
        *,
        dense: bool = False,
        duplicates: bool = False,
    ) -> str:
        """Make an array without cells; its address. Raises Failed.

        `dimensions` and `attributes` give each its type in SQL, of a dimension with its bounds:
        `{"x": "INT lower_bound='0' upper_bound='999' tile_extent='100'"}`.
        """
        uri = self.uri(name)
        parts = [f"{_quoted(column)} {kind} dimension=1" for column, kind in dimensions.items()]
        parts += [f"{_quoted(column)} {kind}" for column, kind in attributes.items()]
        options = f"array_type='{'DENSE' if dense else 'SPARSE'}'" + (" allows_duplicates=1" if duplicates else "")
        self._mysql(f"CREATE TABLE {_quoted(uri)} ({', '.join(parts)}) ENGINE=MyTile {options}")
        return uri

    def delete(self, name: str) -> None:
        """Remove an array with its cells. Raises Failed."""
        self._client.ask("DELETE", self._address(self.uri(name)))

    def ingest(
        self,
        source: str | Path,
        name: str,
        *,
        dimensions: Sequence[str] | None = None,
        group: str | None = None,
        tell: Tell | None = None,
    ) -> Record:
        """Make an array of a file: a table (Parquet, CSV, JSON, Arrow) or a raster (GeoTIFF, NetCDF). What `info` says.

        A file of this machine is uploaded first and removed from the server afterwards; an address (fd://, or
        file:///mount/) is read where it is. The server's workers read it: nothing but httpx is needed here, and
        pyarrow for tables.

        `dimensions` are columns of a table, whose values say where each row is; without them it is the number of the
        row. A raster has its own: y and x, or those of its variables. What does not lie along them is left out, and
        named in `left_out`. `group` is the path of a group of a NetCDF 4 file, where its variables are in several.
        Raises Invalid for a file that is neither, Failed with the server's sentence.
        """
        text = str(source)
        ending = Path(text.partition("?")[0]).suffix.lower()
        if ending not in (*TABLES, *RASTERS):
            raise Invalid(f"{text} is neither a table ({', '.join(TABLES)}) nor a raster ({', '.join(RASTERS)}).")
        if ending in RASTERS and dimensions:
            raise Invalid("A raster has its own dimensions; `dimensions` are of tables.")
        if group and ending not in NETCDF:
            raise Invalid("Only a NetCDF file has groups.")
        told = tell or _untold
        folder = f"{'file:///mount' if ending in RASTERS else 'fd:/'}/ingest-{uuid.uuid4().hex[:12]}"
        uri = self.uri(name)
        try:
            address = text
            if "://" not in text:
                address = f"{folder}/source{ending}"
                self._client.files.upload(Path(source), address, lambda done, whole: told("uploading", done, whole))
            if ending in RASTERS:
                left_out = self._raster(address, uri, folder, group or "", told)
            else:
                left_out = self._table(address, uri, list(dimensions or ()), told)
        finally:
            for left in (folder, f"{folder}.parquet") if ending in RASTERS else (folder,):
                with contextlib.suppress(Exception):  # what went wrong before is worth more than what is left behind
                    self._client.files.delete(left, recursive=True)
        return {**self.info(uri), "left_out": left_out}

    def uri(self, name: str) -> str:
        """The address of an array. Raises Invalid for a name that is none."""
        uri = name if name.startswith("tiledb://") else f"tiledb://{self._client.namespace()}/{name}"
        if not re.fullmatch(r"tiledb://[^/`'\"]+/[^/`'\"]+", uri):
            raise Invalid(f"{name!r} is no array's name: write it as name, or as tiledb://namespace/name.")
        return uri

    def _table(self, address: str, uri: str, dimensions: Sequence[str], told: Tell) -> Any:  # noqa: ANN401
        told("reading its columns", 0, None)
        file = "'" + address.replace("'", "''") + "'"
        schema = self._client.sql(f"SELECT * FROM {file} LIMIT 0").schema
        names: Sequence[str] = schema.names
        if unknown := [one for one in dimensions if one not in names]:
            raise Invalid(f"The file has no column {', '.join(unknown)}; it has {', '.join(names)}.")
        types = {name: _type(schema.field(name)) for name in names}
        left_out = [name for name, kind in types.items() if kind is None]
        if lost := [one for one in dimensions if one in left_out]:
            raise Invalid(f"{', '.join(lost)} is of a type that no dimension has.")
        kept = [name for name in names if name not in left_out]
        if dimensions:
            keys = ", ".join('"' + one.replace('"', '""') + '"' for one in dimensions)
            (counts,) = self._client.sql(
                f"SELECT count(*) AS rows, count(DISTINCT ({keys})) AS places FROM {file}", result="json"
            )
            ways = {one: str(types[one]) for one in dimensions}
            picked = [_quoted(one) for one in kept]
            columns, duplicates = kept, counts["rows"] > counts["places"]
        else:
            if ROW in names:
                raise Invalid(f"The file has a column `{ROW}`; say which columns are its dimensions.")
            ways = {ROW: "BIGINT"}
            picked = ["row_number() OVER () - 1", *map(_quoted, kept)]
            columns, duplicates = [ROW, *kept], False
        attributes = {name: str(types[name]) for name in kept if name not in dimensions}
        self.create(uri, ways, attributes, duplicates=duplicates)
        told("writing its rows", 0, None)
        into = ", ".join(map(_quoted, columns))
        self._filled(
            uri, [f"INSERT INTO {_quoted(uri)} ({into}) SELECT {', '.join(picked)} FROM {_quoted(address)}"], told
        )
        return left_out

    def _raster(self, address: str, uri: str, folder: str, group: str, told: Tell) -> Any:  # noqa: ANN401
        from headrace.client import rasters

        told("reading its cells", 0, None)
        rows = f"{folder}.parquet"  # beside the folder, which is the server's: workers write to their own
        said = {"source": address.removeprefix("file://"), "target": rows.removeprefix("file://"), "group": group}
        made = self._client.run(Path(rasters.__file__), parameters=said, cache_max_age=0).json()
        sizes: dict[str, int] = made["sizes"]
        ways = {
            name: f"BIGINT lower_bound='0' upper_bound='{size - 1}' tile_extent='{min(size, TILE)}'"
            for name, size in sizes.items()
        }
        self.create(uri, ways, {name: TYPES[kind] for name, kind in made["types"].items()}, dense=True)
        columns = ", ".join(_quoted(name) for name in (*sizes, *made["types"]))
        first, *rest = sizes.items()
        line = 1
        for _, size in rest:
            line *= size
        lines = max(TILE if line * TILE <= CELLS * 4 else 1, CELLS // max(1, line))
        inserts = [
            f"INSERT INTO {_quoted(uri)} ({columns}) SELECT {columns} FROM {_quoted(rows)} "
            f"WHERE {_quoted(first[0])} BETWEEN {top} AND {min(top + lines, first[1]) - 1}"
            for top in range(0, first[1], lines)
        ]
        self._filled(uri, inserts, told)
        if properties := {name[:1000]: text[:1000] for name, text in made["properties"].items()}:
            self._client.ask("PATCH", self._address(uri, "/metadata"), json={"file_properties": properties})
        return made["left_out"]

    def _filled(self, uri: str, inserts: Sequence[str], told: Tell) -> None:
        """Write into a new array; it goes again where that fails."""
        try:
            for number, insert in enumerate(inserts):
                told("writing its cells", number, len(inserts))
                self._mysql(insert)
        except BaseException:
            with contextlib.suppress(Exception):
                self.delete(uri)
            raise

    def _mysql(self, text: str) -> None:
        self._client.sql(text, dialect="mysql", result="json")

    def _address(self, uri: str, more: str = "") -> str:
        namespace, _, name = uri.removeprefix("tiledb://").partition("/")
        return f"{self._client.url}/v1/arrays/{quote(namespace, safe='')}/{quote(name, safe='')}{more}"


def _untold(step: str, done: int, whole: int | None) -> None:
    """Nobody listens."""


def _type(field: "pa.Field[Any]") -> str | None:
    """The type of a column in SQL; None where an array holds no such values."""
    kind = str(field.type)
    if kind.startswith("dictionary"):
        kind = str(field.type.value_type)  # type: ignore[attr-defined]
    if kind.startswith("timestamp"):
        return "DATETIME(6)"
    return TYPES.get(kind)


def _quoted(name: str) -> str:
    if "`" in name:
        raise Invalid(f"{name!r} cannot be a name here: it holds a `.")
    return f"`{name}`"
