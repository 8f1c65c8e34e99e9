"""The interpreters of this machine, by minor version: for functions that another than the serving one pickled.

They are found by where they lie, and none is started to ask it what it is: the system's, those on the path, pyenv's and
uv's. Where there are several of a minor version the newest is taken.
"""

import os
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from msgspec import Struct

OLDEST = (3, 8)  # that `pickled/` is written for
OWN = "{}.{}".format(*sys.version_info)
NAME = re.compile(r"python(3\.\d+)")
RELEASE = re.compile(r"3\.\d+\.(\d+)")
ELF = b"\x7fELF"


class Interpreter(Struct, frozen=True):
    """A Python outside of any virtual environment."""

    minor: str  # as 3.10
    program: str
    prefix: str  # the folder that it and its standard library lie in


@cache
def found() -> dict[str, Interpreter]:
    """Those of other minor versions than the one that serves, by version."""
    best: dict[str, tuple[int, Interpreter]] = {}
    for folder in _folders():
        with suppress(OSError):
            for program in folder.glob("python3.*"):
                if (one := _interpreter(program)) is None or one.minor == OWN:
                    continue
                release = RELEASE.search(one.prefix)
                rank = int(release[1]) if release else -1
                if one.minor not in best or best[one.minor][0] < rank:
                    best[one.minor] = rank, one
    return {minor: one for minor, (_, one) in sorted(best.items(), key=lambda item: _order(item[0]))}


def minors() -> list[str]:
    """Every minor version that functions can be called by, in order."""
    return sorted({OWN, *found()}, key=_order)


def minor_of(version: str | None) -> str:
    """The minor version of a version, as 3.10 of 3.10.13; of none, the one that serves."""
    return ".".join(version.strip().split(".")[:2]) if version else OWN


def _folders() -> list[Path]:
    home = Path.home()
    folders = [Path("/usr/bin"), Path("/usr/local/bin")]
    folders += [Path(folder) for folder in os.environ.get("PATH", "").split(":") if folder]
    for pattern in (".pyenv/versions/3.*/bin", ".local/share/uv/python/cpython-3.*/bin"):
        with suppress(OSError):
            folders += sorted(home.glob(pattern))
    return list(dict.fromkeys(folders))


def _interpreter(program: Path) -> Interpreter | None:
    """What a file is, where it is an interpreter with its standard library beside it."""
    named = NAME.fullmatch(program.name)
    if named is None or _order(named[1]) < OLDEST:
        return None
    real = Path(os.path.realpath(program))
    prefix = real.parents[1]
    # A script that stands for an interpreter is none, and a virtual environment's program is a link to its base.
    with suppress(OSError), real.open("rb") as file:
        if (prefix / "lib" / f"python{named[1]}" / "os.py").exists() and file.read(4) == ELF:
            return Interpreter(named[1], str(real), str(prefix))
    return None


def _order(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split("."))
