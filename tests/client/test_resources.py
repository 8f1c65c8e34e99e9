"""Resources of a live server, and how its document is asked for."""

import inspect
import json
import subprocess

import pytest

from conftest import wait_until
from headrace.client import Client, Failed, ListResponse, Response
from published import Person
from sdk_document import DOCUMENT

# What a published client has of a server: of each method its arguments, and which of them are keywords.
PUBLISHED = """
import inspect, json, sys, warnings
import civis
client = civis.APIClient(**json.loads(sys.argv[1]))
warnings.simplefilter("ignore")
found = {}
for resource, endpoint in vars(client).items():
    if isinstance(endpoint, civis.base.Endpoint):
        for name in dir(endpoint):
            if not name.startswith("_"):
                arguments = inspect.signature(getattr(endpoint, name)).parameters.values()
                found[f"{resource}.{name}"] = [[a.name, a.kind == a.KEYWORD_ONLY] for a in arguments]
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="session")
def published(civis):
    """What the published client has of a server, or of a document in a file."""

    def ask(**options):
        environ = {"CIVIS_API_KEY": options.pop("key"), "CIVIS_API_ENDPOINT": options.pop("url")}
        done = subprocess.run(
            [civis, "-W", "ignore", "-c", PUBLISHED, json.dumps(options)],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


def arguments(client):
    """The same of our client."""
    return {
        f"{resource}.{name}": [
            [a.name, a.kind == a.KEYWORD_ONLY]
            for a in inspect.signature(getattr(client.resource(resource), name)).parameters.values()
        ]
        for resource in client.specification.resources
        for name in dir(client.resource(resource))
        if not name.startswith("_")
    }


def test_every_method_of_the_published_client_is_there_with_its_arguments(published, client, server, person):
    theirs, ours = published(url=f"{server.url}/api", key=person.key), arguments(client)
    assert theirs.items() <= ours.items()
    assert "users.get_me" in theirs


def test_a_large_document_of_another_server_makes_every_method_of_the_published_client(published, large_document):
    theirs = published(url="http://127.0.0.1:9", key="none", local_api_spec=str(large_document))
    assert len(theirs) > 900
    with Client("http://127.0.0.1:9", "none", local_api_spec=large_document) as one:
        assert theirs.items() <= arguments(one).items()


def test_users_are_listed_found_changed_and_made(root, client, person):
    me = client.users.get_me()
    assert isinstance(me, Response)
    assert (me.email, me.username, client.username, me.feature_flags) == (person.email, person.email, person.email, {})
    assert client.users.list_me() == me
    listed = root.users.list(query=person.email)
    assert isinstance(listed, ListResponse)
    assert [(one.id, one.createdAt == one.created_at) for one in listed] == [(me.id, True)]
    assert listed.total == 1
    assert client.users.patch(me.id, name="Ada").name == "Ada"
    made = root.users.post("Grace", "grace@sdk.example.org", admin=False)
    assert root.users.get(made.id).groups == []
    assert root.users.patch(made.id, active=False).active is False


def test_keys_are_made_and_revoked_and_a_revoked_one_is_told(client, server):
    key = client.users.post_api_keys("me", "short", expires_in=60)
    assert next(one.name for one in client.users.list_api_keys("me")) == "short"
    with Client(server.url, key.token) as other:
        assert other.username == client.username
        client.users.delete_api_keys("me", key.id)
        with pytest.raises(Failed, match="revoked") as failed:
            other.users.get_me()
        assert failed.value.status_code == 401


def test_groups_have_members_and_an_empty_answer_is_empty(root, client):
    me = client.users.get_me().id
    group = root.groups.post("Sdk team", description="Those of the SDK")
    assert len(root.groups.put_members(group.id, me).members) == 1
    gone = root.groups.delete_members(group.id, me)
    assert (len(gone), gone.json_data) == (0, None)
    assert root.groups.get(group.id).members == []


def test_udfs_have_tokens_and_runs(client, server):
    saved = client.save("def udf(n: int = 1):\n    print('said')\n    return n\n", "resourceful")
    (udf,) = client.udfs.list()
    assert (udf.name, udf.uid) == ("resourceful", saved["id"])
    token = client.udfs.post_tokens(udf.uid, cache=False, metadata={"anyKey": {"some_key": 1}})
    assert token.metadata == {"anyKey": {"some_key": 1}}
    assert client.udfs.list_tokens(udf.uid)[0].id == token.id
    uid = client.run("resourceful").run_id
    wait_until(lambda: client.runs.list(udf=udf.uid))
    run = client.runs.get(uid)
    assert (run.udf_name, run.stdout, run.timing.total > 0) == ("resourceful", "said\n", True)
    assert [line.message for line in client.runs.list_logs(uid)] == ["said"]
    assert client.runs(udf=udf.uid)[0]["uid"] == uid


def test_an_iterator_gives_everything_once(client):
    for number in range(5):
        client.users.post_api_keys("me", f"key {number}")
    names = [key.name for key in client.users.list_api_keys("me", limit=2, iterator=True)]
    assert len(names) == 6
    assert {f"key {number}" for number in range(5)} < set(names)


def test_environments_keep_their_own_methods_beside_those_of_the_server(client):
    made = client.environments.create("sdk-env", ["six==1.16.0"])
    assert client.environments.get("sdk-env").id == client.environments.get(made["id"]).id == made["id"]
    assert [one.name for one in client.environments.list(limit=10)] == ["sdk-env"]
    assert {"create", "follow", "post", "list_logs"} <= set(dir(client.environments))
    client.environments.delete(made["id"])
    with pytest.raises(Failed, match="no environment called 'sdk-env'"):
        client.environments.get("sdk-env")


def test_files_by_address_and_files_by_number_are_told_apart(client, played):
    client.files.upload(b"bytes", "sdk/one")
    assert [client.files.delete("sdk/one"), client.files.delete("sdk/one")] == [True, False]
    number = {"name": "id", "in": "path", "required": True, "type": "integer"}
    gone = {"summary": "Delete a file", "parameters": [number], "responses": {"204": {"description": "success"}}}
    played.answer(204)
    with Client(played.url, "key", local_api_spec={"paths": {"/files/{id}": {"delete": gone}}}) as one:
        assert one.files.delete(3).json_data is None
    assert played.asked[-1][:2] == ("DELETE", "/api/files/3")


@pytest.mark.parametrize("return_type", ["raw", "pandas"])
def test_the_other_return_types(server, person, return_type):
    with Client(server.url, person.key, return_type=return_type) as one:
        me = one.users.get_me()
        assert (me.json() if return_type == "raw" else me)["createdAt"].endswith("Z")
        assert one.username == person.email


def test_what_is_wrong_is_told_by_the_server(client):
    with pytest.raises(Failed, match="wants an integer from 1 to 10000") as failed:
        client.users.list(limit=0)
    assert failed.value.status_code == 422
    with pytest.raises(Failed, match="one of id, name, user") as failed:
        client.users.list(order="shoe size")
    with pytest.raises(Failed) as failed:
        client.users.get(2_000_000_000)
    assert failed.value.status_code == 404
    with pytest.raises(Failed) as failed:
        client.users.post("Eve", "eve@example.org")
    assert failed.value.status_code == 403


def test_a_key_that_is_wrong_and_none_at_all_are_told_with_what_to_do(server):
    for key in ("hr_wrong", None):
        with Client(server.url, key) as one, pytest.raises(Failed, match="headrace login headrace") as failed:
            one.users.list()
        assert failed.value.status_code == 401


def test_the_document_is_asked_for_once_and_then_by_its_tag(played):
    played.answer(200, DOCUMENT, ETag='"one"')
    played.routes = {"/api/scripts": []}
    with Client(played.url, "key") as one:
        assert played.asked == []
        one.scripts.list()
        one.scripts.list()
        one.databases  # noqa: B018
    assert [path for _, path, _, _ in played.asked] == ["/api/endpoints", "/api/scripts", "/api/scripts"]
    assert "if-none-match" not in played.asked[0][2]
    played.answer(304, ETag='"one"')
    with Client(played.url, "key") as two:
        two.scripts.list()
        assert two.specification is one.specification
    assert played.asked[3][2]["if-none-match"] == '"one"'
    changed = {"paths": {"/tags": DOCUMENT["paths"]["/databases"]}, "definitions": DOCUMENT["definitions"]}
    played.answer(200, changed, ETag='"two"')
    with Client(played.url, "key") as three:
        assert not hasattr(three, "scripts")
        assert "list" in dir(three.tags)
    played.answer(200, DOCUMENT)
    with Client(played.url, "another key") as four:
        four.scripts.list()
    assert "if-none-match" not in played.asked[-2][2]


def test_the_document_is_asked_for_again_where_the_server_is_busy(played):
    played.answer(503, None, Retry_After="0")
    played.answer(200, DOCUMENT)
    with Client(played.url, "patient") as one:
        assert one.scripts is not None


def test_a_server_that_says_the_same_still_says_so_with_304(client, server, person):
    tag = client.specification.etag
    assert tag
    answer = client.send("GET", f"{server.url}/api/endpoints", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    with Client(server.url, person.key) as again:
        assert again.specification is client.specification
    with Client(server.url, Person(server, "other").key) as other:
        assert other.specification is not client.specification
