"""Reference pages of the methods of a server, one of each resource, in Markdown: derived from its document."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from headrace.client.methods import Method, Methods, Schema, resolve
from headrace.client.signatures import signature

SHOWN = 1  # items of a list in an example


class Example(Struct, frozen=True):
    """A request that was made and its answer, as they went over the wire."""

    path: str
    body: Any
    status: int
    answer: Any


Examples = Mapping[str, Example]


def index(resources: Mapping[str, Methods]) -> str:
    """The page that leads to the others."""
    lines = ["# Reference", "", "Every method of the API, from the declaration of its operations.", ""]
    lines += ["| resource | methods |", "|---|---|"]
    for name in sorted(resources):
        count = len({id(method) for method in resources[name].values()})
        lines.append(f"| [{name}]({name}.md) | {count} |")
    return "\n".join(lines) + "\n"


def page(name: str, methods: Methods, definitions: Mapping[str, Schema], examples: Examples) -> str:
    """The page of one resource. `examples` are found by verb and path, such as `GET /users/{id}`."""
    found = list({id(method): method for method in methods.values()}.values())
    parts = [f"# {name}", _table(found)]
    parts += [_method(method, definitions, examples.get(f"{method.verb} {method.path}")) for method in found]
    shapes: dict[str, Schema] = {}
    for method in found:
        for schema in (method.returns, *(argument.schema for argument in method.arguments)):
            _gather(schema or {}, definitions, shapes)
    if shapes:
        parts.append("# Shapes")
        parts += [_shape(title, shapes[title], definitions) for title in sorted(shapes)]
    return "\n\n".join(parts) + "\n"


def _table(methods: list[Method]) -> str:
    lines = ["| method | operation | what it does |", "|---|---|---|"]
    for method in methods:
        later = " *(later)*" if method.later else ""
        lines.append(
            f"| [`{method.name}`](#{method.name}) | `{method.verb} {method.path}` | {_cell(method.summary)}{later} |"
        )
    return "\n".join(lines)


def _method(method: Method, definitions: Mapping[str, Schema], example: Example | None) -> str:
    parts = [
        f"## {method.name}",
        f"```python\nclient.{method.resource}.{method.name}{_signature(method)}\n```",
        f"`{method.verb} {method.path}`",
        method.summary + ".",
    ]
    if method.description:
        parts.append(method.description)
    if method.later:
        parts.append(f"*Not served yet: {method.later}*")
    if method.arguments:
        parts.append(_fields([(a.name, a.schema, a.place, a.required) for a in method.arguments], definitions))
    if method.returns is not None:
        parts.append(f"Gives {_kind(method.returns, definitions)}.")
    if example is not None:
        parts.append(_example(method, example))
    return "\n\n".join(parts)


def _signature(method: Method) -> str:
    given = signature(method)
    return str(given.replace(parameters=[one for name, one in given.parameters.items() if name != "self"]))


def _fields(fields: list[tuple[str, Schema, str, bool]], definitions: Mapping[str, Schema]) -> str:
    lines = ["| argument | in | type | what it is |", "|---|---|---|---|"]
    for name, schema, place, required in fields:
        must = "" if required else ", optional"
        kind = _kind(schema, definitions)
        lines.append(f"| `{name}` | {place} | {_cell(kind)}{must} | {_cell(schema.get('description') or '')} |")
    return "\n".join(lines)


def _shape(title: str, schema: Schema, definitions: Mapping[str, Schema]) -> str:
    lines = [f"## {title}", "", schema.get("description", ""), "", "| field | type | what it is |", "|---|---|---|"]
    for name, value in schema.get("properties", {}).items():
        found = resolve(value, definitions)
        about = "" if found.get("properties") else found.get("description") or ""
        lines.append(f"| `{name}` | {_cell(_kind(value, definitions))} | {_cell(about)} |")
    return "\n".join(lines)


def _gather(schema: Schema, definitions: Mapping[str, Schema], shapes: dict[str, Schema]) -> None:
    found = resolve(schema, definitions)
    if "items" in found:
        _gather(found["items"], definitions, shapes)
    title = found.get("title")
    if title and found.get("properties") and title not in shapes:
        shapes[title] = found
        for value in found["properties"].values():
            _gather(value, definitions, shapes)


def _kind(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    found = resolve(schema, definitions)
    if options := found.get("enum"):
        return " | ".join(f"`{option}`" if option else "empty" for option in options)
    kind = found.get("type", "object")
    if kind == "array":
        return f"list of {_kind(found.get('items', {}), definitions)}"
    if found.get("properties") and (title := found.get("title")):
        return f"[{title}](#{title.lower()})"
    form = found.get("format")
    return f"{kind} ({form})" if form else str(kind)


def _example(method: Method, example: Example) -> str:
    head = f"{method.verb} /api{example.path}"
    sent = f"\n\n{_json(example.body)}" if example.body is not None else ""
    answer = f"\n\n{_json(_short(example.answer))}" if example.answer is not None else ""
    return f"For example:\n\n```http\n{head}{sent}\n```\n\n```http\n{example.status}{answer}\n```"


def _short(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return value[:SHOWN] if isinstance(value, list) else value


def _json(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, indent=2, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def pages(
    resources: Mapping[str, Methods], definitions: Mapping[str, Schema], examples: Examples
) -> Iterator[tuple[str, str]]:
    """The name of each file and its text, the index first."""
    yield "README.md", index(resources)
    for name, methods in sorted(resources.items()):
        yield f"{name}.md", page(name, methods, definitions, examples)
