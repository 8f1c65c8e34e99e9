"""`make bench`: every run, or those that are named: `python -m benchmarks calls cold footprint`."""

import sys
from importlib import import_module

from benchmarks.report import Report

RUNS = ("calls", "cold", "footprint")

report = Report()
for name in sys.argv[1:] or RUNS:
    import_module(f"benchmarks.{name}").measure(report)
if not sys.argv[1:]:
    report.write()
