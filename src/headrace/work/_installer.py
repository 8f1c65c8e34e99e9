"""How packages get into a folder: uv or pip, in a fence of its own, with the configuration of whoever runs the server.

Wheels alone are installed, so no code of a package runs here. Still: what is unpacked comes from strangers, so the
installer sees the system, the interpreter, its own configuration, and one folder that it may write to; never the
server's home, database or keys. It reaches the network of the host, since a package index may be anywhere.
"""

import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from headrace.errors import Unavailable
from headrace.runtime.environment import SYSTEM, bubblewrap, fenced

ELF = b"\x7fELF"
ANSWERS = 10.0  # seconds an interpreter may take to say what it is
LOOK = 1.0  # seconds between looks at the clock and the size
LAST = 12  # lines of an installer's output that are its reason
NO_WHEEL = re.compile(r"no usable wheels|building from source is disabled|no matching distribution", re.IGNORECASE)
SECRET = re.compile(r"(?<=://)[^/@\s]+(?=@)")
PLACE = re.compile(r"(?:^|[\s=,'\"]|file://)(/[\w./+@~-]+)")
CONFIGURED = re.compile(
    r"(UV|PIP)_\w+|(https?|all|no)_proxy|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NETRC", re.IGNORECASE
)
CONFIGURATION = (".config/uv", ".config/pip", ".pip", ".netrc")
ABOUT = (
    "import json, sys; print(json.dumps([sys.executable, sys.base_prefix, '.'.join(map(str, sys.version_info[:3]))]))"
)


class Refused(Exception):
    """The build cannot go on; the text is for the environment's owner."""


class Python(Struct, frozen=True):
    """An interpreter of this machine, outside of any virtual environment."""

    program: str
    prefix: str
    version: str  # as 3.11.7


class Bounds(Struct, frozen=True):
    """What a build may take."""

    seconds: float
    size: int  # bytes


def find_python(version: str | None) -> Python:
    """The interpreter of that version, or the one that serves. Raises Refused, naming those there are."""
    own = _base()
    if version is None or _fits(own.version, version):
        return own
    found = list(_pythons())
    fitting = [python for python in found if _fits(python.version, version)]
    if not fitting:
        there = ", ".join(sorted({own.version, *(python.version for python in found)}))
        raise Refused(f"There is no Python {version} on the server's machine; there are {there}.")
    return max(fitting, key=lambda python: [int(part) for part in python.version.split(".")])


