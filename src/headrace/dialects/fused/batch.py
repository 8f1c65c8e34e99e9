"""A call for each element of a list, answered as one (Fused protocol notes 3.2, 4.8).

The answer is a dict: under "0", "1" ... what became of each element, as `status` (success or error), `result`, `time`
in seconds, `logs`, `exception`, and the element's own arguments beside them. It is JSON where every result is, else a
ZIP of ZIPs, whose `meta.json` names the type of each member.
"""

import asyncio
import io
import zipfile
from typing import Any

import msgspec

from headrace.errors import HeadraceError, Invalid
from headrace.model.result import Answer, Outcome, Problem
from headrace.model.run import Cache
from headrace.services.calls import Answered, Calls
from headrace.services.requests import Request

MOST = 10_000  # elements of one call
JSON = "application/json"
ZIP = "application/zip"

_encode = msgspec.json.Encoder().encode


async def answer(calls: Calls, whole: Request, elements: list[Any], at_once: int, most: int) -> Answered:
    """Call the target for each element, `at_once` of them at a time. Results of more than `most` bytes are refused.

    Each is a run of its own; what goes wrong with one is told in its place. Raises Invalid for too many elements.
    """
    if len(elements) > MOST:
        raise Invalid(f"A call has at most {MOST:,} elements of input, and this one has {len(elements):,}.")
    turns = asyncio.Semaphore(at_once)
    room = most

    async def one(at: int, element: Any) -> Answered:  # noqa: ANN401 - whatever JSON holds
        nonlocal room
        made = msgspec.structs.replace(whole, uid=_uid(whole.uid, at), element=[element], streams=False)
        async with turns:
            try:
                answered = await calls.answer(made)
            except HeadraceError as refused:
                problem = Problem(kind=type(refused).__name__, message=refused.message)
                return _failed(made.uid, Outcome.EXCEPTION, problem, refused.status)
        room -= len(answered.answer.body)
        if room < 0:
            problem = Problem(kind="OutputTooLarge", message=f"The results are larger than {most >> 20:,} MB together.")
            return _failed(made.uid, Outcome.TOO_LARGE, problem, 422)
        return answered

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(at, element)) for at, element in enumerate(elements)]
    every = [task.result() for task in tasks]
    media_type, body = await asyncio.to_thread(_written, elements, every)
    output = "".join(answered.answer.stdout for answered in every)
    good = Answer(outcome=Outcome.OK, media_type=media_type, body=body, stdout=output)
    return Answered(uid=whole.uid, answer=good, cache=Cache.OFF, status=200)


def _failed(uid: str, outcome: Outcome, problem: Problem, status: int) -> Answered:
    return Answered(uid=uid, answer=Answer(outcome=outcome, problem=problem), cache=Cache.OFF, status=status)


def _uid(uid: str, at: int) -> str:
    """The id of the run of one element: the first has that of the whole, so that a client finds it."""
    from uuid import UUID, uuid5

    return uid if at == 0 else str(uuid5(UUID(uid), str(at)))


def _written(elements: list[Any], every: list[Answered]) -> tuple[str, bytes]:
    parts = {str(at): _told(element, every[at]) for at, element in enumerate(elements)}
    if all(kind == JSON for part in parts.values() for kind, _ in part.values()):
        return JSON, _encode(
            {at: {name: msgspec.Raw(body) for name, (_, body) in part.items()} for at, part in parts.items()}
        )
    return ZIP, _zip({at: (ZIP, _zip(part)) for at, part in parts.items()})


def _told(element: Any, answered: Answered) -> dict[str, tuple[str, bytes]]:  # noqa: ANN401
    """What became of an element: the content type and the bytes of each part."""
    answer, problem = answered.answer, answered.answer.problem
    good = answer.outcome is Outcome.OK
    given = element if isinstance(element, dict) else {"input": element}
    told: dict[str, Any] = {
        **given,
        "status": "success" if good else "error",
        "result": None,
        "time": answered.total_ms / 1000,
        "logs": answer.stdout + answer.stderr,
        "exception": f"{problem.kind}: {problem.message}" if problem else None,
    }
    written = {name: (JSON, _encode(value)) for name, value in told.items()}
    if good and len(answer.body):
        written["result"] = (answer.media_type, bytes(answer.body))
    return written


def _zip(members: dict[str, tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # stored: what is large in it is compressed already
        archive.writestr(
            "meta.json", _encode({"files": {name: {"content_type": kind} for name, (kind, _) in members.items()}})
        )
        for name, (_, body) in members.items():
            archive.writestr(name, body)
    return file.getvalue()
