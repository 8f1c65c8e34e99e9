"""Stores: a folder, and an S3 server of our own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

import seaweed
from headrace.store.blobs import Blobs


@pytest.fixture(scope="session")
def s3(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The environment that leads to a server which lives as long as the tests."""
    with seaweed.s3(tmp_path_factory.mktemp("seaweed")) as environ:
        yield environ


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture(params=["folder", "s3"])
def blobs(request, folder, monkeypatch) -> Blobs:
    """A store of either kind; in the bucket, each test has a prefix of its own."""
    if request.param == "folder":
        return Blobs(folder)
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    return Blobs(f"s3://headrace/{uuid4()}")
