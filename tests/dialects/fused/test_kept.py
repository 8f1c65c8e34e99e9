"""Kept udfs, tokens and the account over plain HTTP: what is saved, who may do what with it, and what comes later."""

import json
import uuid

import pytest

from fused_wire import RUN, TABLE, body_of, detail
from published import Person

# Who may do what


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/user/self"),
        ("GET", "/realtime-instance/available"),
        ("GET", "/execution-env/self"),
        ("GET", "/execution-env/token"),
        ("GET", "/udf/self"),
        ("POST", "/udf/new"),
        ("GET", "/udf-access-token/self"),
        ("POST", "/realtime/local/api/v1/run/udf"),
        ("POST", "/realtime/local/api/v1/run/udf/start"),
        ("GET", "/realtime/local/api/v1/run/udf/saved/a@b.c/x"),
        ("POST", "/run"),
    ],
)
def test_no_key_and_a_wrong_key_are_told_apart_in_words(open_web, method, path):
    said = set()
    for headers in ({}, {"Authorization": "Bearer hr_wrong"}):
        found = open_web.request(method, f"/server/v1{path}", headers=headers)
        said.add(detail(found))
        assert found.status_code == 401
        assert found.headers["www-authenticate"].startswith("Bearer")
    assert len(said) == 2
    assert all("key" in sentence for sentence in said)


def test_a_token_that_is_unknown_switched_off_or_deleted_opens_nothing(web, open_web):
    token = web.share(TABLE)
    url, known = f"/server/v1/realtime-shared/{token}/run", f"/server/v1/udf-access-token/by-token/{token}"
    assert open_web.get(url).status_code == 200
    assert web.post(known, json={"enabled": False}).json()["enabled"] is False
    off = open_web.get(url)
    assert (off.status_code, "switched off" in detail(off)) == (403, True)
    assert web.post(known, json={"enabled": True, "cache": None}).json()["cache"] is True
    assert open_web.get(url).status_code == 200
    assert web.delete(known).json()["token"] == token
    for gone in (url, "/server/v1/realtime-shared/fsh_neverthere/run"):
        found = open_web.get(gone)
        assert (found.status_code, "token" in detail(found)) == (404, True)


def test_a_token_with_another_name_behind_it_opens_nothing(web, open_web):
    saved = web.save(TABLE, "mine")
    token = web.post("/server/v1/udf-access-token/new", json={"udf_id": saved["id"]}).json()["token"]
    base = f"/server/v1/realtime-shared/{token}"
    assert open_web.get(f"{base}/mine/run/file?format=json").json() == [{"lat": 1.5, "lon": 2.5}]
    assert open_web.get(f"{base}/yours/run").status_code == 404


def test_what_belongs_to_somebody_else_is_not_there(web, server):
    saved, token = web.save(TABLE, "private"), web.share(TABLE)
    with server.client(Person(server, "stranger").key) as stranger:
        refused = [
            stranger.get(f"/server/v1/udf/by-id/{saved['id']}"),
            stranger.post(f"/server/v1/udf/by-id/{saved['id']}", json={"slug": "taken"}),
            stranger.delete(f"/server/v1/udf/by-id/{saved['id']}"),
            stranger.get(f"/server/v1/udf/by-user-email/{web.email}/by-slug/private"),
            stranger.get(f"/server/v1/udf/public/by-slug/private-{web.email}"),
            stranger.get(f"{RUN}/saved/{web.email}/private"),
            stranger.post("/server/v1/udf-access-token/new", json={"udf_id": saved["id"]}),
            stranger.get(f"/server/v1/udf-access-token/by-token/{token}"),
            stranger.post(f"/server/v1/udf-access-token/by-token/{token}", json={"enabled": False}),
            stranger.delete(f"/server/v1/udf-access-token/by-token/{token}"),
        ]
        assert [answer.status_code for answer in refused] == [404] * len(refused)
        assert all(detail(answer) for answer in refused)
        assert stranger.get("/server/v1/udf/self").json() == []
        assert stranger.get("/server/v1/udf-access-token/self").json() == []
        shared = stranger.get(f"/server/v1/udf/shared/by-token/{token}")
        assert shared.status_code == 403
        assert "fused.udf" not in shared.text


