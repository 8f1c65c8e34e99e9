"""What the statements of one query share: places, aliases, variables, options, and the arrays that are open."""

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from headrace.engines import _problems
from headrace.engines._arrays_columns import columns
from headrace.engines._arrays_read import BOX, FIRST, PIECE, Opened, buffer
from headrace.engines._guard import nothing_called
from headrace.errors import Forbidden, Invalid
from headrace.model.query import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb
    import tiledb

SUFFIX = re.compile(r"(?P<uri>.+)@(?P<suffix>\d+|metadata)$", re.DOTALL)
SETTABLE = ("sm.", "vfs.s3.")  # of TileDB's configuration; the rest is the server's
KEPT = ("sm.mem.", "sm.encryption", "sm.compute_concurrency", "sm.io_concurrency", "vfs.s3.ca_")
READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv", ".json": "read_json"} | {
    ".ndjson": "read_json",
    ".jsonl": "read_json",
    ".pq": "read_parquet",
}
ARROW = (".arrow", ".feather", ".ipc")
MINIMUM = 256 << 20  # bytes of memory that TileDB is given at least

# MyTile's own options and what they are at first; those that change nothing here are taken and kept.
OPTIONS = {
    "mytile_read_buffer_size": "104857600",
    "mytile_write_buffer_size": "104857600",
    "mytile_delete_arrays": "0",
    "mytile_tiledb_config": "",
    "mytile_reopen_for_every_query": "1",
    "mytile_read_query_layout": "unordered",
    "mytile_dimensions_are_keys": "1",
    "mytile_enable_pushdown": "1",
    "mytile_enable_aggregate_pushdown": "1",
    "mytile_compute_table_records": "0",
    "mytile_create_allow_subset_existing_array": "0",
    "mytile_mrr_support": "0",
    "mytile_log_level": "warning",
}


class Target(Struct, frozen=True, kw_only=True):
    """What the name of a table stands for."""

    place: Place
    timestamp: int | None = None  # milliseconds: the array as it was then
    metadata: bool = False  # its metadata instead of its cells
    key: str = ""  # it is encrypted with


