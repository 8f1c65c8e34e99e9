"""The operations as an OpenAPI 3.1 document: all dialects, with every status that an operation answers with."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from types import NoneType

from headrace.api.codec import Codec
from headrace.api.operation import WRITING, Operation, Parameter
from headrace.api.router import Mount
from headrace.api.spec.schemas import Schema, Schemas, response_type
from headrace.api.spec.swagger2 import description_of
from headrace.model.page import Page

JSON = "application/json"
SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key; `headrace keys create` makes one."},
    "basic": {"type": "http", "scheme": "basic", "description": "An API key as the user name, no password."},
}


def document(mounts: Sequence[Mount], *, title: str, version: str, url: str, description: str = "") -> Schema:
    """The document of every operation of a server that people reach at `url`."""
    operations = [operation for mount in mounts for operation in mount.operations]
    schemas = Schemas(operations, [mount.codec.error_model for mount in mounts], "#/components/schemas/{name}")
    names = Counter(operation.name for operation in operations)
    paths: dict[str, Schema] = defaultdict(dict)
    for mount in mounts:
        for operation in mount.operations:
            path = mount.prefix.rstrip("/") + operation.path
            shown = _operation(operation, mount.codec, schemas)
            shown["operationId"] = operation.name if names[operation.name] == 1 else _long_name(operation.method, path)
            paths[path][operation.method.lower()] = shown
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": url}],
        "security": [{name: []} for name in SECURITY],
        "tags": [{"name": name} for name in dict.fromkeys(tag for o in operations for tag in o.tags)],
        "paths": dict(paths),
        "components": {"schemas": schemas.named, "securitySchemes": SECURITY},
    }


def _operation(operation: Operation, codec: Codec, schemas: Schemas) -> Schema:
    shown: Schema = {
        "summary": operation.summary,
        "tags": list(operation.tags),
        "parameters": [
            *(_parameter(p, "path", schemas) for p in operation.in_path),
            *(_parameter(p, "query", schemas) for p in operation.in_query),
        ],
        "responses": _responses(operation, codec, schemas),
    }
    if operation.description:
        shown["description"] = operation.description
    if operation.later:
        shown["x-headrace-later"] = operation.later
    if operation.public:
        shown["security"] = []
    if operation.body is not None:
        shown["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas[operation.body]}}}
    return shown


def _parameter(parameter: Parameter, place: str, schemas: Schemas) -> Schema:
    schema = _never_null(schemas[parameter.type])
    if not parameter.required and parameter.default is not None:
        schema.setdefault("default", parameter.default)
    shown: Schema = {"name": parameter.name, "in": place, "required": parameter.required, "schema": schema}
    if description := description_of(schema):
        shown["description"] = description
    return shown


def _never_null(schema: Schema) -> Schema:
    """A schema without its alternative null: what is not given is left out of a path or a query."""
    kept = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if not kept:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return rest | (kept[0] if len(kept) == 1 else {"anyOf": kept})


def _responses(operation: Operation, codec: Codec, schemas: Schemas) -> Schema:
    responses: Schema = {}
    for status in (operation.status, *operation.statuses):
        responses[str(status)] = {"description": HTTPStatus(status).phrase} | _content(operation, codec, schemas)
    error = {JSON: {"schema": schemas[codec.error_model]}}
    for status in _errors(operation):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": error}
    responses["default"] = {"description": "Any other error", "content": error}
    return responses


def _content(operation: Operation, codec: Codec, schemas: Schemas) -> Schema:
    if operation.raw:
        return {"content": {media_type: {} for media_type in operation.media_types}}
    if operation.returns is NoneType:
        return {}
    shown: Schema = {"content": {JSON: {"schema": schemas[response_type(operation)]}}}
    if operation.paged and (headers := codec.paging(Page(), 0)):
        shown["headers"] = {name: {"schema": {"type": "integer"}} for name in headers}
    return shown


def _errors(operation: Operation) -> Iterable[int]:
    if operation.in_path or operation.in_query or operation.body is not None or operation.raw:
        yield from (400, 422)
    if not operation.public:
        yield from (401, 403)
    if operation.in_path:
        yield 404
    if operation.method in WRITING:
        yield 409
    if operation.body is not None:
        yield from (408, 413)
    if operation.later:
        yield 501


def _long_name(method: str, path: str) -> str:
    words = (segment.strip("{}") for segment in path.split("/") if segment)
    return "_".join([method.lower(), *words])
