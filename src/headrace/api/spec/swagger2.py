"""The operations as a Swagger 2.0 document, from which published clients build their methods at run time.

Those clients demand more than the standard (Civis protocol notes 2.2): every parameter and property has one plain
`type`, unions and null do not exist (`x-nullable` tells), bodies are objects with `properties`, the first response
is the one documented, and a response without a schema has a description.
"""

from collections import defaultdict
from collections.abc import Sequence
from types import NoneType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headrace.api.operation import Operation, Parameter
from headrace.api.spec.schemas import Schema, Schemas, response_type

DROPPED = frozenset({"$defs", "const", "examples", "exclusiveMinimum", "exclusiveMaximum", "prefixItems"})
OF_PARAMETERS = frozenset(
    {"type", "format", "items", "enum", "default", "minimum", "maximum", "minLength", "maxLength", "pattern"}
)


def document(
    operations: Sequence[Operation], *, title: str, version: str, url: str, error: type[msgspec.Struct]
) -> Schema:
    """The document of the operations that speak JSON, served under `url`; errors look like `error`."""
    shown = [operation for operation in operations if not operation.raw]
    schemas = Schemas(shown, [error], "#/definitions/{name}")
    paths: dict[str, Schema] = defaultdict(dict)
    for operation in shown:
        paths[operation.path][operation.method.lower()] = _operation(operation, schemas, error)
    at = urlsplit(url)
    return {
        "swagger": "2.0",
        "info": {"title": title, "version": version},
        "host": at.netloc,
        "basePath": at.path or "/",
        "schemes": [at.scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"basic": {"type": "basic", "description": "An API key as the user name."}},
        "security": [{"basic": []}],
        "paths": dict(paths),
        "definitions": {name: downgrade(schema) for name, schema in schemas.named.items()},
    }


def downgrade(schema: Any) -> Any:  # noqa: ANN401 - a schema, or a value inside one
    """JSON Schema 2020-12 as the part of it that Swagger 2.0 knows: one type, no unions, no null."""
    if isinstance(schema, list):
        return [downgrade(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if options := schema.get("anyOf"):
        rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
        kept = [option for option in options if option.get("type") != "null"]
        nullable = {"x-nullable": True} if len(kept) < len(options) else {}
        # Of several, the first: the others are spellings that are taken besides.
        return downgrade(rest | kept[0]) | nullable
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    if len(schema.get("allOf", ())) == 1:
        return downgrade(schema["allOf"][0])
    lowered = {key: value for key, value in schema.items() if key not in DROPPED and not _is_null(key, value)}
    if "const" in schema:
        lowered["enum"] = [schema["const"]]
    if "enum" in lowered:
        lowered["enum"] = [value for value in lowered["enum"] if value is not None]
    if "properties" in lowered:
        lowered["properties"] = {name: downgrade(value) for name, value in lowered["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in lowered:
            lowered[key] = downgrade(lowered[key])
    return {"type": "string" if "enum" in lowered else "object"} | lowered


def _operation(operation: Operation, schemas: Schemas, error: type[msgspec.Struct]) -> Schema:
    parameters = [_parameter(p, "path", schemas) for p in operation.in_path]
    parameters += [_parameter(p, "query", schemas) for p in operation.in_query]
    if operation.body is not None:
        required = any(f.required for f in msgspec.structs.fields(operation.body))
        body = downgrade(schemas[operation.body])
        parameters.append({"name": "Body", "in": "body", "required": required, "schema": body})
    success: Schema = {"description": "success"}
    if operation.returns is not NoneType:
        success["schema"] = downgrade(schemas[response_type(operation)])
    wrong = downgrade(schemas[error])
    later = {"x-headrace-later": operation.later} if operation.later else {}
    unserved = {"501": {"description": operation.later, "schema": wrong}} if operation.later else {}
    return {
        "summary": operation.summary,
        "description": operation.description or operation.summary,
        "operationId": operation.name,
        "tags": list(operation.tags),
        "deprecated": False,
        **later,
        "parameters": parameters,
        "responses": {
            str(operation.status): success,
            **unserved,
            "default": {"description": "error", "schema": wrong},
        },
    }


def _parameter(parameter: Parameter, place: str, schemas: Schemas) -> Schema:
    schema = schemas[parameter.type]
    lowered = downgrade(schema)
    shown = {"name": parameter.name, "in": place, "required": parameter.required}
    if description := description_of(schema):
        shown["description"] = description
    if not parameter.required and parameter.default is not None:
        lowered.setdefault("default", parameter.default)
    if lowered.get("type") == "array":
        shown["collectionFormat"] = "multi"
    return shown | {key: value for key, value in lowered.items() if key in OF_PARAMETERS}


def description_of(schema: Schema) -> str | None:
    """What a schema, or one of its alternatives, says of itself."""
    found = (s["description"] for s in (schema, *schema.get("anyOf", ())) if "description" in s)
    return next(found, None)


def _is_null(key: str, value: object) -> bool:
    return key == "default" and value is None
