"""Tables for the terminal and for RESULTS.md, from the same rows."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.load import maker

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

Written by `make bench`. {machine}

Every figure is the median over repeats of one run, in which the systems took turns; in brackets the smallest and the
largest repeat. The machine is a shared virtual one and noisy, so ratios within a table tell more than figures. Our own
server runs as it comes: API keys, fences, logging and tracking on. The peers run user code unfenced, in their own
processes, without accounts and without a record of calls. Load is made by {maker}.
"""
console = Console()


class Report:
    """Sections of rows and the bars, shown as they are measured and written at the end."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._bars: list[list[str]] = []

    def section(self, title: str, note: str, columns: list[str], rows: list[list[str]]) -> None:
        """Show a table, and keep it for the page."""
        console.print(_table(title, columns, rows), note, "", sep="\n")
        self._parts.append(f"## {title}\n\n{note}\n\n{_markdown(columns, rows)}")

    def bar(self, what: str, wanted: str, figure: str, *, met: bool) -> None:
        """Keep what a figure had to reach, and whether it did."""
        self._bars.append([what, wanted, figure, "met" if met else "**missed**"])

    def close(self, *, write: bool) -> None:
        """Show the bars; where asked, write the page. What people wrote below the figures stays."""
        columns = ["what", "bar", "here", ""]
        console.print(_table("Bars", columns, self._bars))
        if write:
            bars = f"## Bars\n\n{_markdown(columns, self._bars)}"
            head = HEAD.format(machine=_machine(), maker=maker())
            RESULTS.write_text("\n\n".join([head.rstrip(), bars, *self._parts, _tail()]) + "\n")


def spread(values: list[float], digits: int = 2) -> str:
    """The median, and in brackets the smallest and the largest."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def _table(title: str, columns: list[str], rows: list[list[str]]) -> Table:
    shown = Table(*columns, title=title, title_justify="left")
    for row in rows:
        shown.add_row(*(cell.replace("**", "") for cell in row))
    return shown


def _markdown(columns: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in [columns, *rows]]
    return "\n".join([lines[0], "|" + "---|" * len(columns), *lines[1:]])


def _machine() -> str:
    cpu = Path("/proc/cpuinfo").read_text().partition("model name")[2].partition(": ")[2].partition("\n")[0]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "src"], check=False).returncode
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {asked.stdout.strip()}{' with changes in src' if changed else ''}, "
        f"{len(os.sched_getaffinity(0))} cores of {cpu}, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {sys.version.split()[0]}."
    )


def _tail() -> str:
    mark = "## What bounds these figures"
    text = RESULTS.read_text() if RESULTS.exists() else ""
    return text[text.index(mark) :].rstrip() if mark in text else mark
