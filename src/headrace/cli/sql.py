"""`headrace sql`: run statements over the warehouse and arrays, and keep queries that are APIs."""

import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, cast

import click

from headrace.cli._statements import FORMATS, Default, Spoken, format_of, run, text_of, values_of
from headrace.client import Client, Failed
from headrace.errors import HeadraceError
from headrace.model import statement
from headrace.model.statement import Dialect

KINDS: dict[str, tuple[type, Callable[[str], Any]]] = {
    "int": (int, int),
    "integer": (int, int),
    "float": (float, float),
    "number": (float, float),
    "text": (str, str),
    "str": (str, str),
    "bool": (bool, lambda text: text.lower() not in ("false", "")),
    "boolean": (bool, lambda text: text.lower() not in ("false", "")),
    "date": (dt.date, dt.date.fromisoformat),
    "datetime": (dt.datetime, dt.datetime.fromisoformat),
    "time": (dt.time, dt.time.fromisoformat),
    "json": (list, json.loads),
}
LEAVE = frozenset({"exit", "quit", "\\q", "exit;", "quit;"})
INTERRUPTED = 130

url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")
file_option = click.option(
    "-f", "--file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), help="Read it from a file."
)
dialect_option = click.option(
    "--dialect",
    type=click.Choice(["duckdb", "mysql"]),
    default="duckdb",
    show_default=True,
    help="Whose SQL it is: the warehouse's, or that of arrays as the published clients write it.",
)


@click.group(cls=Default)
def sql() -> None:
    """Run SQL: `headrace sql "SELECT 1"`, `headrace sql -f FILE`, or a prompt where neither is given.

    `headrace sql run --help` names the options; `headrace sql save` keeps a query that is an API from then on.
    """


@sql.command(name="run", cls=Spoken)
@click.argument("query", required=False)
@file_option
@click.option("--param", "-p", "given", multiple=True, help="A value for a :name in the statement: name=value.")
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="By default a table; in a pipe, csv.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows to this file.")
@dialect_option
@click.option("--namespace", help="Who is charged: an organization of yours, else you.")
@click.option("--name", help="What the task is called in lists.")
@click.option("--keep", is_flag=True, help="Keep the result, for `headrace tasks result`.")
@url_option
def run_(
    query: str | None,
    file: Path | None,
    given: tuple[str, ...],
    wanted: str | None,
    output: Path | None,
    dialect: str,
    namespace: str | None,
    name: str | None,
    url: str | None,
    *,
    keep: bool,
) -> None:
    """Run QUERY, and show its rows. Several statements with `;` between them share a session; the last one's are shown.

    Ends with 0, with 1 and the server's sentence where it fails, with 2 for a command that is wrong.
    """
    spoken = cast("Dialect", dialect)
    options: dict[str, Any] = {"namespace": namespace, "name": name, "keep": keep}
    if given:
        options["parameters"] = values_of(given)
    if query is None and file is None and not sys.stdin.isatty():
        file = Path("-")
    format_ = format_of(wanted, output)
    try:
        with Client(url) as client:
            if query is None and file is None:
                _prompt(client, dialect=spoken, wanted=format_, output=output, **options)
            else:
                run(client, text_of(query, file), dialect=spoken, wanted=format_, output=output, **options)
    except KeyboardInterrupt:  # the server ends what nobody waits for
        click.echo("Stopped.", err=True)
        sys.exit(INTERRUPTED)


@sql.command(cls=Spoken)
@click.argument("name")
@click.argument("query", required=False)
@file_option
@click.option(
    "--param",
    "-p",
    "declared",
    multiple=True,
    help="What a :name is: n:int, n:int=5 with a default, city:Oslo|Bergen to choose from. Without a kind, text.",
)
@click.option("--cache", "cache_max_age", help="How long a result is served again, such as 10m; 0s is never.")
@click.option("--public/--private", default=None, help="Let every user of the server read and call it, or not.")
@dialect_option
@url_option
def save(
    name: str,
    query: str | None,
    file: Path | None,
    declared: tuple[str, ...],
    cache_max_age: str | None,
    dialect: str,
    url: str | None,
    *,
    public: bool | None,
) -> None:
    """Keep QUERY under NAME: it is an API from then on, as a udf is. `headrace udf run` and `share` take its name."""
    values = dict(_declared(one) for one in declared)
    with Client(url) as client:
        kept = client.save_sql(
            name,
            text_of(query, file),
            parameters=values,
            dialect=cast("Dialect", dialect),
            cache_max_age=cache_max_age,
            public=public,
        )
    click.echo(f"{kept['slug']} is kept, version {kept['version']}.")


def _declared(text: str) -> tuple[str, Any]:
    """The name of a value, and its type, its choices or its default."""
    head, equals, default = text.partition("=")
    name, colon, kind = head.partition(":")
    if not name.isidentifier():
        raise click.UsageError(f"{text!r} declares no value; write it as name:kind or name:kind=default.")
    if "|" in kind:
        return name, Literal[tuple(kind.split("|"))]
    known = KINDS.get(kind if colon else "text")
    if known is None:
        raise click.UsageError(f"{kind!r} is no kind of a value; there are {', '.join(KINDS)}, and a|b to choose from.")
    try:
        return name, known[1](default) if equals else known[0]
    except ValueError as wrong:
        raise click.UsageError(f"The default of {name} is no {kind}: {default!r}.") from wrong


def _prompt(client: Client, *, dialect: Dialect, **options: Any) -> None:  # noqa: ANN401 - of `run`
    """Read statements from a terminal, each until its semicolon, until the end of the input."""
    history = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "headrace" / "sql_history"
    with suppress(ImportError):
        import readline

        history.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(OSError):
            readline.read_history_file(history)
        readline.set_history_length(1000)
    click.secho(f"{client.url}, {dialect}. A statement ends with ;  Ctrl-D leaves.", dim=True, err=True)
    text = ""
    while True:
        try:
            line = input("sql> " if not text else "...> ")
        except EOFError:
            click.echo(err=True)
            break
        except KeyboardInterrupt:
            click.echo(err=True)
            text = ""
            continue
        if not text and line.strip().lower() in LEAVE:
            break
        text = f"{text}\n{line}" if text else line
        done, rest = statement.split(text, dialect)
        if rest.strip() or not done:
            text = text if text.strip() else ""
            continue
        for one in done:
            try:
                run(client, one, dialect=dialect, **options)
            except KeyboardInterrupt:
                click.echo("Stopped.", err=True)
            except (Failed, HeadraceError) as wrong:
                click.secho(wrong.message, err=True, fg="red")
                break
        text = ""
        with suppress(ImportError, OSError):
            import readline

            readline.write_history_file(history)
            history.chmod(0o600)
