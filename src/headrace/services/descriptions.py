"""What is told of a udf to those who may call it: its name, its words, its parameters, and its code where it is public.

The function is described by a fenced worker, in a call whose entrypoint is ours; what it says is kept like a result.
"""

from typing import Any

import msgspec
from msgspec import Struct

from headrace.db import accounts
from headrace.model import ids, statement
from headrace.model.job import Function, Udf
from headrace.model.result import Answer, Outcome, Problem
from headrace.model.statement import Kind, Saved
from headrace.services import collections, tokens
from headrace.services.call import Platform
from headrace.services.calls import Calls
from headrace.services.requests import Request, Target

ENTRYPOINT = "__describe_udf__"
SOURCE = """


def {entrypoint}():
    from headrace.runtime.signature import describe

    return describe({name!r}, globals())
"""
LARGEST = 512 << 10  # bytes of a description
KEPT_SECONDS = 86_400


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter of a udf, as its annotation and default say."""

    name: str
    annotation: str = ""
    wants: str = ""  # in words
    kind: Kind = "text"
    choices: list[str] = []
    required: bool = False
    default: str | None = None  # as a URL would say it
    shown: str | None = None  # as Python would


class Description(Struct, frozen=True, kw_only=True):
    """What a function says of itself, or why it says nothing."""

    doc: str = ""
    parameters: list[Parameter] = []
    place: str | None = None  # the parameter that a map tile goes to
    open: bool = False  # whether it takes any other name
    problem: Problem | None = None


class Opened(Struct, frozen=True, kw_only=True):
    """What a token opens: the udf, who shares it, and whether everyone may read its code."""

    udf: Udf
    owner: str
    public: bool
    within: str | None = None  # the collection whose token it is


_decode = msgspec.json.Decoder(Description).decode


def open_token(platform: Platform, text: str, name: str | None = None) -> Opened:
    """What a token opens, or of a collection's token the udf of that name.

    Raises NotFound for an unknown one, Forbidden for one that is disabled or expired.
    """
    if text.startswith(collections.PREFIX):
        share, joined = collections.parted(text)
        collection, udf = collections.resolve(platform, share, name or joined or "")
        within, public = collection.name, collection.public_read or udf.public_read
    else:
        _, udf = tokens.resolve(platform, text)
        within, public = None, udf.public_read
    return Opened(udf=udf, owner=name_of(platform, udf.owner_id), public=public, within=within)


def name_of(platform: Platform, user_id: int) -> str:
    """What strangers are told of who shares: a name, and no address."""
    with platform.db.read() as connection:
        owner = accounts.find_user(connection, id=user_id)
    return owner.name if owner else ""


async def describe(calls: Calls, target: Target, context: dict[str, Any]) -> Description:
    """What the target's function says of itself. A function that cannot be made is described by what went wrong."""
    function = target.function
    if (saved := function.saved()) is not None:
        return _of_statement(function, saved)
    source = SOURCE.format(entrypoint=ENTRYPOINT, name=function.entrypoint)
    described = msgspec.structs.replace(function, code=function.code + source, entrypoint=ENTRYPOINT, parameters={})
    answered = await calls.answer(
        Request(
            uid=ids.new_run_uid(),
            # No run of the udf itself: what asks for the description is a page, and nothing of the owner's data is.
            target=msgspec.structs.replace(target, function=described, digest=described.digest(), job_id=None),
            arguments={},
            formats=("json",),
            max_age=KEPT_SECONDS,
            door="page",
            context=context,
        )
    )
    return _read(answered.answer, target)


def _of_statement(function: Function, saved: Saved) -> Description:
    """What a saved query declares; nothing need be run to tell."""
    given = function.parameters
    parameters = [
        Parameter(
            name=one.name,
            annotation=one.kind,
            wants=one.words,
            kind=one.kind,
            choices=[str(choice) for choice in one.choices],
            required=one.name not in given,
            default=_as_text(given[one.name]) if one.name in given else None,
            shown=_as_text(given[one.name]) if one.name in given else None,
        )
        for one in saved.inputs
    ]
    declared = {one.name for one in saved.inputs}
    tiled = any(name in statement.TILE for name in statement.names_in(function.code, saved.dialect)) and not (
        declared & set(statement.TILE)
    )
    return Description(doc=statement.doc(function.code), parameters=parameters, place="z, x, y" if tiled else None)


def _read(answer: Answer, target: Target) -> Description:
    if answer.outcome is not Outcome.OK:
        problem = answer.problem or Problem(kind="Error", message="The udf could not be read.")
        return Description(problem=msgspec.structs.replace(problem, traceback=None))
    try:
        if len(answer.body) > LARGEST:
            raise ValueError(f"its description has more than {LARGEST >> 10} KB")
        read = _decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as wrong:
        message = f"What the udf says of its parameters cannot be used: {wrong}."
        return Description(problem=Problem(kind="Unreadable", message=message))
    # What the owner saved as parameters goes before the defaults of the code, as it does in a call.
    saved = {name: _as_text(value) for name, value in target.function.parameters.items()}
    parameters = [
        msgspec.structs.replace(p, required=False, default=saved[p.name], shown=saved[p.name]) if p.name in saved else p
        for p in read.parameters
    ]
    return msgspec.structs.replace(read, parameters=parameters, problem=None)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
