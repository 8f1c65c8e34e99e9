"""`headrace api`: a command for every operation of a server that serves."""

import json
import os
import re
import subprocess
import sys

import click
import pytest

from headrace.cli._answers import choose
from headrace.cli._operation import command
from headrace.client import Client
from published import Person


@pytest.fixture
def as_root(typed, server):
    """Commands of the administrator."""

    def run(*words, **options):
        return typed("api", *words, HEADRACE_URL=server.url, HEADRACE_API_KEY=server.admin_key, **options)

    return run


@pytest.fixture
def completed(tmp_path):
    """What the shell is offered for a line that is being typed."""

    def ask(line, **environ):
        words = line.split()
        number = len(words) if line.endswith(" ") else len(words) - 1
        shell = {"_HEADRACE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(number)}
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from headrace.cli import cli; cli(prog_name='headrace')"],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **shell, **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return [one.partition(",")[2] for one in done.stdout.split()]

    return ask


def test_resources_and_methods_are_listed(at_home):
    shown = at_home("api").stdout
    assert re.search(r"^  users +Users: \d+ operations\.$", shown, re.MULTILINE)
    shown = at_home("api", "users").stdout
    assert re.search(r"^  get +Show info about a user$", shown, re.MULTILINE)
    assert re.search(r"^  get-me +", shown, re.MULTILINE)
    assert "list-me" not in shown


def test_every_operation_of_the_client_is_a_command_with_its_help(server, person):
    with Client(server.url, person.key) as client:
        found = client.specification
    for methods in found.resources.values():
        for name, method in methods.items():
            made = command(name.replace("_", "-"), method, found)
            shown = made.get_help(click.Context(made, info_name=name))
            assert method.summary.split()[0] in shown
            for argument in method.required:
                assert argument.name.replace("_", "-").upper() in shown
            for argument in method.optional:
                assert f"--{argument.name.replace('_', '-')}" in shown


def test_help_tells_what_an_operation_takes(at_home):
    shown = " ".join(at_home("api", "users", "list", "--help").stdout.split())
    assert "[OPTIONS] List users." in shown
    assert "--account-status [active|all|inactive]" in shown
    assert "The server's default is 20." in shown
    shown = at_home("api", "groups", "put-members", "--help").stdout
    assert "put-members [OPTIONS] ID USER-ID" in shown
    assert re.search(r"^  ID +The ID\.$", shown, re.MULTILINE)


def test_a_list_is_a_table_and_json_for_programs(as_root, person):
    done = as_root("users", "list", "--query", person.email)
    heads, row = done.stdout.splitlines()
    assert heads.split()[:4] == ["id", "user", "name", "email"]
    assert person.email in row
    assert done.stderr == "1 row\n"
    narrow = as_root("users", "list", "--query", person.email, COLUMNS="60")
    assert all(len(line) <= 60 for line in narrow.stdout.splitlines())
    assert re.fullmatch(r"1 row; \d more fields with --json\n", narrow.stderr)
    (found,) = json.loads(as_root("users", "list", "--query", person.email, "--json").stdout)
    assert (found["email"], "createdAt" in found) == (person.email, True)
    page = as_root("users", "list", "--limit", "1", "--page-num", "2")
    assert re.fullmatch(r"1 row of \d+, page 2 of \d+\n", page.stderr)


def test_all_pages_are_given_on_demand(at_home):
    for number in range(3):
        at_home("api", "users", "post-api-keys", "me", f"key {number}")
    assert len(json.loads(at_home("api", "users", "list-api-keys", "me", "--limit", "2", "--json").stdout)) == 2
    found = json.loads(at_home("api", "users", "list-api-keys", "me", "--limit", "2", "--all", "--json").stdout)
    assert len(found) == 4


def test_an_object_is_shown_by_its_fields(at_home, person):
    shown = at_home("api", "users", "get-me").stdout
    assert re.search(rf"^email +{person.email}", shown, re.MULTILINE)
    assert re.search(r"^feature_flags +{}", shown, re.MULTILINE)
    assert at_home("api", "users", "list-me").stdout == shown
    assert json.loads(at_home("api", "users", "get-me", "--json").stdout)["email"] == person.email


def test_what_is_made_has_lists_objects_and_flags_of_its_own(as_root, person, at_home, tmp_path):
    group = json.loads(as_root("groups", "post", "Typists", "--description", "They type", "--json").stdout)
    (tmp_path / "groups.json").write_text(f"[{group['id']}]")
    made = as_root(
        "users", "post", "Ann", "ann@typed.example.org", "--group-ids", "@groups.json", "--no-admin", "--json"
    )
    user = json.loads(made.stdout)
    assert ([one["id"] for one in user["groups"]], user["admin"]) == ([group["id"]], False)
    assert "Ann" in as_root("users", "patch", str(user["id"]), "--admin").stdout
    gone = as_root("groups", "delete-members", str(group["id"]), str(user["id"]))
    assert (gone.stdout, gone.stderr) == ("", "Done.\n")
    at_home("udf", "new", "typed.py")
    at_home("udf", "push", "typed.py")
    (udf,) = json.loads(at_home("api", "udfs", "list", "--json").stdout)
    token = at_home(
        "api", "udfs", "post-tokens", udf["uid"], "--metadata", "@-", "--no-cache", "--json", stdin='{"aKey": 1}'
    )
    made = json.loads(token.stdout)
    assert (made["metadata"], made["cache"]) == ({"aKey": 1}, False)
    changed = at_home("api", "udfs", "patch-tokens", udf["uid"], str(made["id"]), "--metadata", "null", "--json")
    assert json.loads(changed.stdout)["id"] == made["id"]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ("users get 2000000000", 1, "There is no user 2000000000"),
        ("users list --limit 0", 1, "wants an integer from 1"),
        ("users post Eve eve@example.org", 1, "administrator"),
        ("users get x", 2, "not a valid integer"),
        ("users get", 2, "Missing argument 'ID'"),
        ("users list --order shoe", 2, "'shoe' is not one of 'id', 'name', 'user'"),
        ("users post Eve eve@example.org --group-ids {}", 2, r"wants a JSON array, such as \[1, 2\]"),
        ("users post Eve eve@example.org --group-ids [", 2, "wants JSON, or @file"),
        ("users post Eve eve@example.org --group-ids @nowhere", 2, "nowhere"),
        ("usrs", 2, "There is no resource 'usrs'; there are .*users"),
        ("users gett", 2, "There is no method 'gett'; there are delete-api-keys, get, "),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(at_home, words, status, sentence):
    done = at_home("api", *words.split(), status=status)
    assert done.stdout == ""
    assert re.search(sentence, " ".join(done.stderr.split()))


def test_a_server_that_is_away_and_a_key_that_is_wrong_are_told(typed, server):
    done = typed("api", "users", "list", status=1, HEADRACE_URL="http://127.0.0.1:9", HEADRACE_API_KEY="k")
    assert "http://127.0.0.1:9 does not answer" in done.stderr
    done = typed("api", "users", "list", status=1, HEADRACE_URL=server.url, HEADRACE_API_KEY="hr_wrong")
    assert "not known here. `headrace login headrace` keeps a key" in " ".join(done.stderr.split())
    done = typed("api", "--url", server.url, "users", "list", status=1, HEADRACE_API_KEY="hr_wrong")
    assert "not known here" in done.stderr


def test_words_are_completed_by_what_is_kept_without_a_server(at_home, completed, tmp_path):
    at_home("api", "users")
    away = {"HEADRACE_API_KEY": "no key any more"}
    assert completed("headrace api us", **away) == ["users"]
    assert completed("headrace api users get-", **away) == ["get-api-keys", "get-me"]
    assert completed("headrace api users list --order-", **away) == ["--order-dir"]
    assert completed("headrace api users list --order ", **away) == ["id", "name", "user"]
    assert completed("headrace api us", HEADRACE_URL="http://127.0.0.1:9") == []


def test_words_are_completed_of_a_server_that_was_not_asked_yet(completed, server, person):
    environ = {"HEADRACE_URL": server.url, "HEADRACE_API_KEY": person.key}
    assert completed("headrace api env", **environ) == ["environments"]


def test_completing_a_word_imports_no_http(at_home, tmp_path):
    at_home("api", "users")
    code = """
import sys
from headrace.cli import cli
try:
    cli(prog_name="headrace")
finally:
    assert "httpx" not in sys.modules and "rich" not in sys.modules, "heavy modules"
"""
    shell = {"_HEADRACE_COMPLETE": "bash_complete", "COMP_WORDS": "headrace api us", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **shell},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "plain,users\n"


def test_what_is_kept_names_its_server_and_is_asked_for_again_by_its_tag(at_home, tmp_path, server, person):
    at_home("api", "users")
    folder = tmp_path / ".config" / "headrace"
    (file,) = folder.glob("operations-*.json")
    kept = json.loads(file.read_text())
    assert (kept["url"], bool(kept["etag"]), file.stat().st_mode & 0o777) == (server.url, True, 0o600)
    before = file.stat().st_ino
    at_home("api", "users", "get-me")
    assert file.stat().st_ino == before
    kept["etag"] = '"an old one"'
    kept["document"]["paths"] = {}
    file.write_text(json.dumps(kept))
    at_home("api", "users", "get-me")
    assert "/users/me" in json.loads(file.read_text())["document"]["paths"]
    for broken in ("", "{}", "[1]", '{"url": 1}'):
        file.write_text(broken)
        at_home("api", "users", "get-me")
    assert json.loads(file.read_text())["url"] == server.url


def test_two_people_are_not_confused(typed, server, person):
    other = Person(server, "another")
    for one in (person, other):
        shown = typed("api", "users", "get-me", "--json", HEADRACE_URL=server.url, HEADRACE_API_KEY=one.key).stdout
        assert json.loads(shown)["email"] == one.email


def test_a_table_has_the_fields_that_the_width_takes():
    rows = [{"id": 1, "name": "a" * 30, "empty": None, "nested": {"a": 1}, "last": "x"}]
    declared = ["id", "name", "empty", "nested", "last"]
    assert choose(rows, declared, 80) == (["id", "name", "last"], 2)
    assert choose(rows, declared, 38) == (["id", "name"], 3)
    assert choose(rows, declared, 1) == (["id"], 4)
    assert choose([{"new": 1}], ["id"], 80) == (["new"], 1)
