"""Graphs that the server runs: what each node is, on what, and how often it is tried (TileDB Cloud protocol notes 3.7).

The fields have the names of that protocol; a plan is kept as it came.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from headrace.errors import Invalid
from headrace.model import task_graph
from headrace.model.task_graph import Location, Node, Retry

MOST_TRIES = 100
LONGEST_WAIT = 86_400.0  # seconds
MOST_AT_ONCE = 16  # nodes of a graph that run at once, and the number where none is given
PART = "{{inputs.parameters.partId}}"  # stands for a part of what a node is spread over
TAG = "__tdbudf__"
FORMATS = {
    "arrow": "arrow",
    "json": "json",
    "native": "python_pickle",
    "python_pickle": "python_pickle",
    "tiledb_json": "tiledb_json",
    "bytes": "bytes",
}
POLICIES = ("Always", "OnFailure", "OnError", "OnTransientError")
UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|)")


class _Given(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is not given is not kept."""


class Backoff(_Given, frozen=True, kw_only=True):
    """How long to wait before a node is tried again: `30`, `10s`, `2m`, each time `factor` times as long."""

    duration: str | None = None
    factor: int | None = None
    max_duration: str | None = field(default=None, name="maxDuration")


class RetryStrategy(_Given, frozen=True, kw_only=True):
    """How often a node that failed is tried again, and when."""

    limit: Annotated[int, Meta(ge=0, le=MOST_TRIES)] | None = None
    retry_policy: str | None = field(default=None, name="retryPolicy")
    expression: str | None = None
    backoff: Backoff | None = None


class Environment(_Given, frozen=True, kw_only=True):
    """What a function is called in."""

    language: str | None = None
    language_version: str | None = None
    image_name: str | None = None
    access_credentials_name: str | None = None
    namespace: str | None = None
    resource_class: str | None = None
    resources: dict[str, Any] | None = None
    run_client_side: bool | None = None
    timeout: float | None = None


class Argument(_Given, frozen=True, kw_only=True):
    """An argument, by its place or by name. `value` is tagged JSON."""

    name: str | None = None
    value: Any = None


class Udf(_Given, frozen=True, kw_only=True):
    """A function: its pickle in base64, or the name of a registered one."""

    registered_udf_name: str | None = None
    executable_code: str | None = None
    source_text: str | None = None
    environment: Environment | None = None
    arguments: list[Argument] | None = None
    result_format: str | None = None


class Sql(_Given, frozen=True, kw_only=True):
    """A statement."""

    query: str | None = None
    init_commands: list[str] | None = None
    parameters: list[Any] | None = None
    result_format: str | None = None
    namespace: str | None = None


class Ranges(_Given, frozen=True, kw_only=True):
    """The part of an array: for each dimension, pairs of a start and an end."""

    layout: str | None = None
    ranges: list[list[Any]] | None = None


class Array(_Given, frozen=True, kw_only=True):
    """Part of an array, which nodes that need this one read."""

    uri: str
    parameter_id: str | None = None
    ranges: Ranges | None = None
    buffers: list[str] | None = None


class Input(_Given, frozen=True, kw_only=True):
    """A value, in tagged JSON."""

    default_value: Any = None
    datatype: str | None = None


class Step(_Given, frozen=True, kw_only=True):
    """A node: one of a function, a statement, an array and a value."""

    client_node_id: str
    name: str | None = None
    depends_on: list[str] | None = None
    udf_node: Udf | None = None
    sql_node: Sql | None = None
    array_node: Array | None = None
    input_node: Input | None = None
    expand_node_output: str | None = None
    retry_strategy: RetryStrategy | None = None
    deadline: Annotated[int, Meta(ge=0)] | None = None  # seconds that a try of it may take

    @property
    def virtual(self) -> bool:
        """Whether nothing runs."""
        return self.array_node is not None or self.input_node is not None


class Plan(_Given, frozen=True, kw_only=True):
    """A graph, and how it is run."""

    name: str | None = None
    nodes: list[Step] | None = None
    parallelism: Annotated[int, Meta(ge=0)] | None = None
    retry_strategy: RetryStrategy | None = None  # of each node that has none of its own
    workflow_retry_strategy: RetryStrategy | None = None  # how often what failed is begun again when all has ended
    deadline: Annotated[int, Meta(ge=0)] | None = None  # seconds that all of it may take

    @property
    def width(self) -> int:
        """How many nodes run at once."""
        return min(self.parallelism or MOST_AT_ONCE, MOST_AT_ONCE)


def nodes_of(plan: Plan) -> list[Node]:
    """The nodes of a graph as the log of a run has them. Raises Invalid for whatever cannot be run here."""
    steps = plan.nodes or []
    known = {task_graph.node_uid(step.client_node_id) for step in steps}
    retry = retry_of(plan.retry_strategy)
    retry_of(plan.workflow_retry_strategy)
    return [_node(step, retry, known) for step in steps]