def test_a_public_udf_is_read_and_run_by_others_under_their_own_name(web, server):
    slug = f"public-{uuid.uuid4().hex}"
    code = "def udf():\n    return fused.context.get_user_email()\n"
    web.save(code, slug, allow_public_read=True, allow_public_list=True)
    stranger = Person(server, "reader")
    with server.client(stranger.key) as http:
        listed, skip = [], 0
        while page := http.get("/server/v1/udf/public", params={"skip": skip}).json():
            listed += [udf["slug"] for udf in page]
            skip += len(page)
        assert listed.count(slug) == 1
        for path in (f"public/by-slug/{slug}", f"public/by-collection/default/by-slug/{slug}"):
            assert http.get(f"/server/v1/udf/{path}").json()["slug"] == slug
        assert http.get(f"{RUN}/saved/{web.email}/{slug}?format=json").json() == stranger.email


# Saving


def test_a_udf_comes_back_as_it_was_saved(web):
    text = json.dumps({**body_of(TABLE), "headers": [], "parameters": {}, "metadata": {"fused:name": "ä"}, "odd": [1]})
    saved = web.post("/server/v1/udf/new", json={"slug": "exact", "udf_body": text, "udf_type": "auto"}).json()
    for path in (
        f"by-id/{saved['id']}",
        f"by-user-email/{web.email}/by-slug/exact",
        f"by-user-email/{web.email}/by-collection/default/by-slug/exact",
        f"by-user-handle/{web.email}/by-collection/default/by-slug/exact",
        "exec-env/self/by-collection/default/by-slug/exact",
    ):
        found = web.get(f"/server/v1/udf/{path}").json()
        assert (found["id"], found["slug"], found["udf_body"]) == (saved["id"], "exact", text)
        assert found["collection_name"] == "default"


def test_a_name_that_is_taken_is_a_conflict(web):
    web.save(TABLE, "taken")
    other = web.save(TABLE, "other")
    again = web.post("/server/v1/udf/new", json={"slug": "taken", "udf_body": json.dumps(body_of(TABLE))})
    renamed = web.post(f"/server/v1/udf/by-id/{other['id']}", json={"slug": "taken"})
    for answer in (again, renamed):
        assert (answer.status_code, "'taken'" in detail(answer)) == (409, True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"slug": "x"},
        {"slug": "", "udf_body": "{}"},
        {"slug": "x", "udf_body": "{"},
        {"slug": "x", "udf_body": "{}"},
        {"slug": "x", "udf_body": '{"code": 1, "entrypoint": "udf"}'},
        {"slug": "a/b", "udf_body": '{"code": "", "entrypoint": "udf"}'},
        {"slug": "a\nb", "udf_body": '{"code": "", "entrypoint": "udf"}'},
        {"slug": "x" * 129, "udf_body": '{"code": "", "entrypoint": "udf"}'},
        {"slug": "nul", "udf_body": '{"code": "\\u0000", "entrypoint": "udf"}'},
        {"slug": 7, "udf_body": '{"code": "", "entrypoint": "udf"}'},
    ],
)
def test_what_is_no_udf_is_not_saved(web, body):
    answer = web.post("/server/v1/udf/new", json=body)
    assert answer.status_code in {400, 422}
    assert detail(answer)
    assert web.get("/server/v1/udf/self").json() == []


def test_lists_end_with_an_empty_page(web):
    for n in range(3):
        web.save(TABLE, f"udf-{n}")
    pages = [web.get("/server/v1/udf/self", params={"skip": skip, "limit": 2}).json() for skip in (0, 2, 4)]
    assert [[udf["slug"] for udf in page] for page in pages] == [["udf-2", "udf-1"], ["udf-0"], []]
    assert web.get("/server/v1/udf/self", params={"udf_type": "app"}).json() == []
    whole = web.get("/server/v1/udf-access-token/self", params={"limit": 100}).json()
    pages = [web.get("/server/v1/udf-access-token/self", params={"skip": n, "limit": 2}).json() for n in (0, 2, 4)]
    assert [[t["token"] for t in page] for page in pages] == [[t["token"] for t in whole[n : n + 2]] for n in (0, 2, 4)]
    assert (len(whole), pages[2]) == (3, [])


