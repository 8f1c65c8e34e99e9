"""Where a client finds its server and key: arguments, HEADRACE_URL and HEADRACE_API_KEY, or a file.

`headrace login headrace` writes that file, ~/.config/headrace/client.toml (mode 0600), with `url` and `api_key`.
"""

import os
import tomllib
from pathlib import Path

from msgspec import Struct

DEFAULT_URL = "http://127.0.0.1:8700"


class Profile(Struct, frozen=True):
    """A server and a key for it."""

    url: str
    api_key: str | None


def path() -> Path:
    """The file that `headrace login` writes."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "headrace" / "client.toml"


def load(url: str | None = None, api_key: str | None = None) -> Profile:
    """What is given, else the environment, else the file, else the server of this machine without a key."""
    try:
        written = tomllib.loads(path().read_text())
    except FileNotFoundError:
        written = {}
    return Profile(
        (url or os.environ.get("HEADRACE_URL") or written.get("url") or DEFAULT_URL).rstrip("/"),
        api_key or os.environ.get("HEADRACE_API_KEY") or written.get("api_key"),
    )


def save(profile: Profile) -> Path:
    """Write the file."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(
        f'{name} = "{value}"\n' for name, value in (("url", profile.url), ("api_key", profile.api_key)) if value
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    return file
