"""The catalogue of arrays over the wire."""

from urllib.parse import quote

import pytest

from headrace.dialects.tiledb import arrays
from tiledb_wire import person as new_person
from tiledb_wire import strict


@pytest.fixture
def base(person) -> str:
    """The path of the person's own arrays."""
    return f"/v1/arrays/{person.username}"


@pytest.fixture
def other(server):
    """Somebody else, and a client with their key."""
    other = new_person(server, "other")
    with strict(server, other.key) as http:
        http.username = other.username
        yield http


def register(http, base, name, uri=None, **more):
    body = {"name": name, **({"uri": uri} if uri else {}), **more}
    answer = http.post(f"{base}/{quote(uri or name, safe='')}/register", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_storage_uri_is_one_segment_of_the_path(web, base, person):
    made = register(web, base, "prices", "s3://bucket/deep/prices", description="Prices.")
    assert (made["uri"], made["tiledb_uri"]) == ("s3://bucket/deep/prices", f"tiledb://{person.username}/prices")
    assert (made["created_by"], made["description"], made["share_count"]) == (person.username, "Prices.", 0)
    for called in ("prices", made["id"], quote("s3://bucket/deep/prices", safe="")):
        found = web.get(f"{base}/{called}/metadata").json()
        assert found.pop("last_accessed") >= made["created_at"]
        assert found == made


def test_without_a_name_it_is_called_like_the_end_of_its_address(web, base):
    answer = web.post(f"{base}/{quote('s3://bucket/a/b/', safe='')}/register", json={})
    assert (answer.json()["name"], answer.json()["uri"]) == ("b", "s3://bucket/a/b")


def test_what_is_said_of_an_array_can_be_changed(web, base, person):
    register(web, base, "old")
    said = {
        "name": "new",
        "description": "d",
        "tags": ["a"],
        "file_type": "notebook",
        "uri": f"tiledb://{person.username}/old",
    }
    assert web.patch(f"{base}/old/metadata", json=said).status_code == 204
    found = web.get(f"{base}/new/metadata").json()
    assert (found["description"], found["tags"], found["file_type"]) == ("d", ["a"], "notebook")
    assert web.get(f"{base}/old/metadata").status_code == 404
    register(web, base, "taken")
    assert web.patch(f"{base}/new/metadata", json={"name": "taken"}).status_code == 409
    assert web.patch(f"{base}/new/metadata", json={"uri": "s3://bucket/x"}).status_code == 409


BODIES = {"/metadata": {"description": "x"}, "/share": {"namespace": "public", "actions": ["read"]}}
OF_ONE = [one for one in arrays.operations() if not one.path.endswith("/register")]


@pytest.mark.parametrize("operation", OF_ONE, ids=lambda one: one.name)
def test_a_strangers_answers_are_those_of_nothing(web, base, person, stranger, operation):
    register(web, base, "secret")

    def ask(name):
        path = operation.path.format(namespace=person.username, array=name, id="none")
        body = next((body for end, body in BODIES.items() if path.endswith(end)), None)
        return stranger.request(operation.method, path, json=body if operation.method == "PATCH" else None)

    there, nowhere = ask("secret"), ask("nothing")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.json()["message"].replace("secret", "nothing") == nowhere.json()["message"]
    assert web.get(f"{base}/secret/metadata").json()["public_share"] is False


def test_a_stranger_lists_and_registers_nothing_there(web, base, stranger):
    register(web, base, "secret")
    assert stranger.post(f"{base}/mine/register", json={"name": "mine"}).status_code == 404
    assert stranger.get(base).json() == []
    assert stranger.get("/v1/arrays/browser/shared").json()["arrays"] == []


def test_sharing_is_told_as_actions(web, base, other):
    register(web, base, "shared")
    share = f"{base}/shared/share"
    assert web.get(share).json() == []
    for actions, level in ((["read"], 3), (["Read", "WRITE"], 4), (["edit"], 6)):
        assert web.patch(share, json={"namespace": other.username, "actions": actions}).status_code == 204
        (grant,) = web.get(share).json()
        assert (grant["namespace"], grant["namespace_type"], len(grant["actions"])) == (other.username, "user", level)
        assert other.get(f"{base}/shared/metadata").json()["allowed_actions"] == grant["actions"]
    assert web.patch(share, json={"namespace": other.username, "actions": []}).status_code == 204
    assert other.get(f"{base}/shared/metadata").status_code == 404
    assert web.patch(share, json={"namespace": "nobody-here", "actions": ["read"]}).status_code == 404
    assert web.patch(share, json={"namespace": other.username, "actions": ["fly"]}).status_code == 422


def test_who_may_write_changes_and_who_may_read_does_not(web, base, other):
    register(web, base, "shared")
    web.patch(f"{base}/shared/share", json={"namespace": other.username, "actions": ["read"]})
    assert other.patch(f"{base}/shared/metadata", json={"description": "x"}).status_code == 403
    assert other.get(f"{base}/shared/activity").status_code == 403
    web.patch(f"{base}/shared/share", json={"namespace": other.username, "actions": ["read", "write"]})
    assert other.patch(f"{base}/shared/metadata", json={"description": "x"}).status_code == 204
    assert other.patch(f"{base}/shared/share", json={"namespace": "public", "actions": ["read"]}).status_code == 403
    assert other.delete(f"{base}/shared").status_code == 403


def test_lists_are_owned_shared_and_public(web, base, other, stranger, person):
    for name in ("a", "b", "c"):
        register(web, base, name)
    web.patch(f"{base}/a/share", json={"namespace": other.username, "actions": ["read"]})
    web.patch(f"{base}/b/share", json={"namespace": "public", "actions": ["read"]})

    def names(http, which, **params):
        return [one["name"] for one in http.get(f"/v1/arrays/browser/{which}", params=params).json()["arrays"]]

    here = {"namespace": person.username}
    assert names(web, "owned") == ["a", "b", "c"]
    assert (names(other, "owned"), names(other, "shared")) == ([], ["a"])
    assert names(stranger, "shared") == []
    assert names(stranger, "public", **here) == names(web, "public", **here) == ["b"]
    assert names(other, "shared", permissions="write") == []
    assert names(web, "owned", orderby="name desc") == ["c", "b", "a"]
    page = web.get("/v1/arrays/browser/owned", params={"page": 2, "per_page": 2, "with_metadata": "True"}).json()
    assert ([one["name"] for one in page["arrays"]], page["pagination_metadata"]) == (
        ["c"],
        {"page": 2, "per_page": 2, "total_pages": 2, "total_items": 3},
    )
    assert web.get("/v1/arrays/browser/owned", params={"orderby": "size"}).status_code == 422
    assert other.get("/v1/arrays/browser/shared/sidebar").json() == {
        "namespaces": [person.username],
        "result_count_for_all": 1,
        "result_count_by_namespace": {person.username: 1},
    }
    assert [one["name"] for one in other.get(base).json()] == ["a", "b"]
    assert [one["name"] for one in other.get("/v1/arrays", params={"public_share": "exclude"}).json()] == ["a"]


def test_arrays_are_assets(web, base, other, person):
    register(web, base, "plain")
    register(web, base, "book", file_type="notebook")
    web.patch(f"{base}/plain/share", json={"namespace": other.username, "actions": ["read"]})

    def names(http, namespace, **params):
        found = http.get(f"/v1/assets/{namespace}", params=params).json()
        assert found["pagination_metadata"]["total_items"] == len(found["data"])
        return [(one["name"], one["asset_type"], one["asset_ownership_level"]) for one in found["data"]]

    assert names(web, person.username) == [("book", "notebook", "owned"), ("plain", "array", "owned")]
    assert names(web, person.username, asset_type="array") == [("plain", "array", "owned")]
    assert names(web, person.username, search="boo", depth="all", expand="metadata") == [("book", "notebook", "owned")]
    assert names(web, person.username, asset_type="group") == []
    assert names(other, other.username) == names(other, person.username) == [("plain", "array", "shared")]
    assert names(other, other.username, ownership_level="owned") == []
    web.patch(f"{base}/book/share", json={"namespace": "public", "actions": ["read"]})
    public = other.get("/v1/public_assets", params={"search": "book", "per_page": 1000}).json()["data"]
    assert (person.username, "book") in {(one["namespace_name"], one["name"]) for one in public}


def test_what_was_done_is_listed(web, base, person):
    register(web, base, "busy")
    web.patch(f"{base}/busy/metadata", json={"description": "x"})
    seen = web.get(f"{base}/busy/activity").json()
    assert [(one["action"], one["username"]) for one in seen] == [
        ("array_metadata_update", person.username),
        ("create", person.username),
    ]
    assert web.get(f"{base}/busy/activity/{seen[0]['id']}").json() == seen[0]
    assert web.get(f"{base}/busy/activity/nothing").status_code == 404
    assert len(web.get(f"{base}/busy/activity", params={"event_types": "create,register"}).json()) == 1
    assert web.get(f"{base}/busy/activity", params={"event_types": "max_buffer_sizes"}).json() == []
    assert web.get(f"{base}/busy/activity", params={"end": 1}).json() == []
    page = web.get(f"/v2{base[3:]}/busy/activity", params={"per_page": 1, "event_types": ["create", "udf"]}).json()
    assert ([one["action"] for one in page["activitylogs"]], page["pagination_metadata"]["total_items"]) == (
        ["create"],
        1,
    )
    (last,) = web.get("/v1/arrays/last_accessed").json()
    assert (last["array_name"], last["access_type"]) == ("busy", "array_metadata_update")


def test_deleting_and_deregistering(web, base):
    register(web, base, "here")
    register(web, base, "there", "s3://bucket/there")
    assert web.delete(f"{base}/here/deregister").status_code == 409
    assert web.delete(f"{base}/there").status_code == 409
    assert web.delete(f"{base}/here").status_code == 204
    assert web.delete(f"{base}/there/deregister").status_code == 204
    assert web.get("/v1/arrays/browser/owned").json()["arrays"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a/b"},
        {"name": "x" * 201},
        {"uri": "http://10.0.0.1/a"},
        {"uri": "file:///etc/passwd"},
        {"tags": "red"},
        {"tags": [1]},
        {"file_type": "film"},
        {"description": "x" * 100_001},
        {"name": "a\x00b"},
        [],
    ],
)
def test_what_no_array_can_be_is_refused(web, base, body):
    assert web.post(f"{base}/some/register", json=body).status_code in {400, 422}
    assert web.get(base).json() == []


