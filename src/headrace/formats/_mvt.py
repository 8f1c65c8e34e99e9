"""The bytes of a vector tile: commands, tags and lengths are all varints, so a layer is one long array of numbers.

feature   0x12 length · 0x08 id · 0x12 length [key value]* · 0x18 type · 0x22 length [commands]
path      MoveTo(1) dx dy · LineTo(n-1) [dx dy]* · ClosePath for rings
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from typing import Any

from headrace.formats._pixels import Shapes

MOVE, LINE, CLOSE = 1, 2, 7


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
    drawn, sizes = _grouped(commands, per_feature)
    own = tags[rows] if tags.shape[1] else np.empty((features, 0), np.int64)
    given = own >= 0
    pairs = np.stack([np.broadcast_to(np.arange(own.shape[1]), own.shape), own], axis=-1)[given].reshape(-1)
    per_tags = given.sum(axis=1) * 2
    tagged, tag_sizes = _grouped(pairs, per_tags)
    some = per_tags > 0
    one = np.ones(features, np.int64)
    total = 3 + _lengths(sizes) + sizes + np.where(some, 1 + _lengths(tag_sizes) + tag_sizes, 0)
    segments = []
    if ids is not None:
        total += 1 + _lengths(ids[rows])
        segments = [_grouped(_columns(0x08 * one, ids[rows]), 2 * one)]
    segments = [
        _grouped(_columns(0x12 * one, total), 2 * one),
        *segments,
        _grouped(_columns(0x12 * one[some], tag_sizes[some]), 2 * some),
        (tagged, tag_sizes),
        _grouped(_columns(0x18 * one, (shapes.dimension + 1) * one, 0x22 * one, sizes), 4 * one),
        (drawn, sizes),
    ]
    return _interleaved(segments).tobytes()


def _commands(shapes: Shapes) -> tuple[Any, Any, Any]:
    """Drawing commands of all features, how many each has, and the row of each."""
    import numpy as np

    counts = shapes.counts
    first_path = np.r_[True, shapes.rows[1:] != shapes.rows[:-1]]
    rows = shapes.rows[first_path]
    feature_of_path = np.cumsum(first_path) - 1
    starts = np.cumsum(counts) - counts
    heads = starts[first_path]  # the cursor goes on from path to path of a feature
    moves = np.empty((len(shapes.x), 2), np.uint32)
    for column, places in enumerate((shapes.x, shapes.y)):
        steps = np.empty_like(places)
        steps[1:] = places[1:] - places[:-1]
        steps[heads] = places[heads]
        moves[:, column] = ((steps << 1) ^ (steps >> 31)).view(np.uint32)
    if shapes.dimension == 0:
        per_feature = np.bincount(feature_of_path, weights=counts).astype(np.int64)
        ends = np.cumsum(per_feature)
        heads = np.insert(moves.reshape(-1), 2 * (ends - per_feature), (per_feature.astype(np.uint32) << 3) | MOVE)
        return heads, 2 * per_feature + 1, rows
    # A path is: its move, two numbers of the first point, its line, two of each other point, and a ring's end.
    more = 3 if shapes.dimension == 2 else 2
    paths = np.arange(len(counts))
    begins = 2 * starts + more * paths
    commands = np.empty(2 * len(moves) + more * len(counts), np.uint32)
    places = 2 * np.arange(len(moves)) + np.repeat(more * paths + 2, counts)
    places[starts] -= 1
    commands[places], commands[places + 1] = moves[:, 0], moves[:, 1]
    commands[begins] = (1 << 3) | MOVE
    commands[begins + 3] = ((counts - 1) << 3) | LINE
    if shapes.dimension == 2:
        commands[begins + 2 * counts + 2] = (1 << 3) | CLOSE
    per_feature = np.bincount(feature_of_path, weights=2 * counts + more).astype(np.int64)
    return commands, per_feature, rows


def _attribute(column: Any) -> tuple[Any, bytes, int]:
    """For each row the number of its value or -1, the values as fields of a layer, and how many they are.

    The column is a numpy or a pandas array.
    """
    import numpy as np
    import pandas as pd

    kind = getattr(column.dtype, "kind", "O")
    if column.dtype == object:
        return _objects(column)
    if kind in "Mm":
        column = pd.Series(column).map(lambda value: value.isoformat(), na_action="ignore").astype("str")
    codes, uniques = pd.factorize(column)
    if kind not in "iuf":
        return codes, b"".join(map(_value, uniques.tolist())), len(uniques)
    values = uniques if isinstance(uniques, np.ndarray) else uniques.to_numpy()
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
    import pandas as pd

    known: dict[bytes, int] = {}
    missing = pd.isna(column).tolist()
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
    return _encoded(numbers, _lengths(numbers)).tobytes()


def _grouped(numbers: Any, counts: Any) -> tuple[Any, Any]:
    """All numbers as bytes, and how many bytes each group of so many numbers has."""
    import numpy as np

    lengths = _lengths(numbers)
    total = np.r_[0, np.cumsum(lengths)]
    ends = np.cumsum(counts)
    return _encoded(numbers, lengths), total[ends] - total[ends - counts]


def _encoded(numbers: Any, lengths: Any) -> Any:
    """All numbers, 7 bits a byte, the high bit set where more follow."""
    import numpy as np

    numbers = numbers if numbers.dtype.kind == "u" else numbers.astype(np.uint64)
    ends = np.cumsum(lengths)
    if not len(numbers) or ends[-1] == len(numbers):
        return numbers.astype(np.uint8)
    encoded = np.empty(int(ends[-1]), np.uint8)
    places = ends - lengths
    size = 1
    while len(numbers):
        more = lengths > size
        encoded[places] = (numbers & 0x7F).astype(np.uint8) | (more.view(np.uint8) << 7)
        numbers, places, lengths = numbers[more] >> 7, places[more] + 1, lengths[more]
        size += 1
    return encoded


def _lengths(numbers: Any) -> Any:
    """Bytes that each number takes."""
    import numpy as np

    numbers = numbers if numbers.dtype.kind == "u" else numbers.astype(np.uint64)
    lengths = np.ones(len(numbers), np.int64)
    most = int(numbers.max()) if len(numbers) else 0
    bits = 7
    while most >> bits:
        lengths += numbers >= numbers.dtype.type(1 << bits)
        bits += 7
    return lengths


def _columns(*columns: Any) -> Any:
    """a1 b1 c1 a2 b2 c2 ..."""
    import numpy as np

    return np.stack([column.astype(np.uint64) for column in columns], axis=1).reshape(-1)


def _interleaved(segments: list[tuple[Any, Any]]) -> Any:
    """For each row its bytes of the first segment, then those of the second, and so on.

    A segment is its bytes, and how many of them each row has.
    """
    import numpy as np

    per_row = np.sum([counts for _, counts in segments], axis=0)
    places = np.cumsum(per_row) - per_row
    merged = np.empty(int(per_row.sum()), np.uint8)
    for content, counts in segments:
        own = np.cumsum(counts) - counts
        merged[np.repeat(places - own, counts) + np.arange(len(content))] = content
        places = places + counts
    return merged
