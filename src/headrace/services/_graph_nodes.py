"""The nodes of a run that the server drives, each as the tasks that it takes."""

import asyncio
import builtins
import json
import pickle
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from headrace.db import tasks as of_tasks
from headrace.errors import HeadraceError, Invalid, NotFound, TooLarge
from headrace.model import graph_plan, ids, task_graph
from headrace.model.environment import DEFAULT
from headrace.model.graph_plan import FORMATS, Array, Part, Plan, Sql, Step, Udf
from headrace.model.result import Answer, Outcome, Problem
from headrace.model.run import State
from headrace.model.task import Task, Type
from headrace.model.task_graph import LOST, PARTS, Log, Node, Standing
from headrace.services import queries, task_graphs, task_lists
from headrace.services.call import Call
from headrace.services.pickled import LARGEST, Asked, Functions, Slice
from headrace.services.queries import Statement
from headrace.services.tasks import Tasks, Wanted

MOST_PARTS = 1_000  # that a node is spread over
LARGEST_LIST = 32 << 20  # bytes of the list of them, and of a value that a statement is given
LOST_SECONDS = 1.0  # before what was lost is tried again; each time twice as long
PICKLE = "application/vnd.tiledb.python-pickle"
JSON = "application/json"
LISTED = "def parts(value):\n    return list(value)\n"
GATHERED = "def gather(*results):\n    return list(results)\n"
SAME = "def value(result):\n    return result\n"

Make = Callable[[], Wanted]


