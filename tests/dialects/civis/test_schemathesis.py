"""Requests that a machine makes up from the specification: none may break the server, every answer is documented."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode

from headrace.api.router import Mount
from headrace.api.spec import openapi31
from headrace.dialects import civis

MOUNTS = [Mount(civis.PREFIX, civis.operations("http://test"), civis.CODEC)]
DOCUMENT = openapi31.document(MOUNTS, title="T", version="1", url="http://test")
OPERATIONS = [(path, verb) for path, verbs in DOCUMENT["paths"].items() for verb in verbs]
# 413 is an answer to bad data too: what is too long by far is not read at all.
REJECTIONS = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422]
CONFIG = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REJECTIONS}}})
EXAMPLES = 15
FEW = 3  # of what is not served yet: reading its arguments is all that it does


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
def test_requests_made_up_from_the_specification_are_answered_as_it_says(app, path, verb, mode):
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
    schema.app = app
    schema.config.generation.update(allow_x00=False)  # NUL is refused everywhere, which no schema says
    later = "x-headrace-later" in DOCUMENT["paths"][path][verb]

    @given(case=schema[path][verb.upper()].as_strategy(generation_mode=mode))
    @settings(
        max_examples=FEW if later else EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case):
        headers = {"Authorization": "Bearer hr_admin"}
        answer = case.call_and_validate(headers=headers, excluded_checks=[not_a_server_error])
        assert answer.status_code < 500 or (later and answer.status_code == 501), answer.text

    send()
