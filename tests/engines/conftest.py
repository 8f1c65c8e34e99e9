"""What tests of engines are given: a locked DuckDB, and arrays that it may read."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import tiledb

from headrace.engines import tiledb as engine
from headrace.engines._arrays_read import Stream
from headrace.model.query import Place, Query

# It is imported with the first statement. That one may be of a test which has put another size in a module, and those
# that are imported then would take it from there for good.
import_module("headrace.engines._arrays")


class Desk:
    """Somebody with arrays and files who asks questions; every question has a connection of its own."""

    def __init__(self, folder: Path, database: duckdb.DuckDBPyConnection) -> None:
        self.folder, self.database = folder, database
        self.places: list[Place] = []

    def place(self, name: str, **options: object) -> Place:
        """A new place for an array, writable and empty unless told."""
        given = {"writable": True, "exists": False, "kind": "array"} | options
        made = Place(uri=name if "://" in name else f"tiledb://ada/{name}", path=str(self.folder / name), **given)
        self.places.append(made)
        return made

    def made(self, name: str, schema: tiledb.ArraySchema) -> str:
        """An array of this schema at a place of its own."""
        place = self.place(name, exists=True)
        tiledb.Array.create(place.path, schema)
        return place.path

    def run(self, text: str, *parameters: object, **options: object) -> pa.Table:
        """The rows of a statement. What CREATE TABLE made is there for the next."""
        connection = self.database.cursor()
        try:
            query = Query(text=text, parameters=list(parameters), places=self.places, **options)
            rows = engine.run(connection, query)
            return rows if isinstance(rows, pa.Table) else rows.read_all()
        finally:
            connection.close()
            self.places = [
                Place(**{f: getattr(p, f) for f in p.__struct_fields__} | {"exists": Path(p.path).exists()})
                for p in self.places
            ]

    def rows(self, text: str, *parameters: object, **options: object) -> list[tuple[object, ...]]:
        """The rows as tuples."""
        table = self.run(text, *parameters, **options)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_columns else []

    def one(self, text: str, *parameters: object, **options: object) -> object:
        """The one value of a statement."""
        ((value,),) = self.rows(text, *parameters, **options)
        return value


@pytest.fixture
def database(tmp_path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as a worker has it: a warehouse schema attached, files of one folder allowed, and locked."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "scratch").mkdir()
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET temp_directory = '{tmp_path}/scratch'")
    connection.execute("SET memory_limit = '1GB'")
    connection.execute("SET threads = 2")
    connection.execute(f"ATTACH '{tmp_path}/lake/ada.duckdb' AS ada")
    connection.execute("CREATE TABLE ada.people AS SELECT * FROM (VALUES (1, 'Ann'), (2, 'Bob')) AS _(id, name)")
    connection.execute(f"SET allowed_directories = ['{tmp_path}/lake', '{tmp_path}/scratch']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET lock_configuration = true")
    yield connection
    connection.close()


@pytest.fixture
def desk(tmp_path, database) -> Desk:
    """An empty desk."""
    return Desk(tmp_path / "lake", database)


@pytest.fixture
def quickstart(desk) -> Desk:
    """TileDB's own quickstart arrays: 4 x 4 cells, dense from 1 to 16, sparse with three of them."""

    def domain():
        dims = [tiledb.Dim(name, domain=(1, 4), tile=4, dtype=np.int32) for name in ("rows", "cols")]
        return tiledb.Domain(*dims)

    attribute = tiledb.Attr("a", dtype=np.int32)
    with tiledb.open(desk.made("dense", tiledb.ArraySchema(domain=domain(), attrs=[attribute])), "w") as array:
        array[:] = np.arange(1, 17, dtype=np.int32).reshape(4, 4)
        array.meta["title"] = "four by four"
        array.meta["sizes"] = (4, 4)
    sparse = tiledb.ArraySchema(domain=domain(), sparse=True, attrs=[attribute])
    with tiledb.open(desk.made("sparse", sparse), "w") as array:
        array[[1, 2, 2], [1, 4, 3]] = np.array([1, 3, 2], dtype=np.int32)
    return desk


@pytest.fixture
def read(monkeypatch) -> Callable[[], int]:
    """How many rows were read from arrays so far: all streams add theirs."""
    made = []
    start = Stream.__init__

    def remember(self, *args):
        start(self, *args)
        made.append(self)

    monkeypatch.setattr(Stream, "__init__", remember)
    return lambda: sum(stream.rows for stream in made)
