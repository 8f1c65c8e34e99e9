"""The bytes of a vector tile: commands, tags and lengths are all varints, so a layer is one long array of numbers.

feature   0x12 length · 0x08 id · 0x12 length [key value]* · 0x18 type · 0x22 length [commands]
path      MoveTo(1) dx dy · LineTo(n-1) [dx dy]* · ClosePath for rings
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass
from typing import Any

MOVE, LINE, CLOSE = 1, 2, 7


@dataclass
class Shapes:
    """Shapes of one dimension, in whole pixels.

    `points` (n, 2) are those of all paths, `paths` (n) says whose; a path is a point, a line or a ring. For each path
    `rows` says of which feature it is, `polygons` of which polygon, `holes` whether it is a hole.
    """

    dimension: int
    points: Any
    paths: Any
    rows: Any
    polygons: Any
    holes: Any

    def cleaned(self) -> "Shapes":
        """Without repeated points, rings' closing points, and what is too small to have a length or an area."""
        import numpy as np

        if self.dimension == 0:
            return self
        points, paths = self.points, self.paths
        distinct = np.r_[True, (paths[1:] != paths[:-1]) | (points[1:] != points[:-1]).any(axis=1)][: len(points)]
        points, paths = points[distinct], paths[distinct]
        if self.dimension == 2:
            closing = np.r_[paths[1:] != paths[:-1], True][: len(points)]
            points, paths = points[~closing], paths[~closing]
        counts = np.bincount(paths, minlength=len(self.rows))
        good = counts >= self.dimension + 1
        if self.dimension == 2:
            areas = _areas(points, paths, counts)
            points = _turned(points, paths, counts, (areas < 0) ^ self.holes)
            good &= areas != 0
            lost = self.polygons[~good & ~self.holes]  # a hole without its outline would be an island
            good &= ~np.isin(self.polygons, lost)
        kept = good[paths]
        return Shapes(
            self.dimension,
            points[kept],
            (np.cumsum(good) - 1)[paths[kept]],
            self.rows[good],
            self.polygons[good],
            self.holes[good],
        )


def layer(name: str, extent: int, shapes: list[Shapes], attributes: list[tuple[str, Any]], ids: Any) -> bytes:
    """A tile of one layer. `attributes` are columns with a value for each row, `ids` whole numbers or None."""
    import numpy as np

    keys: list[bytes] = []
    values: list[bytes] = []
    tags: list[Any] = []
    count = 0
    for key, column in attributes:
        codes, encoded, distinct = _attribute(column)
        if distinct:
            keys.append(_field(0x1A, key.encode()))
            values.append(encoded)
            tags.append(np.where(codes < 0, -1, codes + count))
            count += distinct
    table = np.stack(tags, axis=1) if tags else np.empty((len(attributes[0][1]) if attributes else 0, 0), np.int64)
    features = b"".join(_features(part, table, ids) for part in shapes)
    body = b"".join(
        [_field(0x0A, name.encode()), features, *keys, *values, b"\x28", _varint(extent), b"\x78\x02"],
    )
    return _field(0x1A, body)


def _features(shapes: Shapes, tags: Any, ids: Any) -> bytes:
    import numpy as np

    commands, per_feature, rows = _commands(shapes)
    features = len(rows)
    sizes = _sums(_lengths(commands), per_feature)
    own = tags[rows] if tags.shape[1] else np.empty((features, 0), np.int64)
    given = own >= 0
    pairs = np.stack([np.broadcast_to(np.arange(own.shape[1]), own.shape), own], axis=-1)[given].reshape(-1)
    per_tags = given.sum(axis=1) * 2
    tag_sizes = _sums(_lengths(pairs), per_tags)
    tagged = per_tags > 0
    one = np.ones(features, np.int64)
    total = 3 + _lengths(sizes) + sizes + np.where(tagged, 1 + _lengths(tag_sizes) + tag_sizes, 0)
    segments = []
    if ids is not None:
        total += 1 + _lengths(ids[rows])
        segments = [(_columns(0x08 * one, ids[rows]), 2 * one)]
    segments = [
        (_columns(0x12 * one, total), 2 * one),
        *segments,
        (_columns(0x12 * one[tagged], tag_sizes[tagged]), 2 * tagged),
        (pairs, per_tags),
        (_columns(0x18 * one, (shapes.dimension + 1) * one, 0x22 * one, sizes), 4 * one),
        (commands, per_feature),
    ]
    return _varints(_interleaved(segments))


def _commands(shapes: Shapes) -> tuple[Any, Any, Any]:
    """Drawing commands of all features, how many each has, and the row of each."""
    import numpy as np

    first_path = np.r_[True, shapes.rows[1:] != shapes.rows[:-1]]
    rows = shapes.rows[first_path]
    feature_of_path = np.cumsum(first_path) - 1
    counts = np.bincount(shapes.paths, minlength=len(shapes.rows))
    before = np.roll(shapes.points, 1, axis=0)
    starts = np.cumsum(counts) - counts
    before[starts[first_path]] = 0  # the cursor goes on from path to path of a feature
    moves = shapes.points - before
    moves = (moves << 1) ^ (moves >> 63)
    if shapes.dimension == 0:
        per_feature = np.bincount(feature_of_path, weights=counts).astype(np.int64)
        commands = _interleaved(
            [((per_feature << 3) | MOVE, np.ones_like(per_feature)), (moves.reshape(-1), 2 * per_feature)]
        )
        return commands, 2 * per_feature + 1, rows
    one = np.ones_like(counts)
    head = np.zeros(len(moves), bool)
    head[starts] = True
    segments = [
        (((one << 3) | MOVE), one),
        (moves[head].reshape(-1), 2 * one),
        (((counts - 1) << 3) | LINE, one),
        (moves[~head].reshape(-1), 2 * (counts - 1)),
    ]
    per_path = 2 * counts + 2
    if shapes.dimension == 2:
        segments.append(((one << 3) | CLOSE, one))
        per_path += 1
    per_feature = np.bincount(feature_of_path, weights=per_path).astype(np.int64)
    return _interleaved(segments), per_feature, rows


