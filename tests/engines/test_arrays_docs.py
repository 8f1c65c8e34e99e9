"""The page about SQL is true: its examples run, in order, and print what it shows."""

import doctest
from pathlib import Path

import pytest

from headrace.errors import HeadraceError

PAGE = Path(__file__).parents[2] / "docs" / "sql.md"


def test_the_examples_of_the_page_give_what_it_shows(quickstart):
    quickstart.place("prices")

    def names(text):
        return quickstart.run(text).schema.names

    def wrong(text):
        with pytest.raises(HeadraceError) as refused:
            quickstart.run(text)
        print(refused.value.message)  # noqa: T201 - what the page shows

    known = {"rows": quickstart.rows, "names": names, "wrong": wrong}
    examples = doctest.DocTestParser().get_doctest(PAGE.read_text(), known, PAGE.name, str(PAGE), 0)
    said = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(examples, out=said.append)
    assert result.attempted > 12
    assert result.failed == 0, "".join(said)
