"""Control groups: what a worker and all its child processes use in memory and processes, counted and bounded as one.

Version 1 (one hierarchy per controller) and version 2 (one for all) are used as they are found. Source: the kernel's
admin-guide/cgroup-v1 and cgroup-v2.
"""

import os
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class Group:
    """The control group of one worker."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders
        self._members = -1

    def hold(self, pid: int) -> None:
        """Put a process, and all that it will start, into the group."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def starting(self, command: list[str]) -> list[str]:
        """A command that runs this one in the group from its first moment, with all that it starts."""
        enter = 'until [ "$1" = -- ]; do echo 0 > "$1" || exit 1; shift; done; shift; exec "$@"'
        return [
            "/bin/sh",
            "-c",
            enter,
            "sh",
            *(str(folder / "cgroup.procs") for folder in self._folders),
            "--",
            *command,
        ]

    def alone(self) -> bool:
        """Whether one process is all there is in the group."""
        if self._members < 0:
            self._members = os.open(self._folders[-1] / "cgroup.procs", os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._members, 64, 0).count(b"\n") <= 1

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed a process of the group for the group's memory."""
        for folder in self._folders:
            for name in ("memory.events", "memory.oom_control"):
                with suppress(OSError):
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    return int(counts.get("oom_kill", 0)) > 0
        return False

    def exists(self) -> bool:
        """Whether the kernel still has it."""
        return any(folder.exists() for folder in self._folders)

    def remove(self) -> None:
        """Take the group away; the kernel refuses while a process is still dying, and the next try does it."""
        if self._members >= 0:
            os.close(self._members)
            self._members = -1
        for folder in self._folders:
            with suppress(OSError):
                folder.rmdir()


class Groups:
    """The groups of one server, beneath a folder of its own in each hierarchy. `refused` says why there are none."""

    def __init__(self) -> None:
        self._parents: list[Path] = []
        self._leaving: list[Group] = []
        self.refused = ""
        try:
            self._parents = _version_1() or _version_2()
        except OSError as refused:
            self.refused = str(refused)
        if not self._parents and not self.refused:
            self.refused = "this machine has no control groups that count memory and processes"

    def make(self, name: str, memory: int, processes: int) -> Group | None:
        """A group with these limits (bytes; processes and threads), or None where there are no groups."""
        self._sweep()
        if not self._parents:
            return None
        group = Group([parent / name for parent in self._parents])
        for parent in self._parents:
            folder = parent / name
            folder.mkdir(exist_ok=True)
            for file, value in (
                ("memory.limit_in_bytes", memory),
                ("memory.max", memory),
                ("memory.swap.max", 0),
                ("pids.max", processes),
            ):
                if (folder / file).exists():
                    (folder / file).write_text(str(value))
        return group

    def leave(self, group: Group) -> None:
        """Remove a group whose worker has ended."""
        self._leaving.append(group)
        self._sweep()

    def close(self) -> None:
        """Remove the server's own folders."""
        self._sweep()
        for parent in self._parents:
            with suppress(OSError):
                parent.rmdir()

    def _sweep(self) -> None:
        for group in self._leaving:
            group.remove()
        self._leaving = [g for g in self._leaving if g.exists()]


def _version_1() -> list[Path]:
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(","), path)
    parents: list[Path] = []
    for controller in ("memory", "pids"):
        hierarchy = ROOT / controller
        if not (hierarchy / "cgroup.procs").exists() or controller not in own:
            return []
        parent = hierarchy / own[controller].lstrip("/") / f"headrace-{os.getpid()}"
        parent.mkdir(exist_ok=True)
        parents.append(parent)
    return parents


def _version_2() -> list[Path]:
    path = next(
        (line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), None
    )
    if path is None or not (ROOT / "cgroup.controllers").exists():
        return []
    own = ROOT / path.lstrip("/")
    if not {"memory", "pids"} <= set((own / "cgroup.controllers").read_text().split()):
        return []
    # A group with processes may not hand controllers down, so the server moves into a leaf beside its workers.
    leaf, parent = own / f"headrace-server-{os.getpid()}", own / f"headrace-{os.getpid()}"
    leaf.mkdir(exist_ok=True)
    (leaf / "cgroup.procs").write_text(str(os.getpid()))
    (own / "cgroup.subtree_control").write_text("+memory +pids")
    parent.mkdir(exist_ok=True)
    (parent / "cgroup.subtree_control").write_text("+memory +pids")
    return [parent]
