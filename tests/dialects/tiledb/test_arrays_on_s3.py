"""Arrays in an object store, opened with credentials that are kept here. The store is on loopback."""

import numpy as np
import pytest
import tiledb

from conftest import serving
from tiledb_wire import person as new_person
from tiledb_wire import strict


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One whose workers reach what its host reaches."""
    with serving(tmp_path_factory.mktemp("on_s3") / "home", network="host") as one:
        yield one


@pytest.fixture(scope="module")
def cells(s3):
    """The address of an array of four cells in a bucket that wants keys."""
    config = {
        "vfs.s3.endpoint_override": s3["AWS_ENDPOINT"].partition("://")[2],
        "vfs.s3.scheme": "http",
        "vfs.s3.use_virtual_addressing": "false",
        "vfs.s3.region": "us-east-1",
        "vfs.s3.aws_access_key_id": s3["AWS_ACCESS_KEY_ID"],
        "vfs.s3.aws_secret_access_key": s3["AWS_SECRET_ACCESS_KEY"],
    }
    uri = "s3://headrace/arrays/four"
    tiledb.from_numpy(uri, np.array([1, 2, 3, 4]), ctx=tiledb.Ctx(config)).close()
    return uri


@pytest.fixture
def keep(server, s3):
    """Register the bucket for somebody, with a credential of that name."""

    def keep(key: str, name: str = "store") -> None:
        with server.client(key) as http:
            address = {"type": "RemoteHostTypes::S3Storage", "url": f"{s3['AWS_ENDPOINT']}/headrace"}
            host = http.post("/api/remote_hosts", json={"name": f"Bucket of {name}", **address}).json()
            keys = {"username": s3["AWS_ACCESS_KEY_ID"], "password": s3["AWS_SECRET_ACCESS_KEY"]}
            given = {"type": "Amazon Web Services S3", "name": name, "remoteHostId": host["id"], **keys}
            assert http.post("/api/credentials", json=given).status_code < 300

    return keep


def ask(http, username, uri):
    return http.post(f"/v1/sql/{username}", json={"query": f"select count(*) as n from `{uri}`"})


def test_a_credential_for_its_bucket_opens_an_array(web, person, s3, keep, cells):
    web.post(f"/v1/arrays/{person.username}/four/register", json={"name": "four", "uri": cells})
    uri = f"tiledb://{person.username}/four"
    closed = ask(web, person.username, uri)
    assert closed.status_code == 422
    keep(person.key)
    assert ask(web, person.username, uri).json() == [{"n": 4}]
    assert ask(web, person.username, cells).json() == [{"n": 4}]
    written = web.post(
        f"/v1/sql/{person.username}", json={"query": f"select * from `{uri}` limit 1", "store_results": True}
    )
    assert s3["AWS_SECRET_ACCESS_KEY"] not in web.get(f"/v1/task/{written.headers['x-tiledb-cloud-task-id']}").text


def test_a_credential_is_named_by_the_array(web, person, keep, cells):
    given = {"name": "four", "uri": cells, "access_credentials_name": "right"}
    web.post(f"/v1/arrays/{person.username}/four/register", json=given)
    uri = f"tiledb://{person.username}/four"
    keep(person.key, "other")
    refused = ask(web, person.username, uri)
    assert refused.status_code == 422
    assert "wants the credential 'right'" in refused.json()["message"]
    keep(person.key, "right")
    assert ask(web, person.username, uri).json() == [{"n": 4}]


def test_who_it_is_shared_with_uses_keys_of_their_own(web, person, server, keep, cells):
    web.post(f"/v1/arrays/{person.username}/four/register", json={"name": "four", "uri": cells})
    keep(person.key)
    friend = new_person(server, "friend")
    share = {"namespace": friend.username, "actions": ["read"]}
    web.patch(f"/v1/arrays/{person.username}/four/share", json=share)
    uri = f"tiledb://{person.username}/four"
    with strict(server, friend.key) as http:
        assert ask(http, friend.username, uri).status_code == 422
        keep(friend.key)
        assert ask(http, friend.username, uri).json() == [{"n": 4}]
