"""What a token has to be for, to open each operation (TokenScope of the protocol).

    user           who one is, and one's tokens
    organization   organizations and who is in them
    array          arrays, the warehouse, SQL over both, functions, tasks and task graphs
    group          groups of arrays, of which there are none here

`read` reads, `read-write` changes what is in a thing, `admin` says who else may use it, and ends it. What is not in
this table - and whatever other protocols have - is for tokens that open all that their owner may.
"""

from dataclasses import replace

from headrace.api.operation import Operation
from headrace.model.access import ANY

RULES: dict[str, tuple[str, str]] = {  # by tag: what GET needs, and what all else does
    "users": ("user:read", "user:read-write"),
    "tokens": ("user:read", "user:admin"),
    "organizations": ("organization:read", "organization:admin"),
    "arrays": ("array:read", "array:read-write"),
    "assets": ("array:read", "array:read-write"),
    "favorites": ("array:read", "user:read-write"),  # a mark is the user's and changes nothing of the array
    "tasks": ("array:read", "array:read-write"),
    # A function that is kept runs later with all that whoever calls it may.
    "functions": ("array:read", ""),
    "task graphs": ("array:read", ""),
    "not served yet": (ANY, ANY),
}
# Where it is otherwise.
NEEDS = {
    "GET /v1/user": ANY,  # clients ask who they are before everything else
    "GET /v1/session": ANY,  # it opens what the token does
    "GET /v1/tokens/scopes": ANY,
    "POST /v1/sql/{namespace}": "array:read",  # and it writes nothing then
    "POST /v1/udfs/generic/{namespace}": "array:read-write",
    "POST /v1/udfs/arrays/{namespace}": "array:read-write",
    "PATCH /v1/arrays/{namespace}/{array}/share": "array:admin",
    "DELETE /v1/arrays/{namespace}/{array}/deregister": "array:admin",
    "DELETE /v1/arrays/{namespace}/{array}": "array:admin",
    # Of a graph that its client drives, which runs each node by a request of its own.
    "POST /v1/taskgraphs/{namespace}/log": "array:read-write",
    "PATCH /v1/taskgraphs/{namespace}/logs/{id}": "array:read-write",
    "POST /v1/taskgraphs/{namespace}/logs/{id}/report_client_node": "array:read-write",
}


def scoped(operation: Operation) -> Operation:
    """The operation with what a token has to be for."""
    reading, other = next((RULES[tag] for tag in operation.tags if tag in RULES), ("", ""))
    rule = reading if operation.method == "GET" else other
    return replace(operation, needs=NEEDS.get(f"{operation.method} {operation.path}", rule))
