"""Names on the wire are camelCase, in Python snake_case (Civis protocol notes 1.6)."""

import re
from functools import lru_cache

WORD = re.compile(r"(.)([A-Z][a-z]+)")
EDGE = re.compile(r"([a-z0-9])([A-Z])")


@lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """`remoteHostId` as `remote_host_id`, `provideAPIKey` as `provide_api_key`."""
    return EDGE.sub(r"\1_\2", WORD.sub(r"\1_\2", name)).lower()


def kebab(name: str) -> str:
    """`remote_host_id` as `remote-host-id`, as a command line has it."""
    return snake(name).replace("_", "-")
