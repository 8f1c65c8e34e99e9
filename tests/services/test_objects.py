"""Who may see, change and manage an object, on both databases."""

import pytest

from factories import somebody, udf
from headrace.db import objects as queries
from headrace.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.model.object import Kind, Level, Noun
from headrace.model.page import Page
from headrace.services import accounts, changes, dependencies, objects, projects, sharing, udfs
from headrace.services.objects import Wanted
from headrace.services.projects import PROJECT

UDF = Noun("udf", Kind.JOB, ("udf",))
PAGE = Page(order="updated_at")


def project(call, name="Water", **given):
    values = {"description": "", "note": None, "hidden": False, "auto_share": False, **given}
    return projects.create_project(call, name=name, **values)


def group(admin, *members, name="Readers"):
    made = accounts.create_group(admin, name=name)
    for member in members:
        accounts.add_member(admin, made.id, member.user.id)
    return made.id


def names(call, **wanted):
    found = projects.list_projects(call, Wanted(**wanted), PAGE)
    assert found.total == len(found.items)
    return {one.name for one in found.items}


@pytest.fixture
def ada(admin):
    return somebody(admin, name="Ada")


@pytest.fixture
def bob(admin):
    return somebody(admin, name="Bob")


def test_a_stranger_sees_nothing_of_an_object(ada, bob):
    water = project(ada)
    assert names(ada) == {"Water"}
    assert names(bob) == set()
    with pytest.raises(NotFound) as there:
        projects.get_project(bob, water.id)
    with pytest.raises(NotFound) as nowhere:
        projects.get_project(bob, water.id + 1000)
    assert str(there.value).replace(str(water.id), "") == str(nowhere.value).replace(str(water.id + 1000), "")


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("through", ["user", "group"])
def test_each_level_includes_those_below(admin, ada, bob, level, through):
    water = project(ada)
    if through == "user":
        sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], level)
    else:
        sharing.share_with_groups(ada, PROJECT, water.id, [group(admin, bob)], level)
    assert objects.level(bob, PROJECT, water.id) is level
    for wanted in Level:
        assert names(bob, permission=wanted) == ({"Water"} if wanted <= level else set())
    if level < Level.WRITE:
        with pytest.raises(Forbidden, match="not change it"):
            projects.update_project(bob, water.id, name="Wine")
    else:
        assert projects.update_project(bob, water.id, name="Wine").name == "Wine"
    if level < Level.MANAGE:
        with pytest.raises(Forbidden, match="who manages it"):
            objects.archive(bob, PROJECT, water.id, archived=True)
    else:
        objects.archive(bob, PROJECT, water.id, archived=True)
        assert projects.get_project(ada, water.id).archived


def test_the_most_of_several_shares_counts(admin, ada, bob):
    water = project(ada)
    sharing.share_with_groups(ada, PROJECT, water.id, [group(admin, bob)], Level.MANAGE)
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.READ)
    assert objects.level(bob, PROJECT, water.id) is Level.MANAGE
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.WRITE)
    found = sharing.get_sharing(bob, PROJECT, water.id)
    assert (found.owner_id, found.owner_name) == (ada.user.id, "Ada")
    assert [(share.name, share.level) for share in found.shares] == [("Bob", Level.WRITE), ("Readers", Level.MANAGE)]


def test_who_leaves_a_group_loses_what_it_gave(admin, ada, bob):
    water, readers = project(ada), group(admin, bob)
    sharing.share_with_groups(ada, PROJECT, water.id, [readers], Level.READ)
    assert names(bob) == {"Water"}
    accounts.remove_member(admin, readers, bob.user.id)
    assert names(bob) == set()


def test_a_share_is_taken_back_by_a_manager_or_by_who_has_it(ada, bob):
    water = project(ada)
    for caller in (ada, bob):
        sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.READ)
        sharing.unshare(caller, PROJECT, water.id, user_id=bob.user.id)
        assert names(bob) == set()
    with pytest.raises(NotFound, match="not shared with them"):
        sharing.unshare(ada, PROJECT, water.id, user_id=bob.user.id)


def test_sharing_with_nobody_who_is_known_changes_nothing(ada, bob):
    water = project(ada)
    with pytest.raises(Invalid, match="no user 999"):
        sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id, 999], Level.READ)
    with pytest.raises(Invalid, match="no group 999"):
        sharing.share_with_groups(ada, PROJECT, water.id, [999], Level.READ)
    assert names(bob) == set()


def test_a_project_that_shares_gives_what_is_in_it(admin, ada, bob):
    water, flow = project(ada, auto_share=True), udf(ada, "flow")
    projects.add(ada, UDF, flow.id, water.id)
    sharing.share_with_groups(ada, PROJECT, water.id, [group(admin, bob)], Level.WRITE)
    assert objects.level(bob, UDF, flow.id) is Level.WRITE
    assert udfs.get(bob, flow.uid).slug == "flow"
    assert [(m.kind, m.job_kind, m.object.name) for m in projects.list_members(bob, [water.id])] == [
        (Kind.JOB, "udf", "flow")
    ]
    shares = sharing.get_sharing(ada, UDF, flow.id).shares
    assert [(share.name, share.project_id) for share in shares] == [("Readers", water.id)]
    with pytest.raises(Conflict, match=f"through the project {water.id}"):
        sharing.unshare(ada, UDF, flow.id, group_id=shares[0].group_id)
    projects.remove(ada, UDF, flow.id, water.id)
    with pytest.raises(NotFound):
        udfs.get(bob, flow.uid)


