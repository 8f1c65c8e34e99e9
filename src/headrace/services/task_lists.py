"""Tasks as they are told of: one with what it printed, lists of them, how many there are."""

from headrace.db import tasks as queries
from headrace.errors import NotFound
from headrace.model.page import Page, Slice
from headrace.model.task import Filter, Task
from headrace.services import namespaces
from headrace.services.call import Call


def get_task(call: Call, uid: str) -> Task:
    """A task that the caller may see, with what it printed. Raises NotFound."""
    with call.platform.db.read() as connection:
        found = queries.find(connection, uid, queries.visible_to(call.user.id, namespaces.list_own(connection, call)))
    if found is None:
        raise NotFound(f"There is no task {uid[:60]} that you may see.")
    return found


def list_tasks(call: Call, wanted: Filter, page: Page) -> Slice[Task]:
    """A page of the tasks that the caller may see."""
    with call.platform.db.read() as connection:
        seen = queries.visible_to(call.user.id, namespaces.list_own(connection, call))
        return queries.list_tasks(connection, wanted, page, seen)


def count_by_namespace(call: Call, wanted: Filter) -> dict[str, int]:
    """How many tasks the caller may see, by namespace."""
    with call.platform.db.read() as connection:
        seen = queries.visible_to(call.user.id, namespaces.list_own(connection, call))
        return queries.count_by_namespace(connection, wanted, seen)
