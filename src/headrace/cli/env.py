"""`headrace env`: environments - packages with their versions, under a name that udfs say where they run."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headrace.client import Client

console = Console()
url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")
file_option = click.option(
    "--file", "-r", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of packages, one a line."
)
python_option = click.option("--python", help="A version of Python that the server's machine has, such as 3.12.")
wait_option = click.option("--no-wait", is_flag=True, help="Do not wait for the build.")
COLOURS = {"ready": "green", "failed": "red"}


@click.group()
def env() -> None:
    """Environments of packages that udfs run in: add, list, show, rebuild, remove."""


@env.command()
@click.argument("name")
@click.argument("packages", nargs=-1)
@file_option
@python_option
@wait_option
@url_option
def add(
    name: str, packages: tuple[str, ...], file: Path | None, python: str | None, no_wait: bool, url: str | None
) -> None:
    """Make the environment NAME of PACKAGES such as six==1.16.0, and wait until it is built.

    A udf runs in it that says @headrace.udf(environment="NAME").
    """
    with Client(url) as client:
        client.environments.create(name, _lines(packages, file), python)
        _wait(client, name, no_wait)


@env.command()
@click.argument("name")
@click.argument("packages", nargs=-1)
@file_option
@python_option
@wait_option
@url_option
def rebuild(
    name: str, packages: tuple[str, ...], file: Path | None, python: str | None, no_wait: bool, url: str | None
) -> None:
    """Build NAME anew, of other PACKAGES where they are given. Calls run in the old one until it is ready."""
    given = _lines(packages, file) if packages or file else None
    with Client(url) as client:
        client.environments.rebuild(name, given, python)
        _wait(client, name, no_wait)


@env.command(name="list")
@url_option
def list_(url: str | None) -> None:
    """List your environments."""
    with Client(url) as client:
        found = [*client.environments.list(iterator=True)]
    shown = Table("Name", "State", "Packages", "Python", "MB", title=f"{len(found)} environments", title_justify="left")
    for one in found:
        state = Text(one["state"], COLOURS.get(one["state"], "yellow"))
        lines, python = Text(", ".join(one["requirements"])), one["python"] or ""
        shown.add_row(one["name"], state, lines, python, f"{one['size'] >> 20:,}")
    console.print(shown)


@env.command()
@click.argument("name")
@click.option("--log", is_flag=True, help="Show what was said during the last build as well.")
@url_option
def show(name: str, log: bool, url: str | None) -> None:
    """Show what lies in NAME, and why its last build failed if it did."""
    with Client(url) as client:
        one = client.environments.get(name)
        said = client.environments.logs(name) if log else []
    click.echo(f"{one['name']}: {one['state']}, asked for as {', '.join(one['requirements'])}")
    for line in said:
        click.secho(line["message"], dim=True)
    if one["error"]:
        click.secho(one["error"], fg="red")
    if one["usable"]:
        click.echo(f"{one['size'] >> 20:,} MB, built {one['builtAt'][:19]}, {one['hash'][:12]}")
    for package in one["packages"]:
        click.echo(f"  {package}")


@env.command()
@click.argument("name")
@url_option
def remove(name: str, url: str | None) -> None:
    """Forget NAME; udfs that name it can no longer be called."""
    with Client(url) as client:
        client.environments.remove(name)
    click.echo(f"{name} is gone.")


def _lines(packages: tuple[str, ...], file: Path | None) -> list[str]:
    written = file.read_text().splitlines() if file else []
    lines = [*packages, *(text for line in written if (text := f" {line}".partition(" #")[0].strip()))]
    if not lines:
        raise click.UsageError("Name at least one package, such as six==1.16.0, or a file of them with -r.")
    return lines


def _wait(client: Client, name: str, no_wait: bool) -> None:
    if no_wait:
        click.echo(f"{name} is being built; `headrace env show {name}` tells how it is going.")
        return
    with console.status(f"Building {name} ...") as status:
        for line in client.environments.follow(name):
            status.update(Text(f"Building {name}: {line[:100]}"))
            console.print(Text(line), style="dim", highlight=False)
    one = client.environments.get(name)
    click.echo(f"{name} is ready: {len(one['packages'])} packages, {one['size'] >> 20:,} MB.")