def _areas(points: Any, paths: Any, counts: Any) -> Any:
    """Twice the signed area of each ring, positive where it runs clockwise as seen (y points down)."""
    import numpy as np

    following = np.arange(1, len(points) + 1)
    ends = np.cumsum(counts)
    some = counts > 0
    following[ends[some] - 1] = (ends - counts)[some]
    after = points[following] if len(points) else points
    cross = points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]
    return np.bincount(paths, weights=cross, minlength=len(counts))


def _turned(points: Any, paths: Any, counts: Any, turn: Any) -> Any:
    """The points with those rings the other way round for which `turn` is true."""
    import numpy as np

    starts = np.cumsum(counts) - counts
    places = np.arange(len(points))
    mirrored = 2 * starts[paths] + counts[paths] - 1 - places
    return points[np.where(turn[paths], mirrored, places)]


def _attribute(column: Any) -> tuple[Any, bytes, int]:
    """For each row the number of its value or -1, the values as fields of a layer, and how many they are."""
    import numpy as np
    import pandas as pd

    kind = getattr(column.dtype, "kind", "O")
    if column.dtype == object:
        return _objects(column)
    if kind in "Mm":
        column = column.map(lambda value: value.isoformat(), na_action="ignore").astype("str")
    codes, uniques = pd.factorize(column)
    if kind not in "iuf":
        return codes, b"".join(map(_value, uniques.tolist())), len(uniques)
    values = uniques.to_numpy()
    if kind == "f":
        encoded = np.empty((len(values), 11), np.uint8)
        encoded[:, :3] = 0x22, 9, 0x19
        encoded[:, 3:] = values.astype("<f8").view(np.uint8).reshape(-1, 8)
        return codes, encoded.tobytes(), len(values)
    numbers = values.astype(np.int64).view(np.uint64) if kind == "i" else values.astype(np.uint64)
    one = np.ones(len(numbers), np.uint64)
    stream = _columns(0x22 * one, 1 + _lengths(numbers), (0x20 if kind == "i" else 0x28) * one, numbers)
    return codes, _varints(stream), len(numbers)


def _objects(column: Any) -> tuple[Any, bytes, int]:
    import numpy as np

    known: dict[bytes, int] = {}
    missing = column.isna().tolist()
    codes = [
        -1 if gap is True else known.setdefault(_value(value), len(known))
        for value, gap in zip(column.tolist(), missing, strict=True)
    ]
    return np.array(codes, np.int64), b"".join(known), len(known)


def _value(value: Any) -> bytes:
    """A value as a field of a layer."""
    import struct

    from headrace.formats import _frames

    if isinstance(value, bool):
        message = b"\x38\x01" if value else b"\x38\x00"
    elif isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        message = b"\x20" + _varint(value % (1 << 64))
    elif isinstance(value, float):
        message = b"\x19" + struct.pack("<d", value)
    else:
        text = value if isinstance(value, str) else _frames.to_json(value).strip('"')
        message = _field(0x0A, text.encode())
    return _field(0x22, message)


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _varints(numbers: Any) -> bytes:
    """All numbers, 7 bits a byte, the high bit set where more follow."""
    import numpy as np

    numbers = numbers.astype(np.uint64)
    lengths = _lengths(numbers)
    places = np.cumsum(lengths) - lengths
    encoded = np.empty(int(lengths.sum()), np.uint8)
    size = 1
    while len(numbers):
        more = lengths > size
        encoded[places] = (numbers & 0x7F) | (more.astype(np.uint64) << 7)
        numbers, places, lengths = numbers[more] >> np.uint64(7), places[more] + 1, lengths[more]
        size += 1
    return encoded.tobytes()


def _lengths(numbers: Any) -> Any:
    """Bytes that each number takes."""
    import numpy as np

    numbers = numbers.astype(np.uint64)
    lengths = np.ones(len(numbers), np.int64)
    bits = 7
    while len(numbers) and bits < 64 and (more := numbers >> np.uint64(bits) > 0).any():
        lengths += more
        bits += 7
    return lengths


def _sums(numbers: Any, counts: Any) -> Any:
    """The sum of each run of so many numbers."""
    import numpy as np

    total = np.r_[0, np.cumsum(numbers)]
    ends = np.cumsum(counts)
    return total[ends] - total[ends - counts]


def _columns(*columns: Any) -> Any:
    """a1 b1 c1 a2 b2 c2 ..."""
    import numpy as np

    return np.stack([column.astype(np.uint64) for column in columns], axis=1).reshape(-1)


def _interleaved(segments: list[tuple[Any, Any]]) -> Any:
    """For each row its numbers of the first segment, then those of the second, and so on.

    A segment is its numbers, and how many of them each row has.
    """
    import numpy as np

    per_row = np.sum([counts for _, counts in segments], axis=0)
    places = np.cumsum(per_row) - per_row
    merged = np.empty(int(per_row.sum()), np.uint64)
    for numbers, counts in segments:
        own = np.cumsum(counts) - counts
        merged[np.repeat(places - own, counts) + np.arange(len(numbers))] = numbers
        places = places + counts
    return merged
