"""The 261 methods of the eleven nouns that the public documentation of the published client lists, one a row.

Facts of the protocol, from the specification in the public history of civis-python (`civis/tests/civis_api_spec.json`
at commit 81e7343 of 2017-02-02), with the arguments that the specification bundled with civis 2.10.1 has besides
(`newer`). Columns: the client's resource and method, verb and path, the status of success, and the names of arguments
as Python has them: the required ones in the order in which they are positional.
"""

import csv
from pathlib import Path
from typing import NamedTuple


class Method(NamedTuple):
    """One method of the published clients."""

    resource: str
    method: str
    verb: str
    path: str
    code: int
    required: tuple[str, ...]
    optional: tuple[str, ...]
    newer: tuple[str, ...]

    @property
    def name(self) -> str:
        """As people write it, such as `scripts.post_sql`."""
        return f"{self.resource}.{self.method}"

    @property
    def iterates(self) -> bool:
        """Whether clients offer `iterator=True` (protocol notes 1.7)."""
        return self.verb == "GET" and {"limit", "page_num"} <= {*self.optional, *self.newer}


def _read() -> list[Method]:
    with (Path(__file__).parent / "civis_methods.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("required", "optional", "newer")
    return [
        Method(**{key: tuple(value.split()) if key in names else value for key, value in row.items()})._replace(
            code=int(row["code"])
        )
        for row in rows
    ]


METHODS = _read()
