"""The history of runs, as far as the caller may see it."""

from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db import runs as queries
from headrace.db.tables import runs
from headrace.errors import Invalid, NotFound
from headrace.model.page import Page, Slice
from headrace.model.run import Run, State
from headrace.services.call import Call

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def list_runs(
    call: Call,
    page: Page,
    *,
    state: str | None = None,
    udf: str | None = None,
    door: str | None = None,
    cache: str | None = None,
    since: datetime | None = None,
    parent: str | None = None,
) -> Slice[Run]:
    """A page of the runs that the caller may see; an administrator sees all. The newest come first."""
    matches: list[ColumnElement[bool]] = []
    if state is not None:
        if state not in set(State):  # a text is not looked up in an enumeration before Python 3.12
            raise Invalid(f"{state!r} is no state of a run; they are {', '.join(State)}.")
        matches.append(queries.in_state(State(state)))
    if udf is not None:
        matches.append(queries.of_udf(udf))
    if parent is not None:
        matches.append(queries.called_by(parent))
    if since is not None:
        matches.append(runs.c.started_at >= since)
    for column, value in ((runs.c.door, door), (runs.c.cache, cache)):
        if value is not None:
            matches.append(column == value)
    with call.platform.db.read() as connection:
        return queries.list_runs(connection, None if call.user.admin else call.user.id, matches, page)


def get_run(call: Call, uid: str) -> Run:
    """One run with its output. Raises NotFound."""
    seen = [] if call.user.admin else [queries.visible_to(call.user.id)]
    with call.platform.db.read() as connection:
        run = queries.find_run(connection, uid, *seen)
    if run is None:
        raise NotFound("There is no such run that you may see; a run is written down a moment after its answer.")
    return run