class Installer:
    """Resolves and installs with one program, under `work`, the folder that it may write to."""

    def __init__(
        self, kind: str, work: Path, bounds: Bounds, said: Callable[[str], None], stop: Callable[[], bool]
    ) -> None:
        self._work, self._bounds, self._said, self._stop = work, bounds, said, stop
        self._uv = None if kind == "pip" else find_uv()
        if self._uv is None and kind == "uv":
            raise Refused("uv is not found on the server's machine (HEADRACE_INSTALLER).")
        if self._uv is None and find_spec("pip") is None:
            raise Refused("Neither uv nor pip is found beside the server; its administrator can install uv.")
        self._deadline = time.monotonic() + bounds.seconds
        self._cached = self._cache_size()

    def resolve(self, python: Python, requirements: list[str]) -> list[str]:
        """The packages that fulfil requirement lines, each as `name==version`, in order. Raises Refused."""
        wanted = self._work / "requirements.txt"
        wanted.write_text("\n".join(requirements) + "\n")
        if self._uv:
            options = ["--no-header", "--no-annotate", "--quiet", "--output-file", str(self._work / "pins.txt")]
            self._run(python, [self._uv, "pip", "compile", *self._common(python), *options, str(wanted)])
            lines = (self._work / "pins.txt").read_text().splitlines()
            return sorted(line.strip() for line in lines if "==" in line and not line.startswith("#"))
        report = self._work / "report.json"
        options = ["--dry-run", "--ignore-installed", "--quiet", "--report", str(report), "-r", str(wanted)]
        self._run(python, [*self._pip(python), *options])
        found = [one["metadata"] for one in json.loads(report.read_text())["install"]]
        return sorted(f"{one['name'].lower()}=={one['version']}" for one in found)

    def install(self, python: Python, pins: list[str], target: Path) -> None:
        """Put these packages into a folder beneath `work`. Raises Refused."""
        listed = self._work / "pins.txt"
        listed.write_text("\n".join(pins) + "\n")
        options = ["--no-deps", "--target", str(target), "-r", str(listed)]
        command = [self._uv, "pip", "install", *self._common(python)] if self._uv else self._pip(python)
        self._run(python, [*command, *options])
        if size_of(target) > self._bounds.size:
            raise Refused(self._too_large())

    def compile(self, python: Python, target: Path) -> None:
        """Compile what was installed into a folder, for processes that are started for one call. Raises Refused."""
        self._run(python, [python.program, "-I", "-m", "compileall", "-qq", str(target)])

    def _common(self, python: Python) -> list[str]:
        return ["--python", python.program, "--only-binary", ":all:", "--no-progress", "--color", "never"]

    def _pip(self, python: Python) -> list[str]:
        asked = ["--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--no-color"]
        return [sys.executable, "-m", "pip", "--python", python.program, "install", *asked, "--progress-bar", "off"]

    def _run(self, python: Python, command: list[str]) -> None:
        said: list[str] = []
        environ = self._environ()
        with subprocess.Popen(  # noqa: S603 - our own command, no shell
            [*self._fence(python, environ), *command],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o022,
        ) as process:
            try:
                with suppress(OSError):
                    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (self._bounds.size, self._bounds.size))
                for line in self._lines(process):
                    said.append(line)
                    self._said(line)
            finally:
                process.kill()
        # A file that grows past the bound ends the installer before anybody looks; bubblewrap tells it as a shell does.
        if process.returncode in (-signal.SIGXFSZ, 128 + signal.SIGXFSZ) or self._is_too_large():
            raise Refused(self._too_large())
        if process.returncode:
            raise Refused(_reason(said))

    def _lines(self, process: subprocess.Popen[bytes]) -> Iterator[str]:
        """What the process says, line by line, as long as it keeps within the bounds."""
        assert process.stdout is not None
        fd, rest, look = process.stdout.fileno(), b"", time.monotonic()
        os.set_blocking(fd, False)
        while True:
            ready, _, _ = select.select([fd], [], [], LOOK)
            if ready:
                if not (piece := os.read(fd, 1 << 16)):
                    break
                *lines, rest = (rest + piece).split(b"\n")
                yield from (plain(line) for line in lines if line.strip())
                rest = rest[-1 << 16 :]
            if self._stop():
                raise Unavailable("The server is stopping.")
            if time.monotonic() > self._deadline:
                raise Refused(
                    f"The build was stopped after {self._bounds.seconds:g} s, the limit of this server "
                    "(HEADRACE_ENVIRONMENT_SECONDS)."
                )
            if (now := time.monotonic()) > look:
                look = now + LOOK
                if self._is_too_large():
                    raise Refused(self._too_large())
        if rest.strip():
            yield plain(rest)
        process.wait()

    def _is_too_large(self) -> bool:
        # What was fetched lies in the cache, and what is installed is linked to it.
        return max(size_of(self._work), self._cache_size() - self._cached) > self._bounds.size

    def _cache_size(self) -> int:
        return sum(size_of(cache) for cache in self._work.parent.glob("cache*"))

    def _too_large(self) -> str:
        return f"The packages take more than {self._bounds.size >> 20:,} MB, the limit here (HEADRACE_ENVIRONMENT_MB)."

    def _environ(self) -> dict[str, str]:
        temporary = self._work / "tmp"
        temporary.mkdir(exist_ok=True)
        given = {name: value for name, value in os.environ.items() if CONFIGURED.fullmatch(name)}
        return given | {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(Path.home()),
            "LANG": "C.UTF-8",
            "TMPDIR": str(temporary),
            "UV_CACHE_DIR": str(self._work.parent / "cache"),
            "PIP_CACHE_DIR": str(self._work.parent / "cache-pip"),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _fence(self, python: Python, environ: dict[str, str]) -> list[str]:
        if (bwrap := bubblewrap()) is None:
            self._said("bubblewrap is not installed: this build has no fence around it.")
            return []
        home = Path.home()
        own = [python.prefix, *([self._uv] if self._uv else [sys.base_prefix, sys.prefix])]
        settings = [str(home / name) for name in CONFIGURATION]
        settings += ["/etc/uv", "/etc/pip.conf", "/etc/xdg/pip", *_places(environ, settings)]
        # Where it may write lies in one mount, so that what the cache has is linked and not copied.
        writable = str(self._work.parent)
        arguments = [bwrap, *fenced((*SYSTEM, *own, *settings, writable))]
        for path in (*SYSTEM, *settings):
            arguments += ["--ro-bind-try", path, path]
        for path in own:
            arguments += ["--ro-bind", path, path]
        return [*arguments, "--bind", writable, writable, "--chdir", "/", "--"]


def find_uv() -> str | None:
    """The program uv: on PATH, or beside the server's interpreter. Scripts that stand for it are passed over."""
    folders = [
        str(Path(sys.prefix) / "bin"),
        *os.environ.get("PATH", "").split(":"),
        str(Path(sys.base_prefix) / "bin"),
    ]
    for folder in folders:
        program = Path(folder or ".") / "uv"
        with suppress(OSError), program.open("rb") as file:
            if os.access(program, os.X_OK) and file.read(4) == ELF:
                return os.path.realpath(program)
    return None


def size_of(folder: Path) -> int:
    """Bytes of the files beneath a folder."""
    total, folders = 0, [str(folder)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total


def plain(line: bytes) -> str:
    """A line of output as it may be shown: no credentials of an index, no control characters, of bounded length."""
    text = SECRET.sub("***", line.decode("utf-8", "replace"))
    return "".join(c for c in text if c.isprintable())[:1000]


def _reason(said: list[str]) -> str:
    last = "\n".join(said[-LAST:]) or "the installer ended without a word"
    if NO_WHEEL.search(last):
        return f"Wheels alone are installed here, and there is none that fits.\n{last}"
    return last


def _places(environ: dict[str, str], settings: list[str]) -> list[str]:
    """Files and folders that the installer's configuration names: certificates, and indexes on this machine."""
    texts = [value for name, value in environ.items() if CONFIGURED.fullmatch(name)]
    for path in (*settings, "/etc/pip.conf", "/etc/uv/uv.toml"):
        for file in (Path(path), Path(path) / "pip.conf", Path(path) / "uv.toml"):
            with suppress(OSError, UnicodeDecodeError):
                texts.append(file.read_text())
    named = {os.path.normpath(path) for text in texts for path in PLACE.findall(text)}
    home = str(Path.home())
    return sorted(p for p in named if p not in ("/", home) and not home.startswith(f"{p}/") and Path(p).exists())


def _base() -> Python:
    version = ".".join(map(str, sys.version_info[:3]))
    program = Path(getattr(sys, "_base_executable", sys.executable))
    return Python(os.path.realpath(program), sys.base_prefix, version)


def _pythons() -> Iterator[Python]:
    """The interpreters of this machine that can be asked what they are."""
    patterns = [
        Path(folder) for folder in ("/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":")) if folder
    ]
    programs = {
        os.path.realpath(p)
        for folder in patterns
        for p in folder.glob("python3.[0-9]*")
        if p.name[7:].replace(".", "").isdigit()
    }
    for folder in (".pyenv/versions/3.*/bin", ".local/share/uv/python/cpython-3.*/bin"):
        programs |= {os.path.realpath(p) for p in Path.home().glob(f"{folder}/python3")}
    for program in sorted(programs):
        with suppress(OSError, ValueError, subprocess.SubprocessError), open(program, "rb") as file:  # noqa: PTH123
            if file.read(4) != ELF:
                continue
            done = subprocess.run(  # noqa: S603 - an interpreter of this machine
                [program, "-I", "-S", "-c", ABOUT], capture_output=True, timeout=ANSWERS, check=True
            )
            _, prefix, version = json.loads(done.stdout)
            if (3, 11) <= tuple(map(int, version.split(".")[:2])) < (3, 14):
                yield Python(program, prefix, version)


def _fits(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(f"{wanted}.")


def remove(folder: Path) -> None:
    """Take a folder away, as far as it can be."""
    shutil.rmtree(folder, ignore_errors=True)
