"""Every change is written down: who, what, from where, before and after, and no secret."""

import json
from datetime import timedelta

import pytest

from factories import somebody, udf
from headrace.db import changes as queries
from headrace.model.object import Level
from headrace.model.page import Page
from headrace.model.schedule import times
from headrace.services import (
    accounts,
    changes,
    collections,
    environments,
    projects,
    schedules,
    secrets,
    sharing,
    tokens,
    udfs,
)
from headrace.services.projects import PROJECT

PAGE = Page(limit=1000, order_dir="asc")


def log(call, kind):
    return [
        (one.action, one.name, one.before, one.after)
        for one in changes.list_changes(call, PAGE, kind=kind).items
        if one.user_id == call.user.id
    ]


def test_accounts(admin):
    ada = accounts.create_user(admin, name="Ada", email="ada@example.org")
    accounts.update_user(admin, ada.id, name="Ada L.", active=True)
    told = {"name": "Ada", "username": "ada@example.org", "email": "ada@example.org", "admin": False, "active": True}
    assert log(admin, "user")[-2:] == [
        ("create", "Ada", None, told),
        ("update", "Ada", {"name": "Ada"}, {"name": "Ada L."}),
    ]
    key, text = accounts.create_key(admin, ada.id, "laptop", timedelta(days=1))
    accounts.revoke_key(admin, ada.id, key.id)
    made, revoked = log(admin, "api_key")[-2:]
    assert (made[0], made[3]["user_id"], made[3]["hint"]) == ("create", ada.id, text[-4:])
    assert revoked == ("revoke", "laptop", {"user_id": ada.id}, None)


def test_groups(admin):
    group = accounts.create_group(admin, name="Readers")
    accounts.update_group(admin, group.id, description="Who reads")
    accounts.add_member(admin, group.id, admin.user.id)
    accounts.remove_member(admin, group.id, admin.user.id)
    assert log(admin, "group") == [
        ("create", "Readers", None, {"name": "Readers", "description": None}),
        ("update", "Readers", {"description": None}, {"description": "Who reads"}),
        ("add", None, None, {"user_id": admin.user.id}),
        ("remove", None, {"user_id": admin.user.id}, None),
    ]


def test_udfs_and_their_tokens(admin):
    ada = somebody(admin)
    flow = udf(ada, "flow")
    udfs.update(ada, flow.uid, public_read=True)
    token = tokens.create(ada, flow.uid, client_id="map")
    tokens.update(ada, token, enabled=False)
    tokens.delete(ada, token)
    udfs.delete(ada, flow.uid)
    assert [entry[0] for entry in log(ada, "job")] == ["create", "update", "delete"]
    assert log(ada, "job")[1][2:] == ({"public_read": False}, {"public_read": True})
    assert [entry[0] for entry in log(ada, "token")] == ["create", "update", "delete"]
    assert log(ada, "token")[1][2:] == ({"enabled": True}, {"enabled": False})
    assert token.token not in json.dumps(log(ada, "token"))


def test_secrets_are_told_by_name_alone(admin):
    ada = somebody(admin)
    secrets.put(ada, "user", "PASSWORD", "hunter2")
    secrets.delete(ada, "user", "PASSWORD")
    assert log(ada, "secret") == [
        ("put", "PASSWORD", None, {"scope": "user"}),
        ("delete", "PASSWORD", {"scope": "user"}, None),
    ]


def test_collections_schedules_and_environments(admin):
    ada = somebody(admin)
    rivers = collections.create(ada, "rivers", passcode="open sesame")
    collections.update(ada, rivers.uid, name="lakes")
    collections.share(ada, rivers.uid)
    collections.delete(ada, rivers.uid)
    assert [entry[0] for entry in log(ada, "collection")] == ["create", "update", "share", "delete"]
    assert "sesame" not in json.dumps(log(ada, "collection"))
    flow = udf(ada)
    given = {"name": "daily", "description": None, "enabled": True, "arguments": None}
    daily = schedules.create(ada, flow.uid, times(minute=[0], hour=[6]), **given)
    schedules.update(ada, daily.uid, flow.uid, times(minute=[0], hour=[7]), **given)
    schedules.delete(ada, daily.uid)
    assert [entry[0] for entry in log(ada, "schedule")] == ["create", "update", "delete"]
    assert log(ada, "schedule")[1][2:] == ({"hour": [6]}, {"hour": [7]})
    packages = environments.create(ada, "geo", ["humanize==4.9.0"])
    environments.delete(ada, packages.id)
    assert [entry[0] for entry in log(ada, "environment")] == ["create", "delete"]


def test_who_made_no_change_and_manages_nothing_sees_none(admin):
    ada, bob = somebody(admin), somebody(admin)
    udf(ada)
    assert changes.list_changes(bob, PAGE).items == []
    assert {one.user_id for one in changes.list_changes(admin, PAGE).items} >= {ada.user.id}


@pytest.mark.parametrize("counted", [queries.MOST_COUNTED, 2])
def test_who_manages_something_sees_what_was_done_to_it_page_by_page(admin, monkeypatch, counted):
    """Of few changes the ids are read at once; of many (here: two) the log is walked from an end."""
    monkeypatch.setattr(queries, "MOST_COUNTED", counted)
    ada, bob, eve = (somebody(admin) for _ in range(3))
    group = accounts.create_group(admin, name="Managers")
    accounts.add_member(admin, group.id, bob.user.id)
    made = {"description": "", "note": None, "hidden": False, "auto_share": False}
    first, second, third = (projects.create_project(ada, name=name, **made) for name in "abc")
    sharing.share_with_users(ada, PROJECT, first.id, [bob.user.id], Level.MANAGE)
    sharing.share_with_groups(ada, PROJECT, first.id, [group.id], Level.MANAGE)  # twice his: told once
    sharing.share_with_groups(ada, PROJECT, second.id, [group.id], Level.MANAGE)
    sharing.share_with_users(ada, PROJECT, third.id, [bob.user.id, eve.user.id], Level.WRITE)
    projects.update_project(bob, first.id, name="A")
    expected = [
        ("create", first.id), ("create", second.id),
        ("share", first.id), ("share", first.id), ("share", second.id),
        ("update", first.id),
    ]  # fmt: skip

    def seen(call, **page):
        found = changes.list_changes(call, Page(**{"limit": 100, "order_dir": "asc", **page}), kind="project")
        return [(one.action, one.object_id) for one in found.items], found.total

    assert seen(bob) == (expected, min(counted, len(expected)))
    assert seen(bob, order_dir="desc")[0] == expected[::-1]
    assert seen(bob, limit=2, page_num=2)[0] == expected[2:4]
    assert seen(bob, limit=2, page_num=5)[0] == []
    assert seen(eve) == ([], 0)


def test_an_id_is_never_given_twice(platform, admin):
    ada = somebody(admin)
    first = udf(ada)
    udfs.delete(ada, first.uid)
    assert udf(ada).id > first.id
