"""Files where the store is an object store: the same through the front door, and what only such a store does."""

import os

import httpx
import pytest

from conftest import serving

V1 = "/server/v1"


@pytest.fixture(scope="module")
def known(s3):
    """The credentials of the object store, where the cloud's own tools look for them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module", params=[False, True], ids=["through", "redirected"])
def bucket(request, known, tmp_path_factory):
    """A server over a bucket: readers go through it, or are redirected to the bucket."""
    url = f"s3://headrace/{'redirected' if request.param else 'through'}"
    home = tmp_path_factory.mktemp("bucket") / "home"
    with serving(home, store_url=url, files_redirect=request.param) as one:
        one.redirects, one.store_url = request.param, url
        yield one


@pytest.fixture
def http(bucket):
    with bucket.client() as one:
        one.request("DELETE", f"{V1}/files/delete", params={"path": "fd://", "max_deletion_depth": "unlimited"})
        yield one


def put(http, path, data):
    return http.put(f"{V1}/files/upload", params={"path": path}, content=data)


def get(http, path, **more):
    return http.get(f"{V1}/files/get", params={"path": path}, **more)


@pytest.mark.parametrize("size", [0, 10, 20_000_000])
def test_bytes_come_back_from_a_bucket(http, bucket, size):
    data = os.urandom(size)
    assert put(http, "fd://a/100% b.bin", data).status_code == 200
    answer = get(http, "fd://a/100% b.bin")
    assert answer.status_code == (307 if bucket.redirects else 200)
    assert get(http, "fd://a/100% b.bin", follow_redirects=True).content == data
    signed = http.get(f"{V1}/files/sign", params={"path": "fd://a/100% b.bin"}).json()
    assert httpx.get(signed, follow_redirects=True).content == data
    assert http.get(f"{V1}/files/list", params={"path": "fd://a"}).json() == ["fd://a/100% b.bin"]


def test_who_is_redirected_does_not_take_the_key_along(http, bucket):
    put(http, "fd://f", b"12345")
    answer = get(http, "fd://f", follow_redirects=True, headers={"Range": "bytes=1-2"})
    assert (answer.status_code, answer.content) == (206, b"23")
    if bucket.redirects:
        assert "authorization" not in answer.request.headers
        assert http.headers["authorization"].split()[1] not in str(answer.request.url)


def test_a_file_is_known_by_its_address_in_the_bucket_too(http, bucket):
    put(http, "fd://a/b", b"12345")
    real = http.post(f"{V1}/files/resolve", params={"path": "fd://a/b"}).json()
    assert real == f"{bucket.store_url}/files/1/a/b"
    assert get(http, real, follow_redirects=True).content == b"12345"
    root = http.post(f"{V1}/files/resolve", params={"path": "fd://"}).json()
    assert "fd://a/" in http.get(f"{V1}/files/list", params={"path": root}).json()
    for other in (
        f"{bucket.store_url}/files/2/a/b",
        f"{bucket.store_url}/results/x",
        f"{root}../2/a",
        "s3://headrace/x",
    ):
        assert get(http, other).status_code == 422


def test_what_is_deleted_is_gone_from_a_bucket(http):
    for n in range(5):
        put(http, f"fd://d/{n}/f", b"1")
    assert http.request("DELETE", f"{V1}/files/delete", params={"path": "fd://d"}).json() is True
    # Every file by its address; this server of the tests shows folders for a while after what was in them.
    assert http.get(f"{V1}/files/sign_prefix", params={"path": "fd://"}).json() == {}
    assert http.request("DELETE", f"{V1}/files/delete", params={"path": "fd://d"}).json() is False


def test_a_form_that_does_not_fit_leaves_nothing_in_a_bucket(http):
    form = http.get(f"{V1}/files/sign-upload", params={"path": "fd://x", "content_length": 20_000_000}).json()
    answer = httpx.post(form["url"], data=form["fields"], files={"file": bytes(19_999_999)}, timeout=60)
    assert answer.status_code == 422
    assert get(http, "fd://x", follow_redirects=True).status_code == 404
    answer = httpx.post(form["url"], data=form["fields"], files={"file": bytes(20_000_000)}, timeout=60)
    assert answer.status_code == 204
