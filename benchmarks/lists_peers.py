"""B12 beside peers: the same history listed by Prefect, the same objects listed and opened by Datasette.

Prefect has a flow, a deployment and the runs of each of our jobs, on SQLite and on PostgreSQL as we have. It knows no
users, so everybody sees everything, and of runs our administrator's lists stand beside its. Datasette has a table for
each of our objects, in one immutable file, and for each table an `allow` block with the owner and with whom it is
shared; who asks comes with a signed cookie that names them and their groups, as its documentation has it.

Each system runs alone. They take turns, every second turn in the opposite order; of each turn the median and the 95 %
are taken, and the table shows the median of these with the smallest and the largest.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx

from benchmarks import lists
from benchmarks.outputs import DATASETTE
from benchmarks.postgresql import postgresql
from benchmarks.processes import PEERS, environ, free_port, python, running
from benchmarks.report import Report, spread
from benchmarks.systems import PREFECT

REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
TURNS = int(os.environ.get("BENCH_TURNS", "40"))
WARM = 3
COLUMNS = ["question", "system", "p50, ms", "p95, ms", "its p50 : ours", "its p95 : ours", "answer"]
FAILED = {"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}}
NEWEST = {"sort": "START_TIME_DESC"}
LISTS = {  # as we are asked, and as Prefect is
    "runs of all, first page of 100": ("/api/runs?limit=100", "flow_runs", {"limit": 100, **NEWEST}),
    "runs of all that failed": ("/api/runs?state=failed&limit=100", "flow_runs", {"limit": 100, **NEWEST, **FAILED}),
    "runs of all, page 50 of 20": ("/api/runs?limit=20&page_num=50", "flow_runs", {"limit": 20, "page": 50, **NEWEST}),
    "jobs, first page of 50": ("/api/jobs", "deployments", {"limit": 50}),
    "jobs by text": (
        "/api/jobs?q=flow%201",
        "deployments",
        {"limit": 50, "deployments": {"name": {"like_": "flow 1"}}},
    ),
}
SEEN = "everything that I may see"
MAY_I = ("may I see it: mine", "may I see it: a stranger's")
SECRET = "of the benchmark alone"


class Asked(NamedTuple):
    """One question as a system is asked it."""

    path: str
    post: dict | None = None
    auth: tuple[str, str] | None = None


class System(NamedTuple):
    """A running system, and those of the questions that it can answer."""

    http: httpx.Client
    questions: dict[str, Asked]


Served = Callable[[], AbstractContextManager[System]]
Taken = dict[tuple[str, str], list[tuple[float, float]]]  # question, system: the median and the 95 % of each turn


def measure(report: Report) -> None:
    """Fill every database once, then ask in turns."""
    with ExitStack() as stack:
        taken, told = _ask(dict(_filled(stack)))
    rows = []
    for question in (*LISTS, SEEN, *MAY_I):
        for name in [name for asked, name in taken if asked == question]:
            ours = taken[question, f"headrace, {'PostgreSQL' if 'PostgreSQL' in name else 'SQLite'}"]
            pairs = list(zip(taken[question, name], ours, strict=True))
            figures = [spread([one[at] for one, _ in pairs], 1) for at in (0, 1)]
            ratios = [f"{median(its[at] / our[at] for its, our in pairs):.2f}" for at in (0, 1)]
            rows.append([question, name, *figures, *ratios, told[question, name]])
    note = (
        f"{lists.RUNS:,} runs, {sum(lists.OBJECTS.values()):,} objects, {lists.USERS} users, {lists.GROUPS} groups; "
        f"{REPEATS} turns of {TURNS} of each question, over HTTP, one at a time. Ratios are to ours on the same kind "
        "of database. Of all runs we are asked by an administrator, of the rest by a user who sees 1 object in 23; "
        "Prefect knows no users and shows all."
    )
    report.section("B12: lists and permissions beside peers", note, COLUMNS, rows)


def _ask(systems: dict[str, Served]) -> tuple[Taken, dict[tuple[str, str], str]]:
    taken: Taken = {}
    told: dict[tuple[str, str], str] = {}
    for turn in range(REPEATS):
        for name in list(systems) if turn % 2 == 0 else reversed(systems):
            with systems[name]() as system:
                times: dict[str, list[float]] = {question: [] for question in system.questions}
                for n in range(-WARM, TURNS):
                    for question, (path, post, auth) in system.questions.items():
                        more = {"auth": auth} if auth else {}
                        began = time.perf_counter()
                        answer = system.http.request("POST" if post else "GET", path, json=post, **more)
                        if n >= 0:
                            times[question].append((time.perf_counter() - began) * 1000)
                        told[question, name] = _tell(answer)
                for question, some in times.items():
                    taken.setdefault((question, name), []).append((lists.at(some, 0.5), lists.at(some, 0.95)))
    return taken, told


def _filled(stack: ExitStack) -> Iterator[tuple[str, Served]]:
    """Every system with the same rows: the peers' are made from those of our home on SQLite."""
    homes = {}
    for database, opened in (("SQLite", lists.sqlite), ("PostgreSQL", lists.on_postgresql)):
        homes[database], env = stack.enter_context(opened())
        yield f"headrace, {database}", _headrace(homes[database], env, lists.fill(homes[database], env))
    source = homes["SQLite"] / "headrace.db"
    for database in homes:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headrace-bench-"))
        env = {"PREFECT_HOME": folder}
        if database == "PostgreSQL":
            url = stack.enter_context(postgresql()).replace("postgresql://", "postgresql+asyncpg://")
            env["PREFECT_API_DATABASE_CONNECTION_URL"] = url
        command = [python("prefect", PREFECT), PEERS / "prefect_history.py", source]
        patient = {"PREFECT_SERVER_DATABASE_TIMEOUT": "600"}  # seconds of one statement, while the rows are copied
        subprocess.run(command, check=True, env=environ() | env | patient, stdout=subprocess.DEVNULL)
        yield f"prefect server, {database}", _prefect(env)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headrace-bench-"))
    yield "datasette, SQLite", _datasette(Path(folder), source)


