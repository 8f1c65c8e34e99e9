"""The local executor: warm, fenced worker processes on this machine.

    owner's queue ─▶ an idle worker of the owner ─▶ else the spare ─▶ else a fork, when calls have waited long enough

A worker belongs to one owner's environment from its first call until it dies. One spare is kept forked ahead and
belongs to nobody, so a first call pays for no fork.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from functools import partial

import msgspec
import structlog

from headrace.errors import Busy, Unavailable
from headrace.executors._processes import Worker, Zygote
from headrace.model.result import Answer
from headrace.runtime import environment, network
from headrace.runtime.cgroup import Groups
from headrace.runtime.wire import Limits, Plan, Task
from headrace.settings import Settings

log = structlog.get_logger(__name__)

PATIENCE = 0.02  # seconds that the first in a queue waits before one more worker is forked for its owner
REST = 0.1  # seconds that a worker without calls runs on before it is stopped until its next
SWEEP = 5.0  # seconds between looks for workers that have been idle too long
STILLBORN = 5  # workers in a row that end before they are ready: then those who wait are told
RESTART = (0.0, 0.0, 0.2, 1.0, 5.0)  # seconds before a zygote that died again and again is started once more
STEADY = 60  # seconds that a zygote lives at least which has nothing wrong with it


class Turn(msgspec.Struct, eq=False):
    """A call that waits for a worker, since that moment of the monotonic clock."""

    worker: asyncio.Future[Worker]
    since: float


class Owner:
    """The workers of one owner's environment, and the calls that wait for one."""

    def __init__(self, key: tuple[str, str]) -> None:
        self.key = key
        self.idle: list[Worker] = []
        self.alive = 0
        self.starting = 0
        self.waiting: deque[Turn] = deque()
        self.timer: asyncio.TimerHandle | None = None


