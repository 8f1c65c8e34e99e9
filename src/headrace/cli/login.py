"""`headrace login`: write a client's own settings, so that it speaks to a server of ours."""

import json
import os
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from headrace.client import Client, profile
from headrace.client.profile import Profile
from headrace.errors import Invalid

SHELLS = ("sh", "fish", "powershell")
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


@login.command()
@url_option
@key_option
@click.option(
    "--shell", type=click.Choice(SHELLS), default="sh", show_default=True, help="Whose words the lines are in."
)
@click.option(
    "--file", type=click.Path(dir_okay=False, path_type=Path), help="Write the lines there, for you to source."
)
def civis(url: str | None, api_key: str | None, shell: str, file: Path | None) -> None:
    """The published `civis` client, which reads its server and key from the environment alone.

    Prints the lines that set them, so that `eval "$(headrace login civis)"` does; or writes them to a file.
    """
    known = _checked(url, api_key, err=True)
    values = {"CIVIS_API_ENDPOINT": f"{known.url}/api", "CIVIS_API_KEY": known.api_key or ""}
    lines = "".join(f"{_assignment(shell, name, value)}\n" for name, value in values.items())
    _forget_document(known)
    if file is None:
        click.echo(lines, nl=False)
        return
    try:
        profile.write(file, lines)
    except OSError as wrong:
        raise Invalid(f"{file} cannot be written: {wrong.strerror}.") from wrong
    click.echo(
        f"Written: {file}. `{'source' if shell == 'fish' else '.'} {shlex.quote(str(file))}` sets them.", err=True
    )


@login.command()
@url_option
@key_option
def tiledb(url: str | None, api_key: str | None) -> None:
    """The published `tiledb-cloud` clients 0.8 to 0.14: ~/.tiledb/cloud.json, as their own login writes it.

    What was there before is kept beside it as `cloud.json.before`.
    """
    known = _checked(url, api_key)
    file = Path.home() / ".tiledb" / "cloud.json"
    file.parent.mkdir(exist_ok=True, mode=0o700)
    # The protocol's notes 1.2: host and key; a name and a password are only there where no key is.
    values = {"host": known.url, "verify_ssl": True, "api_key": {"X-TILEDB-REST-API-KEY": known.api_key}}
    try:
        if file.exists() and json.loads(before := file.read_text() or "{}").get("host") != known.url:
            profile.write(file.with_name(f"{file.name}.before"), before)
    except (ValueError, AttributeError):
        profile.write(file.with_name(f"{file.name}.before"), file.read_text(errors="replace"))
    profile.write(file, json.dumps(values, indent=4, sort_keys=True) + "\n")
    click.echo(f"Written: {file}. `import tiledb.cloud` now speaks to {known.url}.")
    if set_there := [name for name in ("TILEDB_REST_HOST", "TILEDB_REST_TOKEN") if os.environ.get(name)]:
        said = f"{' and '.join(set_there)} in your environment goes before the file; unset it."
        click.secho(said, err=True, fg="yellow")


def _assignment(shell: str, name: str, value: str) -> str:
    match shell:
        case "fish":
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"set -gx {name} '{escaped}'"
        case "powershell":
            escaped = value.replace("'", "''")
            return f"$env:{name} = '{escaped}'"
        case _:
            return f"export {name}={shlex.quote(value)}"


def _forget_document(known: Profile) -> None:
    """Remove what the client's command line keeps of another server's methods (Civis protocol notes 2.1).

    It keeps them for a day, whichever server it speaks to meanwhile.
    """
    file = Path.home() / ".civis_api_spec.json"
    at = urlsplit(known.url)
    try:
        kept = json.loads(file.read_bytes())
        if isinstance(kept, dict) and (kept.get("host"), kept.get("basePath")) == (at.netloc, f"{at.path}/api"):
            return
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        pass
    try:
        file.unlink()
    except OSError as wrong:
        why = f"{file} is of another server and cannot be removed ({wrong.strerror})"
        click.secho(f"{why}: `civis` keeps to that server's methods until it is gone.", err=True, fg="yellow")
    else:
        click.echo(f"Removed: {file}, what `civis` kept of another server.", err=True)


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


def _checked(url: str | None, api_key: str | None, *, err: bool = False) -> Profile:
    """A profile whose key the server knows. Raises Failed with the server's sentence where it does not."""
    known = profile.load(url, api_key)
    if known.api_key is None:
        known = Profile(known.url, click.prompt("API key", hide_input=True, err=err))
    with Client(known.url, known.api_key) as client:
        click.echo(f"{known.url} knows you as {client.whoami()['email']}.", err=err)
    return known


def _replace(file: Path, content: str) -> None:
    """Write a file, keeping beside it what was there, unless we wrote that too."""
    if file.exists() and MARK not in (before := file.read_text()):
        profile.write(file.with_name(f"{file.name}.before"), before)
    profile.write(file, content)
