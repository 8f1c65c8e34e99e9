"""Aliases of objects, on both databases."""

import pytest

from factories import somebody, udf
from headrace.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.model.object import NOUNS, TYPES, Kind, Level
from headrace.model.page import Page
from headrace.services import aliases, changes, objects, projects, sharing
from headrace.services.projects import PROJECT

PAGE = Page(order="id", order_dir="asc")


def project(call, name="Water"):
    values = {"description": "", "note": None, "hidden": False, "auto_share": False}
    return projects.create_project(call, name=name, **values)


def alias(call, one, name="water", type_="project", **given):
    return aliases.create_alias(call, object_type=type_, object_id=one.id, alias=name, **given)


def names(call, *types):
    found = aliases.list_aliases(call, types or None, PAGE)
    assert found.total == len(found.items)
    return [one.alias for one in found.items]


@pytest.fixture
def ada(admin):
    return somebody(admin, name="Ada")


@pytest.fixture
def bob(admin):
    return somebody(admin, name="Bob")


def test_who_may_see_an_object_finds_it_by_its_alias(ada, bob):
    water = project(ada)
    made = alias(ada, water)
    assert (made.owner_id, made.object_id, made.display_name) == (ada.user.id, water.id, "Water")
    assert aliases.find_alias(ada, "project", "water") == aliases.get_alias(ada, made.id) == made
    for look in (
        lambda: aliases.find_alias(bob, "project", "water"),
        lambda: aliases.get_alias(bob, made.id),
    ):
        with pytest.raises(NotFound):
            look()
    assert names(bob) == []
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.READ)
    assert aliases.find_alias(bob, "project", "water") == made
    assert names(bob) == names(ada) == ["water"]


def test_a_stranger_is_told_the_same_of_a_hidden_alias_and_of_none(ada, bob):
    alias(ada, project(ada))
    with pytest.raises(NotFound) as hidden:
        aliases.find_alias(bob, "project", "water")
    with pytest.raises(NotFound) as none:
        aliases.find_alias(bob, "project", "wine!")
    assert str(hidden.value) == str(none.value).replace("wine!", "water")


def test_it_takes_a_writer_of_the_object(ada, bob):
    water = project(ada)
    with pytest.raises(NotFound, match="no project"):
        alias(bob, water)
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.READ)
    with pytest.raises(Forbidden):
        alias(bob, water)
    made = alias(ada, water)
    for act in (
        lambda: aliases.update_alias(bob, made.id, alias="mine"),
        lambda: aliases.delete_alias(bob, made.id),
        lambda: aliases.transfer(bob, made.id, bob.user.id, along=False),
    ):
        with pytest.raises(Forbidden):
            act()
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.WRITE)
    assert aliases.update_alias(bob, made.id, alias="rain").alias == "rain"
    aliases.delete_alias(bob, made.id)
    assert names(ada) == []
    assert projects.get_project(ada, water.id).name == "Water"


def test_of_one_type_no_two_objects_have_one_alias(ada, bob):
    alias(ada, project(ada))
    with pytest.raises(Conflict, match="Another project is called 'water' already"):
        alias(bob, project(bob))
    other = alias(bob, project(bob), "wine")
    with pytest.raises(Conflict):
        aliases.update_alias(bob, other.id, alias="water")
    alias(bob, udf(bob, "water"), type_="udf")
    assert names(bob) == ["wine", "water"]
    assert names(bob, "udf") == ["water"]


def test_an_alias_moves_to_another_object_that_one_may_write(ada, bob):
    made = alias(ada, project(ada))
    theirs = project(bob)
    with pytest.raises(NotFound):
        aliases.update_alias(ada, made.id, object_id=theirs.id)
    flow = udf(ada, "flow")
    moved = aliases.update_alias(ada, made.id, object_type="udf", object_id=flow.id, display_name="")
    assert (moved.alias, moved.display_name) == ("water", "flow")
    with pytest.raises(NotFound):  # no project has the udf's id in the type of a script
        aliases.update_alias(ada, made.id, object_type="sql_script")


@pytest.mark.parametrize("name", ["", "a/b", "shares", "-a", "a b", "a" * 201, "é", "a\n"])
def test_an_alias_can_be_found_by_its_address(ada, name):
    with pytest.raises(Invalid, match="An alias is up to 200"):
        alias(ada, project(ada), name)


def test_a_type_that_is_not_known_is_refused(ada):
    with pytest.raises(Invalid, match="no type 'colour'"):
        alias(ada, project(ada), type_="colour")
    with pytest.raises(Invalid, match="no type 'colour'"):
        aliases.list_aliases(ada, ["colour"], PAGE)
    assert aliases.list_aliases(ada, [], PAGE).total == 0


def test_what_is_removed_leaves_its_name_to_others(platform, ada):
    water = project(ada)
    alias(ada, water)
    with platform.db.begin() as connection:
        objects.delete(connection, ada, PROJECT, water.id)
    assert names(ada) == []
    alias(ada, project(ada))
    assert names(ada) == ["water"]


def test_who_gets_an_alias_sees_what_it_names(ada, bob):
    water = project(ada)
    made = alias(ada, water)
    with pytest.raises(Forbidden, match="share it with them first"):
        aliases.transfer(ada, made.id, bob.user.id, along=False)
    (needed,) = aliases.transfer(ada, made.id, bob.user.id, along=True)
    assert (needed.noun, needed.id, needed.name, needed.level) == (PROJECT, water.id, "Water", Level.MANAGE)
    assert aliases.get_alias(bob, made.id).owner_id == bob.user.id
    assert objects.level(bob, PROJECT, water.id) is Level.MANAGE
    with pytest.raises(Invalid, match="no user 999"):
        aliases.transfer(bob, made.id, 999, along=False)


def test_changes_of_aliases_are_written_down(ada):
    made = alias(ada, project(ada))
    aliases.update_alias(ada, made.id, alias="rain")
    aliases.delete_alias(ada, made.id)
    log = changes.list_changes(ada, Page(), kind="alias").items
    assert [one.action for one in log] == ["delete", "update", "create"]
    assert (log[1].before, log[1].after) == ({"alias": "water"}, {"alias": "rain"})


def test_pages_end(ada):
    for name in "cab":
        alias(ada, project(ada), name)
    page = Page(order="object_type", order_dir="desc", limit=2)
    found = aliases.list_aliases(ada, None, page)
    assert ([one.alias for one in found.items], found.total) == (["b", "a"], 3)
    assert aliases.list_aliases(ada, None, Page(limit=2, page_num=3)).items == []


def test_every_kind_of_object_has_a_type():
    elsewhere = {Kind.ARRAY, Kind.FUNCTION, Kind.SCHEMA, Kind.TASK_GRAPH}  # named by namespaces, or by SQL
    assert {noun.kind for noun in TYPES.values()} == set(Kind) - elsewhere
    words = {noun.word for kind, noun in NOUNS.items() if kind not in elsewhere}
    assert words - {noun.word for noun in TYPES.values()} == {"job"}
