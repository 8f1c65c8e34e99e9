"""An array that lies in a bucket is made, written and read as one that lies in a folder."""

import pytest

from headrace.errors import Invalid
from headrace.model.query import Place


def test_an_array_in_a_bucket(desk, s3):
    endpoint = s3["AWS_ENDPOINT"].removeprefix("http://")
    config = {
        "vfs.s3.endpoint_override": endpoint,
        "vfs.s3.scheme": "http",
        "vfs.s3.use_virtual_addressing": "false",
        "vfs.s3.region": "us-east-1",
        "vfs.s3.aws_access_key_id": s3["AWS_ACCESS_KEY_ID"],
        "vfs.s3.aws_secret_access_key": s3["AWS_SECRET_ACCESS_KEY"],
    }
    uri = "s3://headrace/arrays/prices"

    def here(*, exists=True, **changed):
        return [Place(uri=uri, kind="array", path=uri, writable=True, exists=exists, config=config | changed)]

    desk.places = here(exists=False)
    desk.run(f"CREATE TABLE `{uri}` (id INT dimension=1, name TEXT) ENGINE=MyTile")
    desk.places = here()
    desk.run(f"INSERT INTO `{uri}` SELECT id, name FROM ada.people")
    desk.places = here()
    assert desk.rows(f"SELECT name FROM `{uri}` WHERE id > 1") == [("Bob",)]
    desk.places = here()
    assert desk.one(f"SELECT count(*) FROM `{uri}`") == 2
    desk.places = here(**{"vfs.s3.aws_secret_access_key": "wrong", "vfs.s3.connect_max_tries": "1"})
    with pytest.raises(Invalid) as refused:
        desk.run(f"SELECT * FROM `{uri}`")
    assert s3["AWS_SECRET_ACCESS_KEY"] not in refused.value.message
