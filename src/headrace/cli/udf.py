"""`headrace udf`: write a udf, keep it, run it, share it, and see what ran."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from headrace.client import Client, Failed

TEMPLATE = '''import headrace


@headrace.udf
def udf(rows: int = 3):
    """What this answers, in a sentence."""
    import pandas as pd

    return pd.DataFrame({"n": range(rows), "square": [n * n for n in range(rows)]})
'''
ROWS = 20  # of a result, in the terminal
RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TILE = re.compile(r"(\d+)/(\d+)/(\d+)", re.ASCII)

console = Console()
url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")


@click.group()
def udf() -> None:
    """Python functions as APIs: new, dev, push, run, share, list, logs."""


@udf.command()
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> None:
    """Write a template to FILE."""
    if file.exists():
        raise click.ClickException(f"{file} is there already; choose another name.")
    try:
        file.write_text(TEMPLATE)
    except OSError as refused:
        raise click.ClickException(f"{file} cannot be written: {refused.strerror}.") from refused
    click.echo(f"{file}: edit it, try it with `headrace udf run {file}`, keep it with `headrace udf push {file}`.")


@udf.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="The name to keep it under; the file's where none is given.")
@click.option("--public/--private", default=None, help="Let every user of the server read and list it, or not.")
@url_option
def push(file: Path, name: str | None, public: bool | None, url: str | None) -> None:
    """Keep the udf in FILE: new, or a new version."""
    with Client(url) as client:
        kept = client.save(file, name, public=public)
    click.echo(f"{kept['slug']} is kept, version {kept['version']}.")


@udf.command()
@click.argument("name")
@click.argument("parameters", nargs=-1)
@click.option("--format", "format_", help="The format to ask for; the ending of the output's name, else json.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write the result to this file.")
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
    """Call NAME - a kept udf, a token or a file - with PARAMETERS such as rows=5.

    The result is shown as a table, and piped as it came. What the udf prints goes to stderr.
    """
    values = dict(_pair(parameter) for parameter in parameters)
    wanted = format_ or (output.suffix.lstrip(".") if output and output.suffix else "json")
    place = _tile(tile) if tile else None
    with Client(url) as client, console.status(f"{name} ..."):
        try:
            result = client.run(name, format=wanted, tile=place, cache_max_age=0 if fresh else None, parameters=values)
        except Failed as failed:
            click.echo(failed.stdout + failed.stderr, err=True, nl=False)
            raise
    click.echo(result.stdout + result.stderr, err=True, nl=False)
    if output:
        output.write_bytes(result.body)
        click.echo(f"{output}: {len(result.body):,} bytes of {result.media_type}")
    elif sys.stdout.isatty() and result.media_type == "application/json":
        _show(result.json())
    else:
        sys.stdout.buffer.write(result.body)
    click.secho(f"run {result.run_id}, cache {result.cache}, {result.timing}", dim=True, err=True)


@udf.command()
@click.argument("name")
@click.option("--no-cache", is_flag=True, help="Run every call; keep no results.")
@click.option("--metadata", help="What maps are told of its tiles, as JSON: bounds, minzoom, maxzoom, attribution ...")
@url_option
def share(name: str, no_cache: bool, metadata: str | None, url: str | None) -> None:
    """Make a token for NAME: whoever has it may call the udf, and nothing else."""
    try:
        told = json.loads(metadata) if metadata else None
    except ValueError as wrong:
        raise click.BadParameter(f"it wants JSON, and could not be read: {wrong}.", param_hint="--metadata") from wrong
    with Client(url) as client:
        shared = client.share(name, cache=not no_cache, metadata=told)
    click.echo(f"As a file:      {shared.url}?format=json")
    click.echo(f"As map tiles:   {shared.tiles}?format=png")
    click.echo(shared.token)


@udf.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("parameters", nargs=-1)
@click.option("--name", help="The name to keep it under; the file's where none is given.")
@click.option("--open", "browse", is_flag=True, help="Open the share page in a browser.")
@url_option
def dev(file: Path, parameters: tuple[str, ...], name: str | None, browse: bool, url: str | None) -> None:
    """Keep and run FILE now and after every change, with PARAMETERS such as rows=5, until Ctrl-C.

    What the udf gives, what it prints and where it fails is shown here; the page to share shows the current version.
    """
    from headrace.cli._dev import Wanted, develop

    wanted = Wanted(file, name, dict(_pair(parameter) for parameter in parameters), browse)
    try:
        with Client(url) as client:
            develop(client, wanted, console, _show)
    except KeyboardInterrupt:
        click.echo("Stopped.")


@udf.command(name="list")
@url_option
def list_(url: str | None) -> None:
    """List your udfs."""
    with Client(url) as client:
        found = client.list()
    shown = Table("Name", "Version", "Changed", "Open to all", title=f"{len(found)} udfs", title_justify="left")
    for one in found:
        opened = "yes" if one["allow_public_read"] else ""
        shown.add_row(Text(one["slug"]), str(one["version"]), one["last_updated"][:19], opened)
    console.print(shown)


@udf.command()
@click.argument("name", required=False)
@click.option("--limit", default=10, show_default=True, help="How many runs.")
@url_option
def logs(name: str | None, limit: int, url: str | None) -> None:
    """Show the latest runs, of NAME or of all, or what one run (its id) printed."""
    with Client(url) as client:
        if name and RUN_ID.fullmatch(name):
            _show_run(client.run_of(name))
            return
        found = client.runs(limit=limit, **({"udf": client.load(name)["id"]} if name else {}))
    whole = Column("Run", no_wrap=True)  # what one copies to ask for its output
    shown = Table(whole, "Udf", "State", "Cache", "ms", "At", "Error", title="The latest runs", title_justify="left")
    for one in found:
        colour = {"succeeded": "green", "failed": "red"}.get(one["state"], "yellow")
        shown.add_row(
            one["uid"],
            Text(one["udfName"] or ""),
            Text(one["state"], colour),
            one["cache"],
            f"{one['timing']['total']:.1f}",
            one["startedAt"][11:19],
            Text(one["error"] or ""),
        )
    console.print(shown)


def _pair(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not equals or not name.isidentifier():
        raise click.UsageError(f"{parameter!r} is no parameter; write it as name=value.")
    return name, value


def _tile(text: str) -> tuple[int, int, int]:
    if not (found := TILE.fullmatch(text)):
        raise click.UsageError(f"{text!r} is no tile; write it as z/x/y, such as 3/1/2.")
    z, x, y = map(int, found.groups())
    return z, x, y


def _show(value: Any) -> None:  # noqa: ANN401 - any JSON value
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        console.print_json(json.dumps(value))
        return
    columns = list(dict.fromkeys(name for row in value[:ROWS] for name in row))
    shown = Table(
        *(Column(_cell(name)) for name in columns), caption=f"{len(value):,} rows" if len(value) > ROWS else None
    )
    for row in value[:ROWS]:
        shown.add_row(*(_cell(row.get(name)) for name in columns))
    console.print(shown)


def _cell(value: Any) -> Text:  # noqa: ANN401
    if isinstance(value, str):
        return Text(value)
    return Text("" if value is None else json.dumps(value))


def _show_run(one: dict[str, Any]) -> None:
    name, state, spent = one["udfName"], one["state"], one["timing"]["total"]
    called = f", called by {one['parentUid']}" if one["parentUid"] else ""
    click.echo(f"{name} {state}, {spent:.1f} ms, {one['startedAt'][:19]}{called}")
    for part in ("stdout", "stderr", "error"):
        if one.get(part):
            click.secho(part, dim=True)
            click.echo(one[part].rstrip("\n"))
