"""The local executor: warm, fenced worker processes on this machine.

    owner's queue ─▶ an idle worker of the owner ─▶ else the spare ─▶ else a fork, when calls have waited long enough

A worker belongs to one owner's environment from its first call until it dies. One spare is kept forked ahead and
belongs to nobody, so a first call pays for no fork.

A call that waits for a call it made holds its worker meanwhile. So calls are counted by their depth, each depth has the
whole of `call_concurrency` and `workers_max` for itself, and one never waits for a place that its caller holds: those
of the greatest depth make no calls and end, then those above them. At most workers_max times call_depth processes are
alive.
"""

import asyncio
import time
from collections import Counter, deque

import msgspec
import structlog

from headrace.errors import Busy, Unavailable
from headrace.executors import Answering
from headrace.executors._mounts import PAUSE, Mounts
from headrace.executors._processes import Worker, Zygote
from headrace.model.result import Answer, Outcome
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


class Owner:
    """The workers of one owner's environment, and its calls, by their depth."""

    def __init__(self) -> None:
        self.idle: list[Worker] = []
        self.alive = 0
        self.lanes: dict[int, Lane] = {}

    def lane(self, depth: int) -> "Lane":
        """The calls of one depth."""
        if (lane := self.lanes.get(depth)) is None:
            lane = self.lanes[depth] = Lane(self, depth)
        return lane

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to keep it for."""
        return not self.alive and not any(lane.starting or lane.waiting for lane in self.lanes.values())


class Lane:
    """The calls of one owner and one depth: those that have a worker, and those that wait for one."""

    def __init__(self, owner: Owner, depth: int) -> None:
        self.owner, self.depth = owner, depth
        self.busy = 0
        self.starting = 0  # workers that come for the calls of this lane
        self.waiting: deque[asyncio.Future[Worker]] = deque()
        self.timer: asyncio.TimerHandle | None = None


class Local:
    """Answers tasks with the workers of one zygote."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._groups = Groups()
        self._owners: dict[tuple[str, str], Owner] = {}
        self._spare: Worker | None = None
        self._workers: set[Worker] = set()
        self._busy: Counter[int] = Counter()  # workers that have a call, by its depth
        self._starting: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._closing = False
        self._stillborn = 0
        self._counts = {"workers_started": 0, "workers_ended": 0, "zygotes_started": 0}
        self.refused: dict[str, str] = {}
        self._lacking = network.missing() or ("" if environment.bubblewrap() else "bubblewrap is not installed")
        # Without bubblewrap there is no place of the machine's that could be shown to each owner as another.
        shares = settings.mount_mb > 0 and environment.bubblewrap() is not None
        self._mounts = Mounts(settings.home / "mounts", settings.mount_mb << 20) if shares else None
        self._watcher: asyncio.Task[None] | None = None
        self.environment = environment.default(
            [folder for folder in settings.data_folders.split(":") if folder],
            network=settings.network or ("host" if self._lacking else "public"),
            mounts=str(self._mounts.root) if self._mounts else "",
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
        if self._mounts:
            self._mounts.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._watcher = asyncio.create_task(self._watch_mounts())
        self._zygote.start()
        self._counts["zygotes_started"] += 1
        self._keeper = asyncio.create_task(self._keep_zygote())
        self._sweep()

    async def call(self, task: Task, answering: Answering | None = None) -> Answer:
        """Run the task; see `executors.Executor`."""
        began = time.perf_counter()
        lane = self._lane(task)
        idle = lane.owner.idle
        while True:
            started = time.perf_counter()
            if idle and lane.busy < self._settings.call_concurrency:
                worker = self._take(lane, idle.pop())
            else:
                worker = await self._wait(lane)
            try:
                answer = await worker.run(self._sharing(worker, task), answering)
            finally:
                if worker.refused:
                    self._note(worker.refused)
                self._free(lane, worker)
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

    def _sharing(self, worker: Worker, task: Task) -> Task:
        """The task, with the folder that its owner's calls share if the worker is yet to be shown one."""
        if worker.calls or not task.shared:
            return task
        if self._mounts is None:
            return msgspec.structs.replace(task, shared="")
        self._mounts.make(task.shared)
        worker.shared = task.shared
        return msgspec.structs.replace(task, full=task.shared in self._mounts.full)

    async def _watch_mounts(self) -> None:
        """Measure the folders that calls write to, and end the workers that were shown one as it is no more."""
        assert self._mounts is not None
        while True:
            await asyncio.sleep(PAUSE)
            for name in self._mounts.due({worker.shared for worker in self._workers if worker.busy_with} - {""}):
                if await asyncio.to_thread(self._mounts.measure, name):
                    for worker in [worker for worker in self._workers if worker.shared == name]:
                        if name in self._mounts.full or not worker.busy_with:
                            worker.kill(Outcome.FULL)
                        else:
                            worker.retiring = True

    def stop(self, uid: str) -> bool:
        """End the task of that uid."""
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
        while self._at_work() and time.monotonic() < deadline:  # noqa: ASYNC110 - once in a server's life
            await asyncio.sleep(0.02)
        for task in (self._keeper, self._watcher):
            if task:
                task.cancel()
        for owner in self._owners.values():
            for waiting in (turn for lane in owner.lanes.values() for turn in lane.waiting):
                if not waiting.done():
                    waiting.set_exception(Unavailable("The server is stopping; call again in a moment."))
        for worker in list(self._workers):
            worker.kill(None)
        self._zygote.kill()
        for worker in list(self._workers):
            worker.release()
        self._groups.close()

    def _at_work(self) -> bool:
        return any(worker.busy_with for worker in self._workers)

    def gauges(self) -> dict[str, float]:
        """Figures for /metrics."""
        return {
            "workers": len(self._workers),
            "workers_busy": sum(1 for worker in self._workers if worker.busy_with),
            "calls_waiting": sum(len(lane.waiting) for owner in self._owners.values() for lane in owner.lanes.values()),
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
            mounts=self._mounts is not None,
        )

    def _lane(self, task: Task) -> Lane:
        key = (task.owner, task.environment)
        if (owner := self._owners.get(key)) is None:
            owner = self._owners[key] = Owner()
        return owner.lane(task.depth)

    def _take(self, lane: Lane, worker: Worker) -> Worker:
        """Count the worker as one that answers a call of the lane, until it is freed."""
        lane.busy += 1
        self._busy[lane.depth] += 1
        return worker

    def _full(self, depth: int) -> bool:
        """Whether calls of that depth have as many workers as there may be; those of other depths do not count."""
        elsewhere = self._busy.total() - self._busy[depth]
        return len(self._workers) - (self._spare is not None) - elsewhere >= self._settings.workers_max

    async def _wait(self, lane: Lane) -> Worker:
        if self._closing:
            raise Unavailable("The server is stopping; call again in a moment.")
        # Calls for which a worker is only being started do not count as waiting.
        soon = max(0, self._settings.call_concurrency - lane.busy)
        if len(lane.waiting) >= self._settings.call_queue + soon:
            raise Busy(
                f"{len(lane.waiting)} of your calls wait already, the most this server keeps (HEADRACE_CALL_QUEUE); "
                "try again in a moment."
            )
        turn: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        if lane.busy + lane.starting < min(self._settings.workers, self._settings.call_concurrency):
            self._employ(lane)
        elif lane.timer is None:
            lane.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, lane)
        try:
            async with asyncio.timeout(self._settings.call_seconds):
                return await turn
        except TimeoutError as late:
            if turn in lane.waiting:
                lane.waiting.remove(turn)
            raise Busy(
                f"The call waited {self._settings.call_seconds} s for a worker and was given up "
                "(HEADRACE_CALL_SECONDS); try again in a moment."
            ) from late
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free(lane, turn.result())
            elif turn in lane.waiting:
                lane.waiting.remove(turn)
            raise

    def _lose_patience(self, lane: Lane) -> None:
        lane.timer = None
        if not lane.waiting or self._closing:
            return
        if lane.busy + lane.starting < self._settings.call_concurrency:
            self._employ(lane)
        lane.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, lane)

    def _employ(self, lane: Lane) -> None:
        """Get one more worker for the lane: the spare, or a fork, in place of another owner's idle one if need be."""
        if lane.owner.idle and lane.busy < self._settings.call_concurrency:
            self._settle(lane.owner, lane.owner.idle.pop())
            return
        while self._full(lane.depth):
            if not self._dismiss_idle(but=lane.owner):
                return
        lane.starting += 1
        hiring = asyncio.create_task(self._hire(lane))
        self._starting.add(hiring)
        hiring.add_done_callback(self._starting.discard)

    async def _hire(self, lane: Lane) -> None:
        try:
            worker = await self._fresh()
        finally:
            lane.starting -= 1
        if worker is None and self._zygote.warm.is_set():
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                self._give_up(lane)
                return
        if worker is None:
            # The zygote may just have died; whoever waits has a timer, and a call alone in its queue gets one here.
            if lane.waiting and lane.timer is None and not self._closing:
                lane.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, lane)
            return
        self._stillborn = 0
        lane.owner.alive += 1
        worker.owner = lane.owner
        self._settle(lane.owner, worker)

    def _give_up(self, lane: Lane) -> None:
        log.error("workers end before they are ready; what they said stands above")
        while lane.waiting:
            turn = lane.waiting.popleft()
            if not turn.done():
                turn.set_exception(Unavailable("No worker can be started on this machine; the server's log tells why."))

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

    def _free(self, lane: Lane, worker: Worker) -> None:
        """Take back a worker whose call is over: for the next call of its owner, or to keep it, or to end it."""
        lane.busy -= 1
        self._busy[lane.depth] -= 1
        if not worker.alive:
            self._after_loss(lane.owner)
            return
        if worker.retiring or worker.calls >= self._settings.worker_calls or self._owed(lane):
            worker.kill(None)
            self._after_loss(lane.owner)
            return
        self._settle(lane.owner, worker)

    def _settle(self, owner: Owner, worker: Worker) -> None:
        """Give a worker that has nothing to do to a call of its owner that may have one, or let it be idle.

        The deepest come first: others wait for what they give.
        """
        for depth in sorted(owner.lanes, reverse=True):
            lane = owner.lanes[depth]
            while lane.waiting and lane.busy < self._settings.call_concurrency:
                turn = lane.waiting.popleft()
                if not turn.done():
                    turn.set_result(self._take(lane, worker))
                    return
        if len(self._workers) > self._settings.workers_max:
            worker.kill(None)  # calls that others made needed it, and now they are over
            self._after_loss(owner)
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
        most = min(self._settings.workers, self._settings.call_concurrency)
        for lane in owner.lanes.values():
            if lane.waiting and lane.busy + lane.starting < most:
                self._employ(lane)

    def _owed(self, lane: Lane) -> bool:
        """Whether another owner has calls of that depth and no worker for them while every place is taken."""
        depth = lane.depth
        # The worker is free again, so that it is counted at every depth.
        return self._full(depth) and any(o.owner is not lane.owner and o.depth == depth for o in self._hungry())

    def _hungry(self) -> list[Lane]:
        lanes = (lane for owner in self._owners.values() for lane in owner.lanes.values())
        return [lane for lane in lanes if lane.waiting and not lane.busy and not lane.starting]

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
            if owner.quiet:
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
        for lane in self._hungry():
            self._employ(lane)

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
