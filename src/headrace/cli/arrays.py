"""`headrace arrays`: arrays of the server - list, look at, create, make of files."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager

import click

from headrace.cli._statements import Listed
from headrace.client import Client
from headrace.client.arrays import Tell

url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")


@click.group(cls=Listed)
def arrays() -> None:
    """Arrays: list, info, create, ingest, delete. SQL reads and writes them under tiledb://namespace/name."""


@arrays.command(name="list")
@click.option("--shared", "shelf", flag_value="shared", help="Those that others share with you.")
@click.option("--public", "shelf", flag_value="public", help="Those that are open to all.")
@click.option("--search", help="Only those with this in their name or description.")
@json_option
@url_option
def list_(shelf: str | None, search: str | None, url: str | None, *, as_json: bool) -> None:
    """List arrays: yours, unless you ask for others."""
    with Client(url) as client:
        found = client.arrays.list(shelf or "owned", search=search)
    rows = found.get("arrays") or []
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table("Array", "Made", "Description")
    for one in rows:
        shown.add_row(Text(one["tiledb_uri"]), one["created_at"][:10], Text(one.get("description") or ""))
    Console(highlight=False).print(shown)
    click.secho(f"{len(rows)} of {int(found['pagination_metadata']['total_items'])}", dim=True, err=True)


@arrays.command()
@click.argument("name")
@json_option
@url_option
def info(name: str, url: str | None, *, as_json: bool) -> None:
    """Show what is known of the array NAME, and its dimensions and attributes."""
    with Client(url) as client:
        one = client.arrays.info(name)
    if as_json:
        click.echo(json.dumps(one, ensure_ascii=False))
        return
    click.echo(f"{one['tiledb_uri']} of {one['created_by']}, {one['created_at'][:10]}")
    if one.get("description"):
        click.echo(one["description"])
    for column in one["columns"]:
        click.echo(f"  {column['name']:<24} {column['type']}{', dimension' if column['dimension'] else ''}")
    for label, text in one["file_properties"].items():
        click.echo(f"  {label}: {text}")


@arrays.command()
@click.argument("name")
@click.option(
    "--dim", "dimensions", multiple=True, required=True, help="A dimension: x:INT:0:999, or t:BIGINT:0:99:10."
)
@click.option("--attr", "attributes", multiple=True, required=True, help="An attribute: v:DOUBLE.")
@click.option("--dense/--sparse", default=False, help="Whether every cell has a value.")
@url_option
def create(
    name: str, dimensions: tuple[str, ...], attributes: tuple[str, ...], url: str | None, *, dense: bool
) -> None:
    """Make the array NAME without cells. Types are SQL's: INT, BIGINT, DOUBLE, TEXT, DATE ...

    A dimension is name:type:first:last, and may end in how many cells a tile has along it.
    """
    columns = dict(_attribute(one) for one in attributes)
    with Client(url) as client:
        uri = client.arrays.create(name, dict(_dimension(one) for one in dimensions), columns, dense=dense)
    click.echo(f"{uri} is made.")


@arrays.command()
@click.argument("file")
@click.argument("name")
@click.option("--dim", "dimensions", multiple=True, help="A column of a table that says where its rows are.")
@click.option("--group", help="The group of a NetCDF 4 file, where its variables are in several.")
@url_option
def ingest(file: str, name: str, dimensions: tuple[str, ...], group: str | None, url: str | None) -> None:
    """Make the array NAME of FILE: Parquet, CSV, JSON or Arrow as a table, GeoTIFF or NetCDF as a raster.

    FILE is on this machine, or at an address of the server: fd://..., file:///mount/...
    """
    with Client(url) as client, _telling() as tell:
        made = client.arrays.ingest(file, name, dimensions=dimensions, group=group, tell=tell)
    places = ", ".join(column["name"] for column in made["columns"] if column["dimension"])
    click.echo(f"{made['tiledb_uri']} is made, by {places}.")
    if made["left_out"]:
        click.secho(f"Left out, as no array holds it beside the rest: {', '.join(made['left_out'])}.", err=True)


@arrays.command()
@click.argument("name")
@url_option
def delete(name: str, url: str | None) -> None:
    """Remove the array NAME with its cells."""
    with Client(url) as client:
        client.arrays.delete(name)
    click.echo(f"{name} is removed.")


def _dimension(text: str) -> tuple[str, str]:
    name, *parts = text.split(":")
    if len(parts) not in (1, 3, 4) or not name:
        raise click.UsageError(f"{text!r} is no dimension; write it as name:type:first:last, such as x:INT:0:999.")
    names = ("lower_bound", "upper_bound", "tile_extent")
    bounds = " ".join(f"{what}='{_plain(part)}'" for what, part in zip(names, parts[1:], strict=False))
    return name, f"{_plain(parts[0])} {bounds}"


def _attribute(text: str) -> tuple[str, str]:
    name, colon, kind = text.partition(":")
    if not colon or not name or not kind:
        raise click.UsageError(f"{text!r} is no attribute; write it as name:type, such as v:DOUBLE.")
    return name, _plain(kind)


def _plain(text: str) -> str:
    if not text or any(character in text for character in "'\"`;"):
        raise click.UsageError(f"{text!r} is no type and no bound.")
    return text


@contextmanager
def _telling() -> Generator[Tell | None]:
    """Which step it is at, and how far; where nobody looks, nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"), BarColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        bar = shown.add_task("", total=None)

        def told(step: str, done: int, whole: int | None) -> None:
            shown.update(bar, description=step, completed=done, total=whole)

        yield told
