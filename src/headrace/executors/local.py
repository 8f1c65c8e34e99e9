"""The local executor: warm, fenced worker processes on this machine.

    owner's queue ─▶ an idle worker of the owner ─▶ else the spare ─▶ else a fork, when calls have waited long enough

A worker belongs to one owner's environment from its first call until it dies. One spare is kept forked ahead and
belongs to nobody, so a first call pays for no fork. Each environment at work is a site (`_site.py`) with a zygote:
the default one from the start, others from their first call until they have had none for long.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from functools import partial

import msgspec
import structlog

from headrace.errors import Busy, Unavailable
from headrace.executors._processes import Worker
from headrace.executors._site import Site, Staff
from headrace.model.environment import DEFAULT
from headrace.model.result import Answer
from headrace.runtime import environment, network
from headrace.runtime.cgroup import Groups
from headrace.runtime.environment import Environment
from headrace.runtime.wire import Task
from headrace.settings import Settings

log = structlog.get_logger(__name__)

PATIENCE = 0.02  # seconds that the first in a queue waits before one more worker is forked for its owner
REST = 0.1  # seconds that a worker without calls runs on before it is stopped until its next
SWEEP = 5.0  # seconds between looks for workers that have been idle too long


class Turn(msgspec.Struct, eq=False):
    """A call that waits for a worker, since that moment of the monotonic clock."""

    worker: asyncio.Future[Worker]
    since: float


class Owner:
    """The workers of one owner's environment, and the calls that wait for one."""

    def __init__(self, key: tuple[str, str], site: Site) -> None:
        self.key, self.site = key, site
        self.idle: list[Worker] = []
        self.alive = 0
        self.starting = 0
        self.waiting: deque[Turn] = deque()
        self.timer: asyncio.TimerHandle | None = None


class Local:
    """Answers tasks with the workers of one zygote per environment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._groups = Groups()
        self._staff = Staff(
            settings, self._groups, self._ended, self._welcome, self._disappoint, self._fall_back, self._note
        )
        self._workers, self._counts = self._staff.workers, self._staff.counts
        self._owners: dict[tuple[str, str], Owner] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._closing = False
        self.refused: dict[str, str] = {}
        self._lacking = network.missing() or ("" if environment.bubblewrap() else "bubblewrap is not installed")
        self._folders = [folder for folder in settings.data_folders.split(":") if folder]
        first = environment.default(self._folders, network=settings.network or ("host" if self._lacking else "public"))
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
        self._default.start()
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
            owner.site.preload(answer.imported)
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
        for owner in self._owners.values():
            _tell_all(owner, Unavailable("The server is stopping; call again in a moment."))
        for site in self._sites.values():
            site.closing = True
        for worker in list(self._workers):
            worker.kill(None)
        for site in self._sites.values():
            site.close()
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

    def _owner(self, task: Task) -> Owner:
        key = (task.owner, task.environment)
        if (owner := self._owners.get(key)) is None:
            owner = self._owners[key] = Owner(key, self._site(task.environment))
        owner.site.used = time.monotonic()
        return owner

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
        owners = (owner for owner in self._owners.values() if owner.site is site)
        return any(owner.waiting or owner.starting or owner.alive > len(owner.idle) for owner in owners)

    def _close_site(self, site: Site) -> None:
        site.close()
        self._sites.pop(site.environment.name, None)
        for key in [key for key, owner in self._owners.items() if owner.site is site]:
            del self._owners[key]

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
            owner.site.preload(ended.result().imported)

    async def _wait(self, owner: Owner) -> Worker:
        if self._closing:
            raise Unavailable("The server is stopping; call again in a moment.")
        if owner.site.closing:
            raise Unavailable(owner.site.hopeless or "The environment was just put away; call again.")
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
        full = len(self._workers) >= self._settings.workers_max and owner.site.spare is None
        if full and not self._dismiss_idle(but=owner):
            return
        owner.starting += 1
        hiring = asyncio.create_task(self._hire(owner))
        self._starting.add(hiring)
        hiring.add_done_callback(self._starting.discard)

    async def _hire(self, owner: Owner) -> None:
        try:
            worker = await owner.site.fresh()
        finally:
            owner.starting -= 1
        if worker is None:
            # The zygote may just have died; whoever waits has a timer, and a call alone in its queue gets one here.
            if owner.waiting and owner.timer is None and not self._closing:
                owner.timer = asyncio.get_running_loop().call_later(PATIENCE, self._lose_patience, owner)
            return
        owner.alive += 1
        worker.owner = owner
        self._free(owner, worker)

    def _disappoint(self, site: Site, reason: str) -> None:
        """Tell whoever waits for a site that they wait in vain."""
        for owner in self._owners.values():
            if owner.site is site:
                _tell_all(owner, Unavailable(reason))
        if site.hopeless:
            self._close_site(site)

    def _welcome(self, site: Site) -> None:
        """Fork for those who wait, now that the site does."""
        for owner in self._hungry():
            if owner.site is site:
                self._employ(owner)

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
            if not (owner.alive or owner.starting or owner.waiting):
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


def _tell_all(owner: Owner, what: Unavailable) -> None:
    while owner.waiting:
        turn = owner.waiting.popleft()
        if not turn.worker.done():
            turn.worker.set_exception(what)


executor = Local
