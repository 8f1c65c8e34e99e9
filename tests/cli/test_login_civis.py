"""`headrace login civis`: what the published client reads."""

import json
import subprocess
import sys

import pytest

from published import environment

ASK = "import civis; print(civis.APIClient().users.get_me().email)"


@pytest.fixture(scope="session")
def civis():
    return environment("civis-2.10.1", sys.executable, "civis==2.10.1")


@pytest.fixture
def login(typed, server, person):
    def run(*words, **options):
        return typed("login", "civis", "--url", server.url, "--api-key", person.key, *words, **options)

    return run


def test_its_lines_set_what_the_published_client_reads(login, person, server, civis):
    done = login()
    assert done.stdout == f"export CIVIS_API_ENDPOINT={server.url}/api\nexport CIVIS_API_KEY={person.key}\n"
    assert f"{server.url} knows you as {person.email}." in done.stderr
    asked = subprocess.run(
        ["bash", "-c", f'eval "$1"; exec {civis} -W ignore -c "{ASK}"', "-", done.stdout],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout == f"{person.email}\n"


def test_a_file_of_them_is_for_its_owner_alone(login, person, tmp_path):
    done = login("--file", "civis.sh")
    file = tmp_path / "civis.sh"
    assert (done.stdout, file.stat().st_mode & 0o777) == ("", 0o600)
    assert "`. civis.sh` sets them" in done.stderr
    said = subprocess.run(
        ["sh", "-c", '. "$0"; echo "$CIVIS_API_KEY"', file], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"{person.key}\n"
    assert "cannot be written" in login("--file", "no/where.sh", status=1).stderr


def test_other_shells_have_their_own_words(login, person):
    assert f"set -gx CIVIS_API_KEY '{person.key}'" in login("--shell", "fish").stdout
    assert f"$env:CIVIS_API_KEY = '{person.key}'" in login("--shell", "powershell").stdout


def test_a_key_that_the_server_does_not_know_gives_no_lines(typed, server):
    done = typed("login", "civis", "--url", server.url, "--api-key", "hr_wrong", status=1)
    assert (done.stdout, "not known" in done.stderr) == ("", True)


@pytest.mark.parametrize("kept", ['{"host": "api.example.org", "basePath": "/"}', "not json", "[]"])
def test_what_the_clients_command_line_keeps_of_another_server_is_removed(login, tmp_path, kept):
    file = tmp_path / ".civis_api_spec.json"
    file.write_text(kept)
    assert f"Removed: {file}" in login().stderr
    assert not file.exists()


def test_what_it_keeps_of_this_server_stays(login, server, tmp_path):
    file = tmp_path / ".civis_api_spec.json"
    with server.client() as http:
        file.write_text(json.dumps(http.get("/api/endpoints").json()))
    assert "Removed" not in login().stderr
    assert file.exists()


def test_what_cannot_be_removed_is_told(login, tmp_path):
    (tmp_path / ".civis_api_spec.json").mkdir()
    assert "cannot be removed" in login().stderr
