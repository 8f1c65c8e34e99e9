"""Every format from inside a fenced worker, over HTTP: what it imports is there, what it needs is allowed."""

import io
import json

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pytest
import rasterio

from calling import call
from headrace.formats import FORMATS

FRAME = """
def udf(rows: int = 3):
    import geopandas, numpy, shapely
    points = shapely.points(numpy.linspace(1, 2, rows), numpy.linspace(3, 4, rows))
    return geopandas.GeoDataFrame({"n": numpy.arange(rows)}, geometry=points, crs=4326)
"""
TABLE = (
    "def udf(rows: int = 3):\n    import pandas\n    return pandas.DataFrame({'n': range(rows), 't': ['<b>'] * rows})"
)
RASTER = "def udf():\n    import numpy\n    return numpy.arange(12, dtype='uint8').reshape(3, 4), [0, 0, 4, 3]"
ARRAY = "def udf():\n    import numpy\n    return numpy.arange(12, dtype='uint8').reshape(3, 4)"
PLACED = """
def udf():
    import numpy, rioxarray, xarray
    values = numpy.arange(6.0).reshape(2, 3)
    return xarray.DataArray(values, {"y": [2.5, 1.5], "x": [0.5, 1.5, 2.5]}, dims=("y", "x")).rio.write_crs(3857)
"""


def tiff(data: bytes) -> list[int]:
    with rasterio.MemoryFile(data) as memory, memory.open() as file:
        return file.read(1).ravel().tolist()


# For each format: the udf, what is asked of it, and what a reader finds.
FENCED = {
    "parquet": (FRAME, "", lambda data: gpd.read_parquet(io.BytesIO(data))["n"].tolist(), [0, 1, 2]),
    "feather": (FRAME, "", lambda data: gpd.read_feather(io.BytesIO(data))["n"].tolist(), [0, 1, 2]),
    "arrow": (TABLE, "", lambda data: pa.ipc.open_stream(data).read_all()["n"].to_pylist(), [0, 1, 2]),
    "csv": (TABLE, "", lambda data: pd.read_csv(io.BytesIO(data))["n"].tolist(), [0, 1, 2]),
    "json": (TABLE, "", lambda data: [row["n"] for row in json.loads(data)], [0, 1, 2]),
    "geojson": (FRAME, "", lambda data: [f["properties"]["n"] for f in json.loads(data)["features"]], [0, 1, 2]),
    "html": (TABLE, "", lambda data: data.decode().count("<td>&lt;b&gt;</td>"), 3),
    "mvt": (FRAME, "/tiles/0/0/0", lambda data: len(mapbox_vector_tile.decode(data)["udf"]["features"]), 3),
    "png": (ARRAY, "", lambda data: np.asarray(PIL.Image.open(io.BytesIO(data))).ravel().tolist(), list(range(12))),
    "tiff": (RASTER, "", tiff, list(range(12))),
    "npy": (ARRAY, "", lambda data: np.load(io.BytesIO(data)).ravel().tolist(), list(range(12))),
}


def test_every_format_is_called_here():
    assert set(FENCED) == set(FORMATS.names)


@pytest.mark.parametrize("name", FENCED)
def test_a_fenced_worker_writes_it(http, name):
    code, path, read, expected = FENCED[name]
    answer = call(http, code, format=name, path=path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == FORMATS[name].media_type
    assert read(answer.content) == expected


@pytest.mark.parametrize("name", ["json", "csv", "html", "parquet", "feather", "arrow"])
def test_a_fenced_worker_writes_many_rows(http, name):
    rows = 60_000  # more than are written by way of Python objects, and than fit into a message
    answer = call(http, TABLE, format=name, rows=rows)
    assert answer.status_code == 200, answer.text
    assert rows < len(answer.content)


def test_a_fenced_worker_places_an_xarray(http):
    answer = call(http, PLACED, format="tiff")
    assert tiff(answer.content) == [0, 1, 2, 3, 4, 5]


def test_what_no_format_takes_is_a_sentence(http):
    answer = call(http, "def udf(): return object()", format="parquet,json")
    assert answer.status_code == 422
    assert "object" in answer.json()["detail"]
