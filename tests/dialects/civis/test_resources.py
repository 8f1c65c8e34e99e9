"""Users, groups, keys, udfs, tokens and runs, through the front door."""

import datetime as dt

import pytest

from headrace.dialects import civis
from headrace.model.run import Cache, Run, State
from headrace.services import accounts, udfs
from headrace.work.recorder import Recorder

CODE = "@headrace.udf\ndef udf(n: int = 1):\n    return n\n"


def save(ask, name="double", **more):
    return ask("POST", "/udfs", json={"name": name, "code": CODE, **more}).json()


def test_i_am_who_my_key_says(ask, user):
    number, key = user("Bob")
    me = ask("GET", "/users/me", key=key).json()
    assert (me["id"], me["email"], me["admin"], me["featureFlags"]) == (number, "bob@example.org", False, {})


def test_a_user_is_made_by_an_administrator_only(ask, user):
    _, key = user("Bob")
    response = ask("POST", "/users", key=key, json={"name": "Eve", "email": "eve@example.org"})
    assert response.status_code == 403
    assert response.json()["error"] == "forbidden"


def test_a_user_is_made_with_groups(ask):
    team = ask("POST", "/groups", json={"name": "Team"}).json()
    body = {"name": "Bob", "email": "bob@example.org", "user": "bob", "primary_group_id": team["id"]}
    made = ask("POST", "/users", json=body).json()
    assert made["user"] == "bob"
    assert made["groups"] == [{"id": team["id"], "name": "Team", "slug": "team"}]


def test_a_user_of_a_group_that_is_not_there_is_not_made(ask):
    body = {"name": "Bob", "email": "bob@example.org", "primaryGroupId": 77}
    assert ask("POST", "/users", json=body).status_code == 404
    assert len(ask("GET", "/users").json()) == 1


def test_the_same_email_twice_is_a_conflict(ask, user):
    user("Bob")
    response = ask("POST", "/users", json={"name": "Other", "email": "BOB@example.org"})
    assert (response.status_code, response.json()["code"]) == (409, 409)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "email": "a@b.org"},
        {"name": "x\ny", "email": "a@b.org"},
        {"name": "x" * 201, "email": "a@b.org"},
        {"name": "x", "email": "nobody"},
        {"name": "x", "email": "no body@example.org"},
        {"name": "x"},
        {"name": "x", "email": "a@b.org", "surname": "y"},
        {"name": "x", "email": "a@b.org", "groupIds": [2**31]},
    ],
)
def test_a_user_that_is_wrong_is_not_made(ask, body):
    response = ask("POST", "/users", json=body)
    assert response.status_code == 422
    assert response.json()["errorDescription"].endswith(".")


def test_names_may_hold_anything_that_is_text(ask):
    for number, name in enumerate(["Robert'); DROP TABLE users;--", "../../etc/passwd", "🦊 \u202e", "%00 %2F", "<b>"]):
        made = ask("POST", "/users", json={"name": name, "email": f"u{number}@example.org"}).json()
        assert ask("GET", f"/users/{made['id']}").json()["name"] == name


def test_users_come_in_pages_that_end(ask, user):
    for name in ("Bob", "Cid", "Dan", "Eve"):
        user(name)
    pages = [ask("GET", f"/users?limit=2&page_num={n}") for n in (1, 2, 3, 4)]
    names = [[row["name"] for row in page.json()] for page in pages]
    assert names == [["Administrator", "Bob"], ["Cid", "Dan"], ["Eve"], []]
    assert pages[0].headers["x-pagination-total-entries"] == "5"
    assert pages[0].headers["x-pagination-total-pages"] == "3"


def test_users_are_found_sorted_and_filtered(ask, user):
    number, _ = user("Bob")
    user("Eve")
    assert [row["name"] for row in ask("GET", "/users?query=bo").json()] == ["Bob"]
    descending = ask("GET", "/users?order=user&orderDir=desc").json()
    assert [row["user"] for row in descending] == ["eve@example.org", "bob@example.org", "admin"]
    ask("PATCH", f"/users/{number}", json={"active": False})
    assert "Bob" not in [row["name"] for row in ask("GET", "/users").json()]
    assert [row["name"] for row in ask("GET", "/users?account_status=inactive").json()] == ["Bob"]


