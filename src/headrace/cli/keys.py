"""`headrace keys`: API keys. A key's text is shown when it is made and never again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from headrace.cli._home import as_administrator, home_option, show
from headrace.model import duration
from headrace.services import accounts


@click.group()
def keys() -> None:
    """API keys: create, list, revoke."""


@keys.command()
@click.option("--user", required=True, help="Whose key: an e-mail or username.")
@click.option("--expires", help="After how long it opens nothing, such as 12h or 90d; never where not given.")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@home_option
def create(user: str, expires: str | None, name: str, home: Path | None) -> None:
    """Make a key. It is printed alone on the last line."""
    lifetime = timedelta(seconds=duration.seconds(expires, "--expires")) if expires else None
    with as_administrator(home) as call:
        key, text = accounts.create_key(call, accounts.find_user(call, user).id, name, lifetime)
    until = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "until it is revoked"
    click.echo(f"Key {key.id} of {user}, {until}. Its text is not shown again:")
    click.echo(text)


@keys.command(name="list")
@click.option("--user", required=True, help="Whose keys: an e-mail or username.")
@home_option
def list_(user: str, home: Path | None) -> None:
    """List the keys of a user."""
    with as_administrator(home) as call:
        found = accounts.list_keys(call, accounts.find_user(call, user).id)
    now = datetime.now(UTC)
    rows = [
        [
            k.id,
            k.name,
            f"...{k.hint}",
            f"{k.created_at:%Y-%m-%d}",
            _moment(k.expires_at),
            _moment(k.last_used_at),
            _state(k.active(now), k.revoked_at),
        ]
        for k in found
    ]
    show(f"Keys of {user}", ["Id", "Name", "Ends in", "Made", "Expires", "Last used", ""], [list(row) for row in rows])


@keys.command()
@click.argument("key_id", type=int)
@click.option("--user", required=True, help="Whose key: an e-mail or username.")
@home_option
def revoke(key_id: int, user: str, home: Path | None) -> None:
    """Have a key open nothing from now on."""
    with as_administrator(home) as call:
        accounts.revoke_key(call, accounts.find_user(call, user).id, key_id)
    click.echo(f"Key {key_id} of {user} is revoked.")


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _state(active: bool, revoked_at: datetime | None) -> str:
    return "" if active else "revoked" if revoked_at else "expired"
