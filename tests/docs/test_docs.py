"""The documentation is true: every example runs, every setting, format, error and extension point has its paragraph."""

import doctest
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import tiledb_wire
from conftest import DATA, LIMITS, serving
from headrace import errors, settings
from headrace.formats import FORMATS
from published import environment

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the readers of a page have installed beside ours, in an environment of its own.
INSTALLED = {
    "civis.md": ("civis-2.10.1", "civis==2.10.1"),
    "tiledb.md": ("tiledb-cloud-0.14.4", *tiledb_wire.NEW),
}
EXECUTED = sorted(page.name for page in DOCS.glob("*.md") if "```sh" in page.read_text())


class Block(NamedTuple):
    language: str
    name: str | None
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page: `sh` is run, `text` is what the `sh` before it prints, a named one is a file."""
    text = (DOCS / page).read_text()
    return [Block(m[1], m[2], m[3], text.count("\n", 0, m.start()) + 2) for m in BLOCK.finditer(text)]


@pytest.fixture
def server(tmp_path):
    """A server for each page, since its reader has one that holds nothing else."""
    with serving(tmp_path / "home", data_folders=DATA, **LIMITS) as one:
        yield one


@pytest.mark.parametrize("page", EXECUTED)
def test_the_examples_of_a_page_run_and_print_what_it_shows(page, server, tmp_path):
    path = [str(ROOT / ".venv/bin"), "/usr/bin", "/bin"]
    if page in INSTALLED:
        name, *requirements = INSTALLED[page]
        path.insert(0, str(environment(name, sys.executable, *requirements).parent))
    shell = {
        "PATH": ":".join(path),
        "HOME": str(tmp_path),
        "URL": server.url,
        "KEY": server.admin_key,
        "DATA": str(DATA.resolve()),
    }
    shown = doctest.OutputChecker()
    printed = ""
    for block in blocks(page):
        if block.name:
            (tmp_path / block.name).write_text(block.text)
        elif block.language == "sh":
            ran = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block.text],
                cwd=tmp_path,
                env=shell,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert ran.returncode == 0, f"{page}:{block.line}\n{block.text}\n{ran.stdout}\n{ran.stderr}"
            printed = ran.stdout
        elif block.language == "text":
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            assert shown.check_output(block.text, printed, flags), (
                f"{page}:{block.line} shows\n{block.text}\nand it printed\n{printed}"
            )


@pytest.mark.parametrize("name", [row[0] for row in settings.table()])
def test_every_setting_has_its_line(name):
    assert f"`{name.upper()}`" in (DOCS / "operating.md").read_text()


@pytest.mark.parametrize("name", FORMATS.names)
def test_every_format_has_its_line_with_its_content_type(name):
    lines = re.findall(r"^\| (`.*?`) \| (\S+(?:; \S+)?) \|", (DOCS / "formats.md").read_text(), re.MULTILINE)
    types = {one.strip("`"): media_type for names, media_type in lines for one in names.split(", ")}
    assert types[name] == FORMATS[name].media_type
    assert types.keys() == set(FORMATS.names)


@pytest.mark.parametrize("error", [e for e in vars(errors).values() if isinstance(e, type)], ids=lambda e: e.__name__)
def test_every_error_has_a_sentence_and_stands_in_the_drawn_tree(error):
    assert re.match(r"[A-Z].*[.`]", error.__doc__ or ""), f"{error.__name__} says nothing to the caller"
    assert error.__name__ in (errors.__doc__ or "")


def test_every_place_that_the_tour_names_is_there():
    places = re.findall(r"`(src/headrace/[\w/]+\.py)(?::(\w+))?`", (DOCS / "tour.md").read_text())
    assert len(places) >= 15
    for path, name in places:
        text = (ROOT / path).read_text()
        assert not name or re.search(rf"\b(def|class) {name}\b", text), f"the tour names {name} in {path}"


def test_every_link_between_the_pages_leads_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
