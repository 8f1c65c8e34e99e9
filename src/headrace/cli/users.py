"""`headrace users`: the accounts of a server."""

from pathlib import Path

import click

from headrace.cli._home import as_administrator, home_option, show
from headrace.model.page import Page
from headrace.services import accounts


@click.group()
def users() -> None:
    """Accounts: add, list, close."""


@users.command()
@click.argument("name")
@click.option("--email", required=True, help="Their e-mail address; two users cannot share one.")
@click.option("--username", help="A short name; the e-mail address where none is given.")
@click.option("--admin", is_flag=True, help="Let them administer the server.")
@home_option
def add(name: str, email: str, username: str | None, admin: bool, home: Path | None) -> None:
    """Add a user. `headrace keys create --user EMAIL` then makes a key for them."""
    with as_administrator(home) as call:
        user = accounts.create_user(call, name=name, email=email, username=username, admin=admin)
    click.echo(f"{user.name} is user {user.id}.")


@users.command(name="list")
@click.option("--query", help="Only those whose name, username or e-mail contains this.")
@home_option
def list_(query: str | None, home: Path | None) -> None:
    """List the users."""
    with as_administrator(home) as call:
        found = accounts.list_users(call, Page(limit=1000, order="id", order_dir="asc"), query)
    rows = [[u.id, u.name, u.email, "yes" if u.admin else "", "" if u.active else "closed"] for u in found.items]
    show(f"{found.total} users", ["Id", "Name", "E-mail", "Administrator", ""], rows)


@users.command()
@click.argument("user")
@home_option
def close(user: str, home: Path | None) -> None:
    """Close an account: its keys open nothing from now on. USER is an e-mail or username."""
    with as_administrator(home) as call:
        accounts.update_user(call, accounts.find_user(call, user).id, active=False)
    click.echo(f"The account of {user} is closed.")