def retry_of(strategy: RetryStrategy | None) -> Retry | None:
    """How often and when, as it is kept. Raises Invalid."""
    if strategy is None:
        return None
    if strategy.expression:
        raise Invalid("`expression` of a retry strategy is not evaluated here; say `retryPolicy` and `limit`.")
    if strategy.retry_policy is not None and strategy.retry_policy not in POLICIES:
        raise Invalid(f"`retryPolicy` wants one of {', '.join(POLICIES)}, and got {strategy.retry_policy[:40]!r}.")
    backoff = strategy.backoff or Backoff()
    return Retry(
        limit=MOST_TRIES if strategy.limit is None else strategy.limit,
        policy=strategy.retry_policy or "Always",
        delay=_seconds(backoff.duration or "0"),
        factor=min(max(backoff.factor or 1, 1), 1000),
        most=_seconds(backoff.max_duration or "24h"),
    )


def references(value: Any) -> Iterator[str]:  # noqa: ANN401 - tagged JSON
    """The ids of the nodes whose outputs a value has, as they are written in it."""
    found: list[str] = []

    def note(tag: dict[str, Any]) -> Any:  # noqa: ANN401
        found.append(str(tag.get("client_node_id")))
        return tag

    replaced(value, {"node_output": note})
    yield from found


def replaced(value: Any, tags: dict[str, Callable[[dict[str, Any]], Any]], part: Any = None) -> Any:  # noqa: ANN401
    """Tagged JSON with something in the place of each of these tags, and `part` in that of what stands for a part."""
    if isinstance(value, str):
        return _part(value, part) if part is not None and PART in value else value
    if isinstance(value, list):
        return [replaced(one, tags, part) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(TAG)
    if isinstance(kind, str) and kind in tags:
        return tags[kind](value)
    if TAG in value and kind != "__escape__":
        return value
    if kind == "__escape__" and isinstance(inner := value.get("__escape__"), dict):
        return {**value, "__escape__": {name: replaced(one, tags, part) for name, one in inner.items()}}
    return {name: replaced(one, tags, part) for name, one in value.items()}


class Part(Struct, frozen=True):
    """One of the values that a node is spread over."""

    value: Any


def _part(text: str, part: Part) -> Any:  # noqa: ANN401
    if text == PART:
        raw = isinstance(part.value, (dict, list))
        return {TAG: "raw_json", "raw_json": part.value} if raw else part.value
    return text.replace(PART, str(part.value))


def _node(step: Step, retry: Retry | None, known: set[str]) -> Node:
    uid = task_graph.node_uid(step.client_node_id)
    kinds = [step.udf_node, step.sql_node, step.array_node, step.input_node]
    if sum(kind is not None for kind in kinds) != 1:
        raise Invalid(f"The node {uid} must have one of udf_node, sql_node, array_node and input_node.")
    parents = [task_graph.node_uid(parent, "A parent of a node") for parent in step.depends_on or []]
    values: Any = []
    if step.udf_node is not None:
        _check_udf(uid, step.udf_node)
        values = [one.value for one in step.udf_node.arguments or []]
    elif step.sql_node is not None:
        _check_sql(uid, step.sql_node)
        values = step.sql_node.parameters or []
    elif step.input_node is not None and step.input_node.default_value is None:
        raise Invalid(f"The node {uid} is a value without one: the server runs a graph with each `default_value`.")
    for reference in references(values):
        if (other := task_graph.node_uid(reference, f"What the node {uid} takes the output of")) not in known:
            raise Invalid(f"The node {uid} takes the output of {other}, which is no node of the graph.")
        parents.append(other)
    if step.expand_node_output:
        if step.udf_node is None:
            raise Invalid(f"The node {uid} is spread over the output of another, which a function alone can be.")
        parents.append(task_graph.node_uid(step.expand_node_output, "expand_node_output"))
    own = retry_of(step.retry_strategy) or retry
    return Node(
        uid=uid,
        name=step.name or None,
        parents=list(dict.fromkeys(parents)),
        location=Location.VIRTUAL if step.virtual else Location.SERVER,
        retry=None if step.virtual else own,
    )


def _check_udf(uid: str, udf: Udf) -> None:
    if not udf.executable_code and not udf.registered_udf_name:
        raise Invalid(f"The node {uid} has no function: neither executable_code nor registered_udf_name.")
    if udf.environment is not None and udf.environment.run_client_side:
        raise Invalid(f"The node {uid} runs on the client, which a graph that the server runs cannot wait for.")
    _check_format(uid, udf.result_format)
    code_of(udf)


def code_of(udf: Udf) -> bytes | None:
    """The pickle of a function. Raises Invalid for what is no base64."""
    try:
        return b64decode(udf.executable_code, validate=True) if udf.executable_code else None
    except Error as wrong:
        raise Invalid(f"`executable_code` must be base64: {wrong}.") from wrong


def _check_sql(uid: str, sql: Sql) -> None:
    if not (sql.query or "").strip():
        raise Invalid(f"The node {uid} has no statement.")
    _check_format(uid, sql.result_format)


def _check_format(uid: str, word: str | None) -> None:
    if word is not None and word not in FORMATS:
        raise Invalid(f"`result_format` of the node {uid} wants one of {', '.join(FORMATS)}; not {word[:40]!r}.")


def _seconds(text: str) -> float:
    if (found := DURATION.fullmatch(text.strip())) is None:
        raise Invalid(f"A duration is a number of seconds, or one with ms, s, m or h after it; not {text[:40]!r}.")
    return min(float(found[1]) * UNITS[found[2]], LONGEST_WAIT)
