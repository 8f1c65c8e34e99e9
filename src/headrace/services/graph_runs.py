"""Runs of task graphs that the server drives.

    submit ─▶ a log ─▶ Drive: nodes whose parents have succeeded run as tasks, so many at once
                         │
                         ├─ all succeeded ─▶ succeeded
                         ├─ one failed as often as it may ─▶ what needs it is skipped, the rest runs ─▶ failed
                         └─ stop, a deadline ─▶ what runs is ended now ─▶ cancelled, failed

What a drive knows it reads from the rows of its tasks, so a server that was killed goes on at its next start where the
rows say that it was; a task that was under way is lost then, and runs again.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from headrace.db import accounts
from headrace.db import task_graphs as queries
from headrace.db import tasks as of_tasks
from headrace.db.tables import graph_logs
from headrace.errors import Conflict, HeadraceError
from headrace.model import graph_plan, task_graph
from headrace.model.access import Principal
from headrace.model.graph_plan import Plan
from headrace.model.run import State
from headrace.model.task import Task, Type
from headrace.model.task_graph import SKIPPED, STOPPED, Log, Node, Standing, Status
from headrace.services import graph_plans, task_graphs
from headrace.services._graph_nodes import Runner
from headrace.services.call import Call, Platform
from headrace.services.pickled import Functions
from headrace.services.task_graphs import Shown
from headrace.services.tasks import Tasks

log = structlog.get_logger(__name__)

STEP = 100  # rows in one transaction, so that no other writer waits long
PATIENCE = 5.0  # seconds that a stop waits for what it ended to be written down


class Graphs:
    """The task graphs that one server drives; it lives on the server's event loop."""

    def __init__(self, platform: Platform, tasks: Tasks, functions: Functions, server: str) -> None:
        self._platform, self._tasks, self._functions, self._server = platform, tasks, functions, server
        self._drives: dict[str, Drive] = {}

    async def submit(self, call: Call, namespace: str, graph_uid: str) -> Shown:
        """Begin a run of a graph that the caller may see. Raises NotFound, Invalid."""
        run = await asyncio.to_thread(self._submit, call, namespace, graph_uid)
        self._drive(run, call)
        return Shown(run, {})

    async def stop(self, call: Call, namespace: str, uid: str) -> None:
        """End a run of one's own, and what runs of it; one that has ended stays so. Raises NotFound, Forbidden."""
        run = (await asyncio.to_thread(self._own, call, namespace, uid)).log
        if run.status.final:
            return
        if (drive := self._drives.get(uid)) is not None:
            drive.stop(Status.CANCELLED, "The run of the graph was stopped.")
            await asyncio.wait({drive.running}, timeout=PATIENCE)
        else:  # another server drives it, and sees this when its next node ends
            await asyncio.to_thread(_end, self._platform, uid, Status.CANCELLED, "The run of the graph was stopped.")

    async def retry(self, call: Call, namespace: str, uid: str) -> Shown:
        """Begin again what failed or was cancelled of a run that has ended. Raises NotFound, Forbidden, Conflict."""
        if (drive := self._drives.get(uid)) is not None:  # it may be writing down its end
            await asyncio.wait({drive.running}, timeout=PATIENCE)
        run = await asyncio.to_thread(self._retry, call, namespace, uid)
        self._drive(run, call)
        return await asyncio.to_thread(task_graphs.get_log, call, namespace, uid)

    async def resubmit(self, call: Call, namespace: str, uid: str) -> Shown:
        """Begin a new run of the graph as it was then. Raises NotFound."""
        run = await asyncio.to_thread(self._resubmit, call, namespace, uid)
        self._drive(run, call)
        return Shown(run, {})

    async def resume(self) -> None:
        """Go on with the runs that this server drove when it was last stopped."""
        for run, call in await asyncio.to_thread(self._unfinished):
            self._drive(run, call)

    async def close(self) -> None:
        """Let go of the runs; the next start goes on with them."""
        drives = [drive.running for drive in self._drives.values()]
        for one in drives:
            one.cancel()
        if drives:
            await asyncio.wait(drives, timeout=PATIENCE)

    def _drive(self, run: Log, call: Call) -> None:
        caller = Call(self._platform, Principal(user=call.user, key_id=0))
        drive = Drive(self._platform, self._tasks, self._functions, self._server, run, caller)
        self._drives[run.uid] = drive
        drive.running = asyncio.create_task(drive.run())
        drive.running.add_done_callback(lambda _: self._drives.pop(run.uid, None))

    def _submit(self, call: Call, namespace: str, graph_uid: str) -> Log:
        graph = graph_plans.get_graph(call, namespace, graph_uid)
        assert graph.plan is not None
        return self._insert(call, graph.namespace, graph.uid, graph.plan)

    def _resubmit(self, call: Call, namespace: str, uid: str) -> Log:
        found = task_graphs.get_log(call, namespace, uid).log
        if found.graph_uid is None:
            raise Conflict("A client ran this task graph; only that client can run it again.")
        with self._platform.db.read() as connection:
            plan = graph_plans.decode(queries.body_of(connection, uid))
        return self._insert(call, found.namespace, found.graph_uid, plan)

    def _insert(self, call: Call, namespace: str, graph_uid: str, plan: Plan) -> Log:
        run = task_graphs.new_log(call, namespace, plan.name, graph_plan.nodes_of(plan), graph_uid)
        with self._platform.db.begin() as connection:
            queries.insert(connection, run, body=graph_plans.encode(plan), server=self._server)
        return run

    def _retry(self, call: Call, namespace: str, uid: str) -> Log:
        run = self._own(call, namespace, uid).log
        if run.status not in {Status.FAILED, Status.CANCELLED}:
            raise Conflict(f"This run is {run.status}; only one that failed or was cancelled can be retried.")
        values = {"state": None, "ended_at": None, "reason": None, "round_at": datetime.now(UTC), "rounds": 0}
        with self._platform.db.begin() as connection:
            ended = graph_logs.c.state == run.status.value
            if not queries.update(connection, uid, ended, server=self._server, **values):
                raise Conflict("This run goes on already.")
        return task_graphs.get_log(call, namespace, uid).log

    def _own(self, call: Call, namespace: str, uid: str) -> Shown:
        found = task_graphs.get_log(call, namespace, uid)
        task_graphs.require_own(call, found.log)
        if found.log.graph_uid is None:
            raise Conflict("A client runs this task graph; only that client can stop it or run it again.")
        return found

    def _unfinished(self) -> list[tuple[Log, Call]]:
        found: list[tuple[Log, Call]] = []
        with self._platform.db.read() as connection:
            left = [queries.find(connection, uid) for uid in queries.list_unfinished(connection, self._server)]
            users = {one.owner_id: accounts.find_user(connection, id=one.owner_id) for one in left if one}
        for run in left:
            user = users[run.owner_id] if run else None
            if run and user and user.active:
                found.append((run, Call(self._platform, Principal(user=user, key_id=0))))
            elif run:
                _end(self._platform, run.uid, Status.FAILED, "The account of whoever ran the graph is closed.")
        return found


