"""`headrace groups`: users under one name."""

from pathlib import Path

import click

from headrace.cli._home import as_administrator, home_option, show
from headrace.model.page import Page
from headrace.services import accounts


@click.group()
def groups() -> None:
    """Groups: add, list, and who is in them."""


@groups.command()
@click.argument("name")
@click.option("--description")
@home_option
def add(name: str, description: str | None, home: Path | None) -> None:
    """Add a group."""
    with as_administrator(home) as call:
        group = accounts.create_group(call, name=name, description=description)
    click.echo(f"{group.name} is group {group.id}.")


@groups.command(name="list")
@home_option
def list_(home: Path | None) -> None:
    """List the groups and their members."""
    with as_administrator(home) as call:
        found = accounts.list_groups(call, Page(limit=1000, order="name", order_dir="asc"))
        rows = [[g.id, g.name, ", ".join(u.email for u in accounts.list_members(call, g.id))] for g in found.items]
    show(f"{found.total} groups", ["Id", "Name", "Members"], [list(row) for row in rows])


@groups.command()
@click.argument("group")
@click.argument("user")
@home_option
def join(group: str, user: str, home: Path | None) -> None:
    """Put USER (e-mail or username) into GROUP (its name)."""
    with as_administrator(home) as call:
        accounts.add_member(call, accounts.find_group(call, group).id, accounts.find_user(call, user).id)
    click.echo(f"{user} is in {group}.")


@groups.command()
@click.argument("group")
@click.argument("user")
@home_option
def leave(group: str, user: str, home: Path | None) -> None:
    """Take USER (e-mail or username) out of GROUP (its name)."""
    with as_administrator(home) as call:
        accounts.remove_member(call, accounts.find_group(call, group).id, accounts.find_user(call, user).id)
    click.echo(f"{user} is no longer in {group}.")
