"""JSON Schemas of everything that operations take and give, made in one go so that equal types share one definition."""

from collections.abc import Iterable
from types import NoneType
from typing import Any

import msgspec

from headrace.api.operation import Operation

Schema = dict[str, Any]


class Schemas:
    """The schemas (JSON Schema 2020-12) of the types of some operations, and the named ones they refer to."""

    def __init__(self, operations: Iterable[Operation], others: Iterable[Any], ref_template: str) -> None:
        types = [type_ for operation in operations for type_ in types_of(operation)] + list(others)
        schemas, self.named = msgspec.json.schema_components(types, ref_template=ref_template)
        self._of = dict(zip(types, schemas, strict=True))

    def __getitem__(self, type_: Any) -> Schema:  # noqa: ANN401 - any annotation
        return dict(self._of[type_])


def types_of(operation: Operation) -> Iterable[Any]:
    """Every type that an operation shows: of parameters, body and response."""
    yield from (p.type for p in (*operation.in_path, *operation.in_query))
    if operation.body is not None:
        yield operation.body
    if operation.returns is not NoneType:
        yield response_type(operation)


def response_type(operation: Operation) -> Any:  # noqa: ANN401 - any annotation
    """The type of the response's body: a page of a list is a list on the wire."""
    return list[operation.item] if operation.many else operation.returns
