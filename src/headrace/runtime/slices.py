"""What a function gets of an array: the part that a call names, as TileDB-Py reads it (protocol notes 3.3).

A dict of a numpy array for each attribute; of a sparse array for each dimension too. Ranges include both ends, and none
for a dimension is all of it that holds something.
"""

from collections import OrderedDict
from itertools import pairwise
from typing import Any

from headrace.runtime.pickled.failure import Failed

ORDERS = {"row-major": "C", "col-major": "F", "global-order": "G", "unordered": "U"}


def read(details: dict[str, Any], config: dict[str, str] | None = None) -> "OrderedDict[str, Any]":
    """Read the part of an array that these details name, where `path` says that it lies. Raises Failed."""
    import tiledb

    uri = details.get("uri") or details["path"]
    try:
        with tiledb.open(details["path"], ctx=tiledb.Ctx(tiledb.Config(config or {}))) as array:
            return _read(array, uri, details)
    except tiledb.TileDBError as refused:
        if "unable to allocate" in str(refused).lower():
            raise MemoryError from None
        raise Failed("TileDBError", f"The array {uri} cannot be read: {refused}") from None
    except (TypeError, ValueError, IndexError, OverflowError) as refused:  # of ranges that are no places in it
        raise Failed("ValueError", f"The ranges of {uri} do not fit its dimensions: {refused}") from None


def _read(array: Any, uri: str, details: dict[str, Any]) -> "OrderedDict[str, Any]":  # noqa: ANN401 - TileDB's
    schema = array.schema
    dimensions = [schema.domain.dim(at) for at in range(schema.domain.ndim)]
    buffers = [str(name) for name in details.get("buffers") or ()]
    names = [dimension.name for dimension in dimensions]
    attributes = [schema.attr(at).name for at in range(schema.nattr)]
    if wrong := [name for name in buffers if name not in (*names, *attributes)]:
        there = ", ".join([*names, *attributes])
        raise Failed(
            "ValueError", f"The array {uri} has no attribute or dimension called {wrong[0]!r}; there are {there}."
        )
    asked = details.get("ranges") or {}
    ranges = asked.get("ranges") or []
    if len(ranges) > len(dimensions):
        raise Failed(
            "ValueError", f"The array {uri} has {len(dimensions)} dimensions, and there are ranges for {len(ranges)}."
        )
    ranges += [[]] * (len(dimensions) - len(ranges))
    chosen = tuple(_chosen(uri, dimension, flat) for dimension, flat in zip(dimensions, ranges, strict=True))
    order = ORDERS.get(str(asked.get("layout") or ("row-major" if not schema.sparse else "unordered")))
    if order is None:
        raise Failed("ValueError", f"There is no layout {asked['layout']!r}; there are {', '.join(ORDERS)}.")
    if order == "U" and not schema.sparse:
        order = "C"  # any order is one without an order, and dense arrays are not read in none
    wanted = [name for name in buffers if name in attributes] or None
    coordinates = [name for name in buffers if name in names] or None
    if array.nonempty_domain() is None and not schema.sparse and not all(ranges):
        import numpy as np

        # What was never written has no extent that "all of it" could be.
        found = [schema.attr(name) for name in wanted or attributes]
        return OrderedDict((attribute.name, np.empty(0, attribute.dtype)) for attribute in found)
    query = array.query(attrs=wanted if wanted or not coordinates else [], dims=coordinates, order=order)
    return query.multi_index[chosen]


def _chosen(uri: str, dimension: Any, flat: list[Any]) -> Any:  # noqa: ANN401 - TileDB's
    """The ranges of one dimension, as `multi_index` wants them."""
    if not flat:
        return slice(None)
    if len(flat) % 2:
        raise Failed("ValueError", f"The ranges of {dimension.name!r} of {uri} must be pairs of a start and an end.")
    ends = list(flat)
    if dimension.dtype.kind in "mM":
        # Dates come as whole numbers, in the dimension's own unit.
        ends = [dimension.dtype.type(end, *_unit(dimension)) for end in ends]
    return [slice(start, end) for start, end in list(pairwise(ends))[::2]]


def _unit(dimension: Any) -> tuple[str, ...]:  # noqa: ANN401
    import numpy as np

    return (np.datetime_data(dimension.dtype)[0],)
