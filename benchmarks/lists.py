"""B12: lists, searches and permission checks with 100,000 runs, 10,000 objects, 200 users and 50 groups.

Every question is asked over HTTP by an ordinary user who is in five groups, on SQLite and on PostgreSQL, one question
at a time, the kinds of question taking turns. The rows are written straight into the tables before the server starts.
Then all objects are made theirs, and some questions are asked again.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import sqlalchemy as sa

from benchmarks.postgresql import postgresql
from benchmarks.processes import free_port, running
from benchmarks.report import Report
from headrace import settings as table
from headrace.db import tables as t
from headrace.db.objects import TABLES
from headrace.model import ids
from headrace.model.object import Kind, Level
from headrace.server import open_platform
from headrace.services import accounts

TURNS = int(os.environ.get("BENCH_TURNS", "60"))
USERS, GROUPS, RUNS, CHANGES = 200, 50, 100_000, 100_000
OBJECTS = {Kind.JOB: 7_000, Kind.FILE: 1_500, Kind.PROJECT: 1_000, Kind.CREDENTIAL: 500}
SCRIPTS = ("sql", "python3", "r", "containers")
COLUMNS = ["question", "SQLite p50, ms", "p95, ms", "PostgreSQL p50, ms", "p95, ms", "answer"]
KEY = "hr_" + "b" * 40
WANTED = 50  # ms


def measure(report: Report) -> None:
    """Both databases, each with the same rows."""
    taken: dict[str, dict[str, tuple[float, float]]] = {}
    shown: dict[str, str] = {}
    for name, database in (("sqlite", sqlite), ("postgresql", on_postgresql)):
        with database() as (home, environ):
            for fill_in in (fill, give_all):
                times, sizes = ask(home, environ, fill_in(home, environ))
                taken.setdefault(name, {}).update(times)
                shown |= sizes
    rows = [
        [name, *(f"{value:,.1f}" for database in taken.values() for value in database[name]), shown[name]]
        for name in taken["sqlite"]
    ]
    note = (
        f"{RUNS:,} runs, {CHANGES:,} changes, {sum(OBJECTS.values()):,} objects, {USERS} users, {GROUPS} groups; "
        f"{TURNS} times each, by a user who owns 1 object in 200 and sees some more through five groups and some "
        "projects; then by the same, who owns them all."
    )
    report.section("B12: lists and permissions", note, COLUMNS, rows)
    worst = max((p95, name, database) for database in taken for name, (_, p95) in taken[database].items())
    text = f"{worst[0]:.1f} ms ({worst[1]}, {worst[2]})"
    report.bar("lists, search, permission checks, p95", f"<= {WANTED} ms", text, met=worst[0] <= WANTED)


def ask(
    home: Path, environ: dict[str, str], questions: dict[str, str]
) -> tuple[dict[str, tuple[float, float]], dict[str, str]]:
    """Milliseconds of each question, at the median and at 95 %; what was answered to it, in a few words."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "headrace", "up", "--home", home, "--port", port]
    taken: dict[str, list[float]] = {name: [] for name in questions}
    sizes: dict[str, str] = {}
    with (
        running(command, f"{url}/healthz", env=environ),
        httpx.Client(base_url=url, auth=(KEY, ""), timeout=60) as http,
    ):
        for turn in range(-3, TURNS):
            for name, path in questions.items():
                began = time.perf_counter()
                answer = http.get(path)
                if turn >= 0:
                    taken[name].append((time.perf_counter() - began) * 1000)
                sizes[name] = _size(answer)
    return {name: (at(values, 0.5), at(values, 0.95)) for name, values in taken.items()}, sizes


