"""`python -m headrace.dialects.civis.stubs`: the stub of our own client's resources, made of the declaration."""

import sys

from headrace.api.spec import swagger2
from headrace.client import stubs
from headrace.client.specification import Specification
from headrace.dialects import civis
from headrace.dialects.civis.codec import Error


def text() -> str:
    """The stub of every operation that is declared."""
    url = "http://127.0.0.1:8700"
    document = swagger2.document(civis.operations(url), title="Headrace", version="0", url=url, error=Error)
    return stubs.text(Specification(document))


if __name__ == "__main__":
    sys.stdout.write(text())