def test_deleting_a_udf_ends_its_tokens(web, open_web):
    saved = web.save(TABLE)
    token = web.post("/server/v1/udf-access-token/new", json={"udf_id": saved["id"]}).json()["token"]
    assert open_web.get(f"/server/v1/realtime-shared/{token}/run").status_code == 200
    assert web.delete(f"/server/v1/udf/by-id/{saved['id']}").json()["id"] == saved["id"]
    assert open_web.get(f"/server/v1/realtime-shared/{token}/run").status_code == 404
    assert web.get(f"/server/v1/udf/by-id/{saved['id']}").status_code == 404


def test_a_token_is_made_by_email_and_slug_too(web):
    web.save(TABLE, "by-slug")
    asked = {"udf_email": web.email, "udf_slug": "by-slug", "client_id": None, "metadata_json": {"a": [1]}}
    made = web.post("/server/v1/udf-access-token/new", json=asked).json()
    assert made["token"].startswith("fsh_")
    assert (made["udf_email"], made["udf_slug"], made["metadata_json"]) == (web.email, "by-slug", {"a": [1]})
    for body in ({}, {"udf_email": web.email}):
        answer = web.post("/server/v1/udf-access-token/new", json=body)
        assert (answer.status_code, "udf_slug" in detail(answer)) == (422, True)
    assert web.post("/server/v1/udf-access-token/new", json={"udf_slug": "nowhere"}).status_code == 404


# The account


def test_the_account_is_told_as_both_generations_want_it(web):
    me = web.get("/server/v1/user/self").json()
    assert me["email"] == web.email
    assert set(me) >= {"id", "email", "handle", "name", "execution_environment_id"}
    for path in ("/realtime-instance", "/realtime-instance/available"):
        assert [entry["client_id"] for entry in web.get(f"/server/v1{path}").json()] == ["local"]
    assert web.get("/server/v1/execution-env/self").json()["id"] == me["execution_environment_id"]
    assert isinstance(web.get("/server/v1/execution-env/token").json(), str)
    assert web.get("/server/v1/collection/by-name/default").json()["name"] == "default"
    assert web.get("/server/v1/collection/by-name/other").status_code == 404


def test_the_packages_of_the_default_environment_are_listed(web):
    listed = web.get("/server/v1/internal/dependency-whitelist").json()["dependency_whitelist"]
    code = "import importlib\ndef udf(names: list):\n    return [importlib.import_module(n).__name__ for n in names]\n"
    names = ["json", "pandas", "PIL", "sklearn", "duckdb", "polars", "rasterio", "xarray"]
    assert set(names) <= set(listed)
    assert web.run(code, {"names": names}).json() == names


def test_health_needs_no_key(open_web):
    assert open_web.get("/server/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/run"),
        ("GET", "/job/self"),
        ("GET", "/run/by-id/7"),
        ("POST", "/run/by-id/7/cancel"),
        ("GET", "/run/by-id/7/results"),
        ("GET", "/logs/7"),
        ("POST", "/sample_args/map"),
        ("GET", "/table/open"),
        ("GET", "/job/by-id/7/config"),
        ("POST", "/datasets/items"),
    ],
)
def test_what_comes_with_a_later_version_says_so(web, method, path):
    found = web.request(method, f"/server/v1{path}")
    assert found.status_code == 501
    assert "not served" in detail(found)


def test_an_address_that_is_none_and_a_method_that_is_none(web):
    nowhere = web.get("/server/v1/nowhere")
    assert (nowhere.status_code, bool(detail(nowhere))) == (404, True)
    wrong = web.put("/server/v1/user/self")
    assert (wrong.status_code, "GET" in wrong.headers["allow"], bool(detail(wrong))) == (405, True, True)
    asked = {"Origin": "http://map", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-a"}
    options = web.options("/server/v1/realtime-shared/fsh_x/run", headers=asked)
    assert (options.status_code, options.headers["access-control-allow-origin"]) == (204, "*")
    assert options.headers["access-control-allow-headers"] == "x-a"
