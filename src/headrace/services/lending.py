"""What a task may see of arrays and files: the folders that its worker is lent, and what is where in them.

The server does not parse SQL. It looks for what could be the address of an array or a file; of what is named so, that
which the caller may use is lent, with the right to write where they have it. What is no address costs nothing, and what
is not found here the worker does not find either.
"""

import re
import shutil
from collections.abc import Iterable

from sqlalchemy import Connection

from headrace.errors import Forbidden, HeadraceError, Invalid, NotFound
from headrace.model import ids
from headrace.model.array import Array
from headrace.model.object import Level
from headrace.model.query import Place
from headrace.model.result import Answer, Outcome
from headrace.model.task import LAKE
from headrace.runtime import sandbox
from headrace.runtime.wire import Lent
from headrace.services import array_keys, arrays, spool
from headrace.services.call import Call

QUOTED = re.compile(r"""([`'"])((?:[a-z0-9]+)://[^`'"]+)\1""", re.IGNORECASE)
BARE = re.compile(r"""(?<![`'"\w])((?:tiledb|s3|gs|azure|fd|file)://[^\s`'"(),;]+)""", re.IGNORECASE)
SUFFIX = re.compile(r"@(?:\d+|metadata)$")
CREATES = re.compile(r"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(?:`([^`]+)`|\"([^\"]+)\"|([\w.$]+))", re.IGNORECASE)
OPTION = re.compile(r"\buri\s*=\s*(['\"])(.+?)\1", re.IGNORECASE)
ENGINE = re.compile(r"\bengine\s*=?\s*['\"`]?mytile", re.IGNORECASE)
WRITING = "array:read-write"  # the scope of tokens that write
MOST = 200  # arrays and files of one task


