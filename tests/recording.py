"""Examples for the reference pages: the first good answer to each operation that a test got, where asked to keep it.

`make reference` sets HEADRACE_RECORD to the file. What differs from run to run is put in one form.
"""

import json
import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from headrace.dialects import civis

PAGES = Path(__file__).parents[1] / "docs" / "reference"
EXAMPLES = PAGES / "examples.json"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SECRET = re.compile(r"\b(hr|fsh|fc|fst)_[\w-]{8,}")
SIGNED = re.compile(r"\?(\w+=[^&\"\s]*&)*\w*(signature|key|token)=[^\"\s]*")
ALIKE = (
    (MOMENT, "2026-01-31T12:00:00Z"),
    (UID, "00000000-0000-4000-8000-000000000000"),
    (SECRET, r"\1_..."),
    (SIGNED, "?..."),
)
LONGEST = 6000  # characters of one example

_kept: dict[str, dict] = {}


def note(method: str, path: str, sent: dict, answer) -> None:
    """Keep an exchange, where examples are wanted and there is none of its operation yet."""
    file = os.environ.get("HEADRACE_RECORD")
    if not file or not answer.is_success:
        return
    operation = _operation(method, path.partition("?")[0])
    if operation is None or _kept.get(operation, {"answer": []})["answer"] != []:
        return  # an empty list is replaced by one that holds something
    is_json = "json" in answer.headers.get("content-type", "")
    example = {"path": path, "body": sent.get("json"), "status": answer.status_code}
    example["answer"] = answer.json() if answer.content and is_json else None
    text = json.dumps(example, ensure_ascii=False)
    if len(text) > LONGEST:
        return
    for pattern, plain in ALIKE:
        text = pattern.sub(plain, text)
    _kept[operation] = json.loads(text)
    Path(file).write_text(json.dumps(dict(sorted(_kept.items())), indent=1, ensure_ascii=False) + "\n")


@cache
def _templates() -> list[tuple[str, str, re.Pattern, int]]:
    found = []
    for one in civis.operations("http://test"):
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(one.path))
        found.append((one.method, one.path, re.compile(pattern + "/?"), one.path.count("{")))
    return sorted(found, key=lambda row: row[3])  # a word is meant before a parameter is


def _operation(method: str, path: str) -> str | None:
    for verb, template, pattern, _ in _templates():
        if verb == method and pattern.fullmatch(unquote(path)):
            return f"{verb} {template}"
    return None
