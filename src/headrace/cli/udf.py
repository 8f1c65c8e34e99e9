"""`headrace udf`: write a udf, keep it, run it, share it, and see what ran."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from headrace.client import Client, Failed, Result

TEMPLATE = '''import headrace


@headrace.udf
def udf(rows: int = 3):
    """What this answers, in a sentence."""
    import pandas as pd

    return pd.DataFrame({{"n": range(rows), "square": [n * n for n in range(rows)]}})
'''
ROWS = 20  # of a result, in the terminal

console = Console()
url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")


@click.group()
def udf() -> None:
    """Python functions as APIs: new, push, run, share, list, logs."""


@udf.command()
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> None:
    """Write a template to FILE."""
    if file.exists():
        raise click.ClickException(f"{file} is there already; choose another name.")
    file.write_text(TEMPLATE.format())
    click.echo(f"{file}: edit it, try it with `headrace udf run {file}`, keep it with `headrace udf push {file}`.")


@udf.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="The name to keep it under; the file's where none is given.")
@click.option("--public", is_flag=True, help="Let every user of the server read and list it.")
@url_option
def push(file: Path, name: str | None, public: bool, url: str | None) -> None:
    """Keep the udf in FILE: new, or a new version."""
    with Client(url) as client:
        kept = client.save(file, name, public=public)
    click.echo(f"{kept['slug']} is kept, version {kept['version']}.")


@udf.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("parameters", nargs=-1)
@click.option(
    "--format", "format_", help="The format to ask for; json where the result is shown, else by the output's ending."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the result to this file.")
@click.option("--tile", help="Run for one map tile: z/x/y.")
@click.option("--fresh", is_flag=True, help="Neither read nor store a kept result.")
@url_option
def run(
    name: str,
    parameters: tuple[str, ...],
    format_: str | None,
    output: Path | None,
    tile: str | None,
    fresh: bool,
    url: str | None,
) -> None:
    """Call NAME - a kept udf, a token or a file - with PARAMETERS such as rows=5."""
    values = dict(_pair(parameter) for parameter in parameters)
    wanted = format_ or (output.suffix.lstrip(".") if output and output.suffix else "json")
    place = tuple(int(part) for part in tile.split("/")) if tile else None
    with Client(url) as client, console.status(f"{name} ..."):
        called: Any = Path(name) if name.endswith(".py") else name
        try:
            result = client.run(called, format=wanted, tile=place, cache_max_age=0 if fresh else None, **values)  # type: ignore[arg-type]
        except Failed as failed:
            click.echo(failed.stderr, err=True, nl=False)
            raise
    if result.stdout:
        click.echo(result.stdout, nl=False)
    if output:
        output.write_bytes(result.body)
        click.echo(f"{output}: {len(result.body):,} bytes of {result.media_type}")
    else:
        _show(result)
    click.secho(f"run {result.run_id}, cache {result.cache}, {result.timing}", dim=True, err=True)


@udf.command()
@click.argument("name")
@click.option("--no-cache", is_flag=True, help="Run every call; keep no results.")
@url_option
def share(name: str, no_cache: bool, url: str | None) -> None:
    """Make a token for NAME: whoever has it may call the udf, and nothing else."""
    with Client(url) as client:
        shared = client.share(name, cache=not no_cache)
    click.echo(f"As a file:      {shared.url}?format=json")
    click.echo(f"As map tiles:   {shared.tiles}?format=png")
    click.echo(shared.token)


@udf.command(name="list")
@url_option
def list_(url: str | None) -> None:
    """List your udfs."""
    with Client(url) as client:
        found = client.list()
    shown = Table("Name", "Version", "Changed", "Open to all", title=f"{len(found)} udfs", title_justify="left")
    for one in found:
        shown.add_row(
            one["slug"], str(one["version"]), one["last_updated"][:19], "yes" if one["allow_public_read"] else ""
        )
    console.print(shown)


@udf.command()
@click.argument("name", required=False)
@click.option("--limit", default=10, show_default=True, help="How many runs.")
@url_option
def logs(name: str | None, limit: int, url: str | None) -> None:
    """Show the latest runs, of NAME or of all, or what one run (its id) printed."""
    with Client(url) as client:
        if name and name.count("-") == 4:
            _show_run(client.run_of(name))
            return
        found = client.runs(limit=limit, **({"udf": client.load(name)["id"]} if name else {}))
    whole = Column("Run", no_wrap=True)  # what one copies to ask for its output
    shown = Table(whole, "Udf", "State", "Cache", "ms", "At", "Error", title="The latest runs", title_justify="left")
    for one in found:
        colour = {"succeeded": "green", "failed": "red"}.get(one["state"], "yellow")
        shown.add_row(
            one["uid"],
            one["udfName"],
            f"[{colour}]{one['state']}[/]",
            one["cache"],
            f"{one['timing']['total']:.1f}",
            one["startedAt"][11:19],
            one["error"] or "",
        )
    console.print(shown)


def _pair(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not equals or not name.isidentifier():
        raise click.ClickException(f"{parameter!r} is no parameter; write it as name=value.")
    return name, value


def _show(result: Result) -> None:
    if not result.media_type.startswith("application/json"):
        sys.stdout.buffer.write(result.body)
        return
    value = result.json() if result.body else None
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        console.print_json(json.dumps(value))
        return
    shown = Table(*value[0], caption=f"{len(value):,} rows" if len(value) > ROWS else None)
    for row in value[:ROWS]:
        shown.add_row(*("" if cell is None else str(cell) for cell in row.values()))
    console.print(shown)


def _show_run(one: dict[str, Any]) -> None:
    console.print(f"[bold]{one['udfName']}[/] {one['state']}, {one['timing']['total']:.1f} ms, {one['startedAt'][:19]}")
    for name in ("stdout", "stderr", "error"):
        if one.get(name):
            console.print(f"[dim]{name}[/]")
            click.echo(one[name])