class Runner:
    """Runs the nodes of one run, at most so many tasks at once. `tried` are the tasks that there are of each node."""

    def __init__(
        self,
        call: Call,
        running: Tasks,
        functions: Functions,
        run: Log,
        plan: Plan,
        steps: dict[str, Step],
        tried: dict[str, list[Task]],
    ) -> None:
        self._call, self._tasks, self._functions, self._log = call, running, functions, run
        self._steps, self._tried = steps, tried
        self._turns = asyncio.Semaphore(plan.width)
        self._current: dict[str, asyncio.Task[Any]] = {}
        self._stopped = False
        self.cut: set[str] = set()  # nodes whose tasks were ended

    def begin_round(self, run: Log) -> None:
        """Count failures anew."""
        self._log = run

    def stop(self) -> None:
        """End every task now; none begins any more."""
        self._stopped = True
        for uid in list(self._current):
            self._tasks.stop(uid)

    async def ended(self) -> None:
        """Wait until what was ended is written down."""
        if self._current:
            await asyncio.wait(set(self._current.values()), timeout=5)

    async def run(self, node: Node) -> Standing:
        """Run a node whose parents have succeeded, as often as it may be tried."""
        step = self._steps[node.uid]
        if step.expand_node_output:
            return await self._spread(node, step)
        if step.sql_node is not None:
            return await self._cell(node, node.name, partial(self._statement, node, step, step.sql_node))
        assert step.udf_node is not None
        return await self._cell(node, node.name, self._making(node, step, None))

    async def _cell(self, node: Node, name: str | None, make: Callable[[], Awaitable[Make]]) -> Standing:
        """Try what goes by that name until it has succeeded, or failed as often as it may."""
        tried = [task for task in self._tried.get(node.uid, []) if task.name == name]
        while True:
            stands, failures = task_graph.stands(node.retry, tried, self._log.round_at)
            if stands in {Standing.SUCCEEDED, Standing.FAILED, Standing.CANCELLED}:
                return stands
            if tried and tried[-1].error_class in LOST:
                await asyncio.sleep(LOST_SECONDS * 2 ** sum(task.error_class in LOST for task in tried) / 2)
            elif failures and node.retry is not None:
                await asyncio.sleep(node.retry.wait(failures))
            async with self._turns:
                task = await self._try(node, name, await make())
            tried.append(task)
            self._tried.setdefault(node.uid, []).append(task)
            if task.state is State.CANCELLED:
                return Standing.CANCELLED

    async def _try(self, node: Node, name: str | None, make: Make) -> Task:
        uid = ids.new_run_uid()
        try:
            wanted = await asyncio.to_thread(make)
        except HeadraceError as wrong:
            return await asyncio.to_thread(self._refuse, node, name, type(wrong).__name__, wrong.message)
        if self._stopped:
            raise asyncio.CancelledError
        wanted = replace(wanted, ended=partial(self._ended, uid))
        running = self._current[uid] = self._tasks.start(self._call, wanted, uid)
        running.add_done_callback(lambda _: self._current.pop(uid, None))
        try:
            await asyncio.shield(running)
        except HeadraceError:
            pass  # its row says so
        except asyncio.CancelledError:
            self._note_cut(node, name)
            raise
        task = await asyncio.to_thread(task_lists.get_task, self._call, uid)
        if task.state is State.CANCELLED:
            self._note_cut(node, name)
        return task

    def _note_cut(self, node: Node, name: str | None) -> None:
        if self._stopped and name == (self._steps[node.uid].name or None):  # and no part of what it is spread over
            self.cut.add(node.uid)

    async def _spread(self, node: Node, step: Step) -> Standing:
        """Run a function for each part of another node's output, and gather what they give into a list."""
        assert step.udf_node is not None
        assert step.expand_node_output is not None
        parent = task_graph.node_uid(step.expand_node_output)
        try:
            parts = await self._value(self._uid_of(parent), LISTED)
            if not isinstance(parts, list):
                kind = type(parts).__name__
                raise Invalid(f"A node is spread over a list; the output of {parent} is {kind}.")
            if len(parts) > MOST_PARTS:
                raise TooLarge(f"A node is spread over at most {MOST_PARTS:,} parts; there are {len(parts):,}.")
        except HeadraceError as wrong:
            await asyncio.to_thread(self._refuse, node, node.name, PARTS, wrong.message)
            return Standing.FAILED
        cells = [
            self._cell(
                replace(node, name=name),
                name,
                self._making(replace(node, name=name), step, Part(part)),
            )
            for name, part in ((part_name(node, at), part) for at, part in enumerate(parts))
        ]
        stands = await asyncio.gather(*cells)
        if Standing.CANCELLED in stands:
            return Standing.CANCELLED
        if (failed := stands.count(Standing.FAILED)) > 0:
            first = self._latest(node.uid, part_name(node, stands.index(Standing.FAILED)))
            message = f"{failed} of {len(parts)} parts failed, the first of them so: {first.error if first else ''}"
            await asyncio.to_thread(self._refuse, node, node.name, PARTS, message)
            return Standing.FAILED
        uids = [self._uid_of(node.uid, part_name(node, at)) for at in range(len(parts))]
        asked = step.udf_node.result_format or "native"
        gathered = partial(self._own, GATHERED, uids, asked, name=node.name, node_uid=node.uid)
        return await self._cell(node, node.name, _at_once(gathered))

    def _making(self, node: Node, step: Step, part: Part | None) -> Callable[[], Awaitable[Make]]:
        assert step.udf_node is not None
        return _at_once(partial(self._function, node, step, step.udf_node, part))

    def _function(self, node: Node, step: Step, udf: Udf, part: Part | None) -> Wanted:
        """The task of a function. Raises as Functions.prepare."""
        nodes: dict[str, str] = {}
        arrays: list[Slice] = []
        stored: list[str] = []

        def output(tag: dict[str, Any]) -> Any:  # noqa: ANN401
            written = str(tag.get("client_node_id"))
            other = self._steps[task_graph.node_uid(written)]
            if other.input_node is not None:
                return other.input_node.default_value
            if other.array_node is not None:
                arrays.append(_slice(written, other.array_node))
                details = {"uri": other.array_node.uri, "parameter_id": written}
                return {graph_plan.TAG: "udf_array_details", "udf_array_details": details}
            nodes[written] = self._uid_of(task_graph.node_uid(written))
            return tag

        def kept(tag: dict[str, Any]) -> Any:  # noqa: ANN401
            stored.append(str(tag.get("task_id")))
            return tag

        tags = {"node_output": output, "stored_param": kept}
        sent = [
            {"value": graph_plan.replaced(one.value, tags, part), **({"name": one.name} if one.name else {})}
            for one in udf.arguments or []
        ]
        environment = udf.environment or graph_plan.Environment()
        limits = [int(seconds) or 1 for seconds in (environment.timeout, step.deadline) if seconds]
        asked = Asked(
            code=graph_plan.code_of(udf),
            name=udf.registered_udf_name,
            language=environment.language or "python",
            version=environment.language_version,
            source=udf.source_text,
            environment=environment.image_name or DEFAULT,
            arguments_json=json.dumps(sent).encode(),
            arrays=arrays,
            stored=stored,
            nodes=nodes,
            result_format=udf.result_format or "native",
            seconds=min(limits) if limits else None,
            resource_class=environment.resource_class,
        )
        return self._functions.prepare(
            self._call,
            asked,
            namespace=self._log.namespace,
            type=Type.BATCH_UDF,
            name=node.name,
            keeps=True,
            graph_uid=self._log.uid,
            node_uid=node.uid,
        )

    async def _statement(self, node: Node, step: Step, sql: Sql) -> Make:
        """The task of a statement, with the outputs of other nodes among its parameters."""
        outputs: dict[str, Any] = {}
        wrong: HeadraceError | None = None
        for written in dict.fromkeys(graph_plan.references(sql.parameters or [])):
            other = self._steps[task_graph.node_uid(written)]
            try:
                if other.input_node is not None:
                    outputs[written] = other.input_node.default_value
                elif other.array_node is not None:
                    raise Invalid("A statement reads an array by its name, and not as a parameter.")
                else:
                    outputs[written] = await self._value(self._uid_of(task_graph.node_uid(written)), SAME)
            except HeadraceError as failed:
                wrong = failed

        def make() -> Wanted:
            if wrong is not None:
                raise wrong
            tags = {"node_output": lambda tag: outputs[str(tag.get("client_node_id"))]}  # type: ignore[misc]
            asked = sql.result_format or "arrow"
            wanted = queries.prepare(
                self._call,
                Statement(
                    query=sql.query or "",
                    init=tuple(sql.init_commands or ()),
                    parameters=tuple(graph_plan.replaced(sql.parameters or [], tags)),
                ),
                namespace=self._log.namespace,
                formats=(FORMATS[asked],),
                result_format=asked,
                name=node.name,
                keeps=True,
                graph_uid=self._log.uid,
                node_uid=node.uid,
            )
            return replace(wanted, seconds=step.deadline or None)

        return make

    def _own(
        self, code: str, uids: Sequence[str], result_format: str, *, name: str | None, node_uid: str | None = None
    ) -> Wanted:
        """A task of a function of our own over kept results. Raises NotFound, TooLarge."""
        stored: dict[str, Any] = {}
        for uid in dict.fromkeys(uids):
            kept = self._tasks.result(self._call, uid)
            stored[uid] = {"format": kept.media_type, "body": bytes(kept.body[:])}
            if sum(len(one["body"]) for one in stored.values()) > LARGEST:
                raise TooLarge(f"The results of the parts have at most {LARGEST >> 20} MB together.")
        sent = [{"value": {graph_plan.TAG: "stored_param", "task_id": uid}} for uid in uids]
        return Wanted(
            type=Type.BATCH_UDF,
            namespace=self._log.namespace,
            name=name,
            program="pickle",
            arguments={
                "function": {"code": code, "entrypoint": None},
                "argument": None,
                "arguments_json": json.dumps(sent).encode(),
                "result_format": result_format,
                "language": "python",
                "version": None,
                "source": None,
                "nodes": {},
                "arrays": [],
                "stored": stored,
            },
            result_format=result_format,
            keeps=True,
            graph_uid=self._log.uid,
            node_uid=node_uid,
        )

    async def _value(self, uid: str, code: str) -> Any:  # noqa: ANN401 - JSON
        """The result of a task as JSON; what is written otherwise is read by a worker. Raises HeadraceError."""
        kept = await asyncio.to_thread(self._tasks.result, self._call, uid)
        media_type, body = kept.media_type, kept.body
        if media_type != JSON:
            wanted = await asyncio.to_thread(partial(self._own, code, [uid], "json", name="(output)"))
            own = ids.new_run_uid()
            running = self._current[own] = self._tasks.start(self._call, wanted, own)
            running.add_done_callback(lambda _: self._current.pop(own, None))
            answer = (await asyncio.shield(running)).answer
            if answer.outcome is not Outcome.OK:
                raise Invalid(f"The output of a node is no JSON: {answer.problem.message if answer.problem else ''}")
            body = answer.body
        if len(body) > LARGEST_LIST:
            raise TooLarge(f"What another node is given as JSON has at most {LARGEST_LIST >> 20} MB.")
        try:
            return msgspec.json.decode(body[:])
        except msgspec.DecodeError as wrong:
            raise Invalid(f"The output of a node is no JSON: {wrong}") from wrong

    def _latest(self, uid: str, name: str | None) -> Task | None:
        found = [task for task in self._tried.get(uid, []) if task.name == name]
        return found[-1] if found else None

    def _uid_of(self, uid: str, name: str | None = None) -> str:
        """The task whose result a node has. Raises NotFound."""
        step = self._steps[uid]
        latest = self._latest(uid, name or step.name or None)
        if latest is None or latest.state is not State.SUCCEEDED:
            raise NotFound(f"The node {uid} has no output.")
        return latest.uid

    def _ended(self, uid: str, answer: Answer) -> None:
        """Keep the exception of a failed node as its result, which is how clients are told of it."""
        if answer.outcome not in {Outcome.OK, Outcome.CANCELLED} and answer.problem is not None:
            self._tasks.keep(uid, exception_of(answer.problem))

    def _refuse(self, node: Node, name: str | None, kind: str, message: str) -> Task:
        """Write down that a node failed before anything ran."""
        now = datetime.now(UTC)
        with self._call.platform.db.begin() as connection:
            named = replace(node, name=name)
            task = task_graphs.record(connection, self._log, named, Type.BATCH_UDF, server="")
            ended = {"finished_at": now, "status": 422, "error_class": kind, "error": of_tasks.clean(message)}
            of_tasks.update(connection, task.uid, state=State.FAILED.value, **ended)
        self._tasks.keep(task.uid, exception_of(Problem(kind=kind, message=message)))
        return task_lists.get_task(self._call, task.uid)


