"""`headrace login`: write a client's own settings, so that it speaks to a server of ours."""

import json
from pathlib import Path
from typing import Any

import click

from headrace.client import Client, profile
from headrace.client.profile import Profile

MARK = "written by `headrace login fused`"

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
@click.option("--oauth", is_flag=True, help="Write the addresses alone; `fused login` then asks in the browser.")
def fused(url: str | None, api_key: str | None, oauth: bool) -> None:
    """The published `fused` clients 1.4 to 2.9: ~/.fused/credentials and ~/.fused/settings.toml.

    One file of credentials serves both generations. What was there before is kept beside it as `.before`.
    """
    if oauth:
        known = profile.load(url, api_key)
        file = _point(known, oauth=True)
        click.echo(f"Written: {file}. `fused login` now asks {known.url}.")
        return
    known = _checked(url, api_key)
    folder = Path.home() / ".fused"
    credentials = {
        "access_token": known.api_key,
        "refresh_token": "none",
        "id_token": MARK,
        "scope": "openid",
        "expires_in": 3_153_600_000,
        "token_type": "Bearer",
        "auth_scheme": "Bearer",
        # A moment that has passed would make the clients ask a hosted service for a new token.
        "expires_at": "2099-01-01T00:00:00+00:00",
    }
    settings = _point(known, oauth=False)
    _replace(folder / "credentials", json.dumps(credentials, indent=2) + "\n")
    click.echo(f"Written: {folder / 'credentials'} and {settings}. `import fused` now speaks to {known.url}.")


def _point(known: Profile, *, oauth: bool) -> Path:
    """Have the settings of the published client name a server, and with `oauth` where it logs in."""
    settings = Path.home() / ".fused" / "settings.toml"
    base = f"{known.url}/server/v1"
    changes: dict[str, Any] = {"base_url": base, "shared_udf_base_url": f"{base}/realtime-shared"}
    if oauth:
        addresses = {"authorize_url": "authorize", "oauth_token_url": "token", "logout_url": "logout"}
        changes["auth"] = {name: f"{base}/oauth/{last}" for name, last in addresses.items()}
        changes["auth"] |= {"client_id": "fused", "audience": base}
    after = f"# {MARK}\n{profile.toml({**profile.read(settings), **changes})}"
    settings.parent.mkdir(exist_ok=True, mode=0o700)
    _replace(settings, after)
    return settings


def _checked(url: str | None, api_key: str | None) -> Profile:
    """A profile whose key the server knows. Raises Failed with the server's sentence where it does not."""
    known = profile.load(url, api_key)
    if known.api_key is None:
        known = Profile(known.url, click.prompt("API key", hide_input=True))
    with Client(known.url, known.api_key) as client:
        click.echo(f"{known.url} knows you as {client.whoami()['email']}.")
    return known


def _replace(file: Path, content: str) -> None:
    """Write a file, keeping beside it what was there, unless we wrote that too."""
    if file.exists() and MARK not in (before := file.read_text()):
        profile.write(file.with_name(f"{file.name}.before"), before)
    profile.write(file, content)
