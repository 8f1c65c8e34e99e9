"""The stub from which editors complete is true: to what is declared, and to a type checker."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import headrace.client
from headrace.client import stubs
from headrace.client.specification import Specification
from headrace.dialects.civis import stubs as declared
from sdk_document import DOCUMENT

FILE = Path(headrace.client.__file__).with_name("resources.pyi")

PROGRAM = """
import headrace

client = headrace.Client()
reveal_type(client.users.get_me().username)
reveal_type(client.users.list(limit=5, order="name")[0].created_at)
reveal_type(next(client.users.list(iterator=True)).admin)
reveal_type(client.groups.put_members(1, 2).members[0])
reveal_type(client.runs.get("x").timing.total)
reveal_type(client.runs())
reveal_type(client.environments.list())
reveal_type(client.users.get_me().feature_flags)
client.users.post("Ada", "ada@example.org", admin=True)
client.anything_that_another_server_has.get(1)
"""
TYPES = [
    "str",
    "str",
    "bool",
    "Member",
    "float",
    "list[dict[str, Any]]",
    "ListResponse[Environment]",
    "Response",
]

WRONG = """
import headrace

client = headrace.Client()
client.users.get("1")
client.users.list(order="shoe size")
client.users.list(10)
client.users.post("Ada")
client.users.get(1, iterator=True)
client.users.get_me().shoe_size
client.users.put_shoes(1)
client.users.get_me().id.upper
"""


@pytest.fixture
def check(tmp_path):
    """What a type checker says of a program: rules and messages, by line."""
    checker = Path(sys.executable).with_name("pyright")
    if not checker.exists():
        pytest.skip("pyright is not installed: `make setup` installs it")

    def run(*files):
        for name, text in files:
            (tmp_path / name).write_text(text)
        (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
        done = subprocess.run(
            [checker, "--outputjson", "--pythonpath", sys.executable, "-p", tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
        return json.loads(done.stdout)["generalDiagnostics"]

    return run


def test_the_stub_is_that_of_what_is_declared():
    assert FILE.read_text() == declared.text(), "the API has changed: `make stubs` writes the stub anew"


def test_the_stub_names_the_methods_that_a_client_makes_with_their_arguments(client):
    text = FILE.read_text()
    for resource, names in client.specification.resources.items():
        for name in names:
            assert f"    def {name}(" in text
            for argument in list(inspect.signature(getattr(client.resource(resource), name)).parameters):
                assert f"        {argument}: " in text


def test_a_type_checker_knows_methods_arguments_and_fields(check):
    found = check(("program.py", PROGRAM))
    assert [one for one in found if one["severity"] == "error"] == []
    told = [one["message"] for one in found if one["severity"] == "information"]
    assert told == [f'Type of "{line[12:-1]}" is "{type_}"' for line, type_ in zip(reveals(), TYPES, strict=True)]


def reveals():
    return [line for line in PROGRAM.splitlines() if line.startswith("reveal_type")]


def test_a_type_checker_finds_what_is_wrong(check):
    wrong = {one["range"]["start"]["line"] for one in check(("wrong.py", WRONG)) if one["severity"] == "error"}
    assert wrong == set(range(4, 12)) - {9, 10}  # what a newer server may have is not wrong


def test_the_stub_of_another_servers_document_is_python(check):
    text = stubs.text(Specification(DOCUMENT))
    assert [one for one in check(("another.pyi", text)) if one["severity"] == "error"] == []
    assert "def list(\n        self,\n        *,\n        type: str = ...," in text
    assert "    provide_api_key: bool\n" in text
    assert "    parent: Script\n" in text
    assert "    notes: builtins.list[Schedule]\n" in text
    assert "    arguments: Response\n" in text
    assert "parent_id: int | None = ...," in text


def test_the_largest_document_there_is_gives_a_stub_that_checks(check, large_document):
    text = stubs.text(Specification(json.loads(large_document.read_text())))
    assert text.count("    def ") > 1000
    assert [one for one in check(("largest.pyi", text)) if one["severity"] == "error"] == []