def _at_once(make: Make) -> Callable[[], Awaitable[Make]]:
    """What is made without waiting for anything else."""

    async def made() -> Make:
        return make

    return made


def part_name(node: Node, at: int) -> str:
    """What the task of a part is called."""
    return f"{node.name or node.uid} ({at})"


def exception_of(problem: Problem) -> Answer:
    """An exception, pickled: one of Python's own of that name, else a RuntimeError that says which.

    Only such are pickled here, and nothing is ever read from a pickle.
    """
    found = getattr(builtins, problem.kind, None)
    told: Exception | None = None
    if isinstance(found, type) and issubclass(found, Exception):
        try:
            told = found(problem.message)
        except TypeError:  # one that wants more than a text
            told = None
    if told is None:
        told = RuntimeError(f"{problem.kind}: {problem.message}" if problem.message else problem.kind)
    body = pickle.dumps(told, protocol=4)
    return Answer(outcome=Outcome.OK, media_type=PICKLE, format="python_pickle", body=body)


def _slice(written: str, array: Array) -> Slice:
    ranges = array.ranges or graph_plan.Ranges()
    return Slice(
        uri=array.uri,
        parameter_id=written,
        ranges=ranges.ranges or [],
        layout=ranges.layout,
        buffers=array.buffers or [],
    )
