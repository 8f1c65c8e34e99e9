"""`headrace udf dev`: edit a file and see what its udf gives, on a server and at an address to share."""

import json
import time
import webbrowser
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from rich.console import Console

from headrace.client import Client, Failed, Result
from headrace.errors import HeadraceError

EVERY = 0.2  # seconds between looks at the file
AGAIN = 2.0  # seconds after which a server that was away, or an environment that is being built, is asked again
FORMATS = "png,json,csv,geojson"  # of a result: a picture where it is one, else a table or a value
MARK = "headrace udf dev"  # in the notes of the token that is made here, so that the next time finds it
PNG = b"\x89PNG\r\n\x1a\n"

Show = Callable[[Any], None]  # prints a JSON value


class Wanted(Struct, frozen=True):
    """What to do with the file."""

    file: Path
    name: str | None
    parameters: dict[str, str]
    browse: bool  # whether to open the share page


def develop(client: Client, wanted: Wanted, console: Console, show: Show) -> None:
    """Save and run the file now and after every change, until Ctrl-C."""
    page = ""
    for _ in changes(wanted.file):
        console.rule(f"{wanted.file.name}, {datetime.now():%H:%M:%S}", style="dim")  # noqa: DTZ005 - of the person's clock
        while True:
            try:
                kept = client.save(wanted.file, wanted.name)
                click.echo(f"{kept['slug']} is kept, version {kept['version']}.")
                if not page:
                    page = f"{client.url}/share/{token_of(client, kept['id'])}"
                    click.echo(f"Share: {page}")
                    if wanted.browse:
                        webbrowser.open(page)
                run(client, kept["slug"], wanted.parameters, console, show)
            except HeadraceError as wrong:
                tell(wrong, wanted.file)
                if not (isinstance(wrong, Failed) and wrong.status in (0, 503)):
                    break
                click.secho(f"Trying again every {AGAIN:g} s; Ctrl-C stops.", dim=True)
                time.sleep(AGAIN)
            else:
                break
        click.secho(f"Waiting for {wanted.file} to change; Ctrl-C stops.", dim=True)


def changes(file: Path) -> Iterator[None]:
    """Yield at once, and then whenever the file is another one or has been written to. It may be away for a moment."""
    known = None
    while True:
        try:
            state = file.stat()
            now = (state.st_mtime_ns, state.st_size, state.st_ino)
        except FileNotFoundError:
            now = known
        if now != known:
            known = now
            yield
        time.sleep(EVERY)


def token_of(client: Client, uid: str) -> str:
    """The token by which a udf is shared from here: made once, and found again by its notes."""
    address = f"{client.url}/api/udfs/{uid}/tokens"
    for known in client.ask("GET", address, params={"limit": 1000}):
        if known["enabled"] and (known["metadata"] or {}).get("made_by") == MARK and not known["expiresAt"]:
            return known["token"]
    return client.ask("POST", address, json={"metadata": {"made_by": MARK}})["token"]


def run(client: Client, name: str, parameters: dict[str, str], console: Console, show: Show) -> None:
    """Call the udf and show what it gives and prints. Raises Failed."""
    with console.status("Running ..."):
        result = client.run(name, format=FORMATS, cache_max_age=0, parameters=parameters)
    said = result.stdout + result.stderr
    if said:
        click.secho(said.rstrip("\n"), dim=True)
    click.echo(shape(result))
    if result.media_type == "application/json":
        show(result.json())
    click.secho(result.timing, dim=True)


def shape(result: Result) -> str:
    """What a result is, in a line."""
    size = f"{len(result.body):,} bytes"
    if result.body[:8] == PNG:
        width, height = (int.from_bytes(result.body[at : at + 4], "big") for at in (16, 20))
        return f"A picture of {width} x {height} pixels, {size} as PNG."
    if not result.body:
        return "It gave nothing."
    if result.media_type == "application/json" and isinstance(value := json.loads(result.body), list):
        return f"{len(value):,} rows, {size} as JSON."
    return f"{size} of {result.media_type}."


def tell(wrong: HeadraceError, file: Path) -> None:
    """Show an error: what the udf had printed, the sentence, and the line of the file where it happened."""
    if isinstance(wrong, Failed) and (said := (wrong.stdout + wrong.stderr).rstrip("\n")):
        click.secho(said, dim=True)
    click.secho(wrong.message, fg="red")
    if (number := getattr(wrong, "lineno", None)) is None:
        return
    try:
        line = file.read_text().splitlines()[number - 1]
    except (OSError, ValueError, IndexError):
        return
    click.secho(f"{file.name}, line {number}: {line.strip()}", fg="red")
