"""`headrace settings`: the table of settings, with what is in force here."""

import os
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from headrace import settings as table


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="The folder that holds everything this server keeps.")
def settings(home: Path | None) -> None:
    """List every setting: its name in the environment, what is in force here, and what it does."""
    loaded = table.load(os.environ, home=home and str(home))
    shown = Table("Setting", "In force", "What it does", title=f"{loaded.home / 'headrace.toml'} or the environment")
    for name, default, text in table.table():
        value = "(set)" if name in {"secret_key", "admin_key"} and getattr(loaded, name) else str(getattr(loaded, name))
        changed = value != str(default)
        shown.add_row(f"HEADRACE_{name.upper()}", f"[bold]{value}[/bold]" if changed else value, text)
    Console().print(shown)
