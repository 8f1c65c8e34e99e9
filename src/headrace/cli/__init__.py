"""The command `headrace`. Each sub-command is a module of this folder, imported when it is called."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import click

from headrace.errors import HeadraceError


class Commands(click.Group):
    """The modules of this folder as commands: the module `keys` holds the command `keys`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every module whose name does not start with an underscore."""
        return sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; its module is imported now."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headrace")
def cli() -> None:
    """Headrace keeps your Python functions and SQL, runs them as tracked jobs and shares them as APIs and tiles."""


def main() -> None:
    """Run the command line; an error of ours is one sentence on stderr and exit status 1."""
    try:
        cli()
    except HeadraceError as error:
        click.secho(error.message, err=True, fg="red")
        sys.exit(1)
