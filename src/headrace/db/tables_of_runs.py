"""The tables of what ran: runs, the tasks that some of them are, and runs of task graphs."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from headrace.db.columns import Id, Line, Moment, Text, key
from headrace.db.metadata import metadata

runs = Table(
    "runs",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("job_id", Id),  # no foreign key: the history of a job outlives it
    Column("job_name", Text),
    Column("version", sa.Integer),
    Column("code_hash", Line(64), nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("caller_id", Id),
    Column("token_id", Id),
    Column("collection_id", Id),  # where the call came by a collection's token
    Column("parent_uid", Line(36)),  # of the run whose code called it; that may have been forgotten
    Column("door", Text, nullable=False),
    Column("format", Text),
    Column("cache", Text, nullable=False),
    Column("status", sa.Integer, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    *(
        Column(f"{part}_ms", sa.Float, nullable=False)
        for part in ("queue", "start", "import", "user", "encode", "total")
    ),
    Column("error_class", Text),
    Column("error", Text),
)
# Lists come newest first, and a row is somebody's as owner or as caller.
Index("ix_runs_owner_id_started_at", runs.c.owner_id, runs.c.started_at)
Index("ix_runs_caller_id_started_at", runs.c.caller_id, runs.c.started_at)
Index("ix_runs_job_id_started_at", runs.c.job_id, runs.c.started_at)
Index("ix_runs_started_at", runs.c.started_at)
IN_COLLECTION = sa.text("collection_id IS NOT NULL")
Index(
    "ix_runs_collection_id_started_at",
    runs.c.collection_id,
    runs.c.started_at,
    sqlite_where=IN_COLLECTION,
    postgresql_where=IN_COLLECTION,
)
NESTED = sa.text("parent_uid IS NOT NULL")
Index("ix_runs_parent_uid", runs.c.parent_uid, sqlite_where=NESTED, postgresql_where=NESTED)
# The few that did not succeed are looked for among very many that did.
OTHER_THAN_SUCCEEDED = sa.text("state <> 'succeeded'")
for name, *columns in (
    ("ix_runs_other_owner_id_started_at", runs.c.owner_id, runs.c.started_at),
    ("ix_runs_other_caller_id_started_at", runs.c.caller_id, runs.c.started_at),
    ("ix_runs_other_started_at", runs.c.started_at),
):
    Index(name, *columns, sqlite_where=OTHER_THAN_SUCCEEDED, postgresql_where=OTHER_THAN_SUCCEEDED)

tasks = Table(  # what a run has beside one, where it was asked for as a task
    "tasks",
    metadata,
    Column("uid", Line(36), primary_key=True),  # of its run
    Column("type", Line(24), nullable=False),
    Column("namespace", Text, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("started_at", Moment, nullable=False),  # as its run has it, for the index
    Column("server", Line(36), nullable=False),  # that runs it
    Column("result_format", Line(24)),
    Column("kept_until", Moment),
    Column("graph_uid", Line(36)),
    Column("node_uid", Line(36)),
    Column("arrays", sa.JSON, nullable=False),
    Column("detail", sa.JSON, nullable=False),
)
Index("ix_tasks_owner_id_started_at", tasks.c.owner_id, tasks.c.started_at)
Index("ix_tasks_namespace_started_at", tasks.c.namespace, tasks.c.started_at)
Index("ix_tasks_graph_uid", tasks.c.graph_uid)
Index("ix_tasks_kept_until", tasks.c.kept_until)

run_logs = Table(
    "run_logs",
    metadata,
    Column("uid", Line(36), primary_key=True),
    Column("stdout", Text, nullable=False),
    Column("stderr", Text, nullable=False),
)

task_graphs = Table(  # that the server runs; each run has what the graph was when it was asked for
    "task_graphs",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("namespace", Text, nullable=False, index=True),
    Column("name", Text),
    Column("body", Text, nullable=False),  # nodes and how they are run, as JSON
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

graph_logs = Table(  # runs of task graphs, whoever drives them
    "graph_logs",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text),
    Column("created_at", Moment, nullable=False, index=True),
    Column("state", Line(16)),  # how it ended, in the words of who drove it
    Column("ended_at", Moment),
    Column("reason", Text),
    Column("nodes", Text, nullable=False),  # as JSON (model/task_graph.py: Node)
    Column("graph_uid", Line(36), index=True),  # of the graph that a server runs
    Column("body", Text),  # of that graph, as it was
    Column("server", Line(36)),  # that runs it
    Column("rounds", sa.Integer, nullable=False),  # how often what had failed was begun again
    Column("round_at", Moment),  # since when what failed counts
)
Index("ix_graph_logs_owner_id_created_at", graph_logs.c.owner_id, graph_logs.c.created_at)
Index("ix_graph_logs_namespace_created_at", graph_logs.c.namespace, graph_logs.c.created_at)
Index("ix_graph_logs_server_state", graph_logs.c.server, graph_logs.c.state)
