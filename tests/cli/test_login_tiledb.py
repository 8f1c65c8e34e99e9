"""`headrace login tiledb`: what the published client reads."""

import json
import subprocess
import sys
import uuid

import pytest

from published import Person, environment
from tiledb_wire import NEW

ASK = "import tiledb.cloud; print(tiledb.cloud.user_profile().username)"


@pytest.fixture
def person(server):
    return Person(server, "array", f"array{uuid.uuid4().hex[:10]}")


def test_its_file_is_what_the_published_client_reads(typed, server, person, tmp_path):
    python = environment("tiledb-cloud-0.14.4", sys.executable, *NEW)
    done = typed("login", "tiledb", "--url", server.url, "--api-key", person.key)
    file = tmp_path / ".tiledb" / "cloud.json"
    assert f"Written: {file}." in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    asked = subprocess.run(
        [python, "-W", "ignore", "-c", ASK], env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert asked.stdout == f"{person.username}\n"


@pytest.mark.parametrize("before", ['{"host": "https://api.example.org"}', "not json", "[]"])
def test_what_was_there_is_kept_beside_it(typed, server, person, tmp_path, before):
    folder = tmp_path / ".tiledb"
    folder.mkdir()
    (folder / "cloud.json").write_text(before)
    for _ in range(2):
        typed("login", "tiledb", "--url", server.url, "--api-key", person.key)
    assert (folder / "cloud.json.before").read_text() == before
    assert json.loads((folder / "cloud.json").read_text())["host"] == server.url


def test_a_key_that_is_not_known_writes_nothing_and_the_environment_is_told_of(typed, server, person, tmp_path):
    typed("login", "tiledb", "--url", server.url, "--api-key", "hr_wrong", status=1)
    assert not (tmp_path / ".tiledb").exists()
    done = typed("login", "tiledb", "--url", server.url, "--api-key", person.key, TILEDB_REST_TOKEN="other")
    assert "TILEDB_REST_TOKEN in your environment goes before the file" in done.stderr
