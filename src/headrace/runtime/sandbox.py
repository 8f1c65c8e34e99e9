"""How a freshly forked worker is held. Ring one is bubblewrap around the zygote; this is ring two, in every child.

    in the zygote    own pid namespace for the child         every process of a call dies with its first
    in the child     own mount, ipc, uts (and net) namespace  a private /tmp of bounded size, a /proc of its own
                     rlimits, a user of its own               processes, files; no right to signal or read others
                     no capabilities, no new privileges
                     Landlock                                 read the system and the packages, write /tmp
                     seccomp                                  see fences.DENIED

A child is forked before anybody knows whose it will be. What takes time is done then; the rest is done when its first
task comes, for that says which folder its owner's calls share. It runs no user code before.

Each step that a machine refuses is reported by name with the reason; nothing is skipped silently.
"""

import os
import resource
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from headrace.runtime import fences
from headrace.runtime.network import RESOLV_CONF
from headrace.runtime.wire import Lent, Plan

SCRATCH = "/tmp"  # noqa: S108 - of a mount namespace of its own
SHARED = "/mount"  # the folder that an owner's calls share
MOUNTS = "/run/headrace-mounts"  # those of all owners, until a worker belongs to one
LAKE = "/lake"  # beneath it the folders that the server lends: arrays, schemas of the warehouse
LENDING = "/run/headrace-lake"  # where those of all owners are, until a worker belongs to one
LAKE_UID = 1_879_048_191  # the user that workers are to whom folders are lent, for what one writes others write too
LENT_PROCESSES = 8  # times as many may that user have: the kernel counts those of all such workers together
SHARED_MEMORY = "/dev/shm"  # noqa: S108
SHARED_MEMORY_BYTES = 64 << 20
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/lib32",
    "/bin",
    "/sbin",
    "/opt",
    "/etc",
    "/run/systemd/resolve",
    "/dev",
    "/sys/devices/system",
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
OWN_PROC = (
    "/proc/self",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/sys",
    "/proc/filesystems",
    "/proc/version",
)
ADDRESS_SPACE_SLACK = 4 << 30  # allocators reserve far more than they use; the control group counts what is used


Refusals = dict[str, str]


