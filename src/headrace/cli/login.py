"""`headrace login`: write a client's own settings, so that it speaks to a server of ours."""

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import click

from headrace.client import Client, profile
from headrace.client.profile import Profile

url_option = click.option("--url", help="The server's base URL (HEADRACE_URL, or http://127.0.0.1:8700).")
key_option = click.option("--api-key", help="A key of that server (HEADRACE_API_KEY; asked for where it is not there).")


@click.group()
def login() -> None:
    """Point a client at a server: Headrace's own, or a published one."""


@login.command()
@url_option
@key_option
def headrace(url: str | None, api_key: str | None) -> None:
    """Our own client: the SDK, and `headrace udf ...`."""
    known = _checked(url, api_key)
    click.echo(f"Written: {profile.save(known)}")


@login.command()
@url_option
@key_option
def fused(url: str | None, api_key: str | None) -> None:
    """The published `fused` clients 1.4 to 2.9: ~/.fused/credentials and ~/.fused/settings.toml.

    One file of credentials serves both generations. What was there before is kept beside it, ending in `.before`.
    """
    known = _checked(url, api_key)
    folder = Path.home() / ".fused"
    folder.mkdir(exist_ok=True, mode=0o700)
    credentials = {
        "access_token": known.api_key,
        "refresh_token": "none",
        "id_token": "none",
        "scope": "openid",
        "expires_in": 3_153_600_000,
        "token_type": "Bearer",
        "auth_scheme": "Bearer",
        # A moment that has passed would make the clients ask a hosted service for a new token.
        "expires_at": "2099-01-01T00:00:00+00:00",
    }
    _write(folder / "credentials", json.dumps(credentials, indent=2) + "\n")
    settings = folder / "settings.toml"
    base = f"{known.url}/server/v1"
    changes = {"base_url": base, "shared_udf_base_url": f"{base}/realtime-shared"}
    before = tomllib.loads(settings.read_text()) if settings.exists() else {}
    _write(settings, _toml({**before, **changes}))
    click.echo(f"Written: {folder / 'credentials'} and {settings}. `import fused` now speaks to {known.url}.")


def _checked(url: str | None, api_key: str | None) -> Profile:
    """A profile whose key the server knows. Raises Failed with the server's sentence where it does not."""
    known = profile.load(url, api_key)
    if known.api_key is None:
        known = Profile(known.url, click.prompt("API key", hide_input=True))
    with Client(known.url, known.api_key) as client:
        click.echo(f"{known.url} knows you as {client.whoami()['email']}.")
    return known


def _write(file: Path, text: str) -> None:
    if file.exists() and file.read_text() != text:
        file.replace(file.with_name(file.name + ".before"))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)


def _toml(values: dict[str, Any]) -> str:
    """The flat settings that these clients write, as TOML; a table of theirs follows the plain values."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, dict)]
    tables = [f"\n[{name}]\n{_toml(value)}" for name, value in values.items() if isinstance(value, dict)]
    return "\n".join([*plain, *tables]) + "\n"
