"""B7: vector tiles of 100,000 polygons, cut by a udf out of a GeoParquet file and by tipg out of PostGIS."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import geopandas as gpd
import httpx
import mapbox_vector_tile
import numpy as np
import psycopg
import shapely

from benchmarks import systems, tiles
from benchmarks.processes import ROOT, Server, free_port, python, running
from benchmarks.report import Report

TIPG = ("tipg==1.6.1", "uvicorn[standard]")
COUNT = 100_000
AREA = (13.36, 52.27, 13.70, 52.48)  # degrees; about one tile of zoom 10
ZOOMS = (12, 13, 14, 15)
EACH = 16
FOLDER = ROOT / ".cache" / "benchmarks"

CODE = '''
import geopandas as gpd
import shapely

FILE = "{file}"


@fused.udf
def udf(bounds: fused.types.Bounds):
    frame = shapes()
    near = frame.sindex.query(shapely.box(*bounds))
    near.sort()
    return frame.iloc[near]


{shapes}
'''

# The frame and its index stay in the worker: a module of the udf is executed for every call, `sys.modules` is not.
KEPT = '''
def shapes():
    import sys
    if "kept_shapes" not in sys.modules:
        import types
        kept = sys.modules["kept_shapes"] = types.ModuleType("kept_shapes")
        kept.frame = gpd.read_parquet(FILE)
        kept.frame.sindex
    return sys.modules["kept_shapes"].frame
'''
