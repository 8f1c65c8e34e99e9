"""`headrace api`: every operation of a server as a command, made of the server's own document.

The document is kept beside the profile with the server's address and its entity tag: a command asks whether it is the
same still, and completing a word asks nobody.
"""

from hashlib import blake2b
from pathlib import Path
from typing import Any

import click

from headrace.cli._operation import command
from headrace.client import profile, specification
from headrace.client.casing import kebab
from headrace.client.methods import Method, Methods
from headrace.client.profile import Profile
from headrace.client.specification import Specification
from headrace.errors import HeadraceError

url_option = click.option("--url", help="The server (HEADRACE_URL, or what `headrace login headrace` wrote).")


class Server(click.Group):
    """The resources of a server as commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every resource."""
        return sorted(kebab(name) for name in document(ctx).resources)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The resource of that name."""
        found = document(ctx).resources.get(_snake(cmd_name))
        return None if found is None else _Operations(cmd_name, found)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The same; a name that is not there is told with those that are."""
        return _resolved(super(), ctx, args, "resource")


class _Operations(click.Group):
    """The methods of a resource as commands."""

    def __init__(self, name: str, methods: Methods) -> None:
        own = sum(1 for key, method in methods.items() if key == method.name)
        noun = name.replace("-", " ").capitalize()
        told = f"{noun}: {own} operation{'' if own == 1 else 's'}."
        super().__init__(
            name,
            help=told,
            callback=click.pass_context(_overview),
            invoke_without_command=True,
            subcommand_metavar="[METHOD [ARGUMENTS]...]",
        )
        self._methods = methods

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every method under its own name."""
        return sorted(kebab(key) for key, method in self._methods.items() if key == method.name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The method of that name, or of its other one."""
        method: Method | None = self._methods.get(_snake(cmd_name))
        return None if method is None else command(cmd_name, method, document(ctx))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The same; a name that is not there is told with those that are."""
        return _resolved(super(), ctx, args, "method")


@click.group(cls=Server, invoke_without_command=True, subcommand_metavar="[RESOURCE [METHOD [ARGUMENTS]...]]")
@url_option
@click.pass_context
def api(ctx: click.Context, url: str | None) -> None:
    """Every operation of the server, such as `headrace api users get 1`.

    Required arguments come in their order, the others as options. Lists and objects are JSON, or @file. Without a
    method the methods of a resource are shown, and `--help` after a method tells what it takes.
    """
    _overview(ctx)


def document(ctx: click.Context) -> Specification:
    """The document of the server that a command is for; asked for once. Raises Failed, Invalid."""
    if "headrace.specification" not in ctx.meta:
        known = profile.load(_url(ctx))
        ctx.meta["headrace.url"] = known.url
        ctx.meta["headrace.specification"] = _document(known, completing=ctx.resilient_parsing)
    return ctx.meta["headrace.specification"]


def _overview(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _document(known: Profile, *, completing: bool) -> Specification:
    file = _file(known.url)
    kept = specification.kept_in(file, known.url)
    if completing and kept is not None:
        return kept
    from headrace.client import Client

    try:
        with Client(known.url, known.api_key, timeout=2 if completing else 130) as client:
            found = specification.fetch(client.send, known.url, kept, 0 if completing else specification.ATTEMPTS)
    except HeadraceError:
        if completing:
            return Specification({"paths": {}})
        raise
    if found is not kept:
        specification.write(found, known.url, file)
    return found


def _file(url: str) -> Path:
    digest = blake2b(url.encode(), digest_size=6).hexdigest()
    return profile.path().parent / f"operations-{digest}.json"


def _url(ctx: click.Context) -> str | None:
    while ctx.parent is not None and not isinstance(ctx.command, Server):
        ctx = ctx.parent
    return ctx.params.get("url")


def _snake(name: str) -> str:
    return name.replace("-", "_")


def _resolved(
    group: Any,  # noqa: ANN401 - what `super()` gives
    ctx: click.Context,
    args: list[str],
    noun: str,
) -> tuple[str | None, click.Command | None, list[str]]:
    try:
        return group.resolve_command(ctx, args)
    except click.UsageError:
        names = ctx.command.list_commands(ctx) if isinstance(ctx.command, click.Group) else []
        raise click.UsageError(f"There is no {noun} {args[0]!r}; there are {', '.join(names)}.", ctx) from None
