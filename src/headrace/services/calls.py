"""Answering calls: from a stored result, by joining an equal call that is under way, or by a worker.

    answer(request) ── stored? ── yes ─────────────────────────────▶ hit
                        │ no
                        ├─ an equal call is running? ── wait for it ▶ hit
                        └─ executor.call(task) ── good? store it ───▶ miss, or off where results are not kept

What the code of a call asks meanwhile goes to `inside`, with the request it runs for: that says whose call it is.

A large answer may come while it is being written (`Answered.stream`); it is recorded, and stored, once it is whole.

Every path ends in one `Run` handed to `record`, which must cost nothing: it is written behind the answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from headrace.executors import Body, Executor, Tell
from headrace.model.result import Answer, Growing, Outcome, Problem
from headrace.model.run import Cache, Run, State
from headrace.runtime.wire import Ask, Limits, Task
from headrace.services import versions
from headrace.services.measures import Measures
from headrace.services.requests import Request, given_to_program, group_of, key_of
from headrace.services.snapshots import Snapshots
from headrace.settings import Settings
from headrace.store.results import Results, Stored, Tiles, is_of

STATUS = {
    Outcome.OK: 200,
    Outcome.EXCEPTION: 422,
    Outcome.ARGUMENT: 422,
    Outcome.UNSERIALIZABLE: 422,
    Outcome.TOO_LARGE: 422,
    Outcome.TIMEOUT: 422,
    Outcome.MEMORY: 422,
    Outcome.FULL: 422,
    Outcome.DIED: 422,
    Outcome.CANCELLED: 499,
}

COPIED = 8 << 20  # bytes of a result up to which it may be kept in memory

GONE = Problem(kind="Cancelled", message="The client went away before the answer was there.")
Came = tuple[Answer, Cache, str | None, float]  # an answer, whether it was stored, its entity tag, its age in seconds


class Answered(Struct, frozen=True, kw_only=True):
    """The answer to a request, and where it came from."""

    uid: str
    answer: Answer
    cache: Cache
    status: int
    etag: str | None = None
    age: float = 0  # seconds since the result was computed
    total_ms: float = 0
    stream: "Stream | None" = None  # in place of the answer's body


class Stream(Struct):
    """A body that is being written: what was known at its beginning, and what to call when nobody takes it any more."""

    opening: Answer
    growing: Growing
    leave: Callable[[], None]


class Flight(Struct):
    """A call under way that equal calls have joined."""

    opening: "asyncio.Future[Answer]"  # an answer that has begun to come
    depth: int
    task: "asyncio.Task[Stored | Answer] | None" = None
    waiters: int = 0

    def join(self) -> None:
        """Wait for it too."""
        self.waiters += 1

    def leave(self) -> None:
        """Wait no longer; what nobody waits for ends."""
        self.waiters -= 1
        if not self.waiters and self.task is not None:
            self.task.cancel()


Inside = Callable[[Request, Ask, Body, Tell], Awaitable[None]]


class Calls:
    """The one place where calls are answered; it lives on the server's event loop."""

    def __init__(
        self,
        settings: Settings,
        executor: Executor,
        results: Results,
        record: Callable[[Run], None],
        measures: Measures,
        snapshots: Snapshots,
    ) -> None:
        self._settings, self._executor, self._results = settings, executor, results
        self._record, self._measures, self._snapshots = record, measures, snapshots
        self._flights: dict[str, Flight] = {}
        self._storing: set[asyncio.Task[None]] = set()
        self.inside: Inside | None = None  # answers what the code of a request asks; given once there is who can
        self._limits = Limits(
            seconds=settings.call_seconds,
            memory=settings.call_memory_mb << 20,
            processes=settings.call_processes,
            open_files=settings.call_open_files,
            output=settings.call_output_mb << 20,
            scratch=settings.call_scratch_mb << 20,
            log=settings.call_log_kb << 10,
            asked=settings.body_mb << 20,
        )

    async def answer(self, request: Request) -> Answered:
        """Answer the request. What user code does wrong is an answer; Busy and Unavailable are raised.

        A caller that goes away (the awaiting task is cancelled) ends the work, unless an equal call waits for it.
        """
        began, started_at = time.perf_counter(), datetime.now(UTC)
        max_age = self._max_age(request)
        try:
            if max_age > 0 and request.target.catalogues:
                seen = await self._snapshots.of(request.target.catalogues)
                max_age = max_age if seen else 0
                request = msgspec.structs.replace(request, seen=seen)
            came = await (self._fresh(request) if max_age <= 0 else self._kept(request, max_age))
        except asyncio.CancelledError:
            gone = Answer(outcome=Outcome.CANCELLED, problem=GONE)
            self._close(request, (gone, Cache.OFF, None, 0), began, started_at)
            raise
        if isinstance(came, Stream):
            return self._open(request, came, began, started_at, Cache.OFF if max_age <= 0 else Cache.MISS)
        return self._close(request, came, began, started_at)

    def at_once(self, request: Request) -> Answered | None:
        """The answer to the request where a stored result is in memory: without waiting for anything."""
        began, started_at = time.perf_counter(), datetime.now(UTC)
        if request.target.catalogues or (max_age := self._max_age(request)) <= 0:
            return None
        now = time.time()
        if (stored := self._results.get(key_of(request), max_age, now)) is None:
            return None
        return self._close(request, _hit(stored, now), began, started_at)

    def _close(self, request: Request, came: Came, began: float, started_at: datetime) -> Answered:
        answer, cache, etag, age = came
        total_ms = (time.perf_counter() - began) * 1000
        status = STATUS[answer.outcome]
        answered = Answered(
            uid=request.uid, answer=answer, cache=cache, status=status, etag=etag, age=age, total_ms=total_ms
        )
        self._record(_run(request, answered, started_at))
        self._measures.observe(answer.outcome, cache, total_ms)
        return answered

    def _open(self, request: Request, stream: Stream, began: float, started_at: datetime, cache: Cache) -> Answered:
        async def follow() -> None:
            answer = await stream.growing.ended
            self._close(request, (answer, cache, None, 0), began, started_at)

        self._behind(follow())
        total_ms = (time.perf_counter() - began) * 1000
        opening = stream.opening
        return Answered(uid=request.uid, answer=opening, cache=cache, status=200, total_ms=total_ms, stream=stream)

    def _behind(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done that no caller waits for, and the end of the server does."""
        task = asyncio.create_task(work)
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)

    async def forget(self, owner_id: int, digests: Collection[str], tiles: Tiles | None = None) -> int:
        """Forget the results of code in its owner's environment: all, or those of some tiles. How many were kept.

        A call under way answers those who wait for it, is joined by nobody any more, and its result is not kept.
        """
        groups = [group_of(owner_id, digest) for digest in digests]
        for key in [key for key in self._flights if any(is_of(key, group, tiles) for group in groups)]:
            del self._flights[key]
        if self._storing:  # what was good before is written first, and found there
            await asyncio.wait(set(self._storing))
        gone = 0
        for group in groups:
            gone += await asyncio.to_thread(self._results.drop, group, tiles)
        return gone

    def _land(self, key: str, task: "asyncio.Task[Stored | Answer]") -> None:
        if (flight := self._flights.get(key)) is not None and flight.task is task:
            del self._flights[key]

    async def drain(self) -> None:
        """Wait until every result that was answered is stored."""
        while self._storing:
            await asyncio.wait(self._storing)

    def _max_age(self, request: Request) -> float:
        if request.target.reads and not versions.settled(request.target.reads):
            return 0
        if request.max_age is not None:
            return request.max_age
        if request.target.max_age is not None:
            return request.target.max_age
        return self._settings.cache_seconds if request.target.keeps else 0

    async def _fresh(self, request: Request) -> Came | Stream:
        answer = await self._run(request)
        if (growing := answer.growing) is not None:
            return Stream(answer, growing, growing.abandon)
        return answer, Cache.OFF, None, 0

    async def _kept(self, request: Request, max_age: float) -> Came | Stream:
        key = key_of(request)
        now = time.time()
        if (stored := self._results.get(key, max_age, now)) is not None:
            return _hit(stored, now)
        flight = self._flights.get(key)
        joined = flight is not None and flight.depth >= request.depth
        if flight is None or not joined:
            # A call never waits for one of a smaller depth, which may be waiting for it: it runs beside that.
            flight = Flight(asyncio.get_running_loop().create_future(), request.depth)
            flight.task = asyncio.create_task(self._look_then_run(key, request, max_age, now, flight))
            if self._flights.setdefault(key, flight) is flight:
                flight.task.add_done_callback(lambda done: self._land(key, done))
        came = await _first(flight) if request.streams and not joined else await _join(flight)
        if isinstance(came, Stream):
            return came
        if isinstance(came, Answer):
            return came, Cache.MISS, None, 0
        fresh = not joined and came.run_uid == request.uid
        return _as_answer(came), Cache.MISS if fresh else Cache.HIT, came.etag, max(0.0, now - came.created)

    async def _look_then_run(
        self, key: str, request: Request, max_age: float, now: float, flight: Flight
    ) -> "Stored | Answer":
        stored = await asyncio.to_thread(self._results.load, key)
        if stored is not None and now - stored.created <= max_age:
            return stored
        answer = await self._run(request)
        if (growing := answer.growing) is not None:
            flight.opening.set_result(answer)
            try:
                answer = await asyncio.shield(growing.ended)
            except asyncio.CancelledError:
                growing.abandon()
                raise
        if answer.outcome is not Outcome.OK:
            return answer
        # A large result stays in the file that it came in; what is remembered must outlive that.
        body = bytes(answer.body) if len(answer.body) <= COPIED else answer.body
        etag = etag_of(body) if len(body) <= COPIED else await asyncio.to_thread(etag_of, body)
        if self._flights.get(key) is not flight:  # forgotten while it was under way
            return msgspec.structs.replace(answer, body=body)
        kept = Stored(
            media_type=answer.media_type,
            format=answer.format,
            headers=answer.headers,
            stdout=answer.stdout,
            stderr=answer.stderr,
            timing=answer.timing,
            body=body,
            created=time.time(),
            run_uid=request.uid,
            job_id=request.target.job_id,
            etag=etag,
        )
        if isinstance(body, bytes):
            self._results.remember(key, kept)
        self._behind(asyncio.to_thread(self._results.store, key, kept))
        return kept

    async def _run(self, request: Request) -> Answer:
        answering = partial(self.inside, request) if self.inside else None
        return await self._executor.call(self._task(request), answering)

    def _task(self, request: Request) -> Task:
        target = request.target
        # Somebody else's code gets no process that the owner's own calls are served by.
        owner = f"{target.owner_id}" if target.author_id is None else f"{target.owner_id}/{target.author_id}"
        return Task(
            uid=request.uid,
            owner=f"{target.program} {owner}" if target.program else owner,
            environment=target.environment,
            name=target.name,
            code=target.function.code,
            entrypoint=target.function.entrypoint,
            digest=target.digest,
            modules=target.function.headers,
            arguments=given_to_program(request) if target.program else request.arguments,
            formats=list(request.formats),
            tile=request.tile,
            program=target.program,
            lent=target.lent,
            context=request.context,
            streams=request.streams,
            depth=request.depth,
            element=request.element,
            # Nor does it see what the owner's own code keeps.
            shared=f"{target.owner_id}" if target.author_id is None else "",
            limits=self._limits,
        )


def etag_of(body: bytes | memoryview) -> str:
    """A strong entity tag of the bytes (RFC 9110, 8.8.3)."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


async def _join(flight: Flight) -> "Stored | Answer":
    assert flight.task is not None
    flight.join()
    try:
        return await asyncio.shield(flight.task)
    finally:
        flight.leave()


async def _first(flight: Flight) -> "Stored | Answer | Stream":
    """What comes of a flight, or its beginning where that comes before."""
    assert flight.task is not None
    flight.join()
    try:
        await asyncio.wait({flight.task, flight.opening}, return_when=asyncio.FIRST_COMPLETED)
        if not flight.task.done() and (growing := flight.opening.result().growing) is not None:
            flight.join()  # for whoever takes the stream, until it leaves
            return Stream(flight.opening.result(), growing, flight.leave)
        return flight.task.result()
    finally:
        flight.leave()


def _hit(stored: Stored, now: float) -> Came:
    return _as_answer(stored), Cache.HIT, stored.etag, max(0.0, now - stored.created)


def _as_answer(stored: Stored) -> Answer:
    return Answer(
        outcome=Outcome.OK,
        media_type=stored.media_type,
        format=stored.format,
        body=stored.body,
        headers=stored.headers,
        stdout=stored.stdout,
        stderr=stored.stderr,
        timing=stored.timing,
    )


def _run(request: Request, answered: Answered, started_at: datetime) -> Run:
    target, answer, timing = request.target, answered.answer, answered.answer.timing
    ran = answered.cache is not Cache.HIT
    good = answer.outcome is Outcome.OK
    problem = answer.problem
    return Run(
        uid=request.uid,
        state=State.SUCCEEDED if good else State.CANCELLED if answer.outcome is Outcome.CANCELLED else State.FAILED,
        job_id=target.job_id,
        job_name=target.name,
        version=target.version,
        code_hash=target.digest,
        owner_id=target.owner_id,
        caller_id=request.caller_id,
        token_id=target.token_id,
        collection_id=target.collection_id,
        parent_uid=request.parent_uid,
        door=request.door,
        format=answer.format or None,
        cache=answered.cache,
        status=answered.status,
        size=len(answer.body),
        started_at=started_at,
        finished_at=datetime.now(UTC),
        queue_ms=timing.queue if ran else 0,
        start_ms=timing.start if ran else 0,
        import_ms=timing.load if ran else 0,
        user_ms=timing.user if ran else 0,
        encode_ms=timing.encode if ran else 0,
        total_ms=answered.total_ms,
        error_class=problem.kind if problem else None,
        error=problem.message if problem else None,
        stdout=answer.stdout if ran else "",
        stderr=answer.stderr if ran else "",
    )
