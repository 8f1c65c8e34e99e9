"""ZIP: the values of a dict, each a member by its name in the format that keeps most of it, and `meta.json` about them.

    meta.json    {"files": {"name": {"content_type": "...", "key": "what it was called, where that is no file's name"}}}

A dict in it that holds tables, arrays or bytes itself is a ZIP again. Published clients read the dict back
(Fused protocol notes 4.5).
"""

import re
import zipfile
from collections.abc import Mapping
from typing import Any

from headrace.formats import BINARY, Format, Tile, Unserializable, _values, encode, json
from headrace.runtime.sink import Outlet

MEMBERS = ("npy", "tiff", "parquet", "json", "svg", "html")
META = "meta.json"
LONGEST = 200  # characters of a name
BYTES = f"{BINARY}; type=bytes"  # bare, clients take it for Parquet; what they do not know they leave as it is

_no_name = re.compile(r"[/\\\x00-\x1f\x7f\ud800-\udfff]")


class Member(Outlet):
    """A part of an archive, as formats write it."""

    closed = False

    def __init__(self, file: Any) -> None:
        self._file, self._size = file, 0

    def write(self, data: Any) -> int:
        """Append."""
        view = memoryview(data).cast("B")
        self._file.write(view)
        self._size += len(view)
        return len(view)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._size

    def begin(self) -> None:
        """Nothing: the archive begins when it is large."""


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a dict. Raises Unserializable, naming the key, for a value that no format takes."""
    files: dict[str, dict[str, str]] = {}
    # Members are opened by name, which dates them 1980, so that equal values are equal bytes.
    with zipfile.ZipFile(sink, "w", compresslevel=1) as archive:
        for (key, one), name in zip(value.items(), member_names([str(key) for key in value]), strict=True):
            seen = _values.classify(one)
            inner = _values.is_collection(one)
            # Text is worth compressing; tables and pictures are compressed, and arrays are to be read at once.
            is_text = seen.kind in ("plain", "unknown") and not inner
            archive.compression = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
            with archive.open(name, "w") as file:
                try:
                    media_type = _write_member(seen, ("zip",) if inner else MEMBERS, Member(file), tile)
                except Unserializable as refused:
                    raise Unserializable(f"{key!s:.100}: {refused}") from refused
            files[name] = {"content_type": media_type} | ({"key": _told(key)} if name != str(key) else {})
        archive.compression = zipfile.ZIP_DEFLATED
        with archive.open(META, "w") as file:
            file.write(json.encode_value({"files": files}))


def _write_member(seen: "_values.Seen", formats: tuple[str, ...], file: Member, tile: Tile | None) -> str:
    """Write one value, and tell its content type."""
    if seen.kind == "unknown":
        file.write(json.encode_value(seen.value))  # JSON knows more types inside of values than by themselves
        return json.format.media_type
    encoded = encode(seen, formats, tile, file)
    return BYTES if encoded.media_type == BINARY and not encoded.format else encoded.media_type


def member_names(keys: list[str]) -> list[str]:
    """Each key as the name of a file in one folder; of those that then are the same, later ones get `.1`, `.2` ..."""
    names = [_no_name.sub("_", key)[:LONGEST] for key in keys]
    names = ["_" * max(len(name), 1) if not name.strip(". ") else name for name in names]
    taken, unique = {META, *names}, list[str]()
    used = {META}
    for stem in names:
        name, copy = stem, 0
        while name in used or (copy and name in taken):
            copy += 1
            name = f"{stem}.{copy}"
        used.add(name)
        unique.append(name)
    return unique


def _told(key: object) -> str:
    return str(key).encode("utf-8", "backslashreplace").decode()


def is_dict(value: Any, tile: Tile | None) -> bool:
    """Whether it is a dict."""
    return isinstance(value, Mapping)


format = Format(
    media_type="application/zip", suffix=".zip", kinds=frozenset({"plain"}), write=write, fits=is_dict, wants="a dict"
)
