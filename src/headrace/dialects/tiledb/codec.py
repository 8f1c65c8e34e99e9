"""The wire of the SQL tasks' protocol (TileDB protocol notes 1.7 and 1.8).

Names are snake_case. A field that has no value is left out and never sent as null: one of the published clients checks
the type of every field, and null is of no type there. Unknown fields and parameters are ignored, as clients of several
versions send them.
"""

import msgspec

from headrace.api.codec import PlainJson
from headrace.errors import HeadraceError
from headrace.model import ids


class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value on this wire. Say `frozen=True, kw_only=True` on each that derives from it.

    What equals its default is left out, so a field has a default only where it may be missing: None.
    """


class Error(msgspec.Struct, frozen=True):
    """An error: the status, a sentence for people, and the number of the request."""

    code: int
    message: str
    request_id: str


class Codec(PlainJson):
    """JSON as the types say it, and errors as clients read them."""

    challenge = 'Basic realm="headrace", charset="UTF-8"'
    error_model: type[msgspec.Struct] = Error

    def error(self, error: HeadraceError) -> msgspec.Struct:
        """What clients show; without `code` and `message`, both of them, the older one hides the reason."""
        return Error(error.status, error.message, ids.new_run_uid())
