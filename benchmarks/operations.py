"""What the table of operations costs: until it stands, with both documents, and on the way through each of them."""

import json
import os
import re
import subprocess
import sys
import time
from itertools import cycle
from statistics import median, quantiles
from urllib.parse import quote, urlencode

import msgspec
from msgspec import inspect

from benchmarks.processes import environ
from benchmarks.report import Report, spread
from benchmarks.samples import sample
from headrace.api.endpoint import Rim
from headrace.api.operation import Operation
from headrace.api.parameters import path_reader, query_reader
from headrace.api.router import MOST_KNOWN, Mount, Router
from headrace.dialects import civis

REPEATS = int(os.environ.get("BENCH_REPEATS", "7"))
TURNS = 300  # through each operation, in each repeat
STARTING = 1.0  # s
PASSING = 30  # µs
CAPITAL = re.compile(r"(?<=.)[A-Z](?=[a-z])|(?<=[a-z0-9])[A-Z]")  # as the clients find words (notes 1.6)
# What a server imports before its operations, whatever they are, is imported first. It collects no garbage meanwhile.
START = """
import gc, json, time
gc.disable()
import sqlalchemy.dialects.sqlite, structlog, headrace.server
from headrace.api.endpoint import Rim
from headrace.api.router import Mount, Router
from headrace.api.spec import openapi31
from headrace.dialects import civis
steps, moments = [], [(time.perf_counter(), time.process_time())]
def step(name):
    steps.append(name)
    moments.append((time.perf_counter(), time.process_time()))
tables = [civis.RESOURCES[name] for name in civis.RESOURCES.names]
step("modules of the nouns")
operations = civis.operations("http://localhost")
step("operations, and the Swagger document")
mounts = [Mount(civis.PREFIX, operations, civis.CODEC)]
document = openapi31.document(mounts, title="T", version="1", url="http://localhost")
import msgspec; msgspec.json.encode(document)
step("the OpenAPI document")
Router(mounts, Rim(keys=None, make_call=None))
step("readers, writers and routes")
pairs = zip(steps, zip(moments, moments[1:]))
print(json.dumps([[name, *(1000 * (after - before) for before, after in zip(*pair))] for name, pair in pairs]))
"""


def measure(report: Report) -> None:
    """The start in fresh interpreters, and then the way through every operation in this one."""
    _start(report)
    _pass(report)


def _start(report: Report) -> None:
    runs = [_started() for _ in range(REPEATS)]
    names = [name for name, *_ in runs[0]]
    taken = {name: [[run[n][column] for run in runs] for column in (1, 2)] for n, name in enumerate(names)}
    taken["in all"] = [[sum(step[column] for step in run) for run in runs] for column in (1, 2)]
    rows = [[name, *(spread(values, 0) for values in both)] for name, both in taken.items()]
    note = (
        f"{len(civis.operations('http://localhost'))} operations, {REPEATS} fresh interpreters with bytecode written. "
        "The database library, logging and the modules under the nouns are imported before."
    )
    report.section("The table of operations: start", note, ["step", "ms", "CPU ms"], rows)
    clock, cpu = (median(taken["in all"][column]) / 1000 for column in (0, 1))
    figure = f"{clock:.2f} s, of which {cpu:.2f} s of CPU"
    report.bar("the table of operations starts", f"<= {STARTING:g} s", figure, met=clock <= STARTING)


def _started() -> list[list]:
    command = [sys.executable, "-c", START]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environ()).stdout)


def _pass(report: Report) -> None:
    operations = [one for one in civis.operations("http://localhost") if not one.raw]
    router = Router([Mount(civis.PREFIX, operations, civis.CODEC)], Rim(keys=None, make_call=None))
    ways = [(f"{one.method} {one.path}", *_way(one, router)) for one in operations]
    taken: dict[str, list[list[float]]] = {}
    for repeat in range(-1, REPEATS):
        for name, *parts in ways:
            times = [_timed(part) for part in parts]
            if repeat >= 0:
                taken.setdefault(name, []).append(times)
    middles = {name: [median(column) for column in zip(*times, strict=True)] for name, times in taken.items()}
    rows = []
    for title, pick in (("route", 0), ("decode", 1), ("encode", 2), ("all three", None)):
        values = {n: sum(middle) if pick is None else middle[pick] for n, middle in middles.items()}
        worst = max(values, key=lambda n: values[n])
        ordered = [*values.values()]
        rows.append(
            [title, f"{median(ordered):.1f}", f"{quantiles(ordered, n=20)[-1]:.1f}", f"{values[worst]:.1f}", worst]
        )
    sums = [sum(middle) for middle in middles.values()]
    over = sum(value > PASSING for value in sums)
    note = (
        f"CPU of one request through each of {len(ways)} operations, median of {REPEATS} x {TURNS}: the path, with an "
        "ID that was not asked for lately; every argument given that there is in the path, the query and the body, in "
        "snake_case as clients send it; every field of the answer filled, one item in each list. "
        f"{over} of them take more than {PASSING} µs."
    )
    columns = ["step", "median µs", "95 % µs", "most µs", "by"]
    report.section("The table of operations: a request", note, columns, rows)
    middle = median(sums)
    report.bar("route, decode, encode", f"<= {PASSING} µs", f"{middle:.1f} µs", met=middle <= PASSING)


def _way(operation: Operation, router: Router):
    codec = civis.CODEC
    read_path, read_query = path_reader(operation), query_reader(operation, codec.argument, strict=codec.strict)
    read = codec.reader(operation.body) if operation.body is not None else None
    write = codec.writer(list[operation.item] if operation.many else operation.returns)  # type: ignore[misc]
    paths = cycle([_path(operation, n) for n in range(1, MOST_KNOWN + 2)])
    segments = router.match(operation.method, next(paths))[1]
    query = urlencode(
        [(p.name, _said(sample(inspect.type_info(p.type)))) for p in operation.in_query], doseq=True
    ).encode()
    body = msgspec.json.encode(_snake(sample(inspect.type_info(operation.body)))) if operation.body else b""
    value = None if operation.returns is type(None) else _answer(operation)

    def route() -> None:
        router.match(operation.method, next(paths))

    def decode() -> None:
        read_path(segments)
        read_query(query)
        if read is not None:
            read(body)

    def encode() -> None:
        write(value)

    decode()  # a sample that is refused is no measurement
    return route, decode, encode


def _path(operation: Operation, n: int) -> bytes:
    path = civis.PREFIX + operation.path
    for parameter in operation.in_path:
        info = inspect.type_info(parameter.type)
        said = str(n) if isinstance(sample(info), int) else str(sample(info))
        path = path.replace(f"{{{parameter.name}}}", quote(said, safe=""))
    return path.encode()


def _answer(operation: Operation):
    type_ = list[operation.item] if operation.many else operation.returns
    return msgspec.convert(sample(inspect.type_info(type_)), type_)


def _said(value):
    return [_said(one) for one in value] if isinstance(value, list) else str(value).lower() if value is True else value


def _snake(value):
    if isinstance(value, list):
        return [_snake(one) for one in value]
    if isinstance(value, dict):
        return {CAPITAL.sub(r"_\g<0>", k).lower(): _snake(v) for k, v in value.items()}
    return value


def _timed(function) -> float:
    began = time.thread_time_ns()
    for _ in range(TURNS):
        function()
    return (time.thread_time_ns() - began) / TURNS / 1000