def fill(home: Path, environ: dict[str, str]) -> dict[str, str]:
    """Write the rows; the questions to ask about them."""
    chance = random.Random(12)
    platform = open_platform(table.load({"HEADRACE_HOME": str(home), **environ}))
    try:
        accounts.ensure_admin(platform)
        now = datetime.now(UTC)
        with platform.db.begin() as connection:
            users = _insert(connection, t.users, (_user(n, now) for n in range(USERS)))
            groups = _insert(connection, t.groups, (_group(n, now) for n in range(GROUPS)))
            members = {(group, user) for user in users for group in chance.sample(groups, 5)}
            _insert(connection, t.group_members, ({"group_id": g, "user_id": u} for g, u in members), ids=False)
            key = {"user_id": users[0], "name": "bench", "digest": ids.digest(KEY), "hint": KEY[-4:], "created_at": now}
            connection.execute(t.api_keys.insert().values(key))
            made = {kind: _objects(connection, chance, kind, users, now) for kind in OBJECTS}
            _insert(connection, t.shares, _shares(chance, made, users, groups), ids=False)
            jobs, projects = made[Kind.JOB], made[Kind.PROJECT]
            within = {(chance.choice(projects), job) for job in jobs[::2]}
            places = ({"project_id": p, "kind": "job", "object_id": job, "added_at": now} for p, job in within)
            _insert(connection, t.project_objects, places, ids=False)
            _insert(connection, t.runs, _runs(chance, users, jobs, now), ids=False)
        with platform.db.begin() as connection:
            _insert(connection, t.changes, _changes(chance, users, made, now))
            connection.execute(sa.text("ANALYZE"))
        own = next(one for one, owner in _owners(platform, t.projects) if owner == users[0])
        others = next(one for one, owner in _owners(platform, t.projects) if owner != users[0])
    finally:
        platform.db.close()
    return {
        "jobs, first page": "/api/jobs",
        "jobs that I may manage": "/api/jobs?permission=manage&limit=50",
        "jobs by text": "/api/jobs?q=flow%201",
        "scripts, first page": "/api/scripts",
        "scripts by author, by name": "/api/scripts?author=bench3@example.org&order=name&order_dir=asc",
        "scripts, page 5": "/api/scripts?page_num=5",
        "projects": "/api/projects?limit=50",
        "credentials": "/api/credentials",
        "users": "/api/users?limit=200",
        "runs, first page": "/api/runs?limit=100",
        "runs that failed": "/api/runs?state=failed&limit=100",
        "runs, page 50": "/api/runs?limit=20&page_num=50",
        "search": "/api/search?query=flow",
        "changes": "/api/changes",
        "may I see it: mine": f"/api/projects/{own}/shares",
        "may I see it: a stranger's": f"/api/projects/{others}/shares",
        "/endpoints": "/api/endpoints",
    }


def give_all(home: Path, environ: dict[str, str]) -> dict[str, str]:
    """Make every object theirs who asks; the questions to ask then."""
    platform = open_platform(table.load({"HEADRACE_HOME": str(home), **environ}))
    try:
        with platform.db.begin() as connection:
            me = sa.select(t.api_keys.c.user_id).where(t.api_keys.c.digest == ids.digest(KEY)).scalar_subquery()
            for kind in OBJECTS:
                connection.execute(TABLES[kind].update().values(owner_id=me))
            connection.execute(sa.text("ANALYZE"))
    finally:
        platform.db.close()
    return {
        "of all: jobs, first page": "/api/jobs",
        "of all: scripts, page 50": "/api/scripts?page_num=50",
        "of all: search": "/api/search?query=flow",
        "of all: search for nothing": "/api/search?query=",
        "of all: changes": "/api/changes",
    }


@contextmanager
def sqlite() -> Iterator[tuple[Path, dict[str, str]]]:
    """A home with SQLite in it."""
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home:
        yield Path(home), {}


@contextmanager
def on_postgresql() -> Iterator[tuple[Path, dict[str, str]]]:
    """A home whose rows are in a PostgreSQL of our own."""
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home, postgresql() as url:
        yield Path(home), {"HEADRACE_DATABASE_URL": url}


def _insert(connection: sa.Connection, into: sa.Table, rows, *, ids: bool = True) -> list[int]:
    before = connection.execute(sa.select(sa.func.max(into.c.id))).scalar() or 0 if ids else 0
    connection.execute(into.insert(), list(rows))
    return list(connection.execute(sa.select(into.c.id).where(into.c.id > before)).scalars()) if ids else []