class Local:
    """Answers tasks with the workers of one zygote."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._groups = Groups()
        self._owners: dict[tuple[str, str], Owner] = {}
        self._spare: Worker | None = None
        self._workers: set[Worker] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._closing = False
        self._stillborn = 0
        self._counts = {"workers_started": 0, "workers_ended": 0, "zygotes_started": 0}
        self.refused: dict[str, str] = {}
        self._lacking = network.missing() or ("" if environment.bubblewrap() else "bubblewrap is not installed")
        self.environment = environment.default(
            [folder for folder in settings.data_folders.split(":") if folder],
            network=settings.network or ("host" if self._lacking else "public"),
        )
        self._zygote = Zygote(self.environment, self._plan(), self._groups, self._renew_spare)

    async def start(self) -> None:
        """Start the zygote; it imports in the background, and calls that come meanwhile wait for it."""
        if self._lacking and self._settings.network == "public":
            raise Unavailable(
                f"HEADRACE_NETWORK=public cannot be given: {self._lacking}. 'none' and 'host' need nothing."
            )
        if self._lacking and not self._settings.network:
            self._note({"network": self._lacking})
        self._zygote.start()
        self._counts["zygotes_started"] += 1
        self._keeper = asyncio.create_task(self._keep_zygote())
        self._sweep()

    async def call(self, task: Task) -> Answer:
        """Run the task; see `executors.Executor`."""
        began = time.perf_counter()
        owner = self._owner(task)
        while True:
            started = time.perf_counter()
            worker = owner.idle.pop() if owner.idle else await self._wait(owner)
            answer = await self._answer(owner, worker, task)
            if answer is not None:
                break
        if answer.imported:
            self._zygote.preload(answer.imported)
        waited = (started - began) * 1000
        return (
            msgspec.structs.replace(answer, timing=msgspec.structs.replace(answer.timing, queue=waited))
            if waited > 0.01
            else answer
        )

    def stop(self, uid: str) -> bool:
        """End the task of that uid."""
        from headrace.model.result import Outcome

        for worker in self._workers:
            if worker.busy_with == uid:
                worker.kill(Outcome.CANCELLED)
                return True
        return False

    async def close(self, seconds: float) -> None:
        """Finish what runs within that many seconds, then end every process."""
        self._closing = True
        if self._sweeper:
            self._sweeper.cancel()
        deadline = time.monotonic() + seconds
        while self._busy() and time.monotonic() < deadline:  # noqa: ASYNC110 - once in a server's life
            await asyncio.sleep(0.02)
        if self._keeper:
            self._keeper.cancel()
        for owner in self._owners.values():
            for turn in owner.waiting:
                if not turn.worker.done():
                    turn.worker.set_exception(Unavailable("The server is stopping; call again in a moment."))
        for worker in list(self._workers):
            worker.kill(None)
        self._zygote.kill()
        for worker in list(self._workers):
            worker.release()
        self._groups.close()

    def _busy(self) -> bool:
        return any(worker.busy_with for worker in self._workers)

    def gauges(self) -> dict[str, float]:
        """Figures for /metrics."""
        return {
            "workers": len(self._workers),
            "workers_busy": sum(1 for worker in self._workers if worker.busy_with),
            "calls_waiting": sum(len(owner.waiting) for owner in self._owners.values()),
            "zygote_ready": float(self._zygote.warm.is_set()),
            **self._counts,
        }

    @property
    def ready(self) -> bool:
        """Whether calls are answered without waiting for imports."""
        return self._zygote.warm.is_set()

    def _plan(self) -> Plan:
        s = self._settings
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
        )

    def _owner(self, task: Task) -> Owner:
        key = (task.owner, task.environment)
        if (owner := self._owners.get(key)) is None:
            owner = self._owners[key] = Owner(key)
        return owner

    async def _answer(self, owner: Owner, worker: Worker, task: Task) -> Answer | None:
        answer = None
        try:
            answer = await worker.run(task)
        finally:
            if answer is None or answer.growing is None:
                self._free(owner, worker)
            else:
                answer.growing.ended.add_done_callback(partial(self._grown, owner, worker))
        return answer

    def _grown(self, owner: Owner, worker: Worker, ended: asyncio.Future[Answer]) -> None:
        """An answer that was sent while it was written is whole."""
        self._free(owner, worker)
        if ended.result().imported:
            self._zygote.preload(ended.result().imported)

    async def _wait(self, owner: Owner) -> Worker:
        if self._closing:
            raise Unavailable("The server is stopping; call again in a moment.")
        # Calls for which a worker is only being started do not count as waiting.
        soon = max(0, self._settings.call_concurrency - (owner.alive - len(owner.idle)))
        if len(owner.waiting) >= self._settings.call_queue + soon:
            raise Busy(
                f"{len(owner.waiting)} of your calls wait already, the most this server keeps (HEADRACE_CALL_QUEUE); "
                "try again in a moment."
            )
        turn = Turn(asyncio.get_running_loop().create_future(), time.monotonic())
        owner.waiting.append(turn)
        if owner.alive + owner.starting < self._settings.workers:
            self._employ(owner)
        elif owner.timer is None:
            owner.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, owner)
        try:
            async with asyncio.timeout(self._settings.call_seconds):
                return await turn.worker
        except TimeoutError as late:
            if turn in owner.waiting:
                owner.waiting.remove(turn)
            raise Busy(
                f"The call waited {self._settings.call_seconds} s for a worker and was given up "
                "(HEADRACE_CALL_SECONDS); try again in a moment."
            ) from late
        except asyncio.CancelledError:
            given = turn.worker
            if given.done() and not given.cancelled() and given.exception() is None:
                self._free(owner, given.result())
            elif turn in owner.waiting:
                owner.waiting.remove(turn)
            raise

    def _lose_patience(self, owner: Owner) -> None:
        owner.timer = None
        if not owner.waiting or self._closing:
            return
        # Many short calls wait in turn without any of them waiting long: more processes would only share the cores.
        waited = time.monotonic() - owner.waiting[0].since
        if waited >= PATIENCE and owner.alive + owner.starting < self._settings.call_concurrency:
            self._employ(owner)
        owner.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, owner)

    def _employ(self, owner: Owner) -> None:
        """Get one more worker for the owner: the spare, or a fork, in place of another owner's idle one if need be."""
        if len(self._workers) >= self._settings.workers_max and not self._dismiss_idle(but=owner):
            return
        owner.starting += 1
        hiring = asyncio.create_task(self._hire(owner))
        self._starting.add(hiring)
        hiring.add_done_callback(self._starting.discard)

    async def _hire(self, owner: Owner) -> None:
        try:
            worker = await self._fresh()
        finally:
            owner.starting -= 1
        if worker is None and self._zygote.warm.is_set():
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                self._give_up(owner)
                return
        if worker is None:
            # The zygote may just have died; whoever waits has a timer, and a call alone in its queue gets one here.
            if owner.waiting and owner.timer is None and not self._closing:
                owner.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, owner)
            return
        self._stillborn = 0
        owner.alive += 1
        worker.owner = owner
        self._free(owner, worker)

    def _give_up(self, owner: Owner) -> None:
        log.error("workers end before they are ready; what they said stands above")
        while owner.waiting:
            turn = owner.waiting.popleft()
            if not turn.worker.done():
                turn.worker.set_exception(
                    Unavailable("No worker can be started on this machine; the server's log tells why.")
                )

    async def _fresh(self) -> Worker | None:
        spare, self._spare = self._spare, None
        worker = spare if spare is not None and spare.alive else await self._fork()
        if not self._closing:
            asyncio.get_running_loop().call_soon(self._keep_spare)
        if worker is not None:
            refused = await worker.ready
            if not worker.alive:
                return None
            self._note(refused)
        return worker

    async def _fork(self) -> Worker | None:
        await self._zygote.warm.wait()
        if self._closing:
            return None
        worker = self._zygote.fork(self._ended)
        self._workers.add(worker)
        self._counts["workers_started"] += 1
        return worker

    def _keep_spare(self) -> None:
        wanted = self._spare is None and self._zygote.warm.is_set() and not self._closing
        if wanted and len(self._workers) < self._settings.workers_max:
            self._spare = self._zygote.fork(self._ended)
            self._workers.add(self._spare)
            self._counts["workers_started"] += 1

    def _renew_spare(self) -> None:
        """Replace the spare, so that the next one has what the zygote has imported since."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.kill(None)
        self._keep_spare()

    def _free(self, owner: Owner, worker: Worker) -> None:
        """Give a worker that has nothing to do to the next call of its owner, or keep it, or end it."""
        if not worker.alive:
            self._after_loss(owner)
            return
        if worker.retiring or worker.calls >= self._settings.worker_calls or self._owed(owner):
            worker.kill(None)
            self._after_loss(owner)
            return
        while owner.waiting:
            turn = owner.waiting.popleft()
            if not turn.worker.done():
                turn.worker.set_result(worker)
                return
        worker.idle_since = time.monotonic()
        owner.idle.append(worker)
        if self._resting is None:
            self._resting = asyncio.get_running_loop().call_later(REST, self._rest)

    def _rest(self) -> None:
        """Stop the workers that have had nothing to do for a moment, and look again while there are others."""
        self._resting = None
        since, later = time.monotonic() - REST / 2, False
        for owner in self._owners.values():
            for worker in owner.idle:
                if worker.idle_since < since:
                    worker.rest()
                else:
                    later = True
        if later and not self._closing:
            self._resting = asyncio.get_running_loop().call_later(REST, self._rest)

    def _after_loss(self, owner: Owner) -> None:
        for other in self._hungry():
            self._employ(other)
        if owner.waiting and owner.alive + owner.starting < self._settings.workers:
            self._employ(owner)

    def _owed(self, owner: Owner) -> bool:
        """Whether another owner has calls and no worker while every place is taken."""
        return len(self._workers) >= self._settings.workers_max and any(o is not owner for o in self._hungry())

    def _hungry(self) -> Iterator[Owner]:
        return (o for o in self._owners.values() if o.waiting and not o.alive and not o.starting)

    def _dismiss_idle(self, but: Owner) -> bool:
        idle = [worker for owner in self._owners.values() if owner is not but for worker in owner.idle]
        if not idle:
            return False
        min(idle, key=lambda worker: worker.idle_since).kill(None)
        return True

    def _ended(self, worker: Worker) -> None:
        """A worker is gone, for whatever reason."""
        self._workers.discard(worker)
        self._counts["workers_ended"] += 1
        if worker is self._spare:
            self._spare = None
        if isinstance(worker.owner, Owner):
            worker.owner.alive -= 1
            if worker in worker.owner.idle:
                worker.owner.idle.remove(worker)

    def _sweep(self) -> None:
        oldest = time.monotonic() - self._settings.worker_idle_seconds
        for key, owner in list(self._owners.items()):
            for worker in [w for w in owner.idle if w.idle_since < oldest]:
                worker.kill(None)
            if not (owner.alive or owner.starting or owner.waiting):
                del self._owners[key]
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    async def _keep_zygote(self) -> None:
        """Start the zygote again whenever it ends; calls that wait are then answered by the new one."""
        failures = 0
        while True:
            began = time.monotonic()
            welcoming = asyncio.create_task(self._welcome())
            await self._zygote.gone.wait()
            welcoming.cancel()
            if self._zygote.unable and self._fall_back():
                failures = 0
            else:
                failures = 1 if time.monotonic() - began > STEADY else failures + 1
                log.error("the zygote ended and is started again", failures=failures)
            await asyncio.sleep(RESTART[min(failures, len(RESTART) - 1)])
            # The same object: calls that wait for the zygote wait on its event.
            self._zygote.start()
            self._counts["zygotes_started"] += 1

    async def _welcome(self) -> None:
        """Fork for those who wait, as soon as the zygote can."""
        await self._zygote.warm.wait()
        self._keep_spare()
        for owner in self._hungry():
            self._employ(owner)

    def _fall_back(self) -> bool:
        """Do without the network that nobody asked for by name; whether that is so."""
        reason, self._zygote.unable = self._zygote.unable, ""
        if self._settings.network:
            log.error("this machine does not give HEADRACE_NETWORK", network=self._settings.network, reason=reason)
            return False
        self._note({"network": reason})
        self.environment = msgspec.structs.replace(self.environment, network="host")
        self._zygote.environment = self.environment
        return True

    def _note(self, refused: dict[str, str]) -> None:
        if self._zygote.private_pids:
            refused = refused | {"processes": self._zygote.private_pids}
        if self._groups.refused:
            refused = refused | {"control groups": self._groups.refused}
        if refused.keys() - self.refused.keys():
            log.warning("this machine does not give every fence; `headrace doctor` tells what follows", refused=refused)
        self.refused |= refused


executor = Local
