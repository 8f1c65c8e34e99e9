"""Tasks: statements and functions that run in workers, written down when they begin, their results kept where wanted.

    run(wanted) ── the same node of the same graph, asked for again? ── yes ─▶ that one's answer
                   │ no
                   ├─ a row, queued or running
                   ├─ executor.call
                   └─ the result kept, the row ended ─▶ Done

A task with the ids of a graph and a node runs to its end though its client's connection drops: published clients then
send the same request again (TileDB Cloud protocol notes 1.6). Any other ends with its request, and each when somebody
cancels it, here or on another server of the same database.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from headrace.db import tasks as queries
from headrace.errors import Busy, HeadraceError, NotFound, Unavailable
from headrace.executors import Executor
from headrace.model import ids
from headrace.model.result import Answer, Broken, Outcome, Problem
from headrace.model.run import State
from headrace.model.task import Detail, Type, result_key
from headrace.runtime import wire
from headrace.runtime.wire import Lent, Limits
from headrace.services import task_lists
from headrace.services._task_rows import begin, end, hash_of, update
from headrace.services.call import Call, Platform
from headrace.services.calls import COPIED, GONE, STATUS, etag_of
from headrace.store.results import Results, Stored

log = structlog.get_logger(__name__)

LOST = "The server was stopped while this ran; run it again."
SQL = "sql"  # the program of statements
AT_ONCE = 2  # statements of one owner for each worker that is kept busy
AGAIN = 600  # seconds after which a node that is asked for again runs again
WATCH = 2.0  # seconds between looks at how much a task has written
HEED = 1.0  # seconds between looks for what was cancelled on other servers of the database
PATIENCE = 5.0  # seconds that a cancel waits for what it ended to be written down
CANCELLED = "The task was cancelled."
UNKNOWN = "How this ended could not be written down, since the database was away then."


class Wanted(Struct, frozen=True, kw_only=True):
    """A task to run."""

    type: Type
    namespace: str
    name: str | None = None
    program: str
    arguments: dict[str, Any]
    formats: tuple[str, ...] = ()
    lent: tuple[Lent, ...] = ()
    arrays: tuple[str, ...] = ()  # tiledb:// URIs among what is lent
    detail: Detail = Detail()
    result_format: str | None = None
    keeps: bool = False  # whether its result can be fetched later
    graph_uid: str | None = None
    node_uid: str | None = None
    environment: str = "default"
    author_id: int | None = None  # who wrote what runs, where that is not the caller
    shares: bool = False  # whether it sees its owner's shared disk
    seconds: int | None = None
    full: Callable[[], str | None] | None = None  # why it is to be ended while it writes; it may block
    # Called with the id of the task and an answer that is `growing`, where a large one is wanted while it is made.
    begins: Callable[[str, Answer], None] | None = None
    ended: Callable[[Answer], None] | None = None  # called in a thread, before the task is said to have ended


class Done(Struct, frozen=True, kw_only=True):
    """A task that has ended, and what came of it."""

    uid: str
    answer: Answer
    status: int
    total_ms: float
    running: asyncio.Task["Done"] | None = None  # of one that has not ended: its answer is `growing`


class _Turns(asyncio.Semaphore):
    """So many at once; and how many wait."""

    waiting = 0

    async def acquire(self) -> Literal[True]:
        """Wait for a turn."""
        self.waiting += 1
        try:
            return await super().acquire()
        finally:
            self.waiting -= 1


class Tasks:
    """The tasks of one server; it lives on the server's event loop."""

    def __init__(self, platform: Platform, executor: Executor, results: Results, server: str) -> None:
        self._platform, self._executor, self._results, self._server = platform, executor, results, server
        self._flights: dict[tuple[int, str, str, str], asyncio.Task[Done]] = {}
        self._running: dict[str, asyncio.Task[Done]] = {}
        self._open: set[str] = set()  # of them, those that wait for a turn or for a worker's answer
        self._cancelled: dict[str, tuple[Outcome, Problem]] = {}  # of those, what their callers are told
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._unwritten: dict[str, Callable[[], None]] = {}  # ends that the database was away for
        self._turns: dict[tuple[int, bool], _Turns] = {}
        self._heeding: asyncio.Task[None] | None = None
        platform.stops.cancel = self.cancel

    async def run(self, call: Call, wanted: Wanted, uid: str | None = None) -> Done:
        """Run a task and wait for what comes of it. What user code does wrong is an answer; Busy is raised.

        Raises Conflict where a task of that uid is there already.
        """
        if wanted.graph_uid is None or wanted.node_uid is None:
            return await self._attend(self._start(call, wanted, uid))
        code_hash = hash_of(wanted)
        key = (call.user.id, wanted.graph_uid, wanted.node_uid, code_hash)
        if (flight := self._flights.get(key)) is None:
            before = await asyncio.to_thread(self._answered_before, call, wanted, code_hash)
            if before is not None:
                return before
            flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = self._start(call, wanted, uid)
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(flight)

    async def stream(self, call: Call, wanted: Wanted) -> Done:
        """As `run`, of a task that is no node; where its result is large it is `running`, and `pieces_of` gives it."""
        opening: asyncio.Future[tuple[str, Answer]] = asyncio.get_running_loop().create_future()

        def begins(uid: str, answer: Answer) -> None:
            opening.set_result((uid, answer))

        running = self._start(call, msgspec.structs.replace(wanted, begins=begins), None)
        try:
            await asyncio.wait({running, opening}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            running.cancel()
            raise
        if not opening.done():
            return await running
        # Whoever takes the result may leave before its end, and then nobody asks how it ended.
        running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        uid, answer = opening.result()
        return Done(uid=uid, answer=answer, status=200, total_ms=0, running=running)

    def start(self, call: Call, wanted: Wanted, uid: str) -> asyncio.Task[Done]:
        """Begin a task that nobody has to wait for; it is told of by its row. Call it on the event loop."""
        return self._start(call, wanted, uid)

    def stop(self, uid: str) -> bool:
        """End a task of this server now. Whether it was under way here."""
        if (running := self._running.get(uid)) is None:
            return False
        return running.cancel() if not self._executor.stop(uid) else True

    async def cancel(self, uid: str, reason: str) -> None:
        """End a task of this server now, if it is one and has not ended, and wait until that is written down.

        Whoever waits for it is told the reason.
        """
        if (running := self._running.get(uid)) is None:
            return
        if uid in self._open:
            self._cut(uid, running, Outcome.CANCELLED, Problem(kind="Cancelled", message=reason))
        await asyncio.wait({running}, timeout=PATIENCE)

    def _cut(self, uid: str, running: asyncio.Task[Done], outcome: Outcome, problem: Problem) -> None:
        if uid in self._cancelled:  # a second one would pass for its client's going away
            return
        self._cancelled[uid] = (outcome, problem)
        if not self._executor.stop(uid):
            running.cancel()

    async def wait(self, uid: str, seconds: float) -> None:
        """Wait until a task that this server runs has ended, for at most so long."""
        if (running := self._running.get(uid)) is not None:
            await asyncio.wait({running}, timeout=seconds)

    async def close(self) -> None:
        """End what still runs."""
        if self._heeding is not None:
            self._heeding.cancel()
        for running in list(self._running.values()):
            running.cancel()
        if left := {*self._running.values(), *self._ending.values()}:
            await asyncio.wait(left, timeout=5)

    def keep(self, uid: str, answer: Answer) -> None:
        """Keep an answer as what came of a task that has none of its own. Blocks."""
        self._keep(uid, answer)
        until = datetime.now(UTC) + timedelta(days=self._platform.settings.task_result_days)
        with self._platform.db.begin() as connection:
            queries.keep(connection, uid, until)

    def result(self, call: Call, uid: str) -> Stored:
        """The kept result of a task that the caller may see. Raises NotFound where none is kept, or no longer."""
        task = task_lists.get_task(call, uid)
        if task.kept_until is None:
            raise NotFound(f"The result of the task {uid} was not kept; ask for that when it is run (store_results).")
        found = None
        if task.kept_until >= datetime.now(UTC):
            now = time.time()
            found = self._results.get(result_key(uid), float("inf"), now) or self._results.load(result_key(uid))
        if found is None:
            raise NotFound(f"The result of the task {uid} is kept no longer, or was too large (HEADRACE_CACHE_MB).")
        return found

    def sweep(self) -> None:
        """Say of the tasks that this server ran when it was last stopped that they are lost. Blocks; for the start."""
        with self._platform.db.begin() as connection:
            for uid in queries.list_unfinished(connection, self._server):
                values = {"state": State.FAILED.value, "status": 500, "error": LOST, "error_class": "Lost"}
                queries.update(connection, uid, finished_at=datetime.now(UTC), **values)

    def settle(self) -> int:
        """Write down the ends that could not be written down, the database being away. How many. Blocks."""
        held = set(self._unwritten)
        with self._platform.db.read() as connection:
            uids = queries.list_unfinished(connection, self._server)
        # A task is among those that run before it has a row, and until its end is written down.
        left = [uid for uid in uids if uid not in self._running and uid not in self._ending]
        for uid in left:
            if (write := self._unwritten.get(uid)) is not None:
                write()
                self._unwritten.pop(uid, None)
            else:
                ended = {"finished_at": datetime.now(UTC), "status": 500, "error": UNKNOWN, "error_class": "Lost"}
                update(self._platform, uid, state=State.FAILED.value, **ended)
        for uid in held.difference(uids):  # another server said how they ended
            self._unwritten.pop(uid, None)
        return len(left)

    async def _attend(self, running: asyncio.Task[Done]) -> Done:
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            running.cancel()
            raise

    def _start(self, call: Call, wanted: Wanted, uid: str | None) -> asyncio.Task[Done]:
        chosen, uid = uid is not None, uid or ids.new_run_uid()
        running = asyncio.create_task(self._run(call, wanted, uid, chosen=chosen))
        self._running[uid] = running
        self._open.add(uid)

        def over(_: object) -> None:
            self._running.pop(uid, None)
            self._open.discard(uid)

        running.add_done_callback(over)
        if self._heeding is None and self._platform.settings.database_url:
            self._heeding = asyncio.create_task(self._heed())
        return running

    async def _heed(self) -> None:
        """End here what was cancelled on another server, for as long as anything runs."""
        try:
            while self._running:
                await asyncio.sleep(HEED)
                with suppress(HeadraceError, SQLAlchemyError):
                    for uid in await asyncio.to_thread(self._ended_elsewhere, list(self._open)):
                        await self.cancel(uid, CANCELLED)
        finally:
            self._heeding = None

    def _ended_elsewhere(self, uids: list[str]) -> list[str]:
        with self._platform.db.read() as connection:
            return queries.list_ended(connection, uids)

    async def _run(self, call: Call, wanted: Wanted, uid: str, *, chosen: bool) -> Done:
        began = time.perf_counter()
        turn = self._turn(call.user.id, sql=wanted.program == SQL)
        state = State.QUEUED if turn.locked() else State.RUNNING
        # Its row is written while it begins to run; nothing is told of it before that is there.
        begun = asyncio.create_task(asyncio.to_thread(begin, call, wanted, uid, state, self._server))
        answer = Answer(outcome=Outcome.CANCELLED, problem=GONE)
        watching: asyncio.Task[None] | None = None
        try:
            if chosen:
                await asyncio.shield(begun)  # the uid may be one that is taken
            async with turn:
                if state is State.QUEUED:
                    await asyncio.shield(begun)
                    await asyncio.to_thread(update, self._platform, uid, state=State.RUNNING.value)
                if wanted.full is not None:
                    watching = asyncio.create_task(self._watch(uid, wanted.full))
                answer = await self._answer(call, wanted, uid, begun)
            self._open.discard(uid)
            if answer.outcome is Outcome.CANCELLED and uid in self._cancelled:
                outcome, problem = self._cancelled[uid]
                answer = msgspec.structs.replace(answer, outcome=outcome, problem=problem)
            if wanted.keeps and answer.outcome is Outcome.OK:
                await asyncio.to_thread(self._keep, uid, answer)
        except asyncio.CancelledError:
            if uid not in self._open or (reason := self._cancelled.get(uid)) is None:
                raise
            current = asyncio.current_task()
            if current is None or current.uncancel():  # its client has gone as well
                raise
            answer = Answer(outcome=reason[0], problem=reason[1])
        except Exception as error:
            message = getattr(error, "message", str(error))
            answer = Answer(outcome=Outcome.DIED, problem=Problem(kind=type(error).__name__, message=message))
            raise
        finally:
            self._open.discard(uid)
            self._cancelled.pop(uid, None)
            if watching is not None:
                watching.cancel()
            total_ms = (time.perf_counter() - began) * 1000
            # Written down though whoever asked has gone; the loop keeps no reference to what nobody waits for.
            ending = asyncio.create_task(self._finish(begun, call, uid, wanted, answer, total_ms))
            self._ending[uid] = ending
            ending.add_done_callback(lambda _: self._ending.pop(uid, None))
            await asyncio.shield(ending)
        return Done(uid=uid, answer=answer, status=STATUS[answer.outcome], total_ms=total_ms)

    async def _watch(self, uid: str, full: Callable[[], str | None]) -> None:
        """End a task that writes once there is no more room for what it writes."""
        while uid in self._open:
            await asyncio.sleep(WATCH)
            with suppress(HeadraceError, SQLAlchemyError, OSError):
                reason = await asyncio.to_thread(full)
                if reason is not None and uid in self._open and (running := self._running.get(uid)) is not None:
                    self._cut(uid, running, Outcome.FULL, Problem(kind="Full", message=reason))
                    return

    async def _answer(self, call: Call, wanted: Wanted, uid: str, begun: asyncio.Task[None]) -> Answer:
        """What comes of it as a whole; `begins` was called before, where it is large and wanted so."""
        answer = await self._executor.call(self._task(call, wanted, uid))
        if (growing := answer.growing) is None or wanted.begins is None:
            return answer
        try:
            await asyncio.shield(begun)
            wanted.begins(uid, answer)
            ended = await asyncio.shield(growing.ended)
        except BaseException:
            growing.abandon()
            raise
        return msgspec.structs.replace(ended, timing=msgspec.structs.replace(ended.timing, queue=answer.timing.queue))

    def _turn(self, owner_id: int, *, sql: bool) -> "_Turns":
        """By which an owner's tasks take turns. Raises Busy where too many wait already.

        A statement has several cores at its disposal and a worker that it took half a second to make ready, so that
        many at once would only keep one another waiting.
        """
        settings = self._platform.settings
        most = min(settings.call_concurrency, AT_ONCE * settings.workers) if sql else settings.call_concurrency
        if (turns := self._turns.get((owner_id, sql))) is None:
            turns = self._turns[owner_id, sql] = _Turns(most)
        if turns.waiting >= settings.call_queue:
            raise Busy(
                f"{turns.waiting} of your tasks wait already, the most this server keeps (HEADRACE_CALL_QUEUE); "
                "try again in a moment."
            )
        return turns

    def _answered_before(self, call: Call, wanted: Wanted, code_hash: str) -> Done | None:
        """What came of the same node of the same graph a moment ago, where that is kept."""
        assert wanted.graph_uid is not None
        assert wanted.node_uid is not None
        with self._platform.db.read() as connection:
            found = queries.find_node(connection, call.user.id, wanted.graph_uid, wanted.node_uid, code_hash)
        if found is None or found.state is not State.SUCCEEDED or found.finished_at is None:
            return None
        if (datetime.now(UTC) - found.finished_at).total_seconds() > AGAIN:
            return None
        try:
            stored = self.result(call, found.uid)
        except NotFound:
            return None
        answer = Answer(
            outcome=Outcome.OK,
            media_type=stored.media_type,
            format=stored.format,
            body=stored.body[:],
            headers=stored.headers,
        )
        return Done(uid=found.uid, answer=answer, status=200, total_ms=found.total_ms)

    async def _finish(
        self, begun: "asyncio.Task[None]", call: Call, uid: str, wanted: Wanted, answer: Answer, total_ms: float
    ) -> None:
        await begun
        await asyncio.to_thread(self._end, call, uid, wanted, answer, total_ms)

    def _end(self, call: Call, uid: str, wanted: Wanted, answer: Answer, total_ms: float) -> None:
        failed: HeadraceError | None = None
        if wanted.ended is not None:
            try:
                wanted.ended(answer)
            except HeadraceError as wrong:
                failed = wrong
            except OSError as wrong:
                failed = Unavailable(f"What the task made could not be put in its place: {wrong.strerror}.")
        if failed is not None:  # what it was for is not there, so that it has failed
            problem = Problem(kind=type(failed).__name__, message=failed.message)
            answer = msgspec.structs.replace(answer, outcome=Outcome.EXCEPTION, problem=problem, body=b"")
        size, bare = len(answer.body), msgspec.structs.replace(answer, body=b"")
        asked = msgspec.structs.replace(wanted, arguments={}, full=None)
        write = partial(end, call, uid, asked, bare, size, total_ms)
        try:
            write()
        except (HeadraceError, SQLAlchemyError):
            self._unwritten[uid] = write
            raise
        if failed is not None:
            raise failed

    def _keep(self, uid: str, answer: Answer) -> None:
        body = bytes(answer.body) if len(answer.body) <= COPIED else answer.body
        kept = Stored(
            media_type=answer.media_type,
            format=answer.format,
            headers=answer.headers,
            body=body,
            created=time.time(),
            run_uid=uid,
            etag=etag_of(body),
        )
        if isinstance(body, bytes):
            self._results.remember(result_key(uid), kept)
        self._results.store(result_key(uid), kept)

    def _task(self, call: Call, wanted: Wanted, uid: str) -> wire.Task:
        settings, owner = self._platform.settings, f"{call.user.id}"
        foreign = wanted.author_id is not None and wanted.author_id != call.user.id
        if foreign:
            owner = f"{owner}/{wanted.author_id}"
        # A worker that was shown its owner's disk keeps it in sight, and a narrower token opens no files.
        owner = owner if call.whole else f"{owner} within scopes"
        limits = Limits(
            seconds=min(wanted.seconds or settings.task_seconds, settings.task_seconds),
            memory=settings.call_memory_mb << 20,
            processes=settings.call_processes,
            open_files=settings.call_open_files,
            output=settings.call_output_mb << 20,
            scratch=settings.call_scratch_mb << 20,
            log=settings.call_log_kb << 10,
            asked=settings.body_mb << 20,
        )
        return wire.Task(
            uid=uid,
            owner=f"{wanted.program} {owner}",
            environment=wanted.environment,
            name=wanted.name or wanted.program,
            code="",
            entrypoint="",
            digest="",
            program=wanted.program,
            streams=wanted.begins is not None,
            lent=wanted.lent,
            arguments=wanted.arguments,
            formats=list(wanted.formats),
            shared=f"{call.user.id}" if wanted.shares and not foreign and call.whole else "",
            limits=limits,
        )


async def pieces_of(done: Done) -> AsyncGenerator[bytes]:
    """The result of a task that is `running`, as it comes: whole once the task has ended well and its row says so.

    Raises Broken for one that ends otherwise.
    """
    assert done.running is not None
    assert done.answer.growing is not None
    async with aclosing(done.answer.growing.pieces()) as pieces:
        async for piece in pieces:
            yield piece
    try:
        ended = await asyncio.shield(done.running)
    except HeadraceError as wrong:
        raise Broken(wrong.message) from wrong
    if ended.answer.outcome is not Outcome.OK:
        raise Broken(ended.answer.outcome)


def server_of(home: Path) -> str:
    """What tells this server from others that have the same database: a UUID, kept in its home folder."""
    file = home / "server.id"
    with suppress(FileExistsError), file.open("x") as new:
        new.write(ids.new_uid())
    return file.read_text().strip()[:36]
