"""What clients of this protocol know and this version does not serve: each answered 501, with a sentence."""

from headrace.api.operation import Operation, describe
from headrace.errors import NotServed
from headrace.services.call import Call

# What is missing, and its addresses (Fused protocol notes 2.1 to 2.9).
MISSING = {
    "Jobs": (
        "POST /run | GET /job/self | GET /job/by-id/{a}/config | GET /run/by-id/{a} | GET /run/by-id/{a}/results | "
        "POST /run/by-id/{a}/cancel | POST /run/by-id/{a}/increment-progress | GET /logs/{a}"
    ),
    "Samples of map and join jobs": (
        "POST /sample_args/map | POST /sample_args/join | POST /sample_args/join_singlefile | "
        "POST /sample_args/whole_file"
    ),
    "Tables and folders": (
        "GET /table/open | GET /table/open_folder | GET /dataset/open_folder | GET /table/download/bbox"
    ),
    "Registered data sets": (
        "POST /datasets/register-from-url | GET /datasets/find-by-location | POST /datasets/items | GET /file-metadata"
    ),
}


def operations() -> list[Operation]:
    """One operation per address."""
    return [_refusing(noun, *route.split()) for noun, routes in MISSING.items() for route in routes.split(" | ")]


def _refusing(noun: str, method: str, path: str) -> Operation:
    sentence = f"{noun}: known to this protocol, and not served by this version of Headrace."

    def refuse(call: Call) -> None:
        _ = call.user
        raise NotServed(sentence)

    def refuse_one(call: Call, a: str) -> None:
        refuse(call)

    def refuse_two(call: Call, a: str, b: str) -> None:
        refuse(call)

    function = (refuse, refuse_one, refuse_two)[path.count("{")]
    function.__doc__ = sentence
    words = [part for part in path.replace("-", "_").split("/") if part and part[0] != "{"]
    return describe(method, path, function, name="_".join([method.lower(), *words]), tags=("not served yet",))
