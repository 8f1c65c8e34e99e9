"""The catalogue of arrays: what is found under which name and by whom."""

import pytest

from factories import somebody
from headrace.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.model.array import Event
from headrace.model.object import Level
from headrace.model.page import Page
from headrace.model.task import LAKE
from headrace.services import accounts, arrays
from headrace.services.arrays import Shelf, Wanted


@pytest.fixture
def ada(admin):
    return somebody(admin, username="ada")


@pytest.fixture
def bob(admin):
    return somebody(admin, username="bob")


def made(call, name="grid", storage="", namespace=None):
    with call.platform.db.begin() as connection:
        return arrays.make(connection, call, namespace or call.user.username, name, storage)


def found(call, uri, level=Level.READ):
    with call.platform.db.read() as connection:
        return arrays.find(connection, call, uri, level)


def test_an_array_is_found_by_name_by_uuid_and_by_where_it_lies(ada):
    here, there = made(ada), made(ada, "there", "s3://bucket/deep/array/")
    assert there.storage == "s3://bucket/deep/array"
    assert found(ada, "tiledb://ada/grid") == found(ada, f"tiledb://ada/{here.uid}")
    assert found(ada, "tiledb://ada/s3://bucket/deep/array").id == there.id
    assert found(ada, f"tiledb://{ada.user.email}/grid").id == here.id


@pytest.mark.parametrize("called", ["/", "//", "%", "_"])
def test_nothing_but_signs_is_no_array(ada, called):
    made(ada)
    with pytest.raises(NotFound):
        found(ada, f"tiledb://ada/{called}")
    with pytest.raises(NotFound):
        arrays.delete(ada, "ada", called)


def test_one_that_lies_here_has_a_folder_that_workers_may_write_in(ada):
    folder = ada.platform.settings.home / LAKE / made(ada).folder
    assert folder.stat().st_mode & 0o777 == 0o777
    assert ada.platform.settings.home.stat().st_mode & 0o077 == 0


def test_a_stranger_is_told_the_same_of_one_that_is_there_and_of_one_that_is_not(ada, bob):
    array = made(ada)
    for called in ("grid", array.uid, "nothing"):
        with pytest.raises(NotFound, match=f"There is no array tiledb://ada/{called} that you may see."):
            found(bob, f"tiledb://ada/{called}")


def test_a_share_opens_as_much_as_it_says(ada, bob):
    made(ada)
    arrays.share(ada, "ada", "grid", "bob", Level.READ)
    assert found(bob, "tiledb://ada/grid").name == "grid"
    with pytest.raises(Forbidden, match="not change it"):
        found(bob, "tiledb://ada/grid", Level.WRITE)
    arrays.share(ada, "ada", "grid", "bob", Level.WRITE)
    assert found(bob, "tiledb://ada/grid", Level.WRITE).name == "grid"
    arrays.share(ada, "ada", "grid", "bob", None)
    with pytest.raises(NotFound):
        found(bob, "tiledb://ada/grid")


def test_what_is_public_everybody_reads_and_nobody_lists_as_shared(ada, bob):
    made(ada)
    arrays.share(ada, "ada", "grid", "public", Level.READ)
    assert found(bob, "tiledb://ada/grid").public_read
    assert [one.array.name for one in arrays.browse(bob, Shelf.PUBLIC, Wanted(), Page()).items] == ["grid"]
    assert arrays.browse(bob, Shelf.SHARED, Wanted(), Page()).total == 0
    with pytest.raises(Invalid, match="Everybody may be let read"):
        arrays.share(ada, "ada", "grid", "public", Level.WRITE)
    arrays.share(ada, "ada", "grid", "public", None)
    with pytest.raises(NotFound):
        found(bob, "tiledb://ada/grid")


def test_a_read_only_array_takes_no_cells(ada):
    made(ada)
    arrays.update(ada, "ada", "grid", read_only=True)
    with pytest.raises(Forbidden, match="read-only"):
        found(ada, "tiledb://ada/grid", Level.WRITE)
    arrays.update(ada, "ada", "grid", read_only=False)
    assert found(ada, "tiledb://ada/grid", Level.WRITE)


def test_whoever_is_in_a_group_manages_what_is_in_its_namespace(admin, ada, bob):
    group = accounts.create_group(admin, name="Team One")
    for one in (ada, bob):
        accounts.add_member(admin, group.id, one.user.id)
    assert made(ada, namespace="team-one").uri == "tiledb://team-one/grid"
    assert found(bob, "tiledb://team-one/grid", Level.MANAGE)
    assert found(bob, "tiledb://Team One/grid")
    assert arrays.browse(bob, Shelf.OWNED, Wanted(), Page()).total == 1
    accounts.remove_member(admin, group.id, bob.user.id)
    with pytest.raises(NotFound):
        found(bob, "tiledb://team-one/grid")


def test_nobody_makes_one_in_the_namespace_of_another(ada, bob):
    with pytest.raises(NotFound, match="no namespace 'ada' in which you may act"):
        made(bob, namespace="ada")


