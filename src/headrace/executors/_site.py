"""A site: one environment at work - its zygote, kept alive, and one spare worker forked ahead of the first call."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import structlog

from headrace.executors._worker import Worker
from headrace.executors._zygote import Zygote
from headrace.runtime.cgroup import Groups
from headrace.runtime.environment import Environment
from headrace.runtime.wire import Limits, Plan
from headrace.settings import Settings

log = structlog.get_logger(__name__)

STILLBORN = 5  # workers in a row that end before they are ready: then those who wait are told
STILLBORN_ZYGOTES = 3  # the same for zygotes of an environment that is not the default one
RESTART = (0.0, 0.0, 0.2, 1.0, 5.0)  # seconds before a zygote that died again and again is started once more
WARMING = 60  # seconds that packages which are not ours may take to be imported
STEADY = 60  # seconds that a zygote lives at least which has nothing wrong with it


@dataclass(frozen=True, slots=True)
class Staff:
    """What all sites of an executor have in common, and what they tell it."""

    settings: Settings
    groups: Groups
    ended: Callable[[Worker], None]  # a worker is gone
    forks: Callable[["Site"], None]  # the site forks from now on
    hopeless: Callable[["Site", str], None]  # whoever waits for the site waits in vain, and why
    refuses: Callable[["Site", str], bool]  # the machine refuses its network; whether it has been given another
    note: Callable[[dict[str, str]], None]  # fences that the machine does not give
    workers: set[Worker] = field(default_factory=set)
    counts: dict[str, int] = field(
        default_factory=lambda: {"workers_started": 0, "workers_ended": 0, "zygotes_started": 0}
    )


class Site:
    """One environment at work. It lives on the server's event loop."""

    def __init__(self, environment: Environment, staff: Staff) -> None:
        self.environment, self._staff = environment, staff
        self.used = time.monotonic()
        self.closing = False
        self.hopeless = ""
        self._spare: Worker | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stillborn = 0
        self._zygote = Zygote(environment, self._plan(), staff.groups, self._renew_spare)

    def start(self) -> None:
        """Start the zygote; it imports in the background, and calls that come meanwhile wait for it."""
        self._zygote.start()
        self._staff.counts["zygotes_started"] += 1
        self._keeper = asyncio.create_task(self._keep_zygote())

    def close(self) -> None:
        """End every process of the site."""
        self.closing = True
        if self._keeper:
            self._keeper.cancel()
        self._zygote.kill()
        self._zygote.warm.set()  # whoever waits for it sees that it is closed

    @property
    def warm(self) -> bool:
        """Whether workers are forked without waiting for imports."""
        return self._zygote.warm.is_set()

    @property
    def private_pids(self) -> str:
        """Empty, or why workers share a process namespace."""
        return self._zygote.private_pids

    @property
    def spare(self) -> Worker | None:
        """The worker that belongs to nobody yet."""
        return self._spare

    def move(self, network: str) -> None:
        """Have the next zygote be in another network."""
        self.environment = msgspec.structs.replace(self.environment, network=network)
        self._zygote.environment = self.environment

    def preload(self, modules: list[str]) -> None:
        """Have later workers find these imported."""
        self._zygote.preload(modules)

    async def fresh(self) -> Worker | None:
        """A worker that belongs to nobody yet and is fenced; None where it ended before it was."""
        spare, self._spare = self._spare, None
        worker = spare if spare is not None and spare.alive else await self._fork()
        if not self.closing:
            asyncio.get_running_loop().call_soon(self._keep_spare)
        if worker is not None:
            refused = await worker.ready
            if worker.alive:
                self._stillborn = 0
                self._staff.note(refused)
                return worker
        if self.warm and not self.closing:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                log.error("workers end before they are ready; what they said stands above")
                self._staff.hopeless(self, "No worker can be started on this machine; the server's log tells why.")
        return None

    def lose(self, worker: Worker) -> None:
        """Forget a worker that has ended."""
        if worker is self._spare:
            self._spare = None

    async def _fork(self) -> Worker | None:
        await self._zygote.warm.wait()
        return None if self.closing else self._hire()

    def _hire(self) -> Worker:
        worker = self._zygote.fork(self._staff.ended)
        self._staff.workers.add(worker)
        self._staff.counts["workers_started"] += 1
        return worker

    def _keep_spare(self) -> None:
        wanted = self._spare is None and self.warm and not self.closing
        if wanted and len(self._staff.workers) < self._staff.settings.workers_max:
            self._spare = self._hire()

    def _renew_spare(self) -> None:
        """Replace the spare, so that the next one has what the zygote has imported since."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.kill(None)
        self._keep_spare()

    async def _keep_zygote(self) -> None:
        """Start the zygote again whenever it ends; calls that wait are then answered by the new one."""
        failures = 0
        while True:
            began = time.monotonic()
            welcoming = asyncio.create_task(self._welcome())
            await self._until_gone()
            welcoming.cancel()
            reason, self._zygote.unable = self._zygote.unable, ""
            if reason and self._staff.refuses(self, reason):
                failures = 0
            else:
                failures = 1 if time.monotonic() - began > STEADY else failures + 1
                log.error("the zygote ended and is started again", environment=self.environment.name, failures=failures)
            if self.environment.packages and (reason or failures >= STILLBORN_ZYGOTES):
                told = f": {reason}" if reason else "; build it anew, or look into the server's log"
                self.hopeless = f"The environment cannot be started on this machine{told}."
                self._staff.hopeless(self, self.hopeless)
                return
            await asyncio.sleep(RESTART[min(failures, len(RESTART) - 1)])
            # The same object: calls that wait for the zygote wait on its event.
            self._zygote.start()
            self._staff.counts["zygotes_started"] += 1

    async def _until_gone(self) -> None:
        """Wait for the zygote's end; one whose packages do not let it begin is ended."""
        if self.environment.packages:
            gone = asyncio.ensure_future(self._zygote.gone.wait())
            warm = asyncio.ensure_future(self._zygote.warm.wait())
            try:
                await asyncio.wait({gone, warm}, timeout=WARMING, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                warm.cancel()
            if not (self.warm or self._zygote.gone.is_set()):
                self._zygote.unable = f"its packages were not imported within {WARMING} s"
                self._zygote.kill()
        await self._zygote.gone.wait()

    async def _welcome(self) -> None:
        """Fork for those who wait, as soon as the zygote can."""
        await self._zygote.warm.wait()
        self._keep_spare()
        self._staff.forks(self)

    def _plan(self) -> Plan:
        s = self._staff.settings
        limits = Limits(
            seconds=s.call_seconds,
            memory=s.call_memory_mb << 20,
            processes=s.call_processes,
            open_files=s.call_open_files,
            output=s.call_output_mb << 20,
            scratch=s.call_scratch_mb << 20,
            log=s.call_log_kb << 10,
        )
        return Plan(
            readable=self.environment.readable,
            network=self.environment.network,
            uid=None,
            limits=limits,
            counted=False,
            growth=s.worker_growth_mb << 20,
            mounts=bool(self.environment.mounts),
            lends=bool(self.environment.lends),
        )
