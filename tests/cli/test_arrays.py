"""`headrace arrays`."""

import json
import uuid

import pytest

from published import Person


@pytest.fixture
def person(server):
    return Person(server, "shelf", f"shelf{uuid.uuid4().hex[:10]}")


def test_arrays_are_made_filled_listed_and_removed(at_home, person, tmp_path):
    uri = f"tiledb://{person.username}/grid"
    made = at_home(
        "arrays", "create", "grid", "--dim", "x:INT:0:9", "--dim", "y:INT:0:9:5", "--attr", "v:DOUBLE", "--dense"
    )
    assert made.stdout == f"{uri} is made.\n"
    at_home("sql", f"INSERT INTO `{uri}` VALUES (1, 2, 0.5)", "--dialect", "mysql")
    assert at_home("sql", f'SELECT x, y, v FROM "{uri}" WHERE v > 0').stdout == "x,y,v\n1,2,0.5\n"
    (tmp_path / "t.csv").write_text("id,name\n4,a\n9,b\n")
    assert (
        f"tiledb://{person.username}/people is made, by id."
        in at_home("arrays", "ingest", "t.csv", "people", "--dim", "id").stdout
    )
    listed = at_home("arrays")
    assert uri in listed.stdout
    assert listed.stderr == "2 of 2\n"
    assert {one["name"] for one in json.loads(at_home("arrays", "list", "--json").stdout)} == {"grid", "people"}
    info = at_home("arrays", "info", "people").stdout
    assert f"of {person.username}" in info
    assert "bigint, dimension" in info
    assert at_home("arrays", "delete", "grid").stdout == "grid is removed.\n"
    assert at_home("arrays").stderr == "1 of 1\n"


def test_what_is_no_dimension_is_refused(at_home):
    for wrong in ("x", "x:INT:0", "x:INT:0:9'; DROP", ":INT:0:9"):
        assert "is no" in at_home("arrays", "create", "a", "--dim", wrong, "--attr", "v:INT", status=2).stderr
