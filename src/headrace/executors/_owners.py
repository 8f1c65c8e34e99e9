"""Whose workers there are, and the calls that have one or wait for one."""

import asyncio
from collections import deque

from msgspec import Struct

from headrace.errors import Unavailable
from headrace.executors._site import Site
from headrace.executors._worker import Worker


class Turn(Struct, eq=False):
    """A call that waits for a worker, since that moment of the monotonic clock."""

    worker: asyncio.Future[Worker]
    since: float


class Owner:
    """The workers of one owner's environment, and its calls, by their depth."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.idle: list[Worker] = []
        self.alive = 0
        self.lanes: dict[int, Lane] = {}

    def lane(self, depth: int) -> "Lane":
        """The calls of one depth."""
        if (lane := self.lanes.get(depth)) is None:
            lane = self.lanes[depth] = Lane(self, depth)
        return lane

    def disappoint(self, what: Unavailable) -> None:
        """Tell all who wait that no worker comes."""
        for lane in self.lanes.values():
            while lane.waiting:
                turn = lane.waiting.popleft()
                if not turn.worker.done():
                    turn.worker.set_exception(what)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to keep it for."""
        return not self.alive and not any(lane.starting or lane.waiting for lane in self.lanes.values())

    @property
    def working(self) -> bool:
        """Whether calls of it run or wait."""
        wanted = any(lane.starting or lane.waiting for lane in self.lanes.values())
        return wanted or self.alive > len(self.idle)


class Lane:
    """The calls of one owner and one depth: those that have a worker, and those that wait for one."""

    def __init__(self, owner: Owner, depth: int) -> None:
        self.owner, self.depth = owner, depth
        self.busy = 0
        self.starting = 0  # workers that come for the calls of this lane
        self.waiting: deque[Turn] = deque()
        self.timer: asyncio.TimerHandle | None = None
