"""The documents that are derived from the declared operations."""

import asyncio
import json
import re
from typing import Any

import httpx
import msgspec
import pytest
from openapi_spec_validator import validate

from headrace.api.codec import PlainJson
from headrace.api.operation import describe
from headrace.api.router import Mount, Router
from headrace.api.spec import openapi31, swagger2
from headrace.api.spec.routes import spec_operations


class Nested(msgspec.Struct):
    at: float | None = None


class Rich(msgspec.Struct):
    name: str
    note: str | None = None
    number: int | str = 0
    nested: Nested | None = None
    many: list[Nested] = []
    free: dict[str, Any] | None = None
    whatever: Any = None


def put_rich(call: Any, name: str, body: Rich, *, dry: bool = False, tags: list[str] | None = None) -> Rich:
    """Put something rich.

    With more to say.
    """


def forget(call: Any) -> None:
    """Forget."""


OPERATIONS = [describe("PUT", "/rich/{name}", put_rich), describe("DELETE", "/rich", forget)]


@pytest.fixture
def swagger():
    return swagger2.document(
        OPERATIONS, title="T", version="1", url="https://example.org:1/api", error=PlainJson.error_model
    )


def schemas_in(value):
    """Every schema inside a document."""
    if isinstance(value, list):
        for item in value:
            yield from schemas_in(item)
    elif isinstance(value, dict):
        if "type" in value or "$ref" in value:
            yield value
        for item in value.values():
            yield from schemas_in(item)


def test_swagger_has_one_plain_type_everywhere_and_no_unions(swagger):
    text = json.dumps(swagger)
    assert not re.search(r'"(anyOf|oneOf|allOf|const|\$defs)"', text)
    for schema in schemas_in(swagger["paths"]):
        assert "$ref" in schema or schema["type"] in {
            "array", "object", "integer", "number", "string", "boolean", "basic",
        }  # fmt: skip
    for definition in swagger["definitions"].values():
        for field in definition["properties"].values():
            assert "$ref" in field or field["type"] in {"array", "object", "integer", "number", "string", "boolean"}


def test_swagger_marks_what_may_be_null(swagger):
    fields = swagger["definitions"]["Rich"]["properties"]
    assert fields["note"] == {"type": "string", "x-nullable": True}
    assert fields["nested"] == {"$ref": "#/definitions/Nested", "x-nullable": True}
    assert fields["number"]["type"] == "integer"  # of several the first
    assert "x-nullable" not in fields["name"]


def test_swagger_says_where_each_value_goes(swagger):
    put = swagger["paths"]["/rich/{name}"]["put"]
    places = [(p["name"], p["in"], p["required"]) for p in put["parameters"]]
    assert places == [("name", "path", True), ("dry", "query", False), ("tags", "query", False), ("Body", "body", True)]
    assert put["summary"] == "Put something rich"
    assert put["description"] == "With more to say."
    assert (swagger["host"], swagger["basePath"], swagger["schemes"]) == ("example.org:1", "/api", ["https"])


def test_the_first_response_is_the_good_one_and_has_a_description(swagger):
    for verbs in swagger["paths"].values():
        for operation in verbs.values():
            first = next(iter(operation["responses"]))
            assert first in {"200", "204"}
            assert operation["responses"][first]["description"]


def test_swagger_says_what_is_not_served_after_what_it_would_answer(operations):
    document = swagger2.document(operations, title="T", version="1", url="http://test", error=PlainJson.error_model)
    spin = document["paths"]["/things/{id}/spin"]["post"]
    assert spin["x-headrace-later"] == spin["responses"]["501"]["description"] == "Things spin once there are wheels."
    assert list(spin["responses"]) == ["201", "501", "default"]
    assert spin["responses"]["201"]["schema"] == {"$ref": "#/definitions/Thing"}
    measure = document["paths"]["/wheels/{id}/measures"]["get"]
    assert (measure["x-headrace-later"], measure["tags"]) == ("Wheels come later.", ["wheels"])
    assert "x-headrace-later" not in document["paths"]["/things/{id}"]["get"]


def test_openapi_is_valid_and_tells_errors_security_and_raw_operations(operations):
    mounts = [Mount("/api", operations, PlainJson()), Mount("/other", OPERATIONS, PlainJson())]
    document = openapi31.document(mounts, title="T", version="1", url="http://test")
    validate(document)
    get = document["paths"]["/api/things/{id}"]["get"]
    assert {"200", "401", "404", "422", "default"} <= set(get["responses"])
    assert get["responses"]["404"]["content"]["application/json"]["schema"]["$ref"].endswith("/Detail")
    assert document["paths"]["/api/things/open"]["get"]["security"] == []
    assert "text/plain" in document["paths"]["/api/things/raw/{name}"]["get"]["responses"]["200"]["content"]
    assert document["paths"]["/other/rich"]["delete"]["responses"]["204"]
    limit = next(p for p in document["paths"]["/api/things"]["get"]["parameters"] if p["name"] == "limit")
    assert limit["schema"]["maximum"] == 1000
    assert limit["schema"]["default"] == 20
    spin = document["paths"]["/api/things/{id}/spin"]["post"]
    assert spin["x-headrace-later"] == "Things spin once there are wheels."
    assert spin["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("/Thing")
    assert spin["responses"]["501"]["content"]["application/json"]["schema"]["$ref"].endswith("/Detail")
    assert document["paths"]["/api/wheels/{id}/measures"]["get"]["x-headrace-later"] == "Wheels come later."
    assert "501" not in get["responses"]
    names = [o["operationId"] for verbs in document["paths"].values() for o in verbs.values()]
    assert len(set(names)) == len(names)


def test_operations_of_one_name_get_ids_of_their_own():
    def get_thing(call: Any) -> None:
        """Get."""

    mounts = [Mount(prefix, [describe("GET", "/x", get_thing)], PlainJson()) for prefix in ("/a", "/b")]
    document = openapi31.document(mounts, title="T", version="1", url="http://test")
    assert [document["paths"][p]["get"]["operationId"] for p in ("/a/x", "/b/x")] == ["get_a_x", "get_b_x"]


def test_the_page_and_the_document_are_served_to_all(rim):
    mounts = [Mount("/api", OPERATIONS, PlainJson())]
    shown = spec_operations(mounts, title="T", version="1", url="http://test")
    app = Router([*mounts, Mount("/", shown, PlainJson())], rim)

    async def go():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
            page, document = await client.get("/docs"), await client.get("/openapi.json")
            again = await client.get("/openapi.json", headers={"If-None-Match": document.headers["etag"]})
            return page, document, again

    page, document, again = asyncio.run(go())
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r'(src|href)="?https?://', page.text)
    assert "/api/rich" in document.json()["paths"]
    assert again.status_code == 304


def test_a_function_without_a_docstring_is_refused_at_the_start():
    def silent(call: Any) -> None:
        pass

    with pytest.raises(TypeError, match="no docstring"):
        describe("GET", "/x", silent)


def test_a_name_in_the_path_that_the_function_does_not_take_is_refused_at_the_start():
    with pytest.raises(TypeError, match="takes no argument called other"):
        describe("DELETE", "/rich/{other}", forget)


def test_an_argument_without_a_type_is_refused_at_the_start():
    def untyped(call, name):
        """Answer."""

    with pytest.raises(TypeError, match="has no type"):
        describe("GET", "/x", untyped)
