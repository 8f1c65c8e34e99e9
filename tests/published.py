"""Published clients of other people's making, each in a virtual environment of its own, and the people who use them."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

from locks import making

CLIENTS = Path(__file__).parents[1] / ".cache" / "clients"
DRIVER = Path(__file__).parent / "published_driver.py"

_numbers = itertools.count(1)


class Person:
    """A user with a key, made by the administrator over the API."""

    def __init__(self, server, name: str, username: str | None = None, *, seconds: int = 3600) -> None:
        self.email = f"{name}-{next(_numbers)}@example.org"
        self.username = username or self.email
        with server.client() as http:
            made = http.post("/api/users", json={"name": name, "email": self.email, "user": self.username}).json()
            key = http.post(f"/api/users/{made['id']}/api_keys", json={"name": "test", "expiresIn": seconds}).json()
        self.key = key["token"]


class Published:
    """A published client in a process of its own, which runs the scripts it is given."""

    def __init__(self, python: Path, home: Path, environ: dict[str, str], prelude: str) -> None:
        self._scripts = home / "scripts"
        self._scripts.mkdir(parents=True)
        self._prelude = prelude
        self.log = home / "client.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, DRIVER],
                env={"PATH": os.environ["PATH"], "HOME": str(home), **environ},
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def run(self, script: str) -> SimpleNamespace:
        """What the script left in `answer`, as JSON gives it back, and what it printed. Fails as the script fails."""
        file = self._scripts / f"{len(list(self._scripts.iterdir()))}.py"
        file.write_text(f"{self._prelude}\n{textwrap.dedent(script)}")
        self._process.stdin.write(f"{file}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the client is gone:\n{self.log.read_text()}"
        said = SimpleNamespace(**json.loads(line))
        assert said.failure is None, f"{said.failure}\n{said.stderr}"
        return said

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def login(server, person: Person, home: Path, *command: str) -> str:
    """What `headrace login fused` prints, or the command that is named."""
    command = command or ("login", "fused", "--url", server.url, "--api-key", person.key)
    done = subprocess.run(
        [sys.executable, "-m", "headrace", *command],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(name: str, python: str, *requirements: str) -> Path:
    """The interpreter of a virtual environment that holds the requirements; made once and kept."""
    folder = CLIENTS / name
    with making(folder):
        return _environment(folder, python, requirements)


def _environment(folder: Path, python: str, requirements: tuple[str, ...]) -> Path:
    interpreter, made = folder / "bin" / "python", folder / ".requirements"
    wanted = "\n".join(requirements)
    if made.exists() and made.read_text() == wanted:
        return interpreter
    shutil.rmtree(folder, ignore_errors=True)
    if uv := shutil.which("uv"):
        commands = [
            [uv, "venv", "--quiet", "--python", python, folder],
            [uv, "pip", "install", "--quiet", "--python", interpreter, *requirements],
        ]
    else:
        commands = [
            [python, "-m", "venv", folder],
            [interpreter, "-m", "pip", "install", "--quiet", *requirements],
        ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"{folder.name} could not be installed here: {done.stderr.strip()[-300:]}")
    made.write_text(wanted)
    return interpreter


def interpreter(version: str) -> str | None:
    """The path of a Python of that version. A name on the path may be a shim of a version that is not installed."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin"))
    for folder in folders:
        path = folder / f"python{version}"
        if (
            path.exists()
            and subprocess.run([path, "-c", "import venv"], capture_output=True, check=False).returncode == 0
        ):
            return str(path)
    return None