class Session:
    """A connection, and what statements before left for those after."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", places: Iterable[Place]) -> None:
        self.connection = connection
        self.places = {place.uri: place for place in places}
        self.aliases: dict[str, Target] = {}
        self.options = dict(OPTIONS)
        self.variables: dict[str, Any] = {}
        self.streams: list[Any] = []
        self.begun = False  # a transaction, by a statement
        self.again: Callable[[], duckdb.DuckDBPyConnection] | None = None  # the query that was asked last, once more
        self._made = 0
        self._memory = 0

    def find(self, name: str) -> Target | None:
        """What a name in a statement stands for; None where it is none of the places."""
        if (alias := self.aliases.get(name.lower())) is not None:
            return alias
        if (place := self.places.get(name)) is not None:
            return Target(place=place)
        if (match := SUFFIX.match(name)) is None:
            return None
        if (target := self.find(match["uri"])) is None or target.place.kind != "array":
            return None
        if match["suffix"] == "metadata":
            return Target(place=target.place, timestamp=target.timestamp, metadata=True, key=target.key)
        return Target(place=target.place, timestamp=int(match["suffix"]), key=target.key)

    def names(self) -> list[str]:
        """The names of arrays and files that statements may read."""
        return [uri for uri, place in self.places.items() if place.exists] + list(self.aliases)

    def missing(self, text: str, name: str) -> _problems.SqlError:
        """The error for a table that there is not, where it stands in the text."""
        return _problems.near(text, name, nothing_called(name, self.names()))

    def unique(self, stem: str) -> str:
        """A name that no statement has written."""
        self._made += 1
        return f"__{stem}_{self._made}"

    def on(self, option: str) -> bool:
        """Whether an option of MyTile is switched on."""
        return self.options[option].lower() in ("1", "on", "true", "yes")

    def set_option(self, name: str, value: str) -> None:
        """Keep an option. Raises Invalid for one that there is not, or a value that it does not take."""
        if name not in OPTIONS:
            raise Invalid(f"There is no option {name}; there are {', '.join(OPTIONS)}.")
        if name == "mytile_read_query_layout" and value.lower() not in LAYOUT_NAMES:
            raise Invalid(f"{name} is one of {', '.join(LAYOUT_NAMES)}.")
        if name == "mytile_tiledb_config":
            read_config(value)
        self.options[name] = value

    def open(self, target: Target, mode: str = "r", timestamp: int | None = None) -> Opened:
        """The array, as it is now or was at the target's time. Raises Invalid, Forbidden."""
        import tiledb

        place = target.place
        if mode != "r" and not place.writable:
            raise Forbidden(f"You may read `{place.uri}`, and not write to it.")
        # Buffers are a share of what the session may use, and there is one for each column.
        asked = self.options["mytile_read_buffer_size"]
        piece = min(int(asked) if asked.isdigit() else PIECE, PIECE, max(1 << 20, self.memory() // 32))
        context = self.context(target, piece)
        layout = self.options["mytile_read_query_layout"].lower().replace("_", "-")
        try:
            array = tiledb.open(place.path, mode, timestamp=timestamp or target.timestamp, ctx=context)
        except tiledb.TileDBError as error:
            raise _opening(place, error) from None
        # What is known to fit is read into buffers that the allocator has back for the next box.
        fits = mode == "r" and not array.schema.sparse
        return Opened(
            array=array,
            context=self.context(target, min(piece, BOX)) if fits else context,
            small=self.context(target, FIRST),
            columns=columns(array),
            layout=layout,
            piece=piece,
        )

    def context(self, target: Target, piece: int = PIECE) -> "tiledb.Ctx":
        """A TileDB context with what the place is opened with, and within the session's memory."""
        config = dict(target.place.config)
        config |= read_config(self.options["mytile_tiledb_config"])
        if target.key:
            config |= {"sm.encryption_type": "AES_256_GCM", "sm.encryption_key": target.key}
        memory = max(MINIMUM, self.memory() // 4)
        config |= {
            "sm.mem.total_budget": str(memory),
            "sm.mem.tile_upper_memory_limit": str(max(1 << 26, memory // 4)),
            "sm.compute_concurrency_level": str(_cores()),
            "sm.io_concurrency_level": str(_cores()),
            "py.init_buffer_bytes": str(buffer(piece)),
        }
        return _context(tuple(sorted(config.items())))

    def memory(self) -> int:
        """Bytes that the connection may use."""
        if self._memory == 0:
            row = self.connection.execute("SELECT current_setting('memory_limit')").fetchone()
            self._memory = _bytes(row[0] if row else "1 GiB")
        return self._memory

    def show_file(self, place: Place) -> str:
        """Make the file a view of its own name, and give back that name."""
        ending = PurePosixPath(place.uri).suffix.lower() or PurePosixPath(place.path).suffix.lower()
        quoted = place.uri.replace('"', '""')
        path = place.path.replace("'", "''")
        if ending in ARROW:
            import pyarrow as pa

            try:
                with pa.memory_map(place.path) as source:
                    self.connection.register(place.uri, pa.ipc.open_file(source).read_all())
            except (pa.ArrowException, OSError) as error:
                raise Invalid(f"`{place.uri}` cannot be read: it is no file of Arrow.") from error
        elif ending in READERS:
            self._show(place, f"CREATE OR REPLACE TEMP VIEW \"{quoted}\" AS FROM {READERS[ending]}('{path}')")
        else:
            kinds = ", ".join([*READERS, *ARROW])
            raise Invalid(f"`{place.uri}` is no file that SQL reads; there are {kinds}.")
        return place.uri

    def _show(self, place: Place, statement: str) -> None:
        import duckdb

        try:
            self.connection.execute(statement)
        except duckdb.Error as error:
            said = _problems.of_duckdb(error, "").message.replace(place.path, place.uri)
            raise Invalid(f"`{place.uri}` cannot be read: {said[:1].lower()}{said[1:]}") from None


LAYOUT_NAMES = ("row-major", "col-major", "unordered", "global-order")


def read_config(text: str) -> dict[str, str]:
    """TileDB's configuration from `key=value,key=value`. Raises Invalid for keys that are the server's."""
    config: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals:
            raise Invalid(f"mytile_tiledb_config is key=value pairs with commas between them, not {part[:60]!r}.")
        if not key.startswith(SETTABLE) or key.startswith(KEPT):
            raise Invalid(f"The TileDB setting {key[:60]} is the server's; a statement sets sm.* and vfs.s3.* alone.")
        config[key] = value.strip()
    return config


def _opening(place: Place, error: Exception) -> Exception:
    said = str(error)
    if "does not exist" in said or "Cannot open array" in said or "not found" in said.lower():
        return Invalid(f"`{place.uri}` has a name here, and there is no array at its place.")
    if "ncrypt" in said:
        return Invalid(f"`{place.uri}` is encrypted; give its encryption_key with CREATE TABLE.")
    return Invalid(f"`{place.uri}` cannot be opened: {_problems.told(error)}.")


@lru_cache(maxsize=8)
def _context(config: tuple[tuple[str, str], ...]) -> "tiledb.Ctx":
    """Contexts are kept: each has threads of its own, and making one takes milliseconds."""
    import tiledb

    given: Any = dict(config)
    return tiledb.Ctx(given)


def _cores() -> int:
    return max(1, len(os.sched_getaffinity(0)))


def _bytes(text: str) -> int:
    match = re.match(r"([\d.]+)\s*([KMGT]?)i?B?", text)
    if match is None:
        return 1 << 30
    return int(float(match[1]) * 1024 ** " KMGT".index(match[2] or " "))
