"""Calls that are started by one request, and whose answers later ones fetch."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec import Struct

from headrace.services.calls import Answered


class Pending(Struct):
    """A started call whose answer is fetched later."""

    task: "asyncio.Task[Answered]"
    caller_id: int
    started: float


class Started:
    """Calls that were started and are polled for: the start of one uid by one caller is one run, however often sent.

    Answers stay for KEPT seconds after the start was sent, at most MOST of them.
    """

    KEPT = 600
    MOST = 2_000

    def __init__(self) -> None:
        self._pending: dict[tuple[int, str], Pending] = {}

    def start(
        self, caller_id: int, uid: str, run: Callable[[], Coroutine[Any, Any, Answered]]
    ) -> "asyncio.Task[Answered]":
        """The task of that run; a second start attaches to the first."""
        if found := self._pending.get((caller_id, uid)):
            return found.task
        self._expire()
        task = asyncio.create_task(run())
        self._pending[caller_id, uid] = Pending(task, caller_id, time.monotonic())
        return task

    def get(self, caller_id: int, uid: str) -> "asyncio.Task[Answered] | None":
        """The task of a run that this caller started, or None."""
        found = self._pending.get((caller_id, uid))
        return found.task if found else None

    def close(self) -> None:
        """End what still runs."""
        for pending in self._pending.values():
            pending.task.cancel()

    def _expire(self) -> None:
        limit = time.monotonic() - self.KEPT
        done = [key for key, p in self._pending.items() if p.task.done() and p.started < limit]
        surplus = len(self._pending) - len(done) - self.MOST
        if surplus > 0:
            kept = (key for key, p in self._pending.items() if p.task.done() and p.started >= limit)
            done += [key for key, _ in zip(kept, range(surplus), strict=False)]
        for key in done:
            del self._pending[key]
