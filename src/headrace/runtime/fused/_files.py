"""Paths on the disk that an owner's calls share, and downloads that are made once (Fused protocol notes 6.2, 6.3)."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from headrace.errors import Invalid
from headrace.runtime.fused import api

SHARED = Path("/mount")
SECONDS = 100


def folder(storage: str = "auto") -> Path:
    """Where files are kept: /mount/tmp where there is a shared disk, else the call's own scratch folder.

    `storage` is auto, mount or local. Raises Invalid for mount where there is no shared disk.
    """
    if storage not in ("auto", "mount", "local"):
        raise Invalid(f"storage wants auto, mount or local, and got {storage!r}.")
    if storage != "local":
        shared = SHARED / "tmp"
        with suppress(OSError):
            shared.mkdir(exist_ok=True)
            if os.access(shared, os.W_OK):
                return shared
        if storage == "mount":
            raise Invalid("There is no shared disk here to write to: it is switched off, full, or not this code's.")
    return Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - of the worker's own scratch


def file_path(file_path: str, mkdir: bool = True, storage: str = "auto") -> str:  # noqa: FBT001, FBT002 - as published
    """The absolute path of a relative one in that folder; folders on the way are made. Raises Invalid for one outside.

    A path without a suffix is a folder.
    """
    path = _beneath(file_path, storage)
    if mkdir:
        (path.parent if path.suffix else path).mkdir(parents=True, exist_ok=True)
    return str(path)


def download(url: str, file_path: str, storage: str = "auto") -> str:
    """Fetch a URL to a relative path, unless that was done before; the absolute path.

    http and https are fetched over the network of the environment, `fd://` and `file:///mount` from the server.
    Of calls that fetch at once the last one's file stays, and it is never half there.
    """
    path = _beneath(file_path, storage)
    if path.is_file():
        return str(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        scheme = urlsplit(url).scheme
        if scheme in ("http", "https"):
            request = Request(url, headers={"User-Agent": "headrace"})  # noqa: S310 - of these two schemes
            with urlopen(request, timeout=SECONDS) as opened, part.open("wb") as file:  # noqa: S310
                shutil.copyfileobj(opened, file)
        elif scheme in ("fd", "file"):
            part.write_bytes(api.get(url))
        else:
            raise Invalid(f"{url[:80]!r} is not fetched here: http, https, fd and file:///mount are.")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return str(path)


def _beneath(relative: str, storage: str) -> Path:
    base = folder(storage)
    path = Path(os.path.normpath(base / relative.lstrip("/")))
    if not path.is_relative_to(base):
        raise Invalid(f"{relative!r} leads out of the folder that it is relative to.")
    return path
