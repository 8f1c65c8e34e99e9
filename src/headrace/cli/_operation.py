"""One operation of a server as a command: what it takes, and how its answer is shown."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from headrace.cli._answers import show
from headrace.client.casing import kebab
from headrace.client.methods import Argument, Method, Schema
from headrace.client.specification import Specification

JSON_OPTION = "--json"
ALL_OPTION = "--all"
KINDS = {"array": list, "object": dict}
EXAMPLES = {"array": "[1, 2]", "object": '{"a": 1}'}


class JsonText(click.ParamType[Any]):
    """A list or an object: JSON text, or @file for a file of it, or @- for what is piped in."""

    def __init__(self, schema: Schema) -> None:
        self.wanted = "array" if schema.get("type") == "array" else "object"
        self.name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """The value of the text."""
        if not isinstance(value, str):
            return value
        try:
            found = json.loads(_content(value))
        except (ValueError, OSError) as wrong:
            self.fail(f"it wants JSON, or @file, and could not be read: {wrong}.", param, ctx)
        if not isinstance(found, KINDS[self.wanted]):
            self.fail(f"it wants a JSON {self.wanted}, such as {EXAMPLES[self.wanted]}.", param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Files, after an @."""
        return [CompletionItem(incomplete[1:], type="file")] if incomplete.startswith("@") else []


class Nullable(click.ParamType[Any]):
    """A value of another type, or the word null, which is not the same as leaving it out."""

    def __init__(self, type_: click.ParamType[Any]) -> None:
        self.type_ = type_
        self.name = type_.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """The value, or NULL for the word: None is what click gives where it was left out."""
        return NULL if value == "null" or value is NULL else self.type_.convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """What the type completes."""
        return self.type_.shell_complete(ctx, param, incomplete)


class _Null:
    pass


NULL = _Null()


def command(name: str, method: Method, found: Specification) -> click.Command:
    """The command of a method."""

    def run(**given: Any) -> None:  # noqa: ANN401 - as the parameters say
        from headrace.client import Client

        as_json = given.pop("as_json_", False)
        every = given.pop("every_page_", False)
        values = {key: None if value is NULL else value for key, value in given.items() if value is not None}
        with Client(
            click.get_current_context().meta["headrace.url"], return_type="raw", local_api_spec=found
        ) as client:
            call = getattr(client.resource(method.resource), method.name)
            if every:
                answer, headers = list[Any](call(**values, iterator=True)), dict[str, str]()
            else:
                raw = call(**values)
                answer, headers = raw.json() if raw.content else None, raw.headers
        show(answer, method, found.definitions, headers, as_json=as_json)

    taken = {argument.name for argument in (*method.required, *method.optional)}
    parameters: list[click.Parameter] = [_argument(one) for one in method.required]
    parameters += [_option(one) for one in method.optional]
    parameters += _own(method, taken)
    help_ = "\n\n".join([method.summary.rstrip(".") + ".", method.description, _explained(method)]).strip()
    return click.Command(name, params=parameters, callback=run, help=help_, short_help=method.summary)


def _own(method: Method, taken: set[str]) -> list[click.Parameter]:
    """Options of ours, but for those whose names the operation has."""
    own: list[click.Parameter] = []
    if "json" not in taken:
        own.append(
            click.Option([JSON_OPTION, "as_json_"], is_flag=True, help="Print what the server answers, as JSON.")
        )
    if method.pageable and "all" not in taken:
        own.append(click.Option([ALL_OPTION, "every_page_"], is_flag=True, help="Give all pages instead of one."))
    return own


def _argument(argument: Argument) -> click.Argument:
    return click.Argument([argument.name], type=_type(argument.schema), metavar=kebab(argument.name).upper())


def _option(argument: Argument) -> click.Option:
    name, schema = kebab(argument.name), argument.schema
    told = argument.description
    if "default" in schema:
        told = f"{told} The server's default is {_shown(schema['default'])}.".strip()
    if schema.get("type") == "boolean":
        return click.Option([f"--{name}/--no-{name}", argument.name], default=None, help=told)
    return click.Option([f"--{name}", argument.name], type=_type(schema), help=told)


def _type(schema: Schema) -> click.ParamType[Any]:
    type_: click.ParamType[Any]
    if options := schema.get("enum"):
        type_ = click.Choice([str(option) for option in options])
    else:
        match schema.get("type"):
            case "integer":
                type_ = click.INT
            case "number":
                type_ = click.FLOAT
            case "boolean":
                type_ = click.BOOL
            case "array" | "object":
                type_ = JsonText(schema)
            case _:
                type_ = click.STRING
    # The word null as a text is a text, unless it cannot be one.
    told = schema.get("type") != "string" or "format" in schema or "enum" in schema
    return Nullable(type_) if schema.get("x-nullable") and told else type_


def _explained(method: Method) -> str:
    """What the arguments are, for click tells that of options alone."""
    told = {kebab(one.name).upper(): one.description for one in method.required if one.description}
    width = max(map(len, told), default=0)
    return "\b\n" + "\n".join(f"{name:{width}}  {text}" for name, text in told.items()) if told else ""


def _content(text: str) -> str:
    if not text.startswith("@"):
        return text
    return sys.stdin.read() if text == "@-" else Path(text[1:]).read_text()


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
