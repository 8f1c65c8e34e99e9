"""The bytes of a vector tile: commands, tags and lengths are all varints, so features are one long array of numbers.

feature   0x12 length · 0x08 id · 0x12 length [key value]* · 0x18 type · 0x22 length [commands]
path      MoveTo(1) dx dy · LineTo(n-1) [dx dy]* · ClosePath for rings
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from typing import Any

from headrace.formats import _varints
from headrace.formats._attributes import Attribute
from headrace.formats._pixels import Shapes

MOVE, LINE, CLOSE = 1, 2, 7


def layer(name: str, extent: int, shapes: list[Shapes], attributes: list[Attribute], ids: Any) -> bytes:
    """A tile of one layer. `attributes` have a code for each row, `ids` are whole numbers or None."""
    import numpy as np

    some = [attribute for attribute in attributes if attribute.distinct]
    keys = [_varints.field(0x1A, attribute.name.encode()) for attribute in some]
    before = np.cumsum([0, *(attribute.distinct for attribute in some)])
    tags = [np.where(one.codes < 0, -1, one.codes + n) for one, n in zip(some, before.tolist(), strict=False)]
    features = [_features(part, tags, ids) for part in shapes if len(part.rows)]
    values = [attribute.values for attribute in some]
    rest = [b"\x28", _varints.one(extent), b"\x78\x02"]
    return _varints.field(0x1A, b"".join([_varints.field(0x0A, name.encode()), *features, *keys, *values, *rest]))


def _features(shapes: Shapes, tags: list[Any], ids: Any) -> bytes:
    """Commands are put where they will be and counted, then what stands before them is known."""
    import numpy as np

    first = np.empty(len(shapes.rows), bool)
    first[0] = True
    np.not_equal(shapes.rows[1:], shapes.rows[:-1], out=first[1:])
    heads = _Heads(shapes.rows[first], shapes.dimension, tags, ids)
    numbers = np.zeros(len(shapes.counts), np.int64)  # of each path, with what stands before it
    numbers[first] = heads.counts
    ahead = numbers.copy()
    if shapes.dimension == 0:
        ahead[first] += 1
        numbers[first] += 1
        numbers += 2 * shapes.counts
    else:
        numbers += 2 * shapes.counts + (3 if shapes.dimension == 2 else 2)
    ends = numbers.cumsum()
    stream = np.zeros(int(ends[-1]), heads.kind)
    begins = ends - numbers
    _put_commands(stream, shapes, begins + ahead, first)

    lengths = _varints.lengths(stream)
    begins = begins[first]
    sizes = np.add.reduceat(lengths, np.stack([begins, begins + heads.counts], axis=1).reshape(-1), dtype=np.int64)
    heads.complete(sizes[1::2])
    places = heads.places(begins)
    stream[places], lengths[places] = heads.flat()
    return _varints.encoded(stream, lengths).tobytes()


class _Heads:
    """The numbers before the commands of each feature: a row of a table, some of which may not be there."""

    def __init__(self, rows: Any, dimension: int, tags: list[Any], ids: Any) -> None:
        import numpy as np

        own = [column[rows] for column in tags]
        self._id = 2 if ids is not None else None
        self._tags = 4 if ids is not None else 2
        self._pairs = slice(self._tags + 2, self._tags + 2 + 2 * len(own))
        width = self._pairs.stop + 4
        is_long = ids is not None and len(ids) and int(ids.max()) >> 32
        self.kind = np.uint64 if is_long else np.uint32
        self._table = table = np.empty((len(rows), width), self.kind)
        table[:, 0] = 0x12
        table[:, 1] = 0
        if ids is not None:
            table[:, 2] = 0x08
            table[:, 3] = ids[rows]
        table[:, self._tags] = 0x12
        for number, column in enumerate(own):
            table[:, self._pairs.start + 2 * number] = number
            table[:, self._pairs.start + 2 * number + 1] = np.maximum(column, 0)
        table[:, -4] = 0x18
        table[:, -3] = dimension + 1
        table[:, -2] = 0x22
        self._there: Any = None
        given: Any = np.stack(own, axis=1) >= 0 if own else np.ones((len(rows), 0), bool)
        if not own or not given.all():
            self._there = np.ones(table.shape, bool)
            self._there[:, self._pairs] = given.repeat(2, axis=1)
            self._there[:, self._tags : self._tags + 2] = given.any(axis=1)[:, None]
        self.counts = np.full(len(rows), width) if self._there is None else self._there.sum(axis=1)

    def complete(self, sizes: Any) -> None:
        """Write the lengths in bytes, where those of the commands are known."""
        table, pairs = self._table, self._pairs
        table[:, -1] = sizes
        table[:, self._tags + 1] = 0
        self._lengths = lengths = _varints.lengths(table)
        if self._there is not None:
            lengths *= self._there
        tagged = lengths[:, pairs].sum(axis=1)
        table[:, self._tags + 1] = tagged
        longer = _varints.lengths(table[:, self._tags + 1])
        lengths[:, self._tags + 1] = longer if self._there is None else longer * self._there[:, self._tags]
        table[:, 1] = lengths[:, 2:].sum(axis=1) + sizes
        lengths[:, 1] = _varints.lengths(table[:, 1])

    def places(self, begins: Any) -> Any:
        """Where each number stands in the stream, whose features begin there."""
        import numpy as np

        if self._there is None:
            return begins[:, None] + np.arange(self._table.shape[1])
        before = self.counts.cumsum() - self.counts
        return np.repeat(begins - before, self.counts) + np.arange(int(self.counts.sum()))

    def flat(self) -> tuple[Any, Any]:
        """The numbers, and how many bytes each takes."""
        if self._there is None:
            return self._table, self._lengths
        return self._table[self._there], self._lengths[self._there]


def _put_commands(stream: Any, shapes: Shapes, begins: Any, first: Any) -> None:
    """Write the drawing commands of each path where it begins."""
    import numpy as np

    counts = shapes.counts
    starts = counts.cumsum() - counts
    heads = starts[first]  # the cursor goes on from path to path of a feature
    places = 2 * np.arange(len(shapes.x))
    if shapes.dimension == 0:
        places += np.repeat(begins - 2 * starts, counts)
        points = np.add.reduceat(counts, np.flatnonzero(first))
        stream[begins[first] - 1] = (points << 3) | MOVE
    else:
        places += np.repeat(begins + 2 - 2 * starts, counts)
        places[starts] -= 1
        stream[begins] = (1 << 3) | MOVE
        stream[begins + 3] = ((counts - 1) << 3) | LINE
        if shapes.dimension == 2:
            stream[begins + 2 * counts + 2] = (1 << 3) | CLOSE
    for axis, pixels in enumerate((shapes.x, shapes.y)):
        steps = np.empty_like(pixels)
        np.subtract(pixels[1:], pixels[:-1], out=steps[1:])
        steps[heads] = pixels[heads]
        stream[places + axis] = ((steps << 1) ^ (steps >> 31)).view(np.uint32)
