"""The default environment: each library is there and does its work inside the fences."""

import re
import textwrap

import pytest

from calling import value

# Each comes to a half.
WORK = """
# numpy
import numpy as np
return float(np.linalg.inv(np.eye(3) * 2)[0, 0])
# pandas
import pandas as pd
return pd.DataFrame({"a": [1, 2]}).a.sum() / 6
# pyarrow
import pyarrow as pa, pyarrow.compute as pc
return pc.sum(pa.array([0.25, 0.25])).as_py()
# geopandas
import geopandas
return geopandas.GeoSeries.from_wkt(["POINT (0 0)"], crs=4326).to_crs(3857).x[0] + 0.5
# shapely
import shapely
return shapely.box(0, 0, 1, 0.5).area
# pyogrio
import geopandas, pyogrio, shapely
frame = geopandas.GeoDataFrame({"a": [0.5]}, geometry=[shapely.Point(1, 2)], crs=4326)
pyogrio.write_dataframe(frame, "/tmp/a.fgb")
return pyogrio.read_dataframe("/tmp/a.fgb").a[0]
# rasterio
import numpy as np, rasterio
place = {"crs": 4326, "transform": rasterio.transform.from_origin(0, 1, 1, 1)}
with rasterio.open("/tmp/a.tif", "w", width=2, height=2, count=1, dtype="float32", **place) as file:
    file.write(np.full((1, 2, 2), 0.5, "float32"))
return float(rasterio.open("/tmp/a.tif").read().mean())
# xarray and rioxarray
import rioxarray, xarray as xr
return float(xr.DataArray([[0.5]], dims=("y", "x")).rio.write_crs(4326).mean())
# duckdb
import duckdb
return duckdb.sql("select avg(i) / 999 from range(1000) t(i)").fetchone()[0]
# polars
import polars as pl
return pl.DataFrame({"a": range(100_000)}).lazy().group_by(pl.col("a") % 2).len().collect().height / 4
# pillow
from PIL import Image
return Image.new("RGB", (2, 4)).width / 4
# httpx
import httpx
return len(httpx.Request("GET", "http://a/").url.path) / 2
# requests
import requests
return len(requests.Request("GET", "http://a/b").prepare().path_url) / 4
# scikit-learn
from sklearn.ensemble import RandomForestClassifier
forest = RandomForestClassifier(8, n_jobs=2).fit([[0], [1]] * 20, [0, 1] * 20)
return forest.predict([[1]])[0] / 2
# threads
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as threads:
    return sum(threads.map(abs, [0.25, -0.25]))
# processes
from multiprocessing import get_context
with get_context("fork").Pool(2) as pool:
    return sum(pool.map(abs, [0.25, -0.25]))
# programs
import subprocess
return float(subprocess.run(["echo", "0.5"], capture_output=True, check=True).stdout)
"""
PARTS = re.findall(r"^# (.+)\n((?:[^#].*\n)+)", WORK, re.MULTILINE)


@pytest.mark.parametrize("work", [part[1] for part in PARTS], ids=[part[0] for part in PARTS])
def test_what_users_bring_works_inside_the_fences(http, work):
    assert value(http, f"def udf():\n{textwrap.indent(work, '    ')}") == pytest.approx(0.5)
