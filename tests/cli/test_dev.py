"""`headrace udf dev` as a person sees it: a process, a file that is edited, and what appears in the terminal."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from calling import shared
from ports import free_port
from published import Person

ROWS = """import headrace


@headrace.udf
def udf(rows: int = 2):
    print('said')
    return [{'n': n} for n in range(rows)]
"""


class Watched:
    """The command, running; `until` gives what it prints."""

    def __init__(self, folder, *words, **environ):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headrace", "udf", "dev", *words],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "200", **environ},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=lambda: [self._lines.put(line) for line in self.process.stdout])
        self._reader.start()

    def until(self, pattern, seconds=60):
        """What is printed up to a line with that text."""
        said, deadline = "", time.monotonic() + seconds
        while not re.search(pattern, said):
            try:
                said += self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{pattern!r} did not come; there was\n{said}") from None
        return said

    def stop(self):
        """Press Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()


@pytest.fixture
def person(server):
    return Person(server, "developer")


@pytest.fixture
def watch(server, person, tmp_path):
    """Start `headrace udf dev` with these words, as a person who is logged in."""
    running = []

    def start(*words, **environ):
        given = {"HEADRACE_URL": server.url, "HEADRACE_API_KEY": person.key} | environ
        running.append(Watched(tmp_path, *words, **given))
        return running[-1]

    yield start
    for one in running:
        one.close()


WAITING = "Waiting for"


def test_every_change_is_a_version_that_is_run_and_shared_under_one_address(server, watch, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(ROWS)
    one = watch("mine.py")
    said = one.until(WAITING)
    assert "mine is kept, version 1." in said
    assert "2 rows" in said
    assert "said\n" in said
    token = re.search(rf"Share: {server.url}/share/(fsh_\w+)", said)[1]
    assert httpx.get(server.url + shared(token)).json() == [{"n": 0}, {"n": 1}]
    file.write_text(ROWS.replace("rows: int = 2", "rows: int = 3"))
    said = one.until(WAITING)
    assert "version 2" in said
    assert "3 rows" in said
    assert "/share/" not in said
    assert len(httpx.get(server.url + shared(token)).json()) == 3
    assert one.stop() == 0
    assert "Stopped." in one.until("Stopped")
    # The next time, the same address; and nothing has changed, so no new version.
    said = watch("mine.py", "rows=5").until(WAITING)
    assert f"/share/{token}" in said
    assert "version 2" in said
    assert "5 rows" in said


def test_errors_are_shown_with_their_line_and_the_watch_goes_on(watch, tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text("def udf(:\n")
    one = watch("wrong.py")
    assert "not Python in line 1" in one.until(WAITING)
    file.write_text("x = 1\n")
    assert "headrace.udf" in one.until(WAITING)
    file.write_text("def udf():\n    return 1 / 0\n")
    said = one.until(WAITING)
    assert "ZeroDivisionError" in said
    assert "wrong.py, line 2: return 1 / 0" in said
    fresh = tmp_path / "fresh.py"
    fresh.write_text("def udf():\n    return 'well'\n")
    fresh.rename(file)  # as editors save
    assert '"well"' in one.until(WAITING)
    assert one.stop() == 0


def test_a_picture_is_shown_by_its_size_and_the_page_is_opened(server, watch, tmp_path):
    (tmp_path / "picture.py").write_text(
        "def udf():\n    import numpy as np\n    return np.zeros((3, 20, 30), 'uint8')\n"
    )
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    said = watch("picture.py", "--open", "--name", "my picture", BROWSER=str(browser)).until(WAITING)
    assert "my picture is kept" in said
    assert "A picture of 30 x 20 pixels" in said
    assert (tmp_path / "opened").read_text().startswith(f"{server.url}/share/fsh_")


def test_a_server_that_is_away_is_asked_again(watch, tmp_path):
    (tmp_path / "mine.py").write_text(ROWS)
    one = watch("mine.py", HEADRACE_URL=f"http://127.0.0.1:{free_port()}")
    said = one.until("Trying again(.|\n)*Trying again")
    assert "does not answer" in said
    assert one.stop() == 0
