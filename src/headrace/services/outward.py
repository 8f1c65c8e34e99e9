"""How many connections to other hosts are under way: a host that never answers must not take every thread."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

from headrace.errors import Busy

EACH = 2  # of one user


class Outward:
    """Counts the connections that requests of users hold to other hosts."""

    def __init__(self) -> None:
        self._held: Counter[int] = Counter()
        self._lock = Lock()

    @contextmanager
    def one(self, user_id: int, most: int) -> Generator[None]:
        """Hold one more for the block. Raises Busy where the user has their share, or all users have `most`."""
        with self._lock:
            if self._held[user_id] >= EACH or self._held.total() >= most:
                raise Busy("Requests of yours, or of many others, wait for other hosts already; try again in a moment.")
            self._held[user_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[user_id] -= 1
                self._held += Counter()  # forget who holds none
