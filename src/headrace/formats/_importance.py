"""What of a vector tile is kept where all of it would be too much: large areas, long lines, points that stand alone."""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import zlib
from typing import Any

from headrace.formats._pixels import Shapes, lengths

CELL = 6  # bits of a pixel's place: points are crowded that share a square of 64 pixels


def compressed(content: bytes) -> int:
    """Bytes that are sent, nearly: maps take gzip or zstd, and the fastest level is enough to tell."""
    return len(zlib.compress(content, 1))


def by_importance(shapes: list[Shapes]) -> dict[int, float]:
    """For each row a number from 0 on; of those of its kind, that share is more important."""
    import numpy as np

    found: dict[int, float] = {}
    for part in shapes:
        rows, inverse = np.unique(part.rows, return_inverse=True)
        if not len(rows):
            continue
        if part.dimension == 0:
            starts = np.cumsum(part.counts) - part.counts
            weights = -_crowd(part.x[starts], part.y[starts])[np.searchsorted(part.rows, rows)].astype(float)
        else:
            # Of a hole, the area is less than nothing.
            weights = np.bincount(inverse, weights=part.areas if part.dimension == 2 else lengths(part))
        order = np.argsort(-weights, kind="stable")
        ranks = np.empty(len(rows))
        ranks[order] = np.arange(len(rows)) / len(rows)
        for row, rank in zip(rows.tolist(), ranks.tolist(), strict=True):
            found[row] = min(rank, found.get(row, 1.0))
    return found


def _crowd(x: Any, y: Any) -> Any:
    """For each point how many are before it in its square, the squares' points in an order of no meaning."""
    import numpy as np

    cells = (x >> CELL).astype(np.int64) * (1 << 32) + (y >> CELL)
    shuffled = np.lexsort([(x * 7919 ^ y * 104729) & 0xFFFF, cells])
    ordered = cells[shuffled]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    begins = np.maximum.accumulate(np.where(first, np.arange(len(x)), 0))
    crowd = np.empty(len(x), np.int64)
    crowd[shuffled] = np.arange(len(x)) - begins
    return crowd


def kept(part: Shapes, order: dict[int, float], share: float) -> Shapes:
    """The paths of the most important rows, as many as have that share of all points."""
    import numpy as np

    ranks = np.array([order[row] for row in part.rows.tolist()])
    by_rank = np.argsort(ranks, kind="stable")
    cost = np.cumsum(part.counts[by_rank] + 8)  # a feature's own bytes are worth some points
    last = np.searchsorted(cost, share * (cost[-1] if len(cost) else 0))
    limit = ranks[by_rank[last]] if last < len(by_rank) else np.inf
    return part.chosen(np.flatnonzero(ranks < limit))
