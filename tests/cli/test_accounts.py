"""The commands for users, groups and keys."""

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from headrace import settings as table
from headrace.cli import cli
from headrace.errors import HeadraceError, Unauthenticated
from headrace.server import open_platform
from headrace.services import accounts


@pytest.fixture
def headrace(home, database_url, monkeypatch):
    """Run a command on the home; its lines."""
    monkeypatch.setenv("HEADRACE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> list[str]:
        outcome = CliRunner().invoke(
            cli, [*arguments, "--home", str(home)], catch_exceptions=False, standalone_mode=False
        )
        return outcome.output.splitlines()

    return run


@pytest.fixture
def authenticate(home, database_url):
    opened = open_platform(table.load({"HEADRACE_HOME": str(home), "HEADRACE_DATABASE_URL": database_url}))
    yield lambda text: accounts.authenticate(opened, text)
    opened.db.close()


def test_a_new_user_gets_a_key_alone_on_the_last_line(headrace, authenticate):
    headrace("users", "add", "Ann", "--email", "Ann@example.org")
    lines = headrace("keys", "create", "--user", "ann@example.org", "--expires", "90d", "--name", "laptop")
    assert re.fullmatch(r"hr_[\w-]{43}", lines[-1])
    who = authenticate(lines[-1]).user
    assert (who.name, who.email, who.admin) == ("Ann", "ann@example.org", False)
    (shown,) = [line for line in headrace("keys", "list", "--user", "ann@example.org") if "laptop" in line]
    assert lines[-1][-4:] in shown
    assert lines[-1] not in shown


def test_an_administrator_is_added_with_a_flag(headrace, authenticate):
    headrace("users", "add", "Root", "--email", "root@example.org", "--username", "root", "--admin")
    assert authenticate(headrace("keys", "create", "--user", "root")[-1]).user.admin


def test_a_revoked_key_opens_nothing(headrace, authenticate):
    lines = headrace("keys", "create", "--user", "admin")
    number = re.search(r"Key (\d+)", lines[0])[1]
    headrace("keys", "revoke", number, "--user", "admin")
    with pytest.raises(Unauthenticated, match="revoked"):
        authenticate(lines[-1])
    assert any("revoked" in line for line in headrace("keys", "list", "--user", "admin"))


def test_a_closed_account_is_shown_as_closed(headrace, authenticate):
    headrace("users", "add", "Ann", "--email", "ann@example.org")
    key = headrace("keys", "create", "--user", "ann@example.org")[-1]
    headrace("users", "close", "ann@example.org")
    with pytest.raises(Unauthenticated, match="closed"):
        authenticate(key)
    assert any("ann@example.org" in line and "closed" in line for line in headrace("users", "list"))


def test_users_are_listed_and_looked_for(headrace):
    headrace("users", "add", "Ann", "--email", "ann@example.org")
    text = "\n".join(headrace("users", "list"))
    assert "2 users" in text
    assert "admin@localhost" in text
    assert "admin@localhost" not in "\n".join(headrace("users", "list", "--query", "ann"))


def test_groups_are_joined_and_left(headrace):
    headrace("users", "add", "Ann", "--email", "ann@example.org")
    headrace("groups", "add", "Water team", "--description", "They look after it")
    headrace("groups", "join", "Water team", "ann@example.org")
    assert any("Water team" in line and "ann@example.org" in line for line in headrace("groups", "list"))
    headrace("groups", "leave", "Water team", "ann@example.org")
    assert not any("ann@example.org" in line for line in headrace("groups", "list"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("users", "add", "Ann", "--email", "ann"), "no e-mail"),
        (("users", "add", "", "--email", "a@b"), "A name has"),
        (("users", "add", "Ann", "--email", "admin@localhost"), "is there already"),
        (("users", "close", "admin"), "last administrator"),
        (("users", "close", "nobody"), "no user 'nobody'"),
        (("keys", "create", "--user", "nobody"), "no user 'nobody'"),
        (("keys", "create", "--user", "admin", "--expires", "soon"), "--expires wants"),
        (("keys", "create", "--user", "admin", "--expires", "0"), "expires after some time"),
        (("keys", "revoke", "99", "--user", "admin"), "no key 99"),
        (("groups", "join", "none", "admin"), "no group 'none'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(headrace, arguments, sentence):
    with pytest.raises(HeadraceError, match=sentence):
        headrace(*arguments)


def test_as_a_program_an_error_is_one_line_and_status_1(home):
    command = [sys.executable, "-m", "headrace", "users", "close", "nobody", "--home", str(home)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.strip().splitlines()) == 1