def _user(n: int, now: datetime) -> dict:
    email = f"bench{n}@example.org"
    return {"name": f"User {n}", "username": email, "email": email, "admin": False, "active": True, **_at_once(now)}


def _group(n: int, now: datetime) -> dict:
    return {"name": f"Group {n}", "slug": f"group-{n}", **_at_once(now)}


def _at_once(now: datetime) -> dict:
    return {"created_at": now, "updated_at": now}


def _objects(
    connection: sa.Connection, chance: random.Random, kind: Kind, users: list[int], now: datetime
) -> list[int]:
    more = {
        Kind.JOB: lambda: {"uid": ids.new_uid(), "kind": chance.choice(SCRIPTS), "version": 1},
        Kind.FILE: lambda: {"state": "whole", "size": 10},
        Kind.PROJECT: lambda: {"description": "", "auto_share": chance.random() < 0.5},
        Kind.CREDENTIAL: lambda: {"type": "Custom", "username": "me", "secret": b"", "is_default": False},
    }[kind]
    rows = []
    for n in range(OBJECTS[kind]):
        moment = now - timedelta(seconds=chance.randrange(10_000_000))
        name = f"{chance.choice(('flow', 'rain', 'depth'))} {n}"
        row = {"name": name, "owner_id": chance.choice(users), "created_at": moment, "updated_at": moment, **more()}
        rows.append(row | {"slug": row["uid"], "settings": _settings(row["kind"])} if kind is Kind.JOB else row)
    return _insert(connection, TABLES[kind], rows)


def _settings(kind: str) -> dict:
    return {"sql": "select 1"} if kind == "sql" else {"source": "print(1)"} if kind in {"python3", "r"} else {}


def _shares(chance: random.Random, made: dict[Kind, list[int]], users: list[int], groups: list[int]) -> Iterator[dict]:
    for kind, objects in made.items():
        for one in objects:
            level = int(chance.choice(list(Level)))
            if chance.random() < 0.3:
                yield {
                    "kind": kind,
                    "object_id": one,
                    "level": level,
                    "user_id": chance.choice(users),
                    "group_id": None,
                }
            if chance.random() < 0.3:
                yield {
                    "kind": kind,
                    "object_id": one,
                    "level": level,
                    "user_id": None,
                    "group_id": chance.choice(groups),
                }


def _runs(chance: random.Random, users: list[int], jobs: list[int], now: datetime) -> Iterator[dict]:
    for n in range(RUNS):
        started, state = now - timedelta(seconds=5 * n), "failed" if chance.random() < 0.02 else "succeeded"
        parts = {f"{part}_ms": 1.0 for part in ("queue", "start", "import", "user", "encode", "total")}
        owner = chance.choice(users)
        yield {
            "uid": ids.new_run_uid(), "state": state, "job_id": chance.choice(jobs), "job_name": "flow", "version": 1,
            "code_hash": "0" * 64, "owner_id": owner, "caller_id": owner, "door": "token", "format": "json",
            "cache": "off", "status": 200, "size": 100, "started_at": started, "finished_at": started, **parts,
        }  # fmt: skip


def _changes(
    chance: random.Random, users: list[int], made: dict[Kind, list[int]], now: datetime
) -> Iterator[dict[str, object]]:
    kinds = random.Random(7).choices(list(made), weights=[len(of) for of in made.values()], k=CHANGES)
    for n, kind in enumerate(kinds):
        yield {
            "at": now - timedelta(seconds=5 * n), "user_id": chance.choice(users), "action": "update",
            "kind": kind, "object_id": chance.choice(made[kind]), "name": "flow", "after": {"name": "flow"},
        }  # fmt: skip


def _owners(platform, of: sa.Table) -> list[tuple[int, int]]:
    with platform.db.read() as connection:
        return [(one, owner) for one, owner in connection.execute(sa.select(of.c.id, of.c.owner_id))]


def _size(answer: httpx.Response) -> str:
    total = answer.headers.get("x-pagination-total-entries")
    if answer.status_code != 200:
        return str(answer.status_code)
    value = msgspec.json.decode(answer.content)
    return f"{len(value)} of {total}" if total else f"{len(answer.content) / 1024:,.0f} KB"


def at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