def test_a_name_and_a_place_are_taken_once_in_a_namespace(ada, bob):
    made(ada, "grid", "s3://bucket/grid")
    with pytest.raises(Conflict, match="tiledb://ada/grid"):
        made(ada, "grid")
    with pytest.raises(Conflict, match="tiledb://ada/grid"):
        made(ada, "other", "s3://bucket/grid/")
    assert made(bob, "grid", "s3://bucket/grid").uri == "tiledb://bob/grid"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a`b", "a\\b", "a\nb", " a", "x" * 201])
def test_a_name_that_no_uri_can_hold_is_refused(ada, name):
    with pytest.raises(Invalid, match="no name for an array"):
        made(ada, name)


@pytest.mark.parametrize(
    "place",
    [
        "/etc/passwd",
        "file:///etc",
        "file:///mount/../etc",
        "file://host/mount/a",
        "s3://",
        "s3://bucket/a?versionId=1",
        "http://10.0.0.1/a",
        "tiledb://ada/grid",
        "s3://bucket/" + "a" * 1000,
    ],
)
def test_a_place_where_no_array_may_lie_is_refused(ada, place):
    with pytest.raises(Invalid, match="array"):
        made(ada, "grid", place)


def test_deleting_one_deletes_its_folder_and_deregistering_leaves_what_lies_elsewhere(ada):
    here = made(ada)
    made(ada, "there", "s3://bucket/there")
    folder = ada.platform.settings.home / LAKE / here.folder
    (folder / "cells").write_text("")
    with pytest.raises(Conflict, match="nowhere else"):
        arrays.deregister(ada, "ada", "grid")
    with pytest.raises(Conflict, match="deregister it here"):
        arrays.delete(ada, "ada", "there")
    arrays.delete(ada, "ada", "grid")
    arrays.deregister(ada, "ada", "there")
    assert not folder.exists()
    assert folder.parent.exists()
    assert arrays.browse(ada, Shelf.ALL, Wanted(), Page()).total == 0


def test_lists_hold_what_is_asked_for(ada, bob):
    for name, tags in (("red", ["colour"]), ("green", ["colour", 'the "calm" one']), ("mean", ["number"])):
        made(ada, name)
        arrays.update(ada, "ada", name, tags=tags, file_type="notebook" if name == "mean" else None)
    made(ada, "away", "s3://bucket/away")
    arrays.update(ada, "ada", "away", description="About REDness", file_properties={"size": "12", "image": "é"})

    def names(**wanted):
        listed = arrays.browse(ada, Shelf.OWNED, Wanted(**wanted), Page(order="name", order_dir="asc"))
        assert listed.total == len(listed.items)
        return [one.array.name for one in listed.items]

    assert names() == ["away", "green", "mean", "red"]
    assert names(tags=["colour"]) == ["green", "red"]
    assert names(tags=["number", 'the "calm" one']) == ["green", "mean"]
    assert names(tags=["colour"], without_tags=['the "calm" one']) == ["red"]
    assert names(tags=["col%"]) == []
    assert names(search="red") == ["away", "red"]
    assert names(file_types=["notebook"]) == ["mean"]
    assert names(without_file_types=["notebook"]) == ["away", "green", "red"]
    assert names(file_properties=["size"]) == ["away"]
    assert names(file_properties=["image:é"]) == ["away"]
    assert names(file_properties=["size:1"]) == []
    assert names(namespace="bob") == []
    arrays.share(ada, "ada", "red", "bob", Level.WRITE)
    assert names(shared_to=["bob"]) == ["red"]
    shared = arrays.browse(bob, Shelf.SHARED, Wanted(permission=Level.WRITE), Page()).items
    assert [(one.array.name, one.level, one.owner, one.shares) for one in shared] == [("red", Level.WRITE, "ada", 1)]
    assert arrays.count_by_namespace(bob, Shelf.SHARED, Wanted()) == {"ada": 1}


def test_what_was_done_is_written_down_for_who_manages_it(ada, bob):
    array = made(ada)
    arrays.share(ada, "ada", "grid", "bob", Level.WRITE)
    with ada.platform.db.begin() as connection:
        arrays.note(connection, bob, [array], Event.QUERY_READ, "a-task")
    seen = arrays.list_activity(ada, "ada", "grid", Page())
    assert [(one.event, one.username, one.task_uid) for one in seen.items] == [
        ("query_read", "bob", "a-task"),
        ("create", "ada", None),
    ]
    assert arrays.list_activity(ada, "ada", "grid", Page(), events=[Event.CREATE]).total == 1
    assert arrays.list_activity(ada, "ada", "grid", Page(), has_task=True).total == 1
    with pytest.raises(Forbidden):
        arrays.list_activity(bob, "ada", "grid", Page())
    assert [(one.name, event) for one, _, event in arrays.list_last_accessed(bob)] == [("grid", Event.QUERY_READ)]
    arrays.share(ada, "ada", "grid", "bob", None)
    assert arrays.list_last_accessed(bob) == []
