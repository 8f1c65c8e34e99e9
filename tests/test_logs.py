"""The server's log on stderr."""

import json
import os
import pty
import subprocess
import sys

import pytest

SPEAK = """
import logging, sys
import structlog
from headrace import logs

log = structlog.get_logger("headrace.early")  # made before the log is set up, as those of modules are
logs.configure(sys.argv[1])
log.debug("too quiet")
log.info("a run ended", seconds=1.5, name="f")
logging.getLogger("some.library").warning("the %s is %s", "disk", "full")
logging.getLogger("uvicorn.error").info("not of interest")
def divide(password):
    return 1 / 0

try:
    divide("hunter" + "2")
except ZeroDivisionError:
    log.exception("it went wrong")
"""


def spoken(level: str) -> list[dict]:
    ended = subprocess.run([sys.executable, "-c", SPEAK, level], capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_programs_read_one_json_object_per_line():
    run, library, wrong = spoken("info")
    assert {name: run[name] for name in ("event", "level", "seconds", "name")} == {
        "event": "a run ended",
        "level": "info",
        "seconds": 1.5,
        "name": "f",
    }
    assert run["timestamp"].endswith("Z")
    assert (library["event"], library["level"]) == ("the disk is full", "warning")
    assert "ZeroDivisionError" in wrong["exception"]


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_says_what_is_left_out(level, lines):
    assert len(spoken(level)) == lines


def test_people_on_a_terminal_read_lines():
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", SPEAK, "warning"], stderr=theirs) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                text += os.read(ours, 4096)
            except OSError:  # the terminal's other end is closed
                break
    os.close(ours)
    assert process.returncode == 0
    assert b"the disk is full" in text
    assert b"ZeroDivisionError" in text
    assert b"hunter2" not in text  # what variables hold is not for a log
    assert b'{"' not in text
