"""Make the next pieces while the one before is worked on."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(pieces: Iterator[T], most: int = 1) -> Generator[T]:
    """The same pieces, none of which is None, made in a thread that is at most so many ahead.

    The thread ends with the pieces, or when this is closed. It needs more than one ahead where pieces are made in about
    the time that it takes to wake a thread: it would wait for whoever takes them.
    """
    maker = ThreadPoolExecutor(1)
    try:
        coming = deque(maker.submit(next, pieces, None) for _ in range(most))
        while (piece := coming.popleft().result()) is not None:
            coming.append(maker.submit(next, pieces, None))
            yield piece
    finally:
        maker.shutdown(cancel_futures=True)
