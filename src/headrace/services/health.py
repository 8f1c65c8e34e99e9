"""Whether a server is up, ready and how it fares."""

from collections.abc import Callable

from headrace.errors import Unavailable
from headrace.services.call import Platform
from headrace.services.measures import Measures


class Health:
    """Answers for one server; `ready` tells whether its executor takes calls at once."""

    def __init__(self, platform: Platform, measures: Measures, ready: Callable[[], bool]) -> None:
        self._platform, self._measures, self._ready = platform, measures, ready
        self.stopping = False

    def check(self) -> None:
        """Raise Unavailable, with the part that is not ready."""
        if self.stopping:
            raise Unavailable("The server is stopping.")
        self._platform.db.ping()
        if not self._ready():
            raise Unavailable("The first worker is still being prepared.")

    def exposition(self) -> bytes:
        """The figures for Prometheus."""
        return self._measures.exposition()
