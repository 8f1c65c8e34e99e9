"""Write docs/reference from the declaration and the recorded examples: `make reference`."""

import json
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
    """The text of every page by its name; and the document itself, so that a change to the wire is seen in review."""
    operations = civis.operations("http://localhost:8700")
    document = swagger2.document(operations, title="Headrace", version="", url="http://localhost:8700/api", error=Error)
    examples = msgspec.json.decode(EXAMPLES.read_bytes(), type=dict[str, Example])
    pages = dict(reference.pages(methods(document), document["definitions"], examples))
    return pages | {"endpoints.json": json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"}


if __name__ == "__main__":
    pages = wanted()
    for gone in {page.name for page in PAGES.iterdir()} - pages.keys() - {EXAMPLES.name}:
        (PAGES / gone).unlink()
    for name, text in pages.items():
        (PAGES / name).write_text(text)
