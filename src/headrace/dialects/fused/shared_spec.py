"""The calls that one token opens, as an OpenAPI 3.1 document: the udf's own parameters, formats and answers."""

from typing import Any

from headrace.formats import FORMATS
from headrace.services.descriptions import Description, Opened, Parameter

Schema = dict[str, Any]

TYPES: dict[str, Schema] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "json": {"type": "string", "contentMediaType": "application/json"},
}
HEADERS: Schema = {
    "Headrace-Run-Id": {"description": "The run that made the answer.", "schema": {"type": "string"}},
    "Headrace-Cache": {
        "description": "Whether it was kept from before.",
        "schema": {"type": "string", "enum": ["hit", "miss", "off"]},
    },
    "Server-Timing": {"description": "Where the time went, in milliseconds.", "schema": {"type": "string"}},
}
COORDINATES = [
    {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}} for name in "zxy"
]


def document(opened: Opened, described: Description, url: str) -> Schema:
    """The document of what is under `url`, the address of a token."""
    own = [_parameter(p) for p in described.parameters if p.name != described.place]
    place = [_parameter(p) for p in described.parameters if p.name == described.place]
    run = {
        "operationId": "run",
        "summary": f"Call {opened.udf.slug}",
        "description": described.doc,
        "parameters": [*own, *place, _formats([n for n in FORMATS.names if n != "mvt"]), *REST],
        "responses": _responses([n for n in FORMATS.names if n != "mvt"]),
    }
    tile = {
        "operationId": "tile",
        "summary": f"Call {opened.udf.slug} for a map tile (Web Mercator, XYZ)",
        "description": described.doc,
        "parameters": [*COORDINATES, *own, _formats(["png", "webp", "jpeg", "mvt"]), *REST],
        "responses": _responses([n for n in ("png", "webp", "jpeg", "mvt") if n in FORMATS.names]),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": opened.udf.slug,
            "version": str(opened.udf.version),
            "description": described.doc,
            **({"contact": {"name": opened.owner}} if opened.owner else {}),
        },
        "servers": [{"url": url}],
        "paths": {"/run": {"get": run}, "/run/tiles/{z}/{x}/{y}": {"get": tile}},
        "components": {
            "schemas": {
                "Failure": {
                    "type": "object",
                    "required": ["detail"],
                    "properties": {"detail": {"type": "string", "description": "What went wrong, in a sentence."}},
                }
            }
        },
    }


def _parameter(parameter: Parameter) -> Schema:
    schema: Schema = dict(TYPES.get(parameter.kind, {"type": "string"}))
    if parameter.choices:
        schema["enum"] = parameter.choices
    if parameter.default is not None:
        schema["default"] = _value(parameter)
    told = [parameter.annotation, parameter.wants]
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": ": ".join(filter(None, told)),
        "schema": schema,
    }


def _value(parameter: Parameter) -> object:
    """The default as its schema's type."""
    text = parameter.default or ""
    try:
        match parameter.kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return text == "true"
            case _:
                return text
    except ValueError:
        return text


def _formats(names: list[str]) -> Schema:
    known = [name for name in names if name in FORMATS.names]
    return {
        "name": "format",
        "in": "query",
        "description": "Formats in order of preference, separated by commas.",
        "schema": {"type": "string", "examples": known},
    }


REST: list[Schema] = [
    {
        "name": "cache_max_age",
        "in": "query",
        "description": "How old a kept result may be: seconds, or 15m, 2h, 1d; 0 neither reads nor keeps.",
        "schema": {"type": "string"},
    }
]


def _responses(names: list[str]) -> Schema:
    types = dict.fromkeys(FORMATS[name].media_type for name in names)
    failure = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
    return {
        "200": {"description": "The result.", "headers": HEADERS, "content": {media_type: {} for media_type in types}},
        "403": {"description": "The token is switched off or has expired.", "content": failure},
        "404": {"description": "The token opens nothing here.", "content": failure},
        "422": {
            "description": "An argument does not fit, or the function raised.",
            "headers": {"x-fused-metadata": {"description": "Output and error.", "schema": {"type": "string"}}},
            "content": failure,
        },
        "429": {"description": "Too many calls wait; try again in a moment.", "content": failure},
    }
