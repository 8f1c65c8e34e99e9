"""What a server answered, for a person: a list as a table, an object as its fields, or as JSON for a program."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from headrace.client.casing import snake
from headrace.client.methods import Method, Schema, resolve

NARROWEST = 6  # characters of a column whose content is shortened
WIDEST = 48
GAP = 3  # characters between two columns


def show(
    answer: Any,  # noqa: ANN401 - any JSON value
    method: Method,
    definitions: Mapping[str, Schema],
    headers: Mapping[str, str],
    *,
    as_json: bool,
) -> None:
    """Print an answer."""
    if as_json:
        if answer is not None:
            click.echo(json.dumps(answer, ensure_ascii=False))
    elif answer is None:
        click.secho("Done.", dim=True, err=True)
    elif isinstance(answer, list):
        item = resolve((method.returns or {}).get("items"), definitions)
        _table(answer, list(item.get("properties", {})), _where(answer, headers))
    elif isinstance(answer, dict):
        _fields(answer)
    else:
        click.echo(_text(answer))


def _table(rows: Sequence[Any], declared: Sequence[str], caption: str) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console(highlight=False)
    if not all(isinstance(row, dict) for row in rows):
        for row in rows:
            click.echo(_text(row))
        return
    columns, left_out = choose(rows, declared, console.width)
    shown = Table(
        *(Column(snake(name), overflow="ellipsis", no_wrap=True) for name in columns), box=None, pad_edge=False
    )
    shown.padding = (0, GAP, 0, 0)
    for row in rows:
        shown.add_row(*(Text(_text(row.get(name))) for name in columns))
    if rows:
        console.print(shown)
    more = f"; {left_out} more fields with --json" if left_out else ""
    click.secho(caption + more, dim=True, err=True)


def choose(rows: Sequence[dict[str, Any]], declared: Sequence[str], width: int) -> tuple[list[str], int]:
    """The fields of a table, as many as the width takes, and how many are left out.

    Fields come as they are declared. Those that hold nothing, or more than one line of text, are left out first.
    """
    names = list(dict.fromkeys([*declared, *(name for row in rows for name in row)]))
    chosen: list[str] = []
    room = width
    for name in names:
        values = [row.get(name) for row in rows]
        if all(value in (None, "", [], {}) for value in values) or any(isinstance(v, (dict, list)) for v in values):
            continue
        wide = min(WIDEST, max(len(snake(name)), *(len(_text(value)) for value in values)))
        if wide > room:
            break
        chosen.append(name)
        room -= wide + GAP
    return chosen or names[:1], len(names) - len(chosen or names[:1])


def _fields(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    heads = Column(style="bold", no_wrap=True), Column(overflow="fold")
    shown = Table(*heads, box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    for name, value in answer.items():
        shown.add_row(snake(name), Text(_whole(value)))
    Console(highlight=False).print(shown)


def _whole(value: Any) -> str:  # noqa: ANN401
    """A value on as many lines as it takes; lists and objects as JSON."""
    if isinstance(value, str):
        return value
    line = _text(value)
    return line if len(line) <= WIDEST else json.dumps(value, indent=2, ensure_ascii=False)


def _text(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return ""
    return " ".join(value.split("\n")) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _where(rows: Sequence[Any], headers: Mapping[str, str]) -> str:
    count = f"{len(rows)} row{'' if len(rows) == 1 else 's'}"
    names = ("total-entries", "current-page", "total-pages")
    total, page, pages = (headers.get(f"x-pagination-{name}") for name in names)
    if not total or int(total) <= len(rows):
        return count
    return f"{count} of {total}, page {page} of {pages}"
