"""`headrace files`: the files of yours that a server keeps."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column, Table
from rich.text import Text

from headrace.client import Client
from headrace.client.files import Progress as Report

LONG = 8 << 20  # bytes; what is shorter is there before a bar is drawn

console = Console()
url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")


@click.group()
def files() -> None:
    """Your files on the server: ls, put, get, rm. PATH is folder/name; fd:// before it may be left out."""


@files.command()
@click.argument("path", default="")
@url_option
def ls(path: str, url: str | None) -> None:
    """List what is in the folder PATH."""
    with Client(url) as client:
        found = client.files.list(path)
    if not sys.stdout.isatty():
        for one in found:
            click.echo(one["url"])
        return
    shown = Table("Name", Column("Size", justify="right"), "Changed", title=f"{len(found)} here", title_justify="left")
    for one in found:
        name = one["file_name"] + "/" * one["is_directory"]
        size = "" if one["size"] is None else decimal(one["size"])
        shown.add_row(Text(name), size, (one["last_modified"] or "")[:19].replace("T", " "))
    console.print(shown)


@files.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("path", default="")
@url_option
def put(file: Path, path: str, url: str | None) -> None:
    """Upload FILE to PATH; a PATH that ends in a slash is the folder to put it in, under its own name."""
    target = path + file.name if not path or path.endswith("/") else path
    with Client(url) as client, _progress(file.name, file.stat().st_size) as report:
        kept = client.files.upload(file, target, report)
    click.echo(f"{kept['url']}: {kept['size']:,} bytes")


@files.command()
@click.argument("path")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@url_option
def get(path: str, file: Path | None, url: str | None) -> None:
    """Download PATH to FILE: its own name here where none is given; `-` is standard output."""
    name = path.rstrip("/").rpartition("/")[2]
    if not name:
        raise click.UsageError("Name a file; `headrace files ls` lists what is there.")
    with Client(url) as client:
        if file == Path("-"):
            sys.stdout.buffer.write(client.files.read(path))
            return
        target = file / name if file and file.is_dir() else file or Path(name)
        with _progress(name, None) as report:
            size = client.files.download(path, target, report)
    click.echo(f"{target}: {size:,} bytes")


@files.command()
@click.argument("path")
@click.option("--recursive", "-r", is_flag=True, help="Delete a folder with all that is in it.")
@url_option
def rm(path: str, recursive: bool, url: str | None) -> None:
    """Delete the file PATH, or with -r a folder."""
    with Client(url) as client:
        gone = client.files.delete(path, recursive=recursive)
    if not gone:
        raise click.ClickException(f"There is nothing at {path}; `headrace files ls` lists what is.")
    click.echo(f"{path} is deleted.")


@contextmanager
def _progress(name: str, size: int | None) -> Generator[Report]:
    """A bar on stderr for what is long, where there is a terminal."""
    named = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(named, *columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=size, visible=False)
        yield lambda so_far, total: bar.update(task, completed=so_far, total=total, visible=(total or so_far) > LONG)
