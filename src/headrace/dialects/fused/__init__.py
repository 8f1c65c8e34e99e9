"""The protocol of the published `fused` clients, generations 1.5.3 and 2.9.5, under /server/v1."""

from headrace.api.operation import Operation
from headrace.dialects.fused import account, audit, code, collections, later, schedules, secrets, tokens, udfs


def operations() -> list[Operation]:
    """Every route but those that call, which need what a server composes (`calls.CallRoutes`, `tilejson.TileJson`)."""
    return [
        *account.operations(),
        *udfs.operations(),
        *collections.operations(),
        *code.operations(),
        *secrets.operations(),
        *schedules.operations(),
        *audit.operations(),
        *tokens.operations(),
        *later.operations(),
    ]
