"""Arrays by the SDK and the command line: of tables and of rasters."""

import uuid

import h5netcdf
import h5py
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


def rows(client, made, what="*", more=""):
    return client.sql(f'SELECT {what} FROM "{made["tiledb_uri"]}" {more}', result="json")


def test_a_netcdf_4_is_unpacked_and_its_gaps_are_null(client, tmp_path):
    with h5netcdf.File(tmp_path / "c.nc", "w") as file:
        file.dimensions = {"time": None, "station": 2}
        file.resize_dimension("time", 3)
        time = file.create_variable("time", ("time",), "f8")
        time[:], time.attrs["units"] = [0, 1, 31], "days since 2026-01-01"
        heat = file.create_variable("heat", ("time", "station"), "i2", fillvalue=np.int16(-999))
        heat[:] = [[100, -999], [-20, 0], [32767, 5]]
        heat.attrs.update(scale_factor=np.float32(0.1), add_offset=np.float32(10), units="K", long_name="Warmth")
        count = file.create_variable("count", ("time", "station"), "u8", fillvalue=np.uint64(2**64 - 1))
        count[:] = [[2**63, 2**64 - 1], [1, 2], [3, 4]]
        byte = file.create_variable("byte", ("time", "station"), "i1")
        byte[:] = [[-1, -2], [0, 1], [2, 3]]
        byte.attrs.update(_Unsigned="true", missing_value=np.int8(-2))
        plain = file.create_variable("plain", ("time", "station"), "f4", fillvalue=np.float32("nan"), chunks=(1, 2))
        plain[:] = [[1.5, np.nan], [2, 3], [4, 5]]
        name = file.create_variable("name", ("time", "station"), h5py.string_dtype())
        name[:] = [["a", "é"], ["", "d"], ["e", "f"]]
        at = file.create_variable("at", ("time", "station"), "i4", fillvalue=np.int32(-1))
        at[:], at.attrs["units"] = [[0, 60], [-1, 90], [1, 2]], "minutes since 2026-03-01 12:00"
        file.create_variable("days", ("time", "station"), "f4")[:] = 0
        file["days"].attrs.update(units="days since 2000-01-01", calendar="360_day")
        file.create_variable("mass", ("station",), "f4")[:] = 1
        file.create_variable("spot", (), "f4")[...] = 1
    made = client.arrays.ingest(tmp_path / "c.nc", "climate")
    assert columns(made) == {
        "time": ("bigint", True),
        "station": ("bigint", True),
        "heat": ("float", False),
        "count": ("bigint unsigned", False),
        "byte": ("tinyint unsigned", False),
        "plain": ("float", False),
        "name": ("text", False),
        "at": ("datetime(6)", False),
        "days": ("float", False),
    }
    first, second, third, *_, last = rows(client, made, more="ORDER BY time, station")
    assert first["heat"] == pytest.approx(20)
    assert first["count"] == 2**63
    assert (first["byte"], first["plain"], first["name"]) == (255, 1.5, "a")
    assert first["at"].startswith("2026-03-01T12:00:00")
    assert (second["heat"], second["count"], second["byte"], second["plain"]) == (None, None, None, None)
    assert (second["name"], second["at"][:16]) == ("é", "2026-03-01T13:00")
    assert third["heat"] == pytest.approx(8)
    assert (third["at"], third["name"]) == (None, "")
    assert (last["time"], last["station"], last["name"]) == (2, 1, "f")
    assert made["left_out"] == ["mass", "spot"]
    assert made["file_properties"]["time"] == "2026-01-01T00:00:00.000000 to 2026-02-01T00:00:00.000000"
    assert made["file_properties"]["heat"] == "Warmth, K"


