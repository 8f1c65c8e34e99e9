"""Stores: a folder, and an S3 server of our own."""

from uuid import uuid4

import pytest

from headrace.store.blobs import Blobs


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
