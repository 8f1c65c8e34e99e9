"""Arrays by the SDK and the command line: of tables and of rasters."""

import uuid

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

from headrace.client import Client, Failed
from headrace.errors import Invalid
from published import Person


@pytest.fixture
def person(server):
    return Person(server, "arrays", f"arrays{uuid.uuid4().hex[:10]}")


@pytest.fixture
def client(server, person):
    with Client(server.url, person.key) as one:
        yield one


def columns(made):
    return {one["name"]: (one["type"], one["dimension"]) for one in made["columns"]}


def test_a_table_becomes_an_array_by_its_columns_or_its_rows(client, tmp_path):
    frame = pd.DataFrame(
        {
            "id": [5, 7, 7],
            "day": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
            "v": [0.5, None, 2.5],
            "name": ["a", "b", "c"],
            "tags": [["x"], [], ["y"]],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    steps = []
    made = client.arrays.ingest(
        tmp_path / "t.parquet", "sold", dimensions=["id"], tell=lambda step, done, whole: steps.append(step)
    )
    assert columns(made)["id"] == ("bigint", True)
    assert columns(made)["v"] == ("double", False)
    assert made["left_out"] == ["tags"]
    assert {"uploading", "writing its cells"} <= set(steps)
    rows = client.sql(f'SELECT id, v, name, day FROM "{made["tiledb_uri"]}" ORDER BY name', result="json")
    assert [(row["id"], row["v"], row["name"]) for row in rows] == [(5, 0.5, "a"), (7, None, "b"), (7, 2.5, "c")]
    assert rows[2]["day"].startswith("2026-01-03")
    frame[["v", "name"]].to_csv(tmp_path / "t.csv", index=False)
    made = client.arrays.ingest(tmp_path / "t.csv", "by_row")
    assert columns(made)["row"] == ("bigint", True)
    assert client.sql(f'SELECT name FROM "{made["tiledb_uri"]}" WHERE "row" = 1', result="json") == [{"name": "b"}]
    assert client.files.list() == []  # what was uploaded is gone again


def test_a_geotiff_becomes_a_dense_array_with_where_it_is(client, tmp_path):
    pixels = np.arange(3 * 40 * 50, dtype="uint16").reshape(3, 40, 50)
    profile = {"driver": "GTiff", "height": 40, "width": 50, "count": 3, "dtype": "uint16", "crs": "EPSG:32633"}
    with rasterio.open(
        tmp_path / "r.tif", "w", **profile, transform=rasterio.Affine(10, 0, 500, 0, -10, 900), nodata=9
    ) as file:
        file.write(pixels)
        file.set_band_description(1, "near infrared")
        file.set_band_description(2, "red")
        file.set_band_description(3, "green")
    made = client.arrays.ingest(tmp_path / "r.tif", "scene")
    assert columns(made) == {
        "y": ("bigint", True),
        "x": ("bigint", True),
        "near_infrared": ("smallint unsigned", False),
        "red": ("smallint unsigned", False),
        "green": ("smallint unsigned", False),
    }
    assert made["file_properties"] == {
        "crs": "EPSG:32633",
        "transform": "10.0, 0.0, 500.0, 0.0, -10.0, 900.0",
        "nodata": "9.0",
    }
    query = f'SELECT sum(red) AS red, count(*) AS n FROM "{made["tiledb_uri"]}" WHERE y BETWEEN 10 AND 19 AND x < 20'
    (row,) = client.sql(query, result="json")
    assert (row["red"], row["n"]) == (int(pixels[1, 10:20, :20].sum()), 200)


def test_variables_of_a_netcdf_become_attributes(client, tmp_path):
    heat = np.arange(4 * 3 * 5, dtype="float32").reshape(4, 3, 5)
    data = xr.Dataset(
        {
            "heat": (("time", "lat", "lon"), heat),
            "rain": (("time", "lat", "lon"), heat * 2),
            "area": (("lat",), [1.0, 2, 3]),
        },
        coords={"lat": [50.0, 51, 52], "lon": np.arange(5) * 0.5},
    )
    data.to_netcdf(tmp_path / "c.nc", engine="scipy")
    made = client.arrays.ingest(tmp_path / "c.nc", "climate")
    assert columns(made) == {
        "time": ("bigint", True),
        "lat": ("bigint", True),
        "lon": ("bigint", True),
        "heat": ("float", False),
        "rain": ("float", False),
    }
    assert made["left_out"] == ["area"]
    assert made["file_properties"]["lat"] == "50.0 to 52.0"
    (row,) = client.sql(f'SELECT sum(rain) AS rain FROM "{made["tiledb_uri"]}" WHERE "time" = 2', result="json")
    assert row["rain"] == float(heat[2].sum() * 2)


def test_what_cannot_be_read_leaves_nothing_behind(client, tmp_path):
    for name, sentence in (("wrong.tif", "not recognized"), ("wrong.parquet", "arquet"), ("wrong.nc", "NetCDF")):
        (tmp_path / name).write_bytes(b"wrong " * 100)
        with pytest.raises(Failed, match=sentence):
            client.arrays.ingest(tmp_path / name, "wrong")
    with pytest.raises(Invalid, match="neither a table"):
        client.arrays.ingest(tmp_path / "x.txt", "wrong")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(Invalid, match="The file has no column c; it has a, b"):
        client.arrays.ingest(tmp_path / "t.csv", "wrong", dimensions=["c"])
    with pytest.raises(Invalid, match="is no array's name"):
        client.arrays.ingest(tmp_path / "t.csv", "a/b")
    assert client.arrays.list()["arrays"] == []
    assert client.files.list() == []
    assert client.files.list("file:///mount") == []
    client.arrays.ingest(tmp_path / "t.csv", "there")
    with pytest.raises(Failed, match="there"):
        client.arrays.ingest(tmp_path / "t.csv", "there")
    assert client.sql(f'SELECT a FROM "{client.arrays.uri("there")}"', result="json") == [{"a": 1}]