def test_clients_register_share_list_and_deregister(client, server):
    other = new_person(server, "friend")
    said = client.run(
        f"""
        me = tiledb.cloud.user_profile().username
        uri = "tiledb://" + me + "/grid"
        tiledb.cloud.register_array("s3://bucket/grid", namespace=me, array_name="grid", description="A grid.")
        told = tiledb.cloud.info(uri)
        tiledb.cloud.array.update_info(uri, description="Another.", tags=["x"])
        tiledb.cloud.share_array(uri, {other.username!r}, ["read", "write"])
        shared = [(one.namespace, sorted(one.actions)) for one in tiledb.cloud.list_shared_with(uri)]
        owned = tiledb.cloud.client.list_arrays(tag=["x"], per_page=5)
        done = sorted(one.action for one in tiledb.cloud.array_activity(uri))
        answer = [
            told.description, told.tiledb_uri == uri, told.share_count, told.last_accessed is not None, shared,
            [one.name for one in owned.arrays], owned.pagination_metadata.total_items, done,
        ]
        tiledb.cloud.array.unshare_array(uri, {other.username!r})
        answer.append(tiledb.cloud.list_shared_with(uri))
        tiledb.cloud.deregister_array(uri)
        try:
            tiledb.cloud.info(uri)
        except tiledb.cloud.TileDBCloudError as gone:
            answer.append(str(gone))
        """
    )
    *told, gone = said.answer
    rights = ["read", "read_array_info", "read_array_schema", "write"]
    done = ["array_metadata_update", "register"]
    assert told == ["A grid.", True, 0, True, [[other.username, rights]], ["grid"], 1, done, []]
    assert "There is no array tiledb://" in gone


def test_the_newer_client_lists_assets_and_deletes(new):
    said = new.run(
        """
        from tiledb.cloud import rest_api, client
        me = tiledb.cloud.user_profile().username
        client.build(rest_api.ArrayApi).register_array(me, "mine", rest_api.ArrayInfoUpdate(name="mine"))
        answer = ["mine" in [one.name for one in tiledb.cloud.asset.list(per_page=1000).data]]
        tiledb.cloud.array.delete_array("tiledb://" + me + "/mine")
        answer.append("mine" in [one.name for one in tiledb.cloud.asset.list(per_page=1000).data])
        """
    )
    assert said.answer == [True, False]
