"""Jobs of all kinds, udfs among them: what runs, after what, and what starts it."""

import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

import sqlalchemy as sa
from msgspec import Struct

from headrace.db import objects as queries
from headrace.db import scripts as rows
from headrace.db.tables import jobs
from headrace.errors import NotFound
from headrace.model.job import Script
from headrace.model.object import Kind as ObjectKind
from headrace.model.object import Level
from headrace.model.page import Page, Slice
from headrace.model.run import Entry
from headrace.services import objects
from headrace.services.call import Call
from headrace.services.objects import Wanted
from headrace.services.scripts import JOB

MOST_BELOW = 1000  # jobs shown below one
LEVELS = 50  # of them
TRIGGER = "trigger e-mail"  # what its key is derived for


class Tree(Struct, frozen=True, kw_only=True):
    """A job, and those that run after it."""

    job: Script
    children: list["Tree"]


def list_jobs(
    call: Call,
    wanted: Wanted,
    page: Page,
    *,
    states: Sequence[str] = (),
    kinds: Sequence[str] | None = None,
    alike: tuple[str, Sequence[str]] | None = None,
    scheduled: bool | None = None,
) -> Slice[Script]:
    """A page of the jobs that the caller may see, of those states and kinds.

    `alike` is a text that the name holds or the id is, and the kinds of jobs that it names besides.
    """
    more: list[sa.ColumnElement[bool]] = []
    if states:
        more.append(rows.standing(states, calls=True))
    if kinds is not None:
        more.append(rows.of_kinds(kinds))
    if scheduled is not None:
        more.append(jobs.c.next_run_at.is_not(None) if scheduled else jobs.c.next_run_at.is_(None))
    if alike is not None:
        text, like = alike
        options = [queries.named_like(JOB, text), rows.of_kinds(like)]
        if text.isascii() and text.isdigit() and len(text) < 10:
            options.append(jobs.c.id == int(text))
        more.append(sa.or_(*options))
    by = rows.by_last_run() if page.order == "last_run_updated_at" else None
    with call.platform.db.read() as connection:
        found = objects.list_ids(connection, call, JOB, wanted, page, *more, by=by)
        return Slice(rows.read(connection, found.items), found.total)


def get_job(call: Call, job_id: int) -> Script:
    """A job that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, JOB, job_id)
        if not (found := rows.read(connection, [job_id])):
            raise NotFound(f"There is no job {job_id} that you may see.")
        return found[0]


def last_runs(call: Call, job_ids: Sequence[int]) -> dict[int, Entry]:
    """The last run of each of these jobs."""
    with call.platform.db.read() as connection:
        return rows.last_runs(connection, job_ids, call.user.id)


def list_parents(call: Call, job_id: int) -> list[Script]:
    """The jobs after which a job runs, the nearest first, as far as the caller may see them."""
    found: list[Script] = []
    with call.platform.db.read() as connection:
        objects.require(connection, call, JOB, job_id)
        above = rows.parent_of(connection, job_id)
        while above is not None and len(found) < MOST_BELOW:
            if queries.level_of(connection, JOB, above, call.user.id) is None:
                break
            found += rows.read(connection, [above])
            above = found[-1].parent_id
    return found


def list_children(call: Call, job_id: int) -> list[Tree]:
    """The jobs that run after a job, and those that run after them, as far as the caller may see them.

    At most MOST_BELOW on LEVELS levels are shown, the nearest ones.
    """
    below: dict[int, list[Tree]] = {}
    first: list[Tree] = []
    seen, parents = {job_id}, [job_id]
    with call.platform.db.read() as connection:
        objects.require(connection, call, JOB, job_id)
        for _ in range(LEVELS):
            if not parents or len(seen) >= MOST_BELOW:
                break
            visible = queries.permitted(ObjectKind.JOB, call.user.id)
            ids = [one for one in rows.ids_of_children(connection, parents, visible) if one not in seen]
            children = rows.read(connection, ids[: MOST_BELOW - len(seen)])
            for job in children:
                tree = Tree(job=job, children=below.setdefault(job.id, []))
                (first if job.parent_id == job_id else below[job.parent_id or 0]).append(tree)
            parents = [job.id for job in children]
            seen.update(parents)
    return first


def trigger_address(call: Call, job_id: int) -> str:
    """The address by which mail is to start a job that the caller may run; the server's key makes it."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, JOB, job_id, Level.WRITE)
    key = call.platform.cipher.derive(TRIGGER)
    token = hmac.digest(key, str(job_id).encode(), "sha256").hex()[:32]
    return f"headrace+run.{job_id}.{token}@{urlsplit(call.platform.settings.url).hostname}"