def _headrace(home: Path, env: dict[str, str], questions: dict[str, str]) -> Served:
    @contextmanager
    def served() -> Iterator[System]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "headrace", "up", "--home", home, "--port", port]
        admin = ((home / "admin.key").read_text().strip(), "")
        asked = {
            question: Asked(path, auth=admin if "of all" in question else None)
            for question, (path, *_) in LISTS.items()
        }
        asked |= {SEEN: Asked("/api/search?query=&limit=1000")}
        asked |= {question: Asked(questions[question]) for question in MAY_I}
        with (
            running(command, f"{url}/healthz", env=env),
            httpx.Client(base_url=url, auth=(lists.KEY, ""), timeout=60) as http,
        ):
            yield System(http, asked)

    return served


def _prefect(env: dict[str, str]) -> Served:
    @contextmanager
    def served() -> Iterator[System]:
        port, interpreter = free_port(), python("prefect", PREFECT)
        url = f"http://127.0.0.1:{port}/api"
        command = [interpreter.parent / "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
        asked = {question: Asked(f"/{noun}/paginate", body) for question, (_, noun, body) in LISTS.items()}
        with (
            running(command, f"{url}/health", env=env, seconds=300),
            httpx.Client(base_url=url, timeout=60) as http,
        ):
            yield System(http, asked)

    return served


def _datasette(folder: Path, source: Path) -> Served:
    """A table for each object. The cookie is signed by Datasette's own interpreter, with the secret that it runs by."""
    interpreter = python("datasette", *DATASETTE)
    actor, mine, strangers = _tables(folder, source)
    sign = "import sys, itsdangerous as i; print(i.URLSafeSerializer(sys.argv[1], 'actor').dumps(eval(sys.argv[2])))"
    signed = subprocess.run([interpreter, "-c", sign, SECRET, repr({"a": actor})], check=True, capture_output=True)
    cookie = signed.stdout.decode().strip()

    @contextmanager
    def served() -> Iterator[System]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        options = ["-i", folder / "objects.db", "-m", folder / "metadata.json", "-p", port, "--secret", SECRET]
        asked = {SEEN: Asked("/objects.json")}
        asked |= dict(zip(MAY_I, (Asked(f"/objects/{table}.json") for table in (mine, strangers)), strict=True))
        with (
            running([interpreter, "-m", "datasette", "serve", *options], f"{url}/-/versions.json", seconds=300),
            httpx.Client(base_url=url, cookies={"ds_actor": cookie}, timeout=60) as http,
        ):
            yield System(http, asked)

    return served


def _tables(folder: Path, source: Path) -> tuple[dict, str, str]:
    """Write the file and its metadata; who asks, a table of theirs, and one that they may not see."""
    kinds = {"job": "jobs", "file": "files", "project": "projects", "credential": "credentials"}
    allowed: dict[str, dict[str, list]] = {}
    with sqlite3.connect(source) as ours, sqlite3.connect(folder / "objects.db") as theirs:
        (me,) = ours.execute("select id from users where email = 'bench0@example.org'").fetchone()
        groups = [group for (group,) in ours.execute("select group_id from group_members where user_id = ?", [me])]
        for kind, table in kinds.items():
            for one, name, owner in ours.execute(f"select id, name, owner_id from {table}"):
                theirs.execute(f"create table {kind}_{one} (id integer primary key, name text)")
                theirs.execute(f"insert into {kind}_{one} values (?, ?)", (one, name))
                allowed[f"{kind}_{one}"] = {"id": [str(owner)], "groups": []}
        for kind, one, user, group in ours.execute("select kind, object_id, user_id, group_id from shares"):
            allowed[f"{kind}_{one}"]["groups" if group else "id"].append(group or str(user))
        inside = "select m.kind, m.object_id, p.id from project_objects m join projects p on p.id = m.project_id"
        for kind, one, project in ours.execute(f"{inside} where p.auto_share"):
            for who, some in allowed[f"project_{project}"].items():
                allowed[f"{kind}_{one}"][who] += some
    tables = {name: {"allow": allow} for name, allow in allowed.items()}
    (folder / "metadata.json").write_text(json.dumps({"databases": {"objects": {"tables": tables}}}))
    seen = {name: str(me) in one["id"] or not set(groups).isdisjoint(one["groups"]) for name, one in allowed.items()}
    mine = next(name for name, one in allowed.items() if one["id"][0] == str(me))
    return {"id": str(me), "groups": groups}, mine, next(name for name, sees in seen.items() if not sees)


def _tell(answer: httpx.Response) -> str:
    """How much there is, or the status where that is no 200."""
    if answer.status_code != 200:
        return str(answer.status_code)
    value = answer.json()
    if isinstance(value, list):
        return f"{len(value)} of {answer.headers.get('x-pagination-total-entries', len(value))}"
    some = next((value[name] for name in ("results", "tables", "rows") if name in value), None)
    if some is None:
        return str(answer.status_code)
    return f"{len(some)} of {next((value[name] for name in ('count', 'totalResults') if name in value), len(some))}"
