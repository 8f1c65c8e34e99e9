"""Files under a number where the bucket itself takes parts: its URLs check nothing, so completing does."""

import os

import pytest

from conftest import serving
from published import Person
from uploading import Uploader


@pytest.fixture(scope="module")
def bucket(s3, tmp_path_factory):
    """A server that takes little, over a bucket that takes anything."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.items():
            patch.setenv(name, value)
        limits = {"file_mb": 2, "files_mb": 4, "store_url": "s3://headrace/direct", "files_redirect": True}
        with serving(tmp_path_factory.mktemp("direct") / "home", **limits) as one:
            one.endpoint = s3["AWS_ENDPOINT"]
            yield one


@pytest.fixture
def files(bucket):
    with bucket.client(Person(bucket, "person").key) as http, Uploader(http) as one:
        yield one


def test_parts_go_to_the_bucket_and_the_file_is_read_through_the_server(files, bucket):
    parts = [os.urandom(700_000), b"", os.urandom(5)]
    announced = files.announce_parts(3)
    assert all(url.startswith(bucket.endpoint) for url in announced["uploadUrls"])
    files.put(announced["uploadUrls"][2], b"wrong")
    for url, data in zip(announced["uploadUrls"][1:], parts[1:], strict=True):
        assert files.put(url, data).status_code == 200
    progress = files.progress(announced["id"])
    assert ([part["size"] for part in progress["parts"]], progress["missing"]) == ([0, 5], [1])
    assert files.complete(announced["id"]).status_code == 409
    assert files.put(progress["uploadUrls"][0], parts[0]).status_code == 200
    assert files.complete(announced["id"]).status_code == 204
    assert files.read(announced["id"]).content == b"".join(parts)
    single = files.upload(b"in one piece")
    answer = files.read(single, headers={"Range": "bytes=3-5"})
    assert (answer.status_code, answer.content) == (206, b"one")
    assert str(answer.url).startswith(bucket.endpoint)


def test_a_url_of_the_bucket_does_not_change_what_was_completed(files):
    announced = files.announce_parts(1)
    files.put(announced["uploadUrls"][0], b"before")
    assert files.complete(announced["id"]).status_code == 204
    assert files.put(announced["uploadUrls"][0], b"after!").status_code == 200  # the bucket takes it, to no effect
    assert files.complete(announced["id"]).status_code == 204
    assert files.read(announced["id"]).content == b"before"


def test_what_a_bucket_took_and_the_server_does_not_is_no_file(files):
    large = files.announce_parts(2)
    for url in large["uploadUrls"]:
        assert files.put(url, bytes(1_500_000)).status_code == 200
    refused = files.complete(large["id"])
    assert (refused.status_code, "HEADRACE_FILE_MB" in refused.json()["errorDescription"]) == (413, True)
    more = files.announce_parts(1)
    files.put(more["uploadUrls"][0], bytes(1_500_000))
    refused = files.complete(more["id"])
    assert (refused.status_code, "HEADRACE_FILES_MB" in refused.json()["errorDescription"]) == (413, True)
    answer = files.http.post("/api/files/multipart", json={"name": "x", "num_parts": 1})
    assert answer.status_code == 413
    for announced in (large, more):
        assert files.get(announced["id"])["fileUrl"] is None
        assert files.http.delete(f"/api/files/{announced['id']}").status_code == 204
    assert files.http.post("/api/files/multipart", json={"name": "x", "num_parts": 1}).status_code == 201
