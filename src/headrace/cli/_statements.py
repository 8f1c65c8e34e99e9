"""Commands that take a statement: what it is read from, its values, and how its rows are shown."""

import json
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from headrace.client import Client
from headrace.client.tasks import FILES
from headrace.errors import Invalid
from headrace.model import statement

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("table", "csv", "json", "ndjson", "parquet", "arrow", "xlsx", "geojson")
FOR_FILES = frozenset({"parquet", "arrow", "xlsx"})  # what no terminal shows
WIDEST = 60  # characters of a cell in a table
SHOWN = 100  # rows of a table


class Default(click.Group):
    """A group whose first word may be left out: then it is `run`."""

    first: ClassVar[str] = "run"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the word that was left out."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.first, *args]
        return super().parse_args(ctx, args)


class Spoken(click.Command):
    """A command that takes a statement, which may begin with a comment and is no option then."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words."""
        return super().parse_args(ctx, [f" {word}" if word.startswith(("-- ", "--\n")) else word for word in args])


class Listed(Default):
    """A group whose first word may be left out: then it is `list`."""

    first = "list"


def text_of(query: str | None, file: Path | None) -> str:
    """The statement that a command was given, as an argument or in a file. Raises UsageError for both and neither."""
    if (query is None) == (file is None):
        raise click.UsageError("Give a statement, or a file that holds one with -f.")
    if file is None:
        return query or ""
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as wrong:
        raise Invalid(f"{file} cannot be read: {getattr(wrong, 'strerror', None) or 'it is not text'}.") from wrong


def values_of(given: Sequence[str]) -> dict[str, Any]:
    """Values such as least=3, city=Oslo and ids=[1,2] by name: JSON where it can be read so, else text."""
    values: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"{one!r} is no value; write it as name=value.")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def format_of(wanted: str | None, output: Path | None) -> str:
    """The format that is meant. Raises UsageError where it cannot be shown, Invalid for an ending that is none."""
    if wanted is None and output is not None and output.suffix:
        wanted = output.suffix.lstrip(".").lower()
        if wanted not in FORMATS:
            raise Invalid(f"{output} ends in no format; name one with --format: {', '.join(FORMATS)}.")
    if wanted is None:
        wanted = "table" if output is None and sys.stdout.isatty() else "csv"
    if wanted in FOR_FILES and output is None and sys.stdout.isatty():
        raise click.UsageError(f"{wanted} is no text; write it to a file with --output.")
    return wanted


def run(
    client: Client,
    text: str,
    *,
    dialect: statement.Dialect,
    wanted: str,
    output: Path | None,
    **options: Any,  # noqa: ANN401 - of `Client.sql`
) -> None:
    """Run the statements of a text in one session, and show or keep the rows of the last one."""
    before, last = statement.split(text, dialect)
    if not last.strip() and before:
        last = before.pop()
    result = wanted if wanted in FILES else "json" if wanted == "json" else "arrow"
    began = time.perf_counter()
    with telling() as progress:
        rows = client.sql(last, init=before, dialect=dialect, result=result, progress=progress, **options)
    seconds = time.perf_counter() - began
    if output is not None:
        _save(rows, wanted, output)
    elif wanted == "table":
        show(rows)
    else:
        _pipe(rows, wanted)
    count = f"{rows.num_rows:,} row{'' if rows.num_rows == 1 else 's'}, " if hasattr(rows, "num_rows") else ""
    click.secho(f"{count}{seconds:.2f} s, task {client.last_task_id}", dim=True, err=True)


@contextmanager
def telling() -> Generator[Callable[[int, int], None] | None]:
    """While a statement runs, its seconds and what came of it; where nobody looks, nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        bar = shown.add_task("running", total=None)

        def told(rows: int, size: int) -> None:
            shown.update(bar, description=f"{rows:,} rows, {size / 1e6:,.1f} MB" if rows else f"{size / 1e6:,.1f} MB")

        yield told


def show(rows: "pa.Table") -> None:
    """Print rows as a table, the first of many."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    if not rows.num_columns:
        click.secho("Done.", dim=True, err=True)
        return
    numbers = [str(field.type).startswith(("int", "uint", "float", "double", "decimal")) for field in rows.schema]
    heads = (
        Column(Text(field.name), justify="right" if number else "left", overflow="ellipsis")
        for field, number in zip(rows.schema, numbers, strict=True)
    )
    shown = Table(*heads)
    for row in zip(*(column.to_pylist() for column in rows.slice(0, SHOWN).columns), strict=True):
        shown.add_row(*(_cell(value) for value in row))
    console = Console(highlight=False)
    console.print(shown)
    if rows.num_rows > SHOWN:
        click.secho(f"the first {SHOWN} of {rows.num_rows:,}; --output keeps them all", dim=True, err=True)


def _cell(value: Any) -> Any:  # noqa: ANN401 - any value of Arrow; rich's Text
    from rich.text import Text

    if value is None:
        return Text("NULL", "dim")
    text = value.hex() if isinstance(value, bytes) else str(value)
    return Text(text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…")


def _bytes(rows: Any, wanted: str) -> bytes:  # noqa: ANN401 - Arrow's table, JSON or bytes
    if wanted == "json":
        return json.dumps(rows, ensure_ascii=False).encode() + b"\n"
    if isinstance(rows, bytes):
        return rows
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()


def _save(rows: Any, wanted: str, output: Path) -> None:  # noqa: ANN401
    if wanted == "table":
        raise click.UsageError("A table is for the terminal; a file is csv, json, ndjson, parquet, arrow or xlsx.")
    body = _bytes(rows, wanted)
    try:
        output.write_bytes(body)
    except OSError as wrong:
        raise Invalid(f"{output} cannot be written: {wrong.strerror}.") from wrong
    click.echo(f"{output}: {len(body):,} bytes of {wanted}")


def _pipe(rows: Any, wanted: str) -> None:  # noqa: ANN401
    body = _bytes(rows, wanted)
    if body.strip():  # what gives no columns is an empty line of CSV
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
