"""A whole server under requests made up from its own document: none breaks it, and every answer is as documented."""

from copy import deepcopy

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from conftest import LIMITS, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own, since nobody knows what all these requests leave behind."""
    with serving(tmp_path_factory.mktemp("live") / "home", **LIMITS) as one:
        yield one


@pytest.fixture(scope="module")
def document(server):
    return httpx.get(f"{server.url}/openapi.json").json()


def test_the_document_of_a_whole_server_is_valid(document):
    validate(document)
    tags = {tag for verbs in document["paths"].values() for operation in verbs.values() for tag in operation["tags"]}
    assert {"users", "udfs", "runs", "calls", "machines"} <= tags


def test_every_operation_of_the_document_is_there(document, server):
    with httpx.Client(base_url=server.url) as http:
        for path, verbs in document["paths"].items():
            response = http.options(path.replace("{", "1").replace("}", ""))
            assert {verb.upper() for verb in verbs} <= set(response.headers["allow"].split(", ")), path


def test_requests_made_up_from_the_document_do_not_break_the_server(document, server):
    """The resource API has its own test, which looks at more."""
    schema = schemathesis.openapi.from_dict(deepcopy(document))  # which it writes into
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            if path.startswith("/api/") or "not served yet" in operation["tags"]:
                continue
            for mode in GenerationMode:
                send_some(schema[path][verb.upper()], mode, server)


def send_some(operation, mode, server):
    conformance = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case):
        response = case.call(base_url=server.url, headers={"Authorization": f"Bearer {server.admin_key}"}, timeout=60)
        assert response.status_code < 500, response.text
        case.validate_response(response, checks=conformance)

    try:
        send()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # an operation that takes nothing cannot be asked wrongly
