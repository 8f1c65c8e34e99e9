"""Files, udfs and the account: asked of the server, as the owner of the environment (Fused protocol notes 2.5, 2.7)."""

import builtins
import json
from pathlib import Path
from typing import Any, BinaryIO

from headrace.errors import NotServed
from headrace.runtime.fused import _server
from headrace.runtime.fused._load import Loaded
from headrace.runtime.fused._load import load as _load

REDIRECTED = (301, 302, 303, 307, 308)
PAGE = 100


def whoami() -> dict[str, Any]:
    """The user whose environment this is: `id`, `email`, `handle`, `name`."""
    return _server.get("GET", "/user/self")


def team_info() -> dict[str, Any]:
    """The environment: `id`, `name`."""
    return _server.get("GET", "/execution-env/self")


def list(path: str, *, details: bool = False) -> builtins.list[Any]:  # noqa: A001 - its published name
    """The addresses right under an address; with `details`, dicts with `url`, `file_name`, `is_directory`, `size`."""
    return _server.get("GET", "/files/list-details" if details else "/files/list", query={"path": path})


def get(path: str) -> bytes:
    """The bytes of a file. Raises NotFound."""
    came = _server.checked(_server.ask("GET", "/files/get", query={"path": path}))
    if came.status in REDIRECTED:
        return _fetched(came.headers["location"])
    return bytes(came.body)


def download(path: str, local_path: str | Path) -> None:
    """Write a file of the server's to a path here."""
    Path(local_path).write_bytes(get(path))


def upload(local_path: str | Path | bytes | BinaryIO, remote_path: str, timeout: float | None = None) -> None:
    """Keep a local file, bytes, or what is left of an open file, under an address. `timeout` decides nothing here."""
    del timeout
    if isinstance(local_path, str | Path):
        content = Path(local_path).read_bytes()
    else:
        content = local_path if isinstance(local_path, bytes) else local_path.read()
    _server.checked(_server.ask("PUT", "/files/upload", query={"path": remote_path}, body=content))


def delete(path: str, max_deletion_depth: int | str = 3) -> bool:
    """Delete a file, or a folder whose files are at most so many names below it (`unlimited`). Whether it was there."""
    return bool(_server.get("DELETE", "/files/delete", query={"path": path, "max_deletion_depth": max_deletion_depth}))


def sign_url(path: str) -> str:
    """A URL by which anyone reads a file for a while."""
    return _server.get("GET", "/files/sign", query={"path": path})


def sign_url_prefix(path: str) -> dict[str, str]:
    """Such URLs of all files under an address, by their own."""
    return _server.get("GET", "/files/sign_prefix", query={"path": path})


def resolve(path: str) -> str:
    """Where a file is in the store itself."""
    return _server.get("POST", "/files/resolve", query={"path": path})


def get_udfs(n: int | None = None, *, skip: int = 0, whose: str = "self") -> dict[str, Loaded]:
    """The udfs of the owner (`self`), or those that are listed for all (`public`), by their names."""
    found: dict[str, Loaded] = {}
    while n is None or len(found) < n:
        page = _server.get("GET", f"/udf/{whose}", query={"skip": skip, "limit": PAGE})
        for one in page:
            found[one["slug"]] = Loaded(
                json.loads(one["udf_body"]), (one["user_email"], one["slug"]), id=one["id"], slug=one["slug"]
            )
        skip += len(page)
        if len(page) < PAGE:
            break
    return dict(builtins.list(found.items())[:n])


def load(udf: str) -> Loaded:
    """What `fused.load` gives."""
    return _load(udf)


class FusedAPI:
    """The same functions as methods, as published code calls them."""

    def __init__(self, **_options: Any) -> None:  # noqa: ANN401
        pass

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a function of this module
        return globals().get(name) or __getattr__(name)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    if name.startswith("_"):
        raise AttributeError(name)
    raise NotServed(f"fused.api.{name} is not served inside a worker.")


def _fetched(url: str) -> bytes:
    from urllib.request import urlopen

    with urlopen(url, timeout=60) as opened:  # noqa: S310 - the server named it
        return opened.read()
