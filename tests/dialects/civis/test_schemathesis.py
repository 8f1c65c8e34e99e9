"""Requests that a machine makes up from the specification: none may break the server, every answer is documented."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

from headrace.api.router import Mount
from headrace.api.spec import openapi31
from headrace.dialects import civis

MOUNTS = [Mount(civis.PREFIX, civis.operations("http://test"), civis.CODEC)]
DOCUMENT = openapi31.document(MOUNTS, title="T", version="1", url="http://test")
OPERATIONS = [(path, verb) for path, verbs in DOCUMENT["paths"].items() for verb in verbs]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
def test_requests_made_up_from_the_specification_are_answered_as_it_says(app, path, verb, mode):
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = app
    schema.config.generation.update(allow_x00=False)  # NUL is refused everywhere, which no schema says

    @given(case=schema[path][verb.upper()].as_strategy(generation_mode=mode))
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case):
        case.call_and_validate(headers={"Authorization": "Bearer hr_admin"})

    send()