class Lending:
    """What one task is lent. `undo` and `settle` see to arrays that it may make.

    A token that is for arrays alone is lent no files, and one that is to read them nothing that can be written.
    """

    def __init__(self, call: Call, namespace: str) -> None:
        self._call, self._namespace = call, namespace
        self.lent: dict[str, Lent] = {}  # by the name it has for the worker
        self.places: dict[str, Place] = {}  # by the address as it was written
        self.arrays: dict[str, Array] = {}
        self._pending: dict[str, str] = {}  # folders of arrays that are not there yet, by their addresses

    def add_all(self, texts: Iterable[str], *, output_uri: str | None = None) -> None:
        """Everything that statements name. Raises Invalid for more than MOST, and NotFound for files."""
        texts = list(texts)
        named = [uri for text in texts for uri in addresses(text)]
        named += [output_uri] if output_uri else []
        made = [uri for text in texts for uri in self._created(text)]
        if len(set(named) | set(made)) > MOST:
            raise Invalid(f"A statement names at most {MOST} arrays and files.")
        if not named and not made:
            return
        with self._call.platform.db.read() as connection:
            for uri in dict.fromkeys([*named, *made]):
                self._add(connection, uri, may_make=uri in made)

    def add_array(self, uri: str, level: Level = Level.READ) -> Place:
        """One array that has to be there. Raises NotFound and Forbidden."""
        with self._call.platform.db.read() as connection:
            return self._array(connection, uri, arrays.find(connection, self._call, uri, level))

    def settle(self, answer: Answer) -> None:
        """After the task: enter the arrays that it made into the catalogue; folders of others go. Blocks."""
        for uri, folder in self._pending.items():
            path = self._call.platform.settings.home / LAKE / folder
            if answer.outcome is Outcome.OK and (path / "__schema").is_dir():
                namespace, _, name = uri.removeprefix("tiledb://").partition("/")
                with self._call.platform.db.begin() as connection:
                    made = arrays.make(connection, self._call, namespace, name)
                    if made.folder is not None:
                        # The folder of the new array is there and empty, which a rename takes the place of.
                        path.rename(self._call.platform.settings.home / LAKE / made.folder)
                        arrays.resize(connection, self._call, made)
            else:
                shutil.rmtree(path, ignore_errors=True)

    def _add(self, connection: Connection, uri: str, *, may_make: bool) -> None:
        bare = SUFFIX.sub("", uri)
        scheme = bare.partition("://")[0].lower()
        if bare in self.places:
            return
        if scheme == "fd" or bare.startswith("file:///mount/"):
            self._require_files(bare)
        if scheme == "fd":
            self._file(bare)
        elif scheme == "file" and bare.startswith("file:///mount/"):
            self.places[bare] = _mounted(bare)
        elif scheme == "tiledb":
            try:
                found = arrays.find(connection, self._call, bare)
            except (NotFound, Invalid):
                if may_make:
                    self._make(bare)
                return
            self._array(connection, bare, found)
        elif scheme in ("s3", "gs", "azure", "file"):
            try:
                found = arrays.find(connection, self._call, f"tiledb://{self._namespace}/{bare}")
            except (NotFound, Invalid):
                return
            self._array(connection, bare, found)

    def _require_files(self, uri: str) -> None:
        if not self._call.whole:
            raise Forbidden(f"{uri[:100]} is a file of yours or on your disk, and the token is for arrays alone.")

    def _writable(self, connection: Connection, array: Array) -> bool:
        if not self._call.opens(WRITING):
            return False
        try:
            arrays.find(connection, self._call, array.uri, Level.WRITE)
        except HeadraceError:
            return False
        return True

    def _array(self, connection: Connection, uri: str, array: Array) -> Place:
        writable = self._writable(connection, array)
        if array.folder is not None:
            at = f"array-{array.id}"
            arrays.lay(self._call.platform.settings.home, array)
            self.lent[at] = Lent(array.folder, at, writable)
            path = f"{sandbox.LAKE}/{at}"
        elif array.storage.startswith("file:///mount/"):
            if array.owner_id != self._call.user.id:
                raise Invalid(f"The array {array.uri} lies on its owner's own disk, which their code alone sees.")
            self._require_files(array.storage)
            path = array.storage.removeprefix("file://")
        else:
            path = array.storage
        self.arrays[array.uri] = array
        config = array_keys.config_of(connection, self._call, array)
        place = Place(uri=uri, kind="array", path=path, writable=writable, config=config)
        self.places[uri] = place
        return place

    def _make(self, uri: str) -> None:
        """A folder for an array that a statement may make."""
        namespace, _, name = uri.removeprefix("tiledb://").partition("/")
        if "/" in name or namespace not in (self._call.user.username, self._namespace):
            return
        if not self._call.opens(WRITING):
            return
        folder = f"arrays/{self._call.user.id}/{ids.new_uid()}"
        path = self._call.platform.settings.home / LAKE / folder
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o777)
        self._pending[uri] = folder
        at = f"new-{len(self._pending)}"
        self.lent[at] = Lent(folder, at, writable=True)
        self.places[uri] = Place(uri=uri, kind="array", path=f"{sandbox.LAKE}/{at}", writable=True, exists=False)

    def _file(self, uri: str) -> None:
        folder, name = spool.put(self._call, uri)
        self.lent["files"] = Lent(folder, "files")
        self.places[uri] = Place(uri=uri, kind="file", path=f"{sandbox.LAKE}/files/{name}")

    def _created(self, text: str) -> list[str]:
        """The addresses of arrays that a statement may make."""
        found: list[str] = []
        for names in CREATES.findall(text):
            name = next(part for part in names if part)
            option = OPTION.search(text)
            uri = option[2] if option else name
            if "://" not in uri and ENGINE.search(text):
                uri = f"tiledb://{self._namespace}/{uri}"
            if uri.startswith("tiledb://"):
                found.append(uri)
        return found


def addresses(text: str) -> list[str]:
    """What could be the addresses of arrays and files in a statement."""
    return [uri for _, uri in QUOTED.findall(text)] + BARE.findall(text)


def _mounted(uri: str) -> Place:
    path = uri.removeprefix("file://")
    kind = "file" if path.lower().endswith(spool.SUFFIXES) else "array"
    return Place(uri=uri, kind=kind, path=path, writable=kind == "array")
