"""Published clients name an environment in the metadata of a udf: their decorators refuse words they do not know."""

import pytest

NAMED = """
@fused.udf
def udf(n: int = 1):
    return n

udf.metadata = {"headrace:environment": "of-nobody"}
try:
    answer = CALL
except Exception as refused:
    answer = str(refused)
"""
CALLS = {
    "new": ("fused.run(udf, engine='remote')", "no environment called 'of-nobody'"),
    # This one shows no sentence of a server, only that it refused.
    "old": ("udf.to_fused('of_nobody') and None or fused.run(EMAIL, 'of_nobody')", "422 Client Error"),
}


@pytest.mark.parametrize("generation", CALLS)
def test_an_environment_named_in_the_metadata_is_the_one_that_is_looked_for(request, generation):
    call, refusal = CALLS[generation]
    said = request.getfixturevalue(generation).run(NAMED.replace("CALL", call))
    assert refusal in f"{said.answer}{said.stdout}{said.stderr}"
