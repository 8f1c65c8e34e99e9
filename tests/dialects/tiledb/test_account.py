"""Users, sessions, tokens and organizations of the SQL tasks' protocol."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tiledb_wire import person as new_person
from tiledb_wire import strict


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


def seconds_left(token: dict) -> float:
    return (datetime.fromisoformat(token["expires_at"]) - datetime.now(UTC)).total_seconds()


def test_a_user_has_all_that_clients_look_for(web, person):
    user = web.get("/v1/user").json()
    assert (user["username"], user["email"], user["organizations"]) == (person.username, person.email, [])
    assert user["default_namespace_charged"] == person.username
    assert "run_job" in user["allowed_actions"]


def test_a_key_opens_under_either_spelling_of_its_header(nobody, person):
    for name in ("X-TILEDB-REST-API-KEY", "X-TILEDB-REST-API-Key"):
        assert nobody.get("/v1/user", headers={name: person.key}).status_code == 200
    assert nobody.get("/v1/user", headers=basic(person.username, person.key)).status_code == 200
    refused = nobody.get("/v1/user", headers={"X-TILEDB-REST-API-KEY": "hr_wrong"})
    assert (refused.status_code, refused.json()["code"]) == (401, 401)
    assert refused.headers["www-authenticate"].startswith("Basic")


def test_a_path_may_begin_with_two_slashes(web, person):
    assert web.get(f"{web.base_url}//v1/user").json()["username"] == person.username


@pytest.mark.parametrize("by", ["username", "email"])
def test_a_session_is_half_an_hour_and_a_remembered_one_thirty_days(server, nobody, person, by):
    with server.client() as http:
        long = http.post(f"/api/users/{user_id(http, person)}/api_keys", json={"name": "long", "expiresIn": 10**7})
    headers = basic(getattr(person, by), long.json()["token"])
    short = nobody.get("/v1/session", headers=headers).json()
    remembered = nobody.get("/v1/session", params={"remember_me": "True"}, headers=headers).json()
    assert 1700 < seconds_left(short) <= 1800
    assert 29.9 < seconds_left(remembered) / 86400 <= 30
    for token in (short, remembered):
        assert nobody.get("/v1/user", headers={"X-TILEDB-REST-API-KEY": token["token"]}).status_code == 200


def user_id(http: httpx.Client, person) -> int:
    return next(user["id"] for user in http.get("/api/users", params={"query": person.email}).json())


def test_a_session_does_not_outlive_the_key_that_proved_it(web, person):
    assert 3500 < seconds_left(web.get("/v1/session", params={"remember_me": "True"}).json()) <= 3600


def test_a_session_ends_when_it_is_told_to(web):
    ends = datetime.now(UTC) + timedelta(minutes=5)
    told = web.get("/v1/session", params={"expires": ends.isoformat()}).json()
    assert 290 < seconds_left(told) <= 300
    assert web.get("/v1/session", params={"expires": "2020-01-01T00:00:00Z"}).status_code == 422
    assert web.get("/v1/session", params={"expires": "soon"}).status_code == 422


def test_another_users_name_is_refused_with_a_key(nobody, person):
    refused = nobody.get("/v1/session", headers=basic("somebody", person.key))
    assert (refused.status_code, refused.json()["message"]) == (
        401,
        "The password is an API key, and this one belongs to another username.",
    )
    assert nobody.get("/v1/session", headers=basic(person.username, "guess")).status_code == 401


def test_a_token_is_told_once_listed_and_revoked(web, nobody):
    made = web.post("/v1/token", json={"name": "laptop"}).json()
    listed = {token["name"]: token for token in web.get("/v1/tokens").json()}
    assert listed["laptop"]["token"] != made["token"]
    assert "expires_at" not in listed["laptop"]
    headers = {"X-TILEDB-REST-API-KEY": made["token"]}
    assert nobody.get("/v1/user", headers=headers).status_code == 200
    assert web.delete(f"/v1/tokens/{listed['laptop']['token']}").status_code == 204
    assert nobody.get("/v1/user", headers=headers).status_code == 401
    assert "laptop" not in {token["name"] for token in web.get("/v1/tokens").json()}


def test_a_token_is_revoked_by_its_text_or_name(web):
    text = web.post("/v1/token", json={"name": "one"}).json()["token"]
    web.post("/v1/token", json={"name": "two"})
    assert web.delete(f"/v1/tokens/{text}").status_code == 204
    assert web.delete("/v1/tokens/two").status_code == 204
    assert web.delete("/v1/tokens/two").status_code == 404


def test_a_name_of_two_tokens_revokes_neither(web):
    for _ in range(2):
        web.post("/v1/token", json={"name": "twin"})
    assert web.delete("/v1/tokens/twin").status_code == 409
    assert [token["name"] for token in web.get("/v1/tokens").json()].count("twin") == 2


def test_nobody_revokes_the_token_of_another(web, stranger):
    text = web.post("/v1/token", json={"name": "mine"}).json()["token"]
    assert stranger.delete(f"/v1/tokens/{text}").status_code == 404
    assert stranger.delete("/v1/tokens/mine").status_code == 404
    assert web.get("/v1/user", headers={"X-TILEDB-REST-API-KEY": text}).status_code == 200


def test_sessions_are_listed_apart(web):
    web.get("/v1/session")
    assert len(web.get("/v1/tokens/session").json()) == 1
    assert [token["name"] for token in web.get("/v1/tokens").json()] == ["test"]


def test_a_token_is_for_some_scopes_or_for_everything(web):
    scopes = web.get("/v1/tokens/scopes").json()
    assert {"user:read", "array:read-write", "organization:admin", "group:admin"} < set(scopes)
    whole = ["user:admin", "array:admin", "organization:admin", "group:admin"]
    assert web.post("/v1/token", json={"name": "whole"}).json()["scope"] == whole
    assert web.post("/v1/token", json={"name": "old", "scope": "*"}).json()["scope"] == whole
    assert web.post("/v1/token", json={"name": "all", "scope": scopes}).json()["scope"] == whole
    assert web.post("/v1/token", json={"name": "less", "scope": ["array:read", "user:read"]}).json()["scope"] == [
        "user:read",
        "array:read",
    ]
    assert {one["name"]: one["scope"] for one in web.get("/v1/tokens").json()}["less"] == ["user:read", "array:read"]
    assert web.post("/v1/token", json={"name": "text", "scope": "array:read"}).json()["scope"] == ["array:read"]


@pytest.mark.parametrize("scope", [["password_reset"], ["array:write"], ["array:read", "everything"], []])
def test_scopes_that_there_are_not_are_refused_in_words(web, scope):
    refused = web.post("/v1/token", json={"scope": scope})
    assert refused.status_code == 422
    assert "`scope`" in refused.json()["message"]


def test_others_are_known_by_name_and_no_more(web, person, server):
    other = new_person(server, "other")
    seen = web.get(f"/v1/users/{other.username}").json()
    assert (seen["email"], seen["organizations"], seen["allowed_actions"]) == (other.email, [], [])
    assert web.get(f"/v1/users/{person.username}").json() == web.get("/v1/user").json()
    assert web.get("/v1/users/nobody").status_code == 404


def test_people_change_their_own_name_and_no_others(web, stranger, person):
    assert web.patch(f"/v1/users/{person.username}", json={"name": "Ada"}).status_code == 204
    assert web.get(f"/v1/users/{person.username}").json()["name"] == "Ada"
    assert stranger.patch(f"/v1/users/{person.username}", json={"name": "Eve"}).status_code == 403


def test_an_organization_is_a_group(server, web, stranger, person):
    name = f"Team of {person.username}"
    with strict(server, server.admin_key) as boss:
        assert boss.post("/v1/organization", json={"name": name, "description": "d"}).status_code == 204
        slug = f"team-of-{person.username}"
        assert web.get(f"/v1/organizations/{slug}").status_code == 404
        assert boss.post(f"/v1/organizations/{slug}/user", json={"username": person.username}).status_code == 204
        assert web.get("/v1/organizations").json()[0]["name"] == slug
        one = web.get(f"/v1/organizations/{slug}").json()
        assert (one["description"], one["role"]) == ("d", "read_write")
        assert {user["username"] for user in one["users"]} == {"admin", person.username}
        assert "run_job" in web.get("/v1/user").json()["organizations"][0]["allowed_actions"]
        assert web.get(f"/v1/organizations/{slug}/{person.email}").json()["username"] == person.username
        assert stranger.get(f"/v1/organizations/{slug}").status_code == 404
        assert web.post(f"/v1/organizations/{slug}/user", json={"username": "admin"}).status_code == 403
        assert web.delete(f"/v1/organizations/{slug}/{person.username}").status_code == 403
        assert boss.patch(f"/v1/organizations/{slug}", json={"description": "e"}).status_code == 204
        assert boss.delete(f"/v1/organizations/{slug}/{person.username}").status_code == 204
        assert boss.delete(f"/v1/organizations/{slug}/{person.username}").status_code == 404
    assert web.get("/v1/organizations").json() == []
