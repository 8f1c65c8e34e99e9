"""Requests that a machine makes up from the specification: none may break the server, every answer is documented.

What starts tasks is asked over a live server by tests/api/test_live.py; here is all the rest, in process.
"""

from datetime import UTC, datetime

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from civis_wire import opened
from headrace.api.auth import Keys
from headrace.api.endpoint import Rim
from headrace.api.router import Router
from headrace.api.spec import openapi31
from headrace.dialects import tiledb
from headrace.services import accounts
from headrace.services.call import Call

DOCUMENT = openapi31.document(tiledb.mounts(), title="T", version="1", url="http://test")
OPERATIONS = [(path, verb) for path, verbs in DOCUMENT["paths"].items() for verb in verbs]
LATER = [(path, verb) for path, verb in OPERATIONS if "x-headrace-later" in DOCUMENT["paths"][path][verb]]
SERVED = [one for one in OPERATIONS if one not in LATER]
REJECTIONS = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, "5xx"]
# The models say too little to tell by them what is refused: which fields clients leave out differs by their version.
CONFIG = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"enabled": False}}})
MOMENTS = st.datetimes(min_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - what it wants
schemathesis.openapi.format("date-time", MOMENTS.map(datetime.isoformat))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
SCHEMA.config.generation.update(allow_x00=False)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    platform = opened(tmp_path_factory.mktemp("one"))
    keys = Keys(lambda text: accounts.authenticate(platform, text), lambda: platform.revision.value)
    rim = Rim(keys=keys, make_call=lambda who, address: Call(platform, who, address), body_bytes=1 << 20)
    yield Router(tiledb.mounts(), rim)
    platform.db.close()


@pytest.mark.parametrize(("path", "verb"), SERVED)
def test_requests_made_up_from_the_specification_are_answered_as_it_says(app, path, verb):
    for mode in GenerationMode:
        send(app, path, verb, mode, examples=10, most=499)


@pytest.mark.parametrize(("path", "verb"), LATER)
def test_requests_for_what_is_not_served_are_answered_as_it_says(app, path, verb):
    send(app, path, verb, GenerationMode.POSITIVE, examples=1, most=501)


def send(app, path, verb, mode, *, examples, most):
    SCHEMA.app = app

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
        # Which namespaces, names and words there are, no schema says.
        beyond = [not_a_server_error, positive_data_acceptance]
        answer = case.call_and_validate(headers=headers, excluded_checks=beyond, timeout=60)
        assert answer.status_code <= most, answer.text
        assert answer.status_code != 500, answer.text

    ask()
