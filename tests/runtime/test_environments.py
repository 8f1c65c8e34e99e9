"""Environments: built once, in a folder of their own; each call sees the packages of its own."""

import pytest

from calling import value
from conftest import serving, wait_until

VERSION = "def udf():\n    import six\n    return [six.__version__, six.__file__]"


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("environments") / "home") as one:
        yield one


@pytest.fixture
def ask(host):
    with host.client() as client:
        yield client


def build(client, name, *requirements, python=None, state="ready"):
    """Make an environment and wait for its build; as the API shows it."""
    asked = {"name": name, "requirements": list(requirements)} | ({"python": python} if python else {})
    made = client.post("/api/environments", json=asked)
    assert made.status_code == 201, made.text
    return built(client, made.json()["id"], state)


def built(client, number, state="ready"):
    def look():
        return client.get(f"/api/environments/{number}").json()

    wait_until(lambda: look()["state"] in ("ready", "failed"), 240)
    assert look()["state"] == state, look()
    return look()


def inside(name, code):
    """The code of a udf that says its environment."""
    return f'@fused.udf(environment="{name}")\n{code}'


def test_two_versions_of_a_package_are_called_side_by_side(ask):
    old, new = build(ask, "old", "six==1.15.0"), build(ask, "new", "six==1.16.0")
    assert old["hash"] != new["hash"]
    for _ in range(3):
        assert value(ask, inside("old", VERSION))[0] == "1.15.0"
        assert value(ask, inside("new", VERSION))[0] == "1.16.0"
    assert "six==1.15.0" in old["packages"]
