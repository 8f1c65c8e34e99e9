"""`headrace tasks`: what ran as a task - statements, functions - and what came of it."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from headrace.cli._statements import Listed, show
from headrace.client import Client
from headrace.errors import Invalid

STATES = ("QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED")
COLOURS = {"COMPLETED": "green", "FAILED": "red", "CANCELLED": "red"}
LONGEST = 60  # characters of a statement in a list
ID = 36
WIDE, PIPED = 120, 200  # columns of a terminal that has room for everything, and those that a pipe is taken to have

url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")


@click.group(cls=Listed)
def tasks() -> None:
    """List what ran; `headrace tasks list --help` names the filters."""


@tasks.command(name="list")
@click.option("--namespace", help="Only those that were charged to it.")
@click.option("--created-by", help="Only those of this user.")
@click.option("--array", help="Only those that ran on this array.")
@click.option("--status", type=click.Choice(STATES, case_sensitive=False), help="Only those that stand so.")
@click.option("--type", "kind", help="Only SQL, UDF, GENERIC_UDF or QUERY.")
@click.option("--exclude-type", multiple=True, help="All but these.")
@click.option("--search", help="Only those with this in their name or namespace.")
@click.option("--since", type=click.DateTime(), help="Only those that began then or later.")
@click.option("--until", type=click.DateTime(), help="Only those that began before.")
@click.option("--orderby", type=click.Choice(["start_time", "name"]), help="What they are in the order of.")
@click.option("--page", type=click.IntRange(min=1), default=1, help="The page of a long list.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many on a page.")
@json_option
@url_option
def list_(
    limit: int,
    kind: str | None,
    since: datetime | None,
    until: datetime | None,
    url: str | None,
    *,
    as_json: bool,
    **filters: Any,  # noqa: ANN401 - of `Client.tasks`, under the names that they have there
) -> None:
    """List tasks, the newest first."""
    start = since.astimezone() if since else 0 if until else None  # the wire has no end without a start
    end = until.astimezone() if until else None
    with Client(url) as client:
        found = client.tasks(type=kind, start=start, end=end, per_page=limit, **filters)
    rows = found.get("array_tasks") or []
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # One line each, however narrow the terminal: the id is what the next command wants. A pipe has room for all.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED)
    wide = console.width >= WIDE
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("Task", no_wrap=True, min_width=ID)
    shown.add_column("Status", no_wrap=True, min_width=9)
    shown.add_column("s", justify="right", no_wrap=True, min_width=5)
    for name, least in (("At", 19), ("Type", 4), ("Name", 4)) if wide else (("At", 5),):
        shown.add_column(name, no_wrap=True, min_width=least, overflow="ellipsis")
    shown.add_column("What", no_wrap=True, overflow="ellipsis")
    for one in rows:
        what = " ".join((one.get("status_message") or one.get("sql_query") or "").split())
        at = one["start_time"][:19].replace("T", " ")
        shown.add_row(
            one["id"],
            Text(one["status"], COLOURS.get(one["status"], "yellow")),
            f"{one['duration'] / 1e9:.2f}",
            *((at, one["type"], Text(one.get("name") or "")) if wide else (at[11:16],)),
            Text(what if len(what) <= LONGEST else f"{what[: LONGEST - 1]}…"),
        )
    console.print(shown)
    pages = found["pagination_metadata"]
    click.secho(f"{len(rows)} of {int(pages['total_items'])}", dim=True, err=True)


@tasks.command(name="show")
@click.argument("id")
@json_option
@url_option
def show_(id: str, url: str | None, *, as_json: bool) -> None:
    """Show one task: what it ran, how it went, what it printed."""
    with Client(url) as client:
        one = client.task(id)
    if as_json:
        click.echo(json.dumps(one, ensure_ascii=False))
        return
    named = f" {one['name']}" if one.get("name") else ""
    click.echo(f"{one['type']}{named} of {one['username']}: {one['status']}, {one['duration'] / 1e9:.2f} s, ", nl=False)
    click.echo(f"{one['start_time'][:19].replace('T', ' ')}")
    for field in ("sql_query", "udf_code", "logs", "status_message"):
        if one.get(field):
            click.secho(field, dim=True)
            click.echo(one[field].rstrip("\n"))


@tasks.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@url_option
def cancel(ids: tuple[str, ...], url: str | None) -> None:
    """End tasks that wait or run, now."""
    with Client(url) as client:
        for one in ids:
            click.echo(f"{one} is {client.cancel_task(one)['state']}")


@tasks.command()
@click.argument("id")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@url_option
def result(id: str, output: Path | None, url: str | None) -> None:
    """Fetch the kept result of a task: rows as a table, JSON as it is, anything else to a file."""
    with Client(url) as client:
        value = client.task_result(id)
    if output is not None:
        body = value if isinstance(value, bytes) else _bytes(value)
        try:
            output.write_bytes(body)
        except OSError as wrong:
            raise Invalid(f"{output} cannot be written: {wrong.strerror}.") from wrong
        click.echo(f"{output}: {len(body):,} bytes")
    elif hasattr(value, "num_rows"):
        show(value)
    elif isinstance(value, bytes):
        if sys.stdout.isatty():
            raise click.UsageError("The result is no text; write it to a file with --output.")
        sys.stdout.buffer.write(value)
    else:
        click.echo(json.dumps(value, ensure_ascii=False))


def _bytes(value: Any) -> bytes:  # noqa: ANN401 - Arrow's table, or any JSON value
    if not hasattr(value, "num_rows"):
        return json.dumps(value, ensure_ascii=False).encode()
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, value.schema) as writer:
        writer.write_table(value)
    return sink.getvalue().to_pybytes()
