"""Lists of tasks on both databases."""

from datetime import UTC, datetime

from factories import somebody
from headrace.db import tasks as rows
from headrace.model import ids
from headrace.model.page import Page
from headrace.model.run import State
from headrace.model.task import Detail, Filter, Task, Type
from headrace.services import task_lists


def kept(call, name, *arrays):
    task = Task(
        uid=ids.new_run_uid(),
        state=State.SUCCEEDED,
        type=Type.SQL,
        name=name,
        namespace=call.user.username,
        owner_id=call.user.id,
        username=call.user.username,
        started_at=datetime.now(UTC),
        finished_at=None,
        error=None,
        error_class=None,
        total_ms=0,
        user_ms=0,
        size=0,
        detail=Detail(query="select 1"),
        arrays=list(arrays),
    )
    with call.platform.db.begin() as connection:
        rows.insert(connection, task, code_hash="", server="here")


def test_tasks_are_found_by_what_they_ran_on(admin):
    ada = somebody(admin)
    kept(ada, "none")
    kept(ada, "grid", "tiledb://ada/grid")
    kept(ada, "both", "tiledb://ada/grid", 'tiledb://ada/a "quoted" é_%')

    def names(**wanted):
        return [
            task.name
            for task in task_lists.list_tasks(ada, Filter(order="name", descending=False, **wanted), Page()).items
        ]

    assert names(array="tiledb://ada/grid") == names(array="grid") == ["both", "grid"]
    assert names(array="rid") == names(array="tiledb://ada/gri") == []
    assert names(array='a "quoted" é_%') == ["both"]
    assert names(array='a "quoted" éx%') == []
    assert names(some_of=("tiledb://ada/other", "tiledb://ada/grid")) == ["both", "grid"]
    assert names(some_of=()) == []
    assert names(none_of=("tiledb://ada/grid",)) == ["none"]


def test_tasks_of_others_are_in_no_list(admin):
    ada, bob = somebody(admin), somebody(admin)
    kept(ada, "hers", "tiledb://ada/grid")
    assert task_lists.list_tasks(bob, Filter(), Page()).total == 0
    assert task_lists.list_tasks(bob, Filter(array="grid"), Page()).total == 0
