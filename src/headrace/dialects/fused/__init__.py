"""The protocol of the published `fused` clients, generations 1.5.3 and 2.9.5, under /server/v1."""

from headrace.api.operation import Operation
from headrace.dialects.fused import account, collections, later, secrets, tilejson, tokens, udfs


def operations() -> list[Operation]:
    """Every route but the calls, which need the services a server composes (`calls.CallRoutes`)."""
    return [
        *account.operations(),
        *udfs.operations(),
        *collections.operations(),
        *secrets.operations(),
        *tokens.operations(),
        *tilejson.operations(),
        *later.operations(),
    ]
