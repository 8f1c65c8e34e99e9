"""Packages for the machine's other interpreters, which functions are called in that those have pickled.

    <home>/lake/interpreters/3.10/    what is installed for Python 3.10, lent read-only to workers that start it

They are installed when the first such function comes, once, by the installer of environments (`_installer.py`), from
the index that it is set up for. Where that fails - no network, no wheel - functions are called with what the
interpreter has itself, and it is tried again after a while.
"""

import os
import secrets
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import structlog

from headrace.errors import HeadraceError, Unavailable
from headrace.model.task import LAKE
from headrace.runtime import interpreters
from headrace.settings import Settings
from headrace.work import _installer
from headrace.work._installer import Bounds, Installer, Python, Refused

log = structlog.get_logger(__name__)

FOLDER = "interpreters"  # beneath the folder that the server lends from
NEEDED = ("numpy", "pandas", "pyarrow", "tiledb")
AFTER = 3  # seconds after which a call is to come again that a build is in the way of
AGAIN = 600.0  # seconds after which a build that failed is tried again


class Packages:
    """What is installed for each minor version."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._failed: dict[str, float] = {}
        self._stopping = False

    def of(self, minor: str, *, waits: bool = True) -> str | None:
        """The folder of a minor version beneath the one that the server lends from, built first where it is not there.

        None where it could not be built. Blocks for as long as that takes; without `waits`, raises Unavailable where
        it is being built already.
        """
        if self._folder(minor).is_dir():
            return f"{FOLDER}/{minor}"
        lock = self._locks[minor]
        if not lock.acquire(blocking=waits):
            raise Unavailable(f"The packages for Python {minor} are being installed; call again in a moment.", AFTER)
        try:
            if not self._folder(minor).is_dir() and not self._has_failed(minor):
                self._build(minor)
        finally:
            lock.release()
        return f"{FOLDER}/{minor}" if self._folder(minor).is_dir() else None

    def close(self) -> None:
        """Stop what is being built."""
        self._stopping = True

    def _folder(self, minor: str) -> Path:
        return self._settings.home / LAKE / FOLDER / minor

    def _has_failed(self, minor: str) -> bool:
        return time.monotonic() - self._failed.get(minor, -AGAIN) < AGAIN

    def _build(self, minor: str) -> None:
        one = interpreters.found()[minor]
        root = self._settings.home / LAKE / FOLDER
        # The installer's cache lies beside, so that what it has is linked and not copied.
        work = root / "building" / secrets.token_hex(8)
        work.mkdir(parents=True, mode=0o755)
        began, said = time.monotonic(), list[str]()
        try:
            bounds = Bounds(self._settings.environment_seconds, self._settings.environment_mb << 20)
            installer = Installer(self._settings.installer, work, bounds, said.append, lambda: self._stopping)
            python = Python(one.program, one.prefix, minor)
            installer.install(python, installer.resolve(python, list(NEEDED)), work / "packages")
            with suppress(Refused):  # a file that this version cannot read is none that it imports
                installer.compile(python, work / "packages")
            (work / "packages").chmod(0o755)
            os.rename(work / "packages", self._folder(minor))  # noqa: PTH104 - the step that makes it be there
            log.info("packages were installed for an interpreter", python=minor, seconds=time.monotonic() - began)
        except (Refused, HeadraceError, OSError) as wrong:
            self._failed[minor] = time.monotonic()
            log.warning("packages for an interpreter could not be installed", python=minor, error=str(wrong)[-500:])
        finally:
            _installer.remove(work)