class Fences:
    """The fences around the calling process, put up in two steps. `refused` says what the machine did not give.

    `private_pids` tells whether the process is the first of its own pid namespace.
    """

    def __init__(self, plan: Plan, *, private_pids: bool) -> None:
        self._plan, self._private_pids = plan, private_pids
        self.refused: Refusals = {}
        self._proc, self._folders = OWN_PROC, (SCRATCH, SHARED_MEMORY)
        self.shares = False  # whether there is a folder that it shares with others of its owner
        self.lent = False  # whether that came as a mount of the server's, whose group stands for the process's own
        self.has_lent = False  # whether what the server lends is there, beneath LAKE

    def prepare(self) -> None:
        """What takes time, and is the same whoever the process will belong to: namespaces and file systems."""
        plan = self._plan
        namespaces = fences.NEWNS | fences.NEWIPC | fences.NEWUTS | (fences.NEWNET if plan.network == "none" else 0)
        self._own_mounts = self._attempt("namespaces", lambda: fences.unshare(namespaces))
        scratch = self._own_mounts and self._attempt("scratch", lambda: _mount_scratch(plan))
        if plan.network == "public":
            self._attempt("names", lambda: fences.mount(str(RESOLV_CONF), "/etc/resolv.conf", "", fences.MS_BIND))
        if self._own_mounts and self._private_pids and self._attempt("proc", _mount_proc):
            self._proc = ("/proc",)
        if not scratch:
            self._folders = (_private_folder(plan),)

    def close(self, shared: str, *, full: bool, tree: int | None = None, lent: Sequence[Lent] = ()) -> None:
        """The rest: the folder that its owner's processes share, if any, and from there no way back.

        That folder is found among those of all owners, or comes as the open file `tree`. Where it is `full`, files in
        it can be read and deleted. The folders that are `lent` are put beneath LAKE. It must be the only thread of the
        process.
        """
        plan = self._plan
        if lent and plan.uid is not None:
            plan = self._plan = replace(plan, uid=LAKE_UID)
            for folder in self._folders:
                os.chown(folder, LAKE_UID, LAKE_UID)
        lends = plan.lends and self._own_mounts and (not lent or self._attempt("lake", lambda: _mount_lent(lent)))
        if plan.lends and self._own_mounts:
            self._attempt("lake", _hide_lending)
        self.has_lent = bool(lent) and lends
        if tree is not None and self._own_mounts:
            self.shares = self.lent = self._attempt("mount", lambda: fences.place(tree, SHARED))
        if plan.mounts and self._own_mounts:
            self.shares = bool(shared) and self._attempt("mount", lambda: _mount_shared(shared))
            self._attempt("mounts", _hide_mounts)
        self._attempt("rlimits", lambda: _limit(plan, LENT_PROCESSES if lent else 1))
        if plan.uid is not None:
            self._attempt("user", lambda: _become(plan.uid or 0, plan.readable, shares=self.shares))
        self._attempt("capabilities", fences.drop_capabilities)
        self._attempt("memory", fences.hide_memory)
        readable, writable = (*SYSTEM, *self._proc, *plan.readable), (*DEVICES, *self._folders)
        readable += (LAKE,) if lent else ()
        writable += tuple(f"{LAKE}/{one.at}" for one in lent if one.writable)
        shown = (SHARED,) if self.shares else ()
        if full:
            self._attempt("landlock", lambda: fences.landlock(readable, writable, removable=shown))
        else:
            self._attempt("landlock", lambda: fences.landlock(readable, (*writable, *shown)))
        self._attempt("seccomp", fences.seccomp)

    def _attempt(self, name: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except (OSError, ValueError) as error:
            self.refused[name] = str(error)
            return False
        return True


def _mount_shared(name: str) -> None:
    fences.mount(f"{MOUNTS}/{name}", SHARED, "", fences.MS_BIND)


def _hide_mounts() -> None:
    """Put an empty file system where the folders of all owners are."""
    fences.mount("tmpfs", MOUNTS, "tmpfs", fences.MS_NOSUID | fences.MS_NODEV, "size=4k,nr_inodes=1,mode=0000")


def _mount_lent(lent: Sequence[Lent]) -> None:
    """Show each folder under its name, in a file system where nothing else is."""
    fences.mount("tmpfs", LAKE, "tmpfs", fences.MS_NOSUID | fences.MS_NODEV, "size=64k,nr_inodes=2000,mode=0755")
    for one in lent:
        place = f"{LAKE}/{one.at}"
        os.mkdir(place)  # noqa: PTH102 - beside its like
        fences.mount(f"{LENDING}/{one.path}", place, "", fences.MS_BIND)
        flags = fences.MS_BIND | fences.MS_REMOUNT | fences.MS_NOSUID | fences.MS_NODEV
        fences.mount("none", place, "", flags if one.writable else flags | fences.MS_RDONLY)


def _hide_lending() -> None:
    """Put an empty file system where the folders to lend are."""
    fences.mount("tmpfs", LENDING, "tmpfs", fences.MS_NOSUID | fences.MS_NODEV, "size=4k,nr_inodes=1,mode=0000")


def _mount_scratch(plan: Plan) -> None:
    fences.mount("none", "/", "", fences.MS_REC | fences.MS_PRIVATE)
    flags = fences.MS_NOSUID | fences.MS_NODEV
    owner = "" if plan.uid is None else f",uid={plan.uid},gid={plan.uid}"
    beneath = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in hidden_by_scratch(plan.readable)}
    fences.mount("tmpfs", SCRATCH, "tmpfs", flags, f"size={plan.limits.scratch},nr_inodes=100000,mode=0700{owner}")
    for path, opened in beneath.items():
        Path(path).mkdir(parents=True, exist_ok=True)
        fences.mount(f"/proc/self/fd/{opened}", path, "", fences.MS_BIND | fences.MS_REC)
        os.close(opened)
    fences.mount("tmpfs", SHARED_MEMORY, "tmpfs", flags, f"size={SHARED_MEMORY_BYTES},nr_inodes=1000,mode=0700{owner}")


def hidden_by_scratch(readable: Sequence[str]) -> list[str]:
    """The folders that have to be shown again on top of the scratch folder, because they lie beneath its place."""
    return [path for path in readable if path.startswith(f"{SCRATCH}/") and Path(path).is_dir()]


def _mount_proc() -> None:
    fences.mount("proc", "/proc", "proc", fences.MS_NOSUID | fences.MS_NODEV | fences.MS_NOEXEC)


def _limit(plan: Plan, processes: int) -> None:
    limits = plan.limits
    # Without a control group the address space is all that bounds memory: what is mapped now, and the limit on top.
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    space = mapped + limits.memory + (ADDRESS_SPACE_SLACK if plan.counted else 0)
    for kind, most in (
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_NPROC, limits.processes * processes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, max(limits.scratch, limits.output)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 64 << 10),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _become(uid: int, readable: Sequence[str], *, shares: bool) -> None:
    os.setgroups([Path(SHARED).stat().st_gid] if shares else [])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    for path in readable:
        if Path(path).exists() and not os.access(path, os.R_OK):
            raise PermissionError(f"{path} cannot be read by an unprivileged user: imports in user code will fail")


def _private_folder(plan: Plan) -> str:
    """A folder of its own where no mount can be made; its size is then bounded a file at a time only."""
    import tempfile

    folder = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="headrace-")
    if plan.uid is not None:
        os.chown(folder, plan.uid, plan.uid)
    return folder
