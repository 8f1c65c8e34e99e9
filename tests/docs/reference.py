"""Write docs/reference from the declaration and the recorded examples: `make reference`."""

import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from headrace.api.spec import swagger2
from headrace.client import reference
from headrace.client.methods import methods
from headrace.client.reference import Example
from headrace.dialects import civis
from headrace.dialects.civis.codec import Error
from recording import EXAMPLES, PAGES


def wanted() -> dict[str, str]:
    """The text of every page by its name."""
    operations = civis.operations("http://localhost:8700")
    document = swagger2.document(operations, title="Headrace", version="", url="http://localhost:8700/api", error=Error)
    examples = msgspec.json.decode(EXAMPLES.read_bytes(), type=dict[str, Example])
    return dict(reference.pages(methods(document), document["definitions"], examples))


if __name__ == "__main__":
    pages = wanted()
    for gone in {page.name for page in PAGES.glob("*.md")} - pages.keys():
        (PAGES / gone).unlink()
    for name, text in pages.items():
        (PAGES / name).write_text(text)
