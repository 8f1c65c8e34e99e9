"""`make bench`: every run, or those that are named: `python -m benchmarks calls raster_tiles`."""

import sys
from importlib import import_module

from benchmarks.processes import ROOT, compile_all
from benchmarks.report import Report

RUNS = (
    "arrays",
    "calls",
    "environments",
    "cold",
    "footprint",
    "lakes",
    "lists",
    "lists_peers",
    "operations",
    "outputs",
    "raster_tiles",
    "sql",
    "vector_tiles",
)

# Peers were started before, and so were we.
compile_all(sys.executable, ROOT / ".venv" / "lib")
compile_all(sys.executable, ROOT / "src")
report = Report()
for name in sys.argv[1:] or RUNS:
    import_module(f"benchmarks.{name}").measure(report)
report.close(write=not sys.argv[1:])
