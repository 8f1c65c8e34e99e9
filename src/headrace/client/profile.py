"""Where a client finds its server and key: arguments, HEADRACE_URL and HEADRACE_API_KEY, or a file.

`headrace login headrace` writes that file, ~/.config/headrace/client.toml (mode 0600), with `url` and `api_key`.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from headrace.errors import Invalid

DEFAULT_URL = "http://127.0.0.1:8700"


class Profile(Struct, frozen=True):
    """A server and a key for it."""

    url: str
    api_key: str | None


def path() -> Path:
    """The file that `headrace login` writes."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "headrace" / "client.toml"


def load(url: str | None = None, api_key: str | None = None) -> Profile:
    """What is given, else the environment, else the file, else the server of this machine without a key.

    Raises Invalid where the file cannot be read.
    """
    written = read(path())
    return Profile(
        (url or os.environ.get("HEADRACE_URL") or written.get("url") or DEFAULT_URL).rstrip("/"),
        api_key or os.environ.get("HEADRACE_API_KEY") or written.get("api_key"),
    )


def save(profile: Profile) -> Path:
    """Write the file."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    values = {"url": profile.url, "api_key": profile.api_key}
    write(file, toml({name: value for name, value in values.items() if value}))
    return file


def read(file: Path) -> dict[str, Any]:
    """The values in a TOML file, none where there is no such file. Raises Invalid where it cannot be read."""
    try:
        return tomllib.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as wrong:
        raise Invalid(f"{file} cannot be read as TOML ({wrong}); mend it, or move it away.") from wrong


def write(file: Path, content: str) -> None:
    """Replace a file with one that its owner alone can read."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(content)
    fresh.replace(file)


def toml(values: Mapping[str, Any], table: str = "") -> str:
    """Settings as TOML: plain values first, then the tables in them."""
    plain = [f"{name} = {_value(value)}\n" for name, value in values.items() if not isinstance(value, dict)]
    tables = [
        f"\n[{table}{name}]\n" + toml(value, f"{table}{name}.")
        for name, value in values.items()
        if isinstance(value, dict)
    ]
    return "".join([*plain, *tables])


def _value(value: Any) -> str:  # noqa: ANN401 - any value that TOML has
    return value.isoformat() if hasattr(value, "isoformat") else json.dumps(value, ensure_ascii=False)
