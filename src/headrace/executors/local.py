"""The local executor: warm, fenced worker processes on this machine.

    owner's queue ─▶ an idle worker of the owner ─▶ else the spare ─▶ else a fork, when calls have waited long enough

A worker belongs to one owner's environment from its first call until it dies. One spare is kept forked ahead and
belongs to nobody, so a first call pays for no fork. Each environment at work is a site (`_site.py`) with a zygote:
the default one from the start, others from their first call until they have had none for long.

A call that waits for a call it made holds its worker meanwhile. So calls are counted by their depth, each depth has the
whole of `call_concurrency` and `workers_max` for itself, and one never waits for a place that its caller holds: those
of the greatest depth make no calls and end, then those above them. At most workers_max times call_depth processes are
alive.
"""

import asyncio
import time
from collections import Counter
from functools import partial

import msgspec
import structlog

from headrace.errors import Busy, Unavailable
from headrace.executors import Answering
from headrace.executors._mounts import PAUSE, Mounts, lend
from headrace.executors._owners import Lane, Owner, Turn
from headrace.executors._site import Site, Staff
from headrace.executors._worker import Worker
from headrace.model.environment import DEFAULT
from headrace.model.result import Answer, Outcome
from headrace.model.task import LAKE
from headrace.runtime import environment, network
from headrace.runtime.cgroup import Groups
from headrace.runtime.environment import Environment
from headrace.runtime.wire import Lent, Task
from headrace.settings import CORES, Settings

log = structlog.get_logger(__name__)

PATIENCE = 0.02  # seconds that the first in a queue waits before one more worker is forked for its owner
SHARED_PATIENCE = 0.25  # the same where every core has a worker that computes: one more would only share them
REST = 0.1  # seconds that a worker without calls runs on before it is stopped until its next
SWEEP = 5.0  # seconds between looks for workers that have been idle too long