class Drive:
    """One run of a graph, from where its rows say that it stands to its end."""

    running: "asyncio.Task[None]"

    def __init__(
        self, platform: Platform, tasks: Tasks, functions: Functions, server: str, run: Log, call: Call
    ) -> None:
        self._platform, self._tasks, self._server, self._call = platform, tasks, server, call
        self._log = run
        self._nodes = {node.uid: node for node in run.nodes}
        self._children = task_graph.children_of((node.uid, node.parents) for node in run.nodes)
        self._tried: dict[str, list[Task]] = {}
        self._standing: dict[str, Standing] = {}
        self._under_way: dict[asyncio.Task[Standing], str] = {}
        self._stopping: tuple[Status, str] | None = None
        self._woken = asyncio.Event()
        self._functions = functions
        self._runner: Runner | None = None

    def stop(self, status: Status, reason: str) -> None:
        """End it now: what runs is ended, and nothing more begins."""
        if self._stopping is None:
            self._stopping = (status, reason)
            if self._runner is not None:
                self._runner.stop()
            self._woken.set()

    async def run(self) -> None:
        """Run it to its end, whatever that is."""
        try:
            await self._run()
        except asyncio.CancelledError:
            if self._runner is not None:
                self._runner.stop()
            raise
        except Exception as wrong:
            log.exception("a task graph could not go on", run=self._log.uid)
            if self._runner is not None:
                self._runner.stop()
            message = getattr(wrong, "message", type(wrong).__name__)
            with suppress(HeadraceError):
                await asyncio.to_thread(self._finish, Status.FAILED, f"The server could not go on: {message}")
        finally:
            for one in self._under_way:
                one.cancel()

    async def _run(self) -> None:
        plan, tried = await asyncio.to_thread(self._read)
        self._tried = tried
        steps = {task_graph.node_uid(step.client_node_id): step for step in plan.nodes or []}
        self._runner = Runner(self._call, self._tasks, self._functions, self._log, plan, steps, self._tried)
        since = self._log.round_at or self._log.created_at
        ends = since + timedelta(seconds=plan.deadline) if plan.deadline else None
        again = graph_plan.retry_of(plan.workflow_retry_strategy)
        while True:
            await self._round(ends, plan.deadline or 0)
            failed = Standing.FAILED in self._standing.values()
            if self._stopping is not None or not failed or again is None or self._log.rounds >= again.limit:
                break
            await self._pause(again.wait(self._log.rounds + 1))
            if self._stopping is None:
                await asyncio.to_thread(self._next_round)
        if self._stopping is not None:
            status, reason = self._stopping
            await asyncio.to_thread(self._finish, status, reason)
        elif failed:
            await asyncio.to_thread(self._finish, Status.FAILED, None)
        else:
            await asyncio.to_thread(self._finish, Status.SUCCEEDED, None)

    async def _round(self, ends: datetime | None, seconds: int) -> None:
        """Run what can run, until nothing more can or it is to stop."""
        assert self._runner is not None
        for node in self._log.nodes:
            own = [task for task in self._tried.get(node.uid, []) if task.name == node.name]
            stands, _ = task_graph.stands_of(self._log, node, own)
            # What still runs by its row, and is not run by this drive, is run by nobody.
            self._standing[node.uid] = Standing.WAITING if stands is Standing.RUNNING else stands
            if node.location is task_graph.Location.VIRTUAL:
                self._standing[node.uid] = Standing.SUCCEEDED
        for uid, stands in list(self._standing.items()):
            if stands in {Standing.FAILED, Standing.CANCELLED}:
                await self._skip(uid)
        for uid in self._nodes:
            self._begin(uid)
        while self._under_way and self._stopping is None:
            left = None if ends is None else max((ends - datetime.now(UTC)).total_seconds(), 0)
            woken = asyncio.create_task(self._woken.wait())
            try:
                done, _ = await asyncio.wait(
                    {*self._under_way, woken}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                woken.cancel()
            for one in [one for one in self._under_way if one in done]:
                await self._settle(one)
            if ends is not None and datetime.now(UTC) >= ends:
                self.stop(Status.FAILED, f"The graph took more than the {seconds} seconds that it was given.")
            elif await asyncio.to_thread(self._ended_elsewhere):
                self.stop(Status.CANCELLED, "The run of the graph was stopped.")
        if self._under_way:
            for one in self._under_way:
                one.cancel()
            await asyncio.wait(self._under_way, timeout=PATIENCE)
            await self._runner.ended()
            self._under_way.clear()

    def _begin(self, uid: str) -> None:
        """Begin a node where it waits and all that it needs is there."""
        if self._standing[uid] is not Standing.WAITING or uid in self._under_way.values():
            return
        if all(self._standing[parent] is Standing.SUCCEEDED for parent in self._nodes[uid].parents):
            assert self._runner is not None
            self._under_way[asyncio.create_task(self._runner.run(self._nodes[uid]))] = uid

    async def _settle(self, one: "asyncio.Task[Standing]") -> None:
        """Take in how a node ended, and begin what waited for it."""
        uid = self._under_way.pop(one)
        if self._stopping is not None and (one.cancelled() or one.exception() is None):
            return
        self._standing[uid] = one.result()
        if self._standing[uid] is Standing.SUCCEEDED:
            for child in self._children[uid]:
                self._begin(child)
        else:
            await self._skip(uid)

    async def _skip(self, uid: str) -> None:
        """Say of all that needs a node that it is not run."""
        skipped: list[Node] = []
        queue = list(self._children[uid])
        for child in queue:  # which grows meanwhile
            if self._standing[child] is Standing.WAITING:
                self._standing[child] = Standing.CANCELLED
                skipped.append(self._nodes[child])
                queue += self._children[child]
        name = self._nodes[uid].name or uid
        await asyncio.to_thread(self._cancel, skipped, SKIPPED, f"The node {name}, which this needs, did not succeed.")

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    def _read(self) -> tuple[Plan, dict[str, list[Task]]]:
        with self._platform.db.read() as connection:
            plan = graph_plans.decode(queries.body_of(connection, self._log.uid))
            return plan, task_graph.by_node(task_graphs.tasks_of(connection, self._log))

    def _next_round(self) -> None:
        now = datetime.now(UTC)
        with self._platform.db.begin() as connection:
            queries.update(connection, self._log.uid, round_at=now, rounds=self._log.rounds + 1)
        with self._platform.db.read() as connection:
            self._log = queries.find(connection, self._log.uid) or self._log
            self._tried.clear()
            self._tried.update(task_graph.by_node(task_graphs.tasks_of(connection, self._log)))
        assert self._runner is not None
        self._runner.begin_round(self._log)

    def _ended_elsewhere(self) -> bool:
        with self._platform.db.read() as connection:
            return queries.has_ended(connection, self._log.uid)

    def _cancel(self, nodes: Sequence[Node], kind: str, message: str) -> None:
        for at in range(0, len(nodes), STEP):
            with self._platform.db.begin() as connection:
                for node in nodes[at : at + STEP]:
                    task = task_graphs.record(connection, self._log, node, Type.BATCH_UDF, server=self._server)
                    ended = {"finished_at": datetime.now(UTC), "error_class": kind, "error": message, "status": 499}
                    of_tasks.update(connection, task.uid, state=State.CANCELLED.value, **ended)

    def _finish(self, status: Status, reason: str | None) -> None:
        if reason is not None:
            cut = self._runner.cut if self._runner else set[str]()
            left = [uid for uid, one in self._standing.items() if one is Standing.WAITING and uid not in cut]
            self._cancel([self._nodes[uid] for uid in left], STOPPED, reason)
        _end(self._platform, self._log.uid, status, reason)


def _end(platform: Platform, uid: str, status: Status, reason: str | None) -> None:
    """Say how a run ended, where nobody has."""
    values = {"state": status.value, "ended_at": datetime.now(UTC), "reason": reason}
    with platform.db.begin() as connection:
        queries.update(connection, uid, graph_logs.c.state.is_(None), **values)
