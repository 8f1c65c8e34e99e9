"""Where work runs. An executor knows tasks, and nothing of users, jobs or databases."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from headrace.model.result import Answer
from headrace.registry import Registry
from headrace.runtime.wire import Ask, Task
from headrace.settings import Settings

Body = bytes | memoryview
# Sends status, headers, a piece of the body, and whether more come. Waits until the worker has room for it.
Tell = Callable[[int, list[tuple[str, str]], Body, bool], Awaitable[None]]
# Answers a request that the code of one call makes: what it asks, the body of that, and where the answer goes. It is
# cancelled when the call is over. Whoever gives it with a task knows for whom the task runs; an executor does not.
Answering = Callable[[Ask, Body, Tell], Awaitable[None]]


class Executor(Protocol):
    """Runs tasks somewhere, fenced. Made by `executor(settings)` of a module in this folder."""

    async def start(self) -> None:
        """Make ready to take tasks: zygotes forked, heavy libraries imported."""
        ...

    async def call(self, task: Task, answering: Answering | None = None) -> Answer:
        """Run the task and wait for what came of it; what user code does wrong is an Answer, never an exception.

        Raises Busy when the owner's queue is full and Unavailable while stopping. Cancelling the awaiting
        asyncio task (the client went away) kills the worker. `answering` answers what the code asks while it runs;
        without it, whatever is asked is refused. A task of a greater depth never waits for a place that one of a
        smaller depth holds.
        """
        ...

    def stop(self, uid: str) -> bool:
        """End the task of that uid now; its caller gets Outcome.CANCELLED. False when it is not here."""
        ...

    async def close(self, seconds: float) -> None:
        """Finish what runs within that many seconds, then end every process."""
        ...

    def environments(self) -> frozenset[str]:
        """The environments that have processes now, by the name that tasks have for them."""
        ...

    def gauges(self) -> dict[str, float]:
        """Figures for /metrics: workers, busy, queued, started, died ..."""
        ...


EXECUTORS: Registry[type] = Registry("headrace.executors", "executor")


def make(settings: Settings) -> Executor:
    """The executor that the settings name."""
    return EXECUTORS[settings.executor](settings)
