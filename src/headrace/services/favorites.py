"""What somebody marked to find it again: arrays, those of them that hold notebooks or models, and functions.

Marks are one's own, and nobody else sees them. What one may not see any more is not among them, until one may again.
"""

from msgspec import Struct

from headrace.db import arrays as array_rows
from headrace.db import favorites as rows
from headrace.db import objects as queries
from headrace.db import registered as of_names
from headrace.errors import NotFound
from headrace.model.function import Function
from headrace.model.object import Kind, Level
from headrace.model.page import Page, Slice
from headrace.services import arrays, registered
from headrace.services.arrays import Shelf, Shown, Wanted
from headrace.services.call import Call
from headrace.services.functions import FUNCTIONS

ARRAYS, NOTEBOOKS, MODELS = "array", "notebook", "ml_model"  # the types of files in arrays by which lists are apart
APART = (NOTEBOOKS, MODELS)


class Marked(Struct, frozen=True):
    """A function that somebody marked, and who owns it."""

    function: Function
    level: Level
    owner: str


def list_arrays(call: Call, file_type: str, page: Page) -> Slice[Shown]:
    """A page of the caller's marked arrays of that type; ARRAYS are all but those that have a list of their own."""
    if file_type == ARRAYS:
        return arrays.browse(call, Shelf.ALL, Wanted(marked=True, without_file_types=APART), page)
    return arrays.browse(call, Shelf.ALL, Wanted(marked=True, file_types=(file_type,)), page)


def find_array(call: Call, namespace: str, name: str, file_type: str) -> Shown:
    """One of the caller's marked arrays. Raises NotFound."""
    found = _array(call, namespace, name, file_type)
    if not found.marked:
        raise NotFound(f"{found.array.uri} is not among your favorites.")
    return found


def mark_array(call: Call, namespace: str, name: str, file_type: str, *, marked: bool) -> None:
    """Mark an array that the caller may see, or unmark it. Raises NotFound where there is none of that type."""
    found = _array(call, namespace, name, file_type)
    _mark(call, Kind.ARRAY, found.array.id, found.array.uri, marked=marked)


def list_functions(call: Call, page: Page) -> Slice[Marked]:
    """A page of the caller's marked functions."""
    noun = FUNCTIONS.noun
    matches = [
        queries.permitted(Kind.FUNCTION, call.user.id),
        *queries.on_shelf(noun, archived=False, hidden=False),
        rows.among(call.user.id, Kind.FUNCTION, queries.table_of(noun).c.id),
    ]
    with call.platform.db.read() as connection:
        found = of_names.read(connection, noun, Function, queries.ids_of_page(connection, noun, matches, page))
        owners = array_rows.owners(connection, list({one.owner_id for one in found}))
        levels = queries.levels_of(connection, noun, [one.id for one in found], call.user.id)
        items = [Marked(one, levels[one.id], owners[one.owner_id]) for one in found if one.id in levels]
        return Slice(items, queries.count(connection, noun, matches))


def find_function(call: Call, namespace: str, name: str) -> Function:
    """One of the caller's marked functions. Raises NotFound."""
    with call.platform.db.read() as connection:
        found = registered.find(connection, call, FUNCTIONS, namespace, name)
        if not rows.marked(connection, call.user.id, Kind.FUNCTION, [found.id]):
            raise NotFound(f"{found.namespace}/{found.name} is not among your favorites.")
    return found


def mark_function(call: Call, namespace: str, name: str, *, marked: bool) -> None:
    """Mark a function that the caller may see, or unmark it. Raises NotFound."""
    found = registered.get(call, FUNCTIONS, namespace, name)
    _mark(call, Kind.FUNCTION, found.id, f"{found.namespace}/{found.name}", marked=marked)


def _array(call: Call, namespace: str, name: str, file_type: str) -> Shown:
    found = arrays.get(call, namespace, name)
    if file_type not in (ARRAYS, found.array.file_type):
        raise NotFound(f"{found.array.uri} is no {file_type.replace('_', ' ')}.")
    return found


def _mark(call: Call, kind: Kind, object_id: int, name: str, *, marked: bool) -> None:
    with call.platform.db.begin() as connection:
        if marked:
            rows.add(connection, call.user.id, kind, object_id)
        elif not rows.remove(connection, call.user.id, kind, object_id):
            raise NotFound(f"{name} is not among your favorites.")
