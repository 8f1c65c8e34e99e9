"""Commands as a person types them, against a server that serves."""

import os
import subprocess
import sys

import pytest

from published import Person


@pytest.fixture
def person(server):
    return Person(server, "typist")


@pytest.fixture
def typed(server, person, tmp_path):
    """Run a command as a person with a home of their own; what it printed. It is to end well unless told otherwise."""

    def run(*words, status=0, stdin="", **environ):
        done = subprocess.run(
            [sys.executable, "-m", "headrace", *words],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "200", **environ},
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "headrace/cli/" not in done.stderr  # no traceback of ours
        return done

    return run


@pytest.fixture
def at_home(typed, server, person):
    """The same, after `headrace login headrace`."""
    typed("login", "headrace", "--url", server.url, "--api-key", person.key)
    return typed