def test_a_netcdf_4_of_xarray_comes_in_pieces_as_it_was(client, tmp_path):
    heat = np.arange(600 * 70 * 60, dtype="float64").reshape(600, 70, 60)
    heat[5, 6, 7] = np.nan
    moments = pd.date_range("2026-01-01", periods=600, freq="h")
    data = xr.Dataset(
        {"heat": (("time", "y", "x"), heat), "wet": (("time", "y", "x"), heat % 2 == 1)},
        coords={"time": moments, "lat": (("y", "x"), np.ones((70, 60)))},
    )
    packed = {"heat": {"dtype": "int32", "scale_factor": 0.5, "_FillValue": -1, "zlib": True}}
    data.to_netcdf(tmp_path / "c.nc4", engine="h5netcdf", encoding=packed)
    made = client.arrays.ingest(tmp_path / "c.nc4", "climate")
    (row,) = rows(client, made, "count(*) AS n, count(heat) AS known, sum(heat) AS heat, sum(wet) AS wet")
    assert (row["n"], row["known"]) == (heat.size, heat.size - 1)
    assert row["heat"] == np.nansum(heat)
    assert row["wet"] == (heat % 2 == 1).sum()
    assert made["left_out"] == ["lat"]


def test_the_group_of_a_netcdf_4_is_the_only_one_or_is_named(client, tmp_path):
    with h5netcdf.File(tmp_path / "one.nc", "w") as file:
        inner = file.create_group("product/inner")
        inner.dimensions = {"x": 3}
        inner.create_variable("v", ("x",), "i4")[:] = [1, 2, 3]
        file.create_group("about")
    made = client.arrays.ingest(tmp_path / "one.nc", "one")
    assert rows(client, made, "sum(v) AS v") == [{"v": 6}]
    with h5netcdf.File(tmp_path / "two.nc", "w") as file:
        for number, name in enumerate(("near", "far")):
            group = file.create_group(name)
            group.dimensions = {"x": 2}
            group.create_variable("v", ("x",), "i4")[:] = number
    with pytest.raises(Failed, match="are in groups; say which: far, near"):
        client.arrays.ingest(tmp_path / "two.nc", "two")
    with pytest.raises(Failed, match="no group 'there'; there are far, near"):
        client.arrays.ingest(tmp_path / "two.nc", "two", group="there")
    made = client.arrays.ingest(tmp_path / "two.nc", "two", group="/far")
    assert rows(client, made, "sum(v) AS v") == [{"v": 2}]
    with pytest.raises(Invalid, match="Only a NetCDF file has groups"):
        client.arrays.ingest(tmp_path / "x.tif", "two", group="far")
    data = xr.Dataset({"v": (("x",), [1.5])})
    data.to_netcdf(tmp_path / "old.nc", engine="scipy")
    with pytest.raises(Failed, match="NetCDF 3 has no groups"):
        client.arrays.ingest(tmp_path / "old.nc", "old", group="far")


def test_a_netcdf_without_cells_or_of_a_form_that_is_not_read_is_refused_in_words(client, tmp_path):
    with h5netcdf.File(tmp_path / "empty.nc", "w") as file:
        file.dimensions = {"time": None}
        file.create_variable("v", ("time",), "f4")
    (tmp_path / "cdf5.nc").write_bytes(b"CDF\x05" + b"\0" * 100)
    whole = tmp_path / "cut.nc"
    with h5netcdf.File(whole, "w") as file:
        file.dimensions = {"x": 100_000}
        file.create_variable("v", ("x",), "f8")[:] = np.arange(100_000)
    whole.write_bytes(whole.read_bytes()[:5_000])
    with h5netcdf.File(tmp_path / "odd.nc", "w") as file:
        file.dimensions = {"x": 2}
        file.create_variable("at", ("x",), "f8")[:] = [0, 1e300]
        file["at"].attrs["units"] = "days since 2000-01-01"
    for name, sentence in (
        ("empty.nc", "no variable with cells along a dimension"),
        ("cdf5.nc", "CDF-5"),
        ("cut.nc", "cannot be read as NetCDF 4: .*truncated"),
        ("odd.nc", "moments that no year has"),
    ):
        with pytest.raises(Failed, match=sentence):
            client.arrays.ingest(tmp_path / name, "wrong")
    assert client.arrays.list()["arrays"] == []
    assert client.files.list("file:///mount") == []


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