def test_a_user_changes_their_own_name_and_nobody_elses(ask, user):
    number, key = user("Bob")
    assert ask("PATCH", f"/users/{number}", key=key, json={"name": "Rob"}).json()["name"] == "Rob"
    assert ask("PATCH", "/users/1", key=key, json={"name": "Rob"}).status_code == 403
    assert ask("PATCH", f"/users/{number}", key=key, json={"admin": True}).status_code == 403


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(ask, user):
    number, key = user("Bob")
    made = ask("POST", "/users/me/api_keys", key=key, json={"name": "laptop", "expires_in": 3600}).json()
    assert made["token"].startswith("hr_")
    assert made["token"].endswith(made["hint"])
    shown = ask("GET", f"/users/{number}/api_keys/{made['id']}", key=key).json()
    assert "token" not in shown
    assert shown["active"]
    assert ask("GET", "/users/me", key=made["token"]).status_code == 200
    revoked = ask("DELETE", f"/users/me/api_keys/{made['id']}", key=key).json()
    assert not revoked["active"]
    assert revoked["revokedAt"]
    assert ask("GET", "/users/me", key=made["token"]).status_code == 401


def test_keys_are_their_owners_business(ask, user):
    number, key = user("Bob")
    _, other = user("Eve")
    assert ask("GET", f"/users/{number}/api_keys", key=other).status_code == 403
    assert ask("POST", f"/users/{number}/api_keys", key=other, json={"name": "x"}).status_code == 403
    listed = ask("GET", f"/users/{number}/api_keys").json()
    assert [row["name"] for row in listed] == ["laptop"]
    assert key not in str(listed)


def test_groups_have_members(ask, user):
    number, _ = user("Bob")
    team = ask("POST", "/groups", json={"name": "Team", "description": "Us"}).json()
    path = f"/groups/{team['id']}"
    assert ask("PUT", f"{path}/members/{number}").json()["members"][0]["name"] == "Bob"
    assert ask("PUT", f"{path}/members/{number}").json()["memberCount"] == 1
    assert ask("GET", "/groups").json()[0]["memberCount"] == 1
    assert ask("PATCH", path, json={"name": "Crew"}).json()["name"] == "Crew"
    assert ask("DELETE", f"{path}/members/{number}").status_code == 204
    assert ask("DELETE", f"{path}/members/{number}").status_code == 404
    assert ask("GET", path).json()["members"] == []


def test_a_udf_is_saved_changed_and_removed(ask):
    made = save(ask, parameters={"someKey": {"other_key": 1}}, headers=[{"module_name": "m", "source_code": "x = 1"}])
    path = f"/udfs/{made['uid']}"
    assert made["parameters"] == {"someKey": {"other_key": 1}}
    assert made["headers"][0]["moduleName"] == "m"
    assert ask("PUT", path, json={"code": CODE + "\n"}).json()["version"] == 2
    assert ask("PUT", path, json={"public_read": True}).json()["version"] == 2
    versions = ask("GET", f"{path}/versions").json()
    assert [(v["version"], v["code"]) for v in versions] == [(2, CODE + "\n"), (1, CODE)]
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", path).status_code == 404


def test_a_udf_keeps_what_other_clients_put_into_it(ask, platform):
    call = accounts.administrator(platform)
    kept = udfs.create(
        call, "kept", '{"code": "x", "entrypoint": "udf", "engine": "large", "metadata": {"fused:x": 1}}'
    )
    ask("PUT", f"/udfs/{kept.uid}", json={"code": "y"})
    assert udfs.get(call, kept.uid).body == '{"code":"y","entrypoint":"udf","engine":"large","metadata":{"fused:x":1}}'


