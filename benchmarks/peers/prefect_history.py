"""Copy the history of a Headrace home on SQLite into Prefect's database: a flow, a deployment and runs for each job.

Run by Prefect's own interpreter, with its settings in the environment: `prefect_history.py headrace.db`.
"""

import asyncio
import sqlite3
import sys
import uuid
from datetime import UTC, datetime
from itertools import islice

import sqlalchemy as sa
from prefect.server.database.dependencies import provide_database_interface
from prefect.server.schemas.states import StateDetails, StateType

STATES = {"failed": (StateType.FAILED, "Failed"), "succeeded": (StateType.COMPLETED, "Completed")}
EACH = 1_000


async def copy(source: str) -> None:
    db = provide_database_interface()
    await db.create_db()
    with sqlite3.connect(source) as ours:
        jobs = ours.execute("select id, name, created_at, updated_at from jobs").fetchall()
        runs = ours.execute("select id, job_id, state, started_at, finished_at from runs").fetchall()
    flows, states = {job: uuid.uuid4() for job, *_ in jobs}, {run: uuid.uuid4() for run, *_ in runs}
    deployments = {job: uuid.uuid4() for job in flows}
    await _insert(db, db.Flow, ({"id": flows[job], "name": f"{name} ({job})"} for job, name, *_ in jobs))
    await _insert(
        db,
        db.Deployment,
        (
            {"id": deployments[job], "name": name, "flow_id": flows[job], "created": _at(made), "updated": _at(changed)}
            for job, name, made, changed in jobs
        ),
    )
    made = {run: uuid.uuid4() for run in states}
    await _insert(db, db.FlowRun, (_run(row, made, flows, deployments) for row in runs))
    await _insert(
        db,
        db.FlowRunState,
        (
            {
                "id": states[run], "flow_run_id": made[run], "type": STATES[state][0], "name": STATES[state][1],
                "timestamp": _at(ended), "state_details": StateDetails(flow_run_id=made[run]),
            }
            for run, _, state, _, ended in runs
        ),
    )  # fmt: skip
    async with db.session_context(begin_transaction=True) as session:
        of_run = sa.select(db.FlowRunState.id).where(db.FlowRunState.flow_run_id == db.FlowRun.id).scalar_subquery()
        await session.execute(sa.update(db.FlowRun.__table__).values(state_id=of_run))
    async with db.session_context(begin_transaction=True) as session:
        await session.execute(sa.text("ANALYZE"))


def _run(row: tuple, made: dict, flows: dict, deployments: dict) -> dict:
    run, job, state, began, ended = row
    return {
        "id": made[run], "flow_id": flows[job], "deployment_id": deployments[job], "name": f"run {run}",
        "state_type": STATES[state][0], "state_name": STATES[state][1], "state_timestamp": _at(ended), "run_count": 1,
        "expected_start_time": _at(began), "start_time": _at(began), "end_time": _at(ended),
    }  # fmt: skip


async def _insert(db, model, rows) -> None:
    rows = iter(rows)
    while some := list(islice(rows, EACH)):
        async with db.session_context(begin_transaction=True) as session:
            await session.execute(model.__table__.insert(), some)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


asyncio.run(copy(sys.argv[1]))
