"""Commands on the home folder itself: who may read and write it is its administrator."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headrace import settings as table
from headrace.services import accounts
from headrace.services.call import Call

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="The server's home folder (HEADRACE_HOME, ~/.headrace)."
)
console = Console()


@contextmanager
def as_administrator(home: Path | None) -> Generator[Call]:
    """A call as the administrator of a home; the home is made where it is not there yet."""
    from headrace.server import open_platform

    platform = open_platform(table.load(os.environ, home=home and str(home)))
    try:
        accounts.ensure_admin(platform)
        yield accounts.administrator(platform)
    finally:
        platform.db.close()


def show(title: str, columns: list[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table."""
    shown = Table(*columns, title=title, title_justify="left")
    for row in rows:
        shown.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    console.print(shown)
