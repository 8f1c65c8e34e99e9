"""Where work runs. An executor knows tasks, and nothing of users, jobs or databases."""

from typing import Protocol

from headrace.model.result import Answer
from headrace.registry import Registry
from headrace.runtime.wire import Task
from headrace.settings import Settings


class Executor(Protocol):
    """Runs tasks somewhere, fenced. Made by `executor(settings)` of a module in this folder."""

    async def start(self) -> None:
        """Make ready to take tasks: zygotes forked, heavy libraries imported."""
        ...

    async def call(self, task: Task) -> Answer:
        """Run the task and wait for what came of it; what user code does wrong is an Answer, never an exception.

        Raises Busy when the owner's queue is full and Unavailable while stopping. Cancelling the awaiting
        asyncio task (the client went away) kills the worker.
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
