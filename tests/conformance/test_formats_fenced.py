"""Every format from inside a fenced worker, over HTTP: what it imports is there, what it needs is allowed."""

import io
import json
import zipfile

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pytest
import python_calamine
import rasterio
from lxml import etree

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


FILM = "def udf():\n    import numpy\n    return numpy.arange(24, dtype='uint8').reshape(2, 3, 4, 1)"
BOOK = "def udf():\n    import numpy, pandas\n    return {'a': pandas.DataFrame({'n': [0]}), 'b': numpy.arange(3)}"


def tiff(data: bytes) -> list[int]:
    with rasterio.MemoryFile(data) as memory, memory.open() as file:
        return file.read(1).ravel().tolist()


def frames(data: bytes) -> list[list[int]]:
    with PIL.Image.open(io.BytesIO(data)) as image:
        pictures = []
        for place in range(image.n_frames):
            image.seek(place)
            pictures.append(np.asarray(image.convert("L")).ravel().tolist())
        return pictures


def excel(data: bytes) -> list[float]:
    _, *rows = python_calamine.load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    return [row[0] for row in rows]


def zipped(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        files = json.loads(archive.read("meta.json"))["files"]
    return {name: file["content_type"] for name, file in files.items()}


TWO = [list(range(12)), list(range(12, 24))]

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
    "tif": (RASTER, "", tiff, list(range(12))),
    "jpg": (ARRAY, "", lambda data: PIL.Image.open(io.BytesIO(data)).size, (4, 3)),
    "jpeg": (ARRAY, "", lambda data: PIL.Image.open(io.BytesIO(data)).size, (4, 3)),
    "gif": (FILM, "", frames, TWO),
    "webp": (FILM, "", frames, TWO),
    "apng": (FILM, "", frames, TWO),
    "svg": (FRAME, "", lambda data: len(etree.fromstring(data).findall("{*}path")), 3),
    "ndjson": (TABLE, "", lambda data: [json.loads(line)["n"] for line in data.splitlines()], [0, 1, 2]),
    "excel": (TABLE, "", excel, [0, 1, 2]),
    "xlsx": (TABLE, "", excel, [0, 1, 2]),
    "xml": (TABLE, "", lambda data: [row.findtext("n") for row in etree.fromstring(data)], ["0", "1", "2"]),
    "zip": (BOOK, "", zipped, {"a": "application/octet-stream", "b": "application/x-numpy-data"}),
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


@pytest.mark.parametrize("name", ["json", "ndjson", "csv", "html", "parquet", "feather", "arrow", "excel", "xml"])
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