def test_a_project_that_does_not_share_gives_nothing(ada, bob):
    water, flow = project(ada), udf(ada, "flow")
    projects.add(ada, UDF, flow.id, water.id)
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.MANAGE)
    assert projects.list_members(bob, [water.id]) == []
    with pytest.raises(Forbidden, match="not yours to share"):
        projects.set_auto_share(bob, water.id, auto_share=True)
    projects.set_auto_share(ada, water.id, auto_share=True)
    assert objects.level(bob, UDF, flow.id) is Level.MANAGE


def test_who_only_reads_an_object_does_not_share_it_by_a_project(ada, bob):
    flow, shop = udf(ada, "flow"), project(bob, "Shop", auto_share=True)
    sharing.share_with_users(ada, UDF, flow.id, [bob.user.id], Level.READ)
    with pytest.raises(Forbidden, match="only who manages"):
        projects.add(bob, UDF, flow.id, shop.id)
    plain = project(bob, "Plain")
    projects.add(bob, UDF, flow.id, plain.id)
    with pytest.raises(Forbidden):
        projects.set_auto_share(bob, plain.id, auto_share=True)
    assert [one.name for one in projects.list_projects_of(bob, UDF, flow.id)] == ["Plain"]
    assert projects.list_projects_of(ada, UDF, flow.id) == []  # a project of Bob's alone


def test_an_object_is_in_a_project_once(ada):
    water, flow = project(ada), udf(ada, "flow")
    for _ in range(2):
        projects.add(ada, UDF, flow.id, water.id)
    assert len(projects.list_members(ada, [water.id])) == 1
    for _ in range(2):
        projects.remove(ada, UDF, flow.id, water.id)
    assert projects.list_members(ada, [water.id]) == []


def test_who_gives_an_object_away_keeps_managing_it(ada, bob):
    water, flow = project(ada, auto_share=True), udf(ada, "flow")
    projects.add(ada, UDF, flow.id, water.id)
    found = dependencies.transfer(ada, PROJECT, water.id, bob.user.id, along=True)
    assert [(one.name, one.level, one.shareable) for one in found] == [("flow", Level.MANAGE, True)]
    assert sharing.get_sharing(ada, PROJECT, water.id).owner_id == bob.user.id
    assert objects.level(ada, PROJECT, water.id) is Level.MANAGE
    assert dependencies.transfer(bob, PROJECT, water.id, ada.user.id, along=False)
    with pytest.raises(Invalid, match="no user 999"):
        dependencies.transfer(ada, PROJECT, water.id, 999, along=False)


def test_lists_leave_out_what_is_archived_or_hidden(ada):
    project(ada, "Plain")
    objects.archive(ada, PROJECT, project(ada, "Old").id, archived=True)
    project(ada, "Secret", hidden=True)
    assert names(ada) == {"Plain"}
    assert names(ada, archived=True) == {"Old"}
    assert names(ada, hidden=True) == {"Secret"}
    assert names(ada, archived=None, hidden=None) == {"Plain", "Old", "Secret"}


def test_lists_are_narrowed_by_author_and_by_text(ada, bob):
    project(ada, "100% Water")
    theirs = project(bob, "Watt")
    sharing.share_with_users(bob, PROJECT, theirs.id, [ada.user.id], Level.READ)
    assert names(ada, author=f"{bob.user.id}") == {"Watt"}
    assert names(ada, author=f"{ada.user.username}, {bob.user.email.upper()}") == {"100% Water", "Watt"}
    assert names(ada, text="wat") == {"100% Water", "Watt"}
    assert names(ada, text="0% W") == {"100% Water"}
    assert names(ada, text="%") == {"100% Water"}


def test_pages_are_cut_in_the_order_asked_for_and_end(ada):
    for name in "bca":
        project(ada, name)
    page = Page(order="name", order_dir="asc", limit=2)
    first = projects.list_projects(ada, Wanted(), page)
    assert ([one.name for one in first.items], first.total) == (["a", "b"], 3)
    last = projects.list_projects(ada, Wanted(), Page(order="name", order_dir="asc", limit=2, page_num=3))
    assert (list(last.items), last.total) == ([], 3)


def test_every_change_is_written_down_for_who_manages_it(platform, ada, bob):
    water = project(ada, note="old")
    projects.update_project(ada, water.id, note="new", description="")
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.WRITE)
    objects.archive(ada, PROJECT, water.id, archived=True)
    log = [one for one in changes.list_changes(ada, PAGE, kind="project").items if one.object_id == water.id]
    assert [one.action for one in log] == ["archive", "share", "update", "create"]
    assert (log[2].before, log[2].after) == ({"note": "old"}, {"note": "new"})
    assert {one.user_id for one in log} == {ada.user.id}
    assert changes.list_changes(bob, PAGE, kind="project").items == []  # writes it, and does not manage it
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.MANAGE)
    assert len(changes.list_changes(bob, PAGE, kind="project").items) == 5
    assert len(changes.list_changes(accounts.administrator(platform), PAGE, kind="project").items) == 5


def test_a_removed_object_leaves_no_shares_behind(platform, ada, bob):
    water = project(ada)
    sharing.share_with_users(ada, PROJECT, water.id, [bob.user.id], Level.READ)
    with platform.db.begin() as connection:
        objects.delete(connection, ada, PROJECT, water.id)
    with platform.db.read() as connection:
        assert queries.list_shares(connection, Kind.PROJECT, water.id) == []
