"""Searching everything that one may see, on both databases."""

import pytest

from factories import run, somebody, udf
from headrace.db import runs
from headrace.db import tables as t
from headrace.errors import Invalid
from headrace.model.object import Kind, Level, Noun
from headrace.model.run import State
from headrace.services import accounts, objects, projects, search, sharing, values
from headrace.services.projects import PROJECT

UDF = Noun("udf", Kind.JOB, ("udf",))


def project(call, name, **given):
    return projects.create_project(
        call, name=name, **{"description": "", "note": None, "hidden": False, "auto_share": False, **given}
    )


def found(call, text="", **wished):
    result = search.search(call, text, **{"limit": 100, **wished})
    assert result.total == len(result.hits)
    return [hit.name for hit in result.hits]


def bare(admin, name):
    """Somebody on a server without the database that it comes with, and without the credentials for it."""
    made = somebody(admin, name=name)
    with admin.platform.db.begin() as connection:
        connection.execute(t.credentials.delete())
        connection.execute(t.remote_hosts.delete())
    return made


@pytest.fixture
def ada(admin):
    return bare(admin, "Ada")


@pytest.fixture
def bob(admin):
    return bare(admin, "Bob")


def test_everybody_finds_the_database_that_comes_with_the_server(admin):
    assert found(somebody(admin), "ware") == ["warehouse"]
    assert found(somebody(admin), "default") == ["default"]  # a credential of their own


def test_objects_of_every_kind_are_found_by_their_names(ada):
    flow, water = udf(ada, "water_flow"), project(ada, "Water")
    depth = values.create_value(ada, name="depth of water", value="1")
    hits = search.search(ada, "WATER").hits
    assert [(hit.type, hit.id, hit.score) for hit in hits] == [
        ("project", water.id, 1.0),
        ("udf", flow.id, 0.75),
        ("json_value", depth.id, 0.5),
    ]
    assert found(ada, "water depth") == ["depth of water"]
    assert found(ada, "wine") == []
    assert {*found(ada)} == {"water_flow", "Water", "depth of water"}


def test_only_what_one_may_see_is_found_and_counted(admin, ada, bob):
    mine, shared, within = project(ada, "a"), project(ada, "b"), udf(ada, "c")
    shop = project(ada, "d", auto_share=True)
    projects.add(ada, UDF, within.id, shop.id)
    group = accounts.create_group(admin, name="Readers")
    accounts.add_member(admin, group.id, bob.user.id)
    sharing.share_with_users(ada, PROJECT, shared.id, [bob.user.id], Level.READ)
    sharing.share_with_groups(ada, PROJECT, shop.id, [group.id], Level.READ)
    assert found(bob, order="name") == ["b", "c", "d"]
    assert search.search(bob, "").counts == {
        "owner": {"mine": 0, "all": 3},
        "archived": {"true": 0, "false": 3},
        "type": {"project": 2, "udf": 1},
    }
    assert mine.name in found(ada)
    assert found(admin) == []


def test_what_is_hidden_is_not_found_and_what_is_archived_where_it_is_asked_for(ada):
    project(ada, "plain")
    project(ada, "hidden", hidden=True)
    objects.archive(ada, PROJECT, project(ada, "old").id, archived=True)
    assert found(ada) == ["plain"]
    assert found(ada, archived=True) == ["old"]
    assert {*found(ada, archived=None)} == {"plain", "old"}
    assert search.search(ada, "").counts["archived"] == {"true": 1, "false": 1}


def test_counts_are_as_if_nothing_were_asked_of_their_sort(ada, bob):
    project(ada, "one")
    udf(ada, "two")
    theirs = project(bob, "three")
    sharing.share_with_users(bob, PROJECT, theirs.id, [ada.user.id], Level.READ)
    result = search.search(ada, "", types="project", owner="mine")
    assert [hit.name for hit in result.hits] == ["one"]
    assert result.counts == {
        "owner": {"mine": 1, "all": 2},
        "archived": {"true": 0, "false": 1},
        "type": {"project": 1, "udf": 1},
    }


def test_it_is_narrowed_by_type_and_owner(ada, bob):
    project(ada, "one")
    udf(ada, "two")
    theirs = project(bob, "three")
    sharing.share_with_users(bob, PROJECT, theirs.id, [ada.user.id], Level.READ)
    assert found(ada, types="udf") == ["two"]
    assert {*found(ada, types="udf, project")} == {"one", "two", "three"}
    assert found(ada, owner=f"{bob.user.email.upper()}, nobody") == ["three"]
    assert found(ada, owner=str(bob.user.id)) == ["three"]
    assert found(ada, owner="nobody") == []
    assert len(found(ada, owner="all")) == 3
    with pytest.raises(Invalid, match="no type 'colour'"):
        search.search(ada, "", types="udf,colour")
    with pytest.raises(Invalid, match="up to 20 words"):
        search.search(ada, "a " * 21)


def test_a_piece_is_cut_in_the_order_asked_for(ada):
    for name in ("b", "c", "a"):
        project(ada, name)
    assert found(ada, order="name") == ["a", "b", "c"]
    assert found(ada, order="updated_at") == found(ada) == ["a", "c", "b"]
    result = search.search(ada, "", order="name", offset=1, limit=1)
    assert ([hit.name for hit in result.hits], result.total) == (["b"], 3)
    assert search.search(ada, "", offset=3).hits == []


@pytest.mark.parametrize("text", ["100%", "a_b", "c/d", "it's", 'say "so"', "\\", "🌊", "%"])
def test_signs_stand_for_themselves(ada, text):
    project(ada, f"x {text} y")
    project(ada, "a-b 1000 cd")
    assert found(ada, text) == [f"x {text} y"]


def test_the_last_run_comes_along_for_who_may_see_it(platform, ada, bob):
    flow = udf(ada, "flow")
    sharing.share_with_users(ada, UDF, flow.id, [bob.user.id], Level.READ)
    first, last = (
        run(job_id=flow.id, owner_id=ada.user.id, caller_id=ada.user.id, state=state, error=error)
        for state, error in ((State.SUCCEEDED, None), (State.FAILED, "ZeroDivisionError"))
    )
    with platform.db.begin() as connection:
        runs.insert_all(connection, [last, first])
    (hit,) = search.search(ada, "flow").hits
    assert (hit.last_run.uid, hit.last_run.error) == (last.uid, "ZeroDivisionError")
    (hit,) = search.search(bob, "flow").hits
    assert hit.last_run is None
