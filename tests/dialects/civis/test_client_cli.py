"""The command line of the published client, which makes its commands from our document (protocol notes 1.1, 2.7, 4.10).

It is civis 2.10.1's alone: that of 1.6.2 asks Civis' own address, whatever it is told.
"""

import json
import os
import subprocess

import pytest

from published import Person


@pytest.fixture(scope="module")
def command(server, new_python, tmp_path_factory):
    """Run `civis ...` as somebody in a home of their own."""
    home = tmp_path_factory.mktemp("home")
    key = Person(server, "terminal").key

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        known = {"CIVIS_API_ENDPOINT": f"{server.url}/api", "CIVIS_API_KEY": key, "HOME": str(home)}
        return subprocess.run(
            [new_python.parent / "civis", *arguments],
            env={"PATH": os.environ["PATH"], **known, **environ},
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    run.home = home
    return run


def test_it_starts_with_a_group_of_commands_for_every_noun_and_no_complaint(command):
    said = command("--help")
    assert (said.returncode, said.stderr) == (0, "")
    for noun in ("files", "jobs", "notebooks", "projects", "scripts", "users", "remote-hosts", "sql"):
        assert f"\n  {noun} " in said.stdout, noun


def test_help_says_what_a_command_wants(command):
    said = command("scripts", "post-sql", "--help").stdout
    assert "CREDENTIAL_ID NAME REMOTE_HOST_ID SQL" in said.replace("\n", " ").replace("  ", " ")
    assert "--time-zone" in said


def test_an_object_is_made_listed_and_read(command):
    made = json.loads(command("projects", "post", "of the valley", "Rivers", "--json-output").stdout)
    assert (made["name"], made["description"]) == ("Rivers", "of the valley")
    listed = json.loads(command("projects", "list", "--limit", "1", "--order-dir", "desc", "--json-output").stdout)
    assert [one["id"] for one in listed] == [made["id"]]
    assert "name: Rivers\n" in command("projects", "get", str(made["id"])).stdout


def test_a_script_is_made_with_the_fields_of_a_file(command):
    (command.home / "schedule.yml").write_text("scheduled: true\nscheduledDays: [1]\nscheduled_hours: [4]\n")
    said = command("scripts", "post-python3", "Rain", "print(1)", "--schedule", "schedule.yml", "--json-output")
    made = json.loads(said.stdout)
    assert (made["name"], made["schedule"]["scheduledHours"]) == ("Rain", [4])


def test_what_is_refused_ends_with_1_and_its_sentence_on_stderr(command):
    said = command("projects", "get", "999999")
    assert said.returncode == 1
    assert "There is no project 999999" in said.stderr


def test_a_slash_at_the_end_of_the_address_doubles_and_does_no_harm(server, command):
    said = command("projects", "list", "--json-output", CIVIS_API_ENDPOINT=f"{server.url}/api/")
    assert (said.returncode, type(json.loads(said.stdout))) == (0, list)


def test_files_go_up_and_come_down(command):
    (command.home / "rain.csv").write_bytes(b"day,mm\n1,0.5\n")
    number = command("files", "upload", "rain.csv", "--name", "Rain").stdout.split()[-1]
    assert command("files", "download", number, "back.csv").returncode == 0
    assert (command.home / "back.csv").read_bytes() == b"day,mm\n1,0.5\n"


def test_what_is_not_served_yet_says_so(command):
    said = command("notebooks", "list")
    assert said.returncode == 1
    assert "not_served" in said.stderr
