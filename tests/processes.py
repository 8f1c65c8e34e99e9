"""The processes of a server, as the kernel lists them."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """One of a server's descendants."""

    parent: int
    command: str


def descendants(server: int) -> dict[int, Process]:
    """All that a process started, and what those started, by process id."""
    known = _processes()
    found: dict[int, Process] = {}
    frontier = {server}
    while frontier:
        frontier = {pid for pid, process in known.items() if process.parent in frontier} - found.keys()
        found |= {pid: known[pid] for pid in frontier}
    return found


def zygotes(server: int) -> list[int]:
    """The zygotes of a server, and the bubblewrap around each; not their forks."""
    ours = {
        pid: process for pid, process in descendants(server).items() if "headrace.runtime.zygote" in process.command
    }
    return [
        pid for pid, process in ours.items() if process.parent not in ours or "bwrap" in ours[process.parent].command
    ]


def workers(server: int) -> list[int]:
    """What the zygotes of a server forked to run user code, and what that started."""
    ours, parents = descendants(server), zygotes(server)
    return [pid for pid in ours if pid not in parents and pid not in carriers(server)]


def carriers(server: int) -> list[int]:
    """What carries the network of user code in and out."""
    return [pid for pid, process in descendants(server).items() if process.command.startswith("pasta")]


def kill(pids: Iterable[int]) -> None:
    """Kill those that have not ended by themselves."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _processes() -> dict[int, Process]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found[int(entry.name)] = Process(parent, command)
    return found
