"""Requests that a machine makes up from the specification: none may break the server, every answer is documented."""

import re
from datetime import UTC, datetime

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from headrace.api.router import Mount
from headrace.api.spec import openapi31
from headrace.dialects import civis

MOUNTS = [Mount(civis.PREFIX, civis.operations("http://test"), civis.CODEC)]
DOCUMENT = openapi31.document(MOUNTS, title="T", version="1", url="http://test")
OPERATIONS = [(path, verb) for path, verbs in DOCUMENT["paths"].items() for verb in verbs]
LATER = [(path, verb) for path, verb in OPERATIONS if "x-headrace-later" in DOCUMENT["paths"][path][verb]]
SERVED = [one for one in OPERATIONS if one not in LATER]
# What is right for them, no schema says: a text that holds JSON, a URL of the form that its type has.
BEYOND_SCHEMAS = {
    ("/api/credentials", "get"),
    ("/api/credentials", "post"),
    ("/api/credentials/authenticate", "post"),
    ("/api/credentials/{id}", "patch"),
    ("/api/credentials/{id}", "put"),
    ("/api/credentials/{id}/temporary", "post"),
    ("/api/databases/{id}/whitelist-ips", "post"),
    ("/api/json_values", "post"),
    ("/api/json_values/{id}", "patch"),
    ("/api/remote_hosts", "post"),
    ("/api/remote_hosts/{id}/authenticate", "post"),
    ("/api/remote_hosts/{id}/data_sets", "get"),
    ("/api/udfs", "post"),  # whose code may be SQL, which is read
    ("/api/udfs/{id}", "put"),
    ("/api/udfs/{id}", "patch"),
}
# So it is of scripts: names of time zones, parts of schedules and parameters that do not go together.
WRITES = [("", "post"), ("/{id}", "put"), ("/{id}", "patch")]
SCRIPTS = ["", *(f"/{kind}" for kind in ("sql", "python3", "r", "javascript", "containers", "custom"))]
BEYOND_SCHEMAS |= {(f"/api/scripts{kind}{rest}", verb) for kind in SCRIPTS for rest, verb in WRITES}
# 413 is an answer to bad data too: what is too long by far is not read at all.
REJECTIONS = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, "5xx"]
CONFIG = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REJECTIONS}}})
# What expires does so in the future, which no schema says either.
MOMENTS = st.datetimes(min_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - what it wants
schemathesis.openapi.format("date-time", MOMENTS.map(datetime.isoformat))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
SCHEMA.config.generation.update(allow_x00=False)  # NUL is refused everywhere, which no schema says


# Twenty nouns have these by one function each.
TRAITS = re.compile(r"/(shares|projects|dependencies|transfer|archive|runs|logs|outputs)\b")


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "verb"), SERVED)
def test_requests_made_up_from_the_specification_are_answered_as_it_says(request, path, verb, mode):
    # Users and keys may be made up that are the very ones who ask.
    app = request.getfixturevalue("app" if path.startswith("/api/users") else "one_app")
    send(app, path, verb, mode, examples=4 if TRAITS.search(path[5:]) else 15, most=499)


@pytest.mark.parametrize(("path", "verb"), LATER)
def test_requests_for_what_is_not_served_yet_are_read_and_answered_as_it_says(one_app, path, verb):
    for mode in GenerationMode:
        send(one_app, path, verb, mode, examples=3, most=501)


def send(app, path, verb, mode, *, examples, most):
    SCHEMA.app = app
    # Which users and groups there are, no schema says either.
    beyond = (path, verb) in BEYOND_SCHEMAS or path.endswith("/transfer") or "/shares/" in path
    excluded = [not_a_server_error, *([positive_data_acceptance] if beyond else [])]

    @given(case=SCHEMA[path][verb.upper()].as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        headers = {"Authorization": "Bearer hr_admin"}
        answer = case.call_and_validate(headers=headers, excluded_checks=excluded, timeout=60)
        assert answer.status_code <= most, answer.text
        assert answer.status_code != 500, answer.text

    ask()
