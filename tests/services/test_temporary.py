"""Temporary keys for S3, from a server that speaks STS and from one that does not."""

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

import seaweed
from factories import somebody
from headrace.errors import Conflict, Forbidden, Invalid, LoginRefused, NotServed
from headrace.model.object import Level
from headrace.services import connections, credentials, hosts, sharing
from headrace.services.credentials import CREDENTIAL, S3


@pytest.fixture(scope="module")
def sts(tmp_path_factory):
    """A server that gives temporary keys."""
    with seaweed.s3(tmp_path_factory.mktemp("sts"), sts=True) as environ:
        yield environ


@pytest.fixture
def ada(admin):
    return somebody(admin, name="Ada")


def keep(caller, environ, query="", **fields):
    """A bucket, registered, with the keys for it."""
    url = f"{environ['AWS_ENDPOINT']}/headrace{query}"
    bucket = hosts.create_host(caller, name="Bucket", type="RemoteHostTypes::S3Storage", url=url)
    given = {"username": environ["AWS_ACCESS_KEY_ID"], "password": environ["AWS_SECRET_ACCESS_KEY"], **fields}
    made = credentials.create_credential(caller, type=S3, remote_host_id=bucket.id, **given)
    return bucket, made


def store(environ, keys):
    config = {
        "aws_endpoint": environ["AWS_ENDPOINT"],
        "aws_allow_http": "true",
        "aws_region": "us-east-1",
        "aws_access_key_id": keys["access_key"],
        "aws_secret_access_key": keys["secret_access_key"],
        "aws_session_token": keys["session_token"],
    }
    return S3Store("headrace", config=config, retry_config={"max_retries": 0})


def test_keys_open_the_bucket_and_expire(ada, sts):
    bucket, credential = keep(ada, sts)
    connections.authenticate(ada, bucket.id, None, credential.id)
    keys = connections.temporary_keys(ada, credential.id, 900)
    assert keys["access_key"] != credential.username
    opened = store(sts, keys)
    obstore.put(opened, "a", b"1")
    assert bytes(obstore.get(opened, "a").bytes()) == b"1"
    with pytest.raises(BaseError):
        obstore.get(store(sts, {**keys, "session_token": "x" + keys["session_token"]}), "a")


def test_keys_of_a_role_do_what_the_role_may(ada, sts):
    _, credential = keep(ada, sts, query=f"?role={seaweed.ROLE}")
    opened = store(sts, connections.temporary_keys(ada, credential.id, 129_600))
    obstore.list(opened).collect()
    with pytest.raises(BaseError):
        obstore.put(opened, "b", b"1")


def test_wrong_keys_are_refused(ada, sts):
    _, credential = keep(ada, sts, password="not the secret key")
    with pytest.raises(LoginRefused) as caught:
        connections.temporary_keys(ada, credential.id, 900)
    assert "not the secret key" not in str(caught.value)


def test_a_server_without_sts_is_said_to_be_one(ada, s3):
    _, credential = keep(ada, s3)
    with pytest.raises(NotServed, match="does not speak STS"):
        connections.temporary_keys(ada, credential.id, 900)


def test_only_keys_for_s3_make_temporary_ones(admin, ada, s3):
    bob = somebody(admin, name="Bob")
    plain = credentials.create_credential(ada, type="Custom", username="x", password="y")
    with pytest.raises(Invalid, match=S3):
        connections.temporary_keys(ada, plain.id, 900)
    bucket, credential = keep(ada, s3)
    sharing.share_with_users(ada, CREDENTIAL, credential.id, [bob.user.id], Level.READ)
    with pytest.raises(Forbidden):
        connections.temporary_keys(bob, credential.id, 900)
    hosts.update_host(ada, bucket.id, url="https://elsewhere.example.org/headrace")
    with pytest.raises(Conflict, match="has changed"):
        connections.temporary_keys(ada, credential.id, 900)