class Local:
    """Answers tasks with the workers of one zygote per environment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._groups = Groups()
        self._staff = Staff(
            settings, self._groups, self._ended, self._welcome, self._disappoint, self._fall_back, self._note
        )
        self._workers, self._counts = self._staff.workers, self._staff.counts
        self._owners: dict[tuple[str, str, tuple[Lent, ...]], Owner] = {}
        self._busy: Counter[int] = Counter()  # workers that have a call, by its depth
        self._starting: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._closing = False
        self.refused: dict[str, str] = {}
        self._lacking = network.missing() or ("" if environment.bubblewrap() else "bubblewrap is not installed")
        self._folders = [folder for folder in settings.data_folders.split(":") if folder]
        # Without bubblewrap there is no place of the machine's that could be shown to each owner as another.
        shares = settings.mount_mb > 0 and environment.bubblewrap() is not None
        self._mounts = Mounts(settings.home / "mounts", settings.mount_mb << 20) if shares else None
        self._watcher: asyncio.Task[None] | None = None
        first = environment.default(
            self._folders,
            network=settings.network or ("host" if self._lacking else "public"),
            mounts=str(self._mounts.root) if self._mounts else "",
            lends=str(settings.home / LAKE) if environment.bubblewrap() is not None else "",
        )
        self._default = Site(first, self._staff)
        self._sites: dict[str, Site] = {DEFAULT: self._default}

    @property
    def environment(self) -> Environment:
        """The default environment, with the network it has been given."""
        return self._default.environment

    async def start(self) -> None:
        """Start the default zygote; it imports in the background, and calls that come meanwhile wait for it."""
        if self._lacking and self._settings.network == "public":
            raise Unavailable(
                f"HEADRACE_NETWORK=public cannot be given: {self._lacking}. 'none' and 'host' need nothing."
            )
        if self._lacking and not self._settings.network:
            self._note({"network": self._lacking})
        (self._settings.home / LAKE).mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._mounts:
            self._mounts.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._watcher = asyncio.create_task(self._watch_mounts())
        self._default.start()
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
            answer = await self._answer(lane, worker, task, answering)
            if answer is not None:
                break
        if answer.imported:
            lane.owner.site.preload(answer.imported)
        waited = (started - began) * 1000
        return (
            msgspec.structs.replace(answer, timing=msgspec.structs.replace(answer.timing, queue=waited))
            if waited > 0.01
            else answer
        )

    async def _sharing(self, worker: Worker, task: Task) -> tuple[Task, int | None]:
        """The task, with the folder that its owner's calls share if the worker is yet to be shown one.

        Where that is not among the folders that its zygote sees, it comes as a mount, as an open file.
        """
        if worker.calls or not task.shared:
            return task, None
        if self._mounts is None:
            return msgspec.structs.replace(task, shared=""), None
        tree = None
        self._mounts.make(task.shared)
        if task.environment != DEFAULT:
            tree = await self._lend(self._mounts, worker, task.shared)
            if tree is None:
                return msgspec.structs.replace(task, shared=""), None
        worker.shared = task.shared
        return msgspec.structs.replace(task, full=task.shared in self._mounts.full), tree

    async def _lend(self, mounts: Mounts, worker: Worker, name: str) -> int | None:
        """The folder as a mount for that worker alone; None where the machine refuses it, or the server is not root."""
        if worker.user is None or "mounts of other environments" in self.refused:
            return None
        try:
            return await lend(mounts, name, worker.user)
        except OSError as refused:
            self._note({"mounts of other environments": str(refused)})
            return None

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
        if self._watcher:
            self._watcher.cancel()
        for owner in self._owners.values():
            owner.disappoint(Unavailable("The server is stopping; call again in a moment."))
        for site in self._sites.values():
            site.closing = True
        for worker in list(self._workers):
            worker.kill(None)
        for site in self._sites.values():
            site.close()
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
            "zygotes": len(self._sites),
            "zygote_ready": float(self._default.warm),
            **self._counts,
        }

    @property
    def ready(self) -> bool:
        """Whether calls are answered without waiting for imports."""
        return self._default.warm

    def environments(self) -> frozenset[str]:
        """The environments that have processes now."""
        return frozenset(self._sites)

    def _lane(self, task: Task) -> Lane:
        if task.lent and not (self._default.environment.lends and task.environment == DEFAULT):
            raise Unavailable("Arrays and the warehouse are lent to the default environment's workers, by bubblewrap.")
        key = (task.owner, task.environment, task.lent)
        if (owner := self._owners.get(key)) is None:
            owner = self._owners[key] = Owner(self._site(task.environment))
        owner.site.used = time.monotonic()
        return owner.lane(task.depth)

    def _site(self, name: str) -> Site:
        """The site of that environment, started where it is not there yet. Raises Unavailable, Busy."""
        if (site := self._sites.get(name)) is not None:
            return site
        if self._closing:
            raise Unavailable("The server is stopping; call again in a moment.")
        try:
            found = environment.installed(
                self._settings.home / environment.FOLDER / name, self._folders, network=self.environment.network
            )
        except OSError as missing:
            raise Unavailable("The environment's packages are not on this machine; it is built anew.") from missing
        if len(self._sites) > self._settings.zygotes_max - 1 and not self._make_room():
            raise Busy(
                f"{len(self._sites)} environments are at work at once, the most this server keeps "
                "(HEADRACE_ZYGOTES_MAX); try again in a moment."
            )
        self._sites[name] = site = Site(found, self._staff)
        site.start()
        return site

    def _make_room(self) -> bool:
        """Close the site that has had no call for longest, of those that have nothing to do. Whether there was one."""
        idle = [site for site in self._sites.values() if site is not self._default and not self._has_work(site)]
        if not idle:
            return False
        self._close_site(min(idle, key=lambda site: site.used))
        return True

    def _has_work(self, site: Site) -> bool:
        return any(owner.working for owner in self._owners.values() if owner.site is site)

    def _close_site(self, site: Site) -> None:
        site.close()
        self._sites.pop(site.environment.name, None)
        for key in [key for key, owner in self._owners.items() if owner.site is site]:
            del self._owners[key]

    async def _answer(self, lane: Lane, worker: Worker, task: Task, answering: Answering | None) -> Answer | None:
        answer = None
        try:
            shared, tree = await self._sharing(worker, task)
            answer = await worker.run(shared, answering, tree)
        finally:
            if worker.refused:
                self._note(worker.refused)
            if answer is None or answer.growing is None:
                self._free(lane, worker)
            else:
                answer.growing.ended.add_done_callback(partial(self._grown, lane, worker))
        return answer

    def _grown(self, lane: Lane, worker: Worker, ended: asyncio.Future[Answer]) -> None:
        """An answer that was sent while it was written is whole."""
        self._free(lane, worker)
        if ended.result().imported:
            lane.owner.site.preload(ended.result().imported)

    def _take(self, lane: Lane, worker: Worker) -> Worker:
        """Count the worker as one that answers a call of the lane, until it is freed."""
        lane.busy += 1
        self._busy[lane.depth] += 1
        return worker

    def _full(self, lane: Lane) -> bool:
        """Whether calls of that depth have as many workers as there may be; those of other depths do not count."""
        elsewhere = self._busy.total() - self._busy[lane.depth]
        spare = lane.owner.site.spare is not None
        return len(self._workers) - spare - elsewhere >= self._settings.workers_max

    async def _wait(self, lane: Lane) -> Worker:
        if self._closing:
            raise Unavailable("The server is stopping; call again in a moment.")
        if (site := lane.owner.site).closing:
            raise Unavailable(site.hopeless or "The environment was just put away; call again.")
        # Calls for which a worker is only being started do not count as waiting.
        soon = max(0, self._settings.call_concurrency - lane.busy)
        if len(lane.waiting) >= self._settings.call_queue + soon:
            raise Busy(
                f"{len(lane.waiting)} of your calls wait already, the most this server keeps (HEADRACE_CALL_QUEUE); "
                "try again in a moment."
            )
        turn = Turn(asyncio.get_running_loop().create_future(), time.monotonic())
        lane.waiting.append(turn)
        if lane.busy + lane.starting < min(self._settings.workers, self._settings.call_concurrency):
            self._employ(lane)
        elif lane.timer is None:
            lane.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, lane)
        try:
            async with asyncio.timeout(self._settings.call_seconds):
                return await turn.worker
        except TimeoutError as late:
            if turn in lane.waiting:
                lane.waiting.remove(turn)
            raise Busy(
                f"The call waited {self._settings.call_seconds} s for a worker and was given up "
                "(HEADRACE_CALL_SECONDS); try again in a moment."
            ) from late
        except asyncio.CancelledError:
            given = turn.worker
            if given.done() and not given.cancelled() and given.exception() is None:
                self._free(lane, given.result())
            elif turn in lane.waiting:
                lane.waiting.remove(turn)
            raise

    def _lose_patience(self, lane: Lane) -> None:
        lane.timer = None
        if not lane.waiting or self._closing:
            return
        # Many short calls wait in turn without any of them waiting long: more processes would not help them.
        waited = time.monotonic() - lane.waiting[0].since
        if waited >= PATIENCE and lane.busy + lane.starting < self._settings.call_concurrency:
            computing = sum(worker.computes for worker in self._workers if worker.busy_with)
            if waited >= SHARED_PATIENCE or computing < CORES:
                self._employ(lane)
        lane.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, lane)

    def _employ(self, lane: Lane) -> None:
        """Get one more worker for the lane: the spare, or a fork, in place of another owner's idle one if need be."""
        if lane.owner.idle and lane.busy < self._settings.call_concurrency:
            self._settle(lane.owner, lane.owner.idle.pop())
            return
        while self._full(lane):
            if not self._dismiss_idle(but=lane.owner):
                return
        lane.starting += 1
        hiring = asyncio.create_task(self._hire(lane))
        self._starting.add(hiring)
        hiring.add_done_callback(self._starting.discard)

    async def _hire(self, lane: Lane) -> None:
        try:
            worker = await lane.owner.site.fresh()
        finally:
            lane.starting -= 1
        if worker is None:
            # The zygote may just have died; whoever waits has a timer, and a call alone in its queue gets one here.
            if lane.waiting and lane.timer is None and not self._closing:
                lane.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, lane)
            return
        lane.owner.alive += 1
        worker.owner = lane.owner
        self._settle(lane.owner, worker)

    def _disappoint(self, site: Site, reason: str) -> None:
        """Tell whoever waits for a site that they wait in vain."""
        for owner in self._owners.values():
            if owner.site is site:
                owner.disappoint(Unavailable(reason))
        if site.hopeless:
            self._close_site(site)

    def _welcome(self, site: Site) -> None:
        """Fork for those who wait, now that the site does."""
        for lane in self._hungry():
            if lane.owner.site is site:
                self._employ(lane)

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
                if not turn.worker.done():
                    turn.worker.set_result(self._take(lane, worker))
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
        return self._full(lane) and any(o.owner is not lane.owner and o.depth == depth for o in self._hungry())

    def _hungry(self) -> list[Lane]:
        lanes = (lane for owner in self._owners.values() for lane in owner.lanes.values())
        return [lane for lane in lanes if lane.waiting and not lane.busy and not lane.starting]

    def _dismiss_idle(self, but: Owner) -> bool:
        idle = [worker for owner in self._owners.values() if owner is not but for worker in owner.idle]
        idle = idle or [site.spare for site in self._sites.values() if site.spare is not None]
        if not idle:
            return False
        min(idle, key=lambda worker: worker.idle_since).kill(None)
        return True

    def _ended(self, worker: Worker) -> None:
        """A worker is gone, for whatever reason."""
        self._workers.discard(worker)
        self._counts["workers_ended"] += 1
        for site in self._sites.values():
            site.lose(worker)
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
        longest = time.monotonic() - self._settings.zygote_idle_seconds
        for site in list(self._sites.values()):
            if site is not self._default and site.used < longest and not self._has_work(site):
                self._close_site(site)
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    def _fall_back(self, site: Site, reason: str) -> bool:
        """Do without the network that nobody asked for by name; whether that is so."""
        if site is not self._default:
            if changed := site.environment.network != self.environment.network:
                site.move(self.environment.network)
            return changed
        if self._settings.network:
            log.error("this machine does not give HEADRACE_NETWORK", network=self._settings.network, reason=reason)
            return False
        self._note({"network": reason})
        site.move("host")
        return True

    def _note(self, refused: dict[str, str]) -> None:
        if self._default.private_pids:
            refused = refused | {"processes": self._default.private_pids}
        if self._groups.refused:
            refused = refused | {"control groups": self._groups.refused}
        if refused.keys() - self.refused.keys():
            log.warning("this machine does not give every fence; `headrace doctor` tells what follows", refused=refused)
        self.refused |= refused


executor = Local