def test_a_udf_is_its_owners_until_they_share_it(ask, user):
    _, key = user("Bob")
    made = save(ask)
    path = f"/udfs/{made['uid']}"
    assert ask("GET", path, key=key).status_code == 404
    ask("PUT", path, json={"publicRead": True, "publicList": True})
    assert ask("GET", path, key=key).json()["code"] == CODE
    assert ask("PUT", path, key=key, json={"code": "x"}).status_code == 404
    assert ask("DELETE", path, key=key).status_code == 404
    assert ask("GET", "/udfs", key=key).json() == []
    assert [row["name"] for row in ask("GET", "/udfs?public=True", key=key).json()] == ["double"]


def test_a_name_is_taken_once(ask):
    save(ask)
    assert ask("POST", "/udfs", json={"name": "double", "code": CODE}).status_code == 409


def test_a_token_is_made_changed_and_removed(ask, user):
    _, key = user("Bob")
    path = f"/udfs/{save(ask)['uid']}/tokens"
    made = ask("POST", path, json={"metadata": {"someKey": 1}, "expires_in": 60}).json()
    assert made["token"].startswith("fsh_")
    assert made["metadata"] == {"someKey": 1}
    one = f"{path}/{made['id']}"
    assert ask("GET", one).json() == ask("GET", path).json()[0]
    assert ask("PATCH", one, json={"enabled": False}).json()["enabled"] is False
    assert ask("GET", one, key=key).status_code == 404
    assert ask("GET", path, key=key).status_code == 404
    assert ask("DELETE", one).status_code == 204
    assert ask("GET", path).json() == []


@pytest.fixture
def history(platform):
    recorder = Recorder(platform.db)
    began = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for number in range(5):
        at = began + dt.timedelta(hours=number)
        recorder.add(
            Run(
                uid=f"00000000-0000-7000-8000-00000000000{number}",
                state=State.FAILED if number == 3 else State.SUCCEEDED,
                job_name="double",
                code_hash="0" * 64,
                owner_id=1,
                door="body",
                cache=Cache.HIT if number == 4 else Cache.MISS,
                status=422 if number == 3 else 200,
                started_at=at,
                finished_at=at,
                total_ms=1.5,
                stdout="one\ntwo\n",
                stderr="three\n",
            )
        )
    recorder.flush()
    yield
    recorder.close()


def test_runs_are_listed_and_filtered(ask, history, user):
    def numbers(query):
        return [int(row["uid"][-1]) for row in ask("GET", f"/runs?{query}").json()]

    assert numbers("") == [4, 3, 2, 1, 0]
    assert numbers("limit=2&page_num=2") == [2, 1]
    assert numbers("state=failed") == [3]
    assert numbers("cache=hit") == [4]
    assert numbers("since=2026-01-01T03:00:00Z") == [4, 3]
    assert numbers("order=started_at&order_dir=asc&limit=2") == [0, 1]
    assert numbers("udf=unknown") == []
    _, key = user("Bob")
    assert ask("GET", "/runs", key=key).json() == []


def test_a_run_has_what_it_printed(ask, history):
    uid = "00000000-0000-7000-8000-000000000003"
    run = ask("GET", f"/runs/{uid}").json()
    assert (run["state"], run["stdout"], run["timing"]["total"]) == ("failed", "one\ntwo\n", 1.5)
    lines = ask("GET", f"/runs/{uid}/logs").json()
    assert [(line["level"], line["message"]) for line in lines] == [
        ("info", "one"),
        ("info", "two"),
        ("error", "three"),
    ]
    assert [line["id"] for line in ask("GET", f"/runs/{uid}/logs?last_id=2").json()] == [3]
    assert ask("GET", "/runs/unknown").status_code == 404


def test_every_operation_wants_a_key(ask, app):
    for operation in civis.operations("http://test"):
        path = operation.path.replace("{", "1").replace("}", "")
        response = ask(operation.method, path, key=None)
        assert response.status_code == 401, operation
        assert response.json()["error"] == "unauthorized"
        assert response.headers["www-authenticate"]


def test_the_command_lines_doubled_slash_is_answered(ask):
    assert ask("GET", "http://test/api//users/?limit=1").status_code == 200


def test_a_get_with_a_json_body_is_answered(ask):
    response = ask("GET", "/users/me", headers={"Content-Type": "application/json"}, content=b"{}")
    assert response.status_code == 200
