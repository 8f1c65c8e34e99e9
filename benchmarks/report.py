"""Tables for the terminal and for RESULTS.md, from the same rows."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "RESULTS.md"
console = Console()


class Report:
    """Sections of rows, shown as they are measured and written at the end."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def section(self, title: str, note: str, columns: list[str], rows: list[list[str]]) -> None:
        shown = Table(*columns, title=title, title_justify="left")
        lines = [f"## {title}", "", note, "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        for row in rows:
            shown.add_row(*row)
            lines.append("| " + " | ".join(row) + " |")
        console.print(shown)
        self._parts.append("\n".join(lines))

    def write(self) -> None:
        RESULTS.write_text(HEAD.format(machine=machine()) + "\n" + "\n\n".join(self._parts) + "\n\n" + tail())


HEAD = """# Results

Written by `make bench`. {machine}

Every figure is a median over repeats of one run, systems taking turns; in brackets the smallest and largest repeat.
The machine is a shared virtual one and noisy, so ratios within a row tell more than figures. Our own server runs as it
comes: API keys, fences, logging and tracking on. The peers named here run user code unfenced, in their own processes.
"""


def machine() -> str:
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "?",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) >> 20
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    import os

    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}, {len(os.sched_getaffinity(0))} cores of {cpu}, {memory} GiB, "
        f"Linux {platform.release()}, Python {sys.version.split()[0]}."
    )


def tail() -> str:
    """What people wrote below the figures stays."""
    mark = "## What bounds these figures"
    text = RESULTS.read_text() if RESULTS.exists() else ""
    return text[text.index(mark) :] if mark in text else f"{mark}\n"


def spread(values: list[float], digits: int = 2) -> str:
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def verdict(met: bool) -> str:
    return "met" if met else "missed"
