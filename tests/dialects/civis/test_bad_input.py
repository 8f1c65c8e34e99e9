"""Input that is wrong, and names that look like something else, at every noun: refused in words, or kept as it came."""

import json

import pytest

from civis_wire import asking

CONTAINER = {"required_resources": {"cpu": 256, "memory": 128}, "docker_command": "ls", "docker_image_name": "python"}
# What makes one object of each noun; its name comes in besides.
NOUNS = {
    "/projects": {"description": ""},
    "/groups": {},
    "/files": {},
    "/scripts/python3": {"source": "1"},
    "/scripts/r": {"source": "1"},
    "/scripts/sql": {"sql": "select 1", "remote_host_id": None, "credential_id": None},
    "/scripts/javascript": {"source": "1", "remote_host_id": None, "credential_id": None},
    "/scripts/containers": CONTAINER,
    "/json_values": {"value_str": "1"},
    "/storage_hosts": {"provider": "s3", "bucket": "rain"},
    "/credentials": {"type": "Custom", "username": "me", "password": "secret"},
}
ODD = [
    "💧 Regen 雨", "'; DROP TABLE jobs; --", "100%_\\", "../../etc/passwd", "a/b?c#d%2F", "<script>alert(1)</script>",
    "${jndi:ldap://x}", "{{name}}", '"quoted"', "null", "-1", "e\u0301 \u202eback",
]  # fmt: skip
LISTS = [
    "/projects",
    "/jobs",
    "/scripts",
    "/scripts/custom",
    "/credentials",
    "/templates/scripts",
    "/aliases",
    "/users",
]
WORDS = ("errorDescription", "error", "code")


@pytest.fixture(scope="module")
def ask(one_app):
    """Over one platform: what is refused leaves nothing behind that the next test would see."""
    with asking(one_app) as send:
        yield send


def refused(answer, *statuses):
    assert answer.status_code in (statuses or (400, 422)), answer.text
    assert set(answer.json()) == set(WORDS)
    assert answer.json()["errorDescription"].endswith((".", "?"))
    return answer.json()["errorDescription"]


@pytest.mark.parametrize("path", NOUNS)
class TestEveryNoun:
    @pytest.mark.parametrize("name", ODD, ids=ascii)
    def test_keeps_a_name_as_it_came_or_says_what_is_wrong(self, ask, path, name):
        answer = ask("POST", path, json={**NOUNS[path], "name": name})
        if answer.status_code >= 400:
            refused(answer)
        else:
            assert answer.json()["name"] == name
            assert ask("GET", f"{path}/{answer.json()['id']}").json()["name"] == name

    def test_refuses_a_field_that_it_does_not_know(self, ask, path):
        assert "colour" in refused(ask("POST", path, json={**NOUNS[path], "name": "A", "colour": "red"}))

    @pytest.mark.parametrize("name", [1, True, ["A"], {"a": 1}, "a\0b", "\ud800"], ids=ascii)
    def test_refuses_a_name_of_the_wrong_sort(self, ask, path, name):
        content = json.dumps({**NOUNS[path], "name": name})
        refused(ask("POST", path, content=content, headers={"Content-Type": "application/json"}))

    def test_refuses_a_name_of_a_megabyte(self, ask, path):
        refused(ask("POST", path, json={**NOUNS[path], "name": "n" * 1_000_000}), 413, 422)

    def test_refuses_a_name_that_is_empty_unless_it_needs_none(self, ask, path):
        answer = ask("POST", path, json={**NOUNS[path], "name": ""})
        if path == "/json_values":  # which are called by their ids
            assert answer.json()["name"] == ""
        else:
            refused(answer)

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"1e999", b"[" * 5000])
    def test_refuses_a_body_that_is_none(self, ask, path, body):
        refused(ask("POST", path, content=body, headers={"Content-Type": "application/json"}))

    @pytest.mark.parametrize("number", ["0", "-1", "1.5", "x", "2147483648", "9" * 40, "%00", "1%27%20or%201=1"])
    def test_takes_no_id_that_is_none(self, ask, path, number):
        refused(ask("GET", f"{path}/{number}"), 400, 404, 422)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=0", "limit=1000000000", "limit=x", "page_num=0", "page_num=-1", "page_num=99999999999999999999",
     "order=shoe_size", "order_dir=sideways", "colour=red", "limit=1&limit=2", "order=%00"],
)  # fmt: skip
def test_a_list_takes_no_page_that_is_none(ask, path, query):
    refused(ask("GET", f"{path}?{query}"))


def test_an_id_of_another_noun_is_no_id(ask):
    script = ask("POST", "/scripts/python3", json={"name": "A", "source": "1"}).json()["id"]
    for path in (f"/scripts/sql/{script}", f"/scripts/r/{script}/shares", f"/scripts/custom/{script}/projects"):
        refused(ask("GET", path), 404)
    refused(ask("PUT", f"/scripts/sql/{script}/archive", json={"status": True}), 404)


def test_sharing_with_oneself_changes_nothing(ask, user):
    ada, key = user("Ada")
    project = ask("POST", "/projects", key=key, json={"name": "A", "description": ""}).json()["id"]
    path = f"/projects/{project}/shares"
    before = ask("GET", path, key=key).json()
    body = {"userIds": [ada], "permissionLevel": "read"}
    assert ask("PUT", f"{path}/users", key=key, json=body).json() == before
    refused(ask("DELETE", f"{path}/users/{ada}", key=key), 404)


def test_the_last_manager_is_the_owner_who_stays(ask, user):
    (_, owner), (bob, key) = user("Cleo"), user("Bob")
    project = ask("POST", "/projects", key=owner, json={"name": "A", "description": ""}).json()["id"]
    path = f"/projects/{project}/shares/users"
    ask("PUT", path, key=owner, json={"userIds": [bob], "permissionLevel": "manage"})
    assert ask("DELETE", f"{path}/{bob}", key=key).status_code == 204
    refused(ask("GET", f"/projects/{project}", key=key), 404)
    assert ask("GET", f"/projects/{project}", key=owner).json()["myPermissionLevel"] == "manage"


def test_two_of_one_name_are_two_where_a_name_is_no_key_and_a_conflict_where_it_is(ask):
    for path in ("/projects", "/files", "/scripts/python3", "/json_values"):
        body = {**NOUNS[path], "name": "Same"}
        assert ask("POST", path, json=body).json()["id"] != ask("POST", path, json=body).json()["id"]
    ask("POST", "/groups", json={"name": "Same"})
    refused(ask("POST", "/groups", json={"name": "Same"}), 409)
