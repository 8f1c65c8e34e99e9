"""Every address of this protocol, and what those answer that are not served: 501, with a sentence.

`TABLE` has the 188 operations of API version 2.17.51 (TileDB protocol notes 7). What another module serves, it serves;
the rest is answered from here, so that no client of this protocol is told 404 for an address that it knows.
"""

import inspect
from collections.abc import Iterable, Iterator

from msgspec import Struct

from headrace.api.operation import TEMPLATE, Operation, describe
from headrace.services.call import Call


class Part(Struct, frozen=True):
    """Addresses of one noun, each after its methods, and what people do here instead."""

    noun: str
    addresses: str
    instead: str = ""

    @property
    def sentence(self) -> str:
        """What is answered where this is not served."""
        return (
            f"{self.noun}: known to this protocol, and not served by this version of Headrace. {self.instead}".strip()
        )

    def routes(self) -> Iterator[tuple[str, str]]:
        """Each method and path."""
        for line in self.addresses.split("\n"):
            methods, _, path = line.strip().partition(" ")
            yield from ((method, path) for method in methods.split(",") if path)


TABLE = (
    Part(
        "The account",
        """
        GET /v1/session
        POST /v1/token
        GET /v1/tokens
        GET /v1/tokens/scopes
        GET /v1/tokens/session
        DELETE /v1/tokens/{token}
        GET /v1/user
        """,
    ),
    Part(
        "Accounts",
        """
        POST /v1/user
        GET,DELETE,PATCH /v1/users/{username}
        """,
        "An administrator makes and closes accounts: `headrace users add`, or POST /api/users.",
    ),
    Part(
        "Passwords",
        """
        POST /v1/user/confirm_email
        POST /v1/user/password_reset
        """,
        "Nobody has a password here, and no address waits for a confirmation; people prove who they are by API keys.",
    ),
    Part(
        "Single sign-on",
        """
        POST /v1/organizations/{organization}/sso_domain
        GET /v1/organizations/{organization}/sso_domains
        DELETE,GET,PATCH /v1/organizations/{organization}/sso_domains/{uuid}
        POST /v1/organizations/{organization}/sso_domains/{uuid}/run_check
        """,
    ),
    Part(
        "Organizations",
        """
        POST /v1/organization
        GET /v1/organizations
        GET,DELETE,PATCH /v1/organizations/{organization}
        POST /v1/organizations/{organization}/user
        DELETE,GET,PATCH /v1/organizations/{organization}/{username}
        """,
    ),
    Part(
        "Cloud credentials",
        """
        GET,POST /v1/credentials/{namespace}/aws
        DELETE,GET,PATCH /v1/credentials/{namespace}/aws/{name}
        GET,POST /v2/credentials/{namespace}
        DELETE,GET,PATCH /v2/credentials/{namespace}/{name}
        """,
        "Credentials are kept under /api/credentials, encrypted.",
    ),
    Part(
        "SQL and tasks",
        """
        POST /v1/sql/{namespace}
        GET /v1/task/{id}
        GET /v1/task/{id}/result
        GET /v1/tasks
        GET /v1/tasks/sidebar
        """,
    ),
    Part(
        "Functions",
        """
        POST /v1/arrays/{namespace}/{array}/udf/submit
        GET /v1/udf/{namespace}/{array}/end_timestamps
        DELETE,GET,PATCH,POST /v1/udf/{namespace}/{name}
        POST /v1/udf/{namespace}/{name}/copy
        GET,PATCH /v1/udf/{namespace}/{name}/share
        POST /v1/udfs/arrays/{namespace}
        POST /v1/udfs/generic/{namespace}
        """,
    ),
    Part(
        "Task graphs",
        """
        GET /v1/taskgraphs/logs
        POST /v1/taskgraphs/{namespace}/executions/{id}/resubmit
        POST /v1/taskgraphs/{namespace}/executions/{id}/retry
        POST /v1/taskgraphs/{namespace}/executions/{id}/stop
        GET,POST /v1/taskgraphs/{namespace}/graphs
        GET,PATCH /v1/taskgraphs/{namespace}/graphs/{id}
        POST /v1/taskgraphs/{namespace}/graphs/{id}/submit
        POST /v1/taskgraphs/{namespace}/log
        GET,PATCH /v1/taskgraphs/{namespace}/logs/{id}
        POST /v1/taskgraphs/{namespace}/logs/{id}/report_client_node
        DELETE,GET,PATCH,POST /v1/taskgraphs/{namespace}/registered/{name}
        GET,PATCH /v1/taskgraphs/{namespace}/registered/{name}/share
        """,
    ),
    Part(
        "Favorites",
        """
        GET /v1/arrays/favorites
        GET /v1/arrays/favorites/uuids
        DELETE,GET,POST /v1/arrays/favorites/{namespace}/{name}
        GET /v1/ml_models/favorites
        GET /v1/ml_models/favorites/uuids
        DELETE,GET,POST /v1/ml_models/favorites/{namespace}/{name}
        GET /v1/notebooks/favorites
        GET /v1/notebooks/favorites/uuids
        DELETE,GET,POST /v1/notebooks/favorites/{namespace}/{name}
        GET /v1/udfs/favorites
        GET /v1/udfs/favorites/uuids
        DELETE,GET,POST /v1/udfs/favorites/{namespace}/{name}
        """,
    ),
    Part(
        "The catalogue of arrays",
        """
        GET /v1/arrays
        GET /v1/arrays/browser/owned
        GET /v1/arrays/browser/owned/sidebar
        GET /v1/arrays/browser/public
        GET /v1/arrays/browser/public/sidebar
        GET /v1/arrays/browser/shared
        GET /v1/arrays/browser/shared/sidebar
        GET /v1/arrays/last_accessed
        GET /v1/arrays/{namespace}
        DELETE /v1/arrays/{namespace}/{array}
        GET /v1/arrays/{namespace}/{array}/activity
        GET /v1/arrays/{namespace}/{array}/activity/{id}
        DELETE /v1/arrays/{namespace}/{array}/deregister
        GET,PATCH /v1/arrays/{namespace}/{array}/metadata
        POST /v1/arrays/{namespace}/{array}/register
        GET,PATCH /v1/arrays/{namespace}/{array}/share
        GET /v2/arrays/{namespace}/{array}/activity
        """,
    ),
    Part(
        "Assets",
        """
        GET /v1/assets/{namespace}
        GET /v1/public_assets
        """,
    ),
    Part(
        "Arrays over the binary protocol of the TileDB library",
        """
        GET,POST /v1/arrays/{namespace}/{array}
        GET,POST /v1/arrays/{namespace}/{array}/array_metadata
        POST /v1/arrays/{namespace}/{array}/consolidate
        GET /v1/arrays/{namespace}/{array}/end_timestamps
        POST /v1/arrays/{namespace}/{array}/enumerations
        GET /v1/arrays/{namespace}/{array}/fragment_end_timestamp
        POST /v1/arrays/{namespace}/{array}/fragment_info
        GET /v1/arrays/{namespace}/{array}/max_buffer_sizes
        GET /v1/arrays/{namespace}/{array}/metadata_json
        GET /v1/arrays/{namespace}/{array}/non_empty_domain
        GET /v1/arrays/{namespace}/{array}/non_empty_domain_json
        POST /v1/arrays/{namespace}/{array}/query/est_result_sizes
        POST /v1/arrays/{namespace}/{array}/query/finalize
        GET /v1/arrays/{namespace}/{array}/query/get_file
        POST /v1/arrays/{namespace}/{array}/query/submit
        POST /v1/arrays/{namespace}/{array}/query/submit_query_json
        GET /v1/arrays/{namespace}/{array}/sample
        POST /v1/arrays/{namespace}/{array}/schema
        POST /v1/arrays/{namespace}/{array}/vacuum
        POST /v2/arrays/{namespace}/{array}
        POST /v2/arrays/{namespace}/{array}/query/submit
        """,
        "Read and write them with SQL (POST /v1/sql/{namespace}) or with a function.",
    ),
    Part(
        "Groups of arrays",
        """
        GET /v1/groups/browser/owned
        GET /v1/groups/browser/owned/filters
        GET /v1/groups/browser/public
        GET /v1/groups/browser/public/filters
        GET /v1/groups/browser/shared
        GET /v1/groups/browser/shared/filters
        DELETE,GET,PATCH /v1/groups/{group_namespace}/{group_name}
        GET /v1/groups/{group_namespace}/{group_name}/content_activity
        GET,POST /v1/groups/{group_namespace}/{group_name}/contents
        GET /v1/groups/{group_namespace}/{group_name}/contents/filters
        GET,PATCH /v1/groups/{group_namespace}/{group_name}/share
        POST /v1/groups/{namespace}/create
        POST /v1/groups/{namespace}/{array}/register
        POST,PUT /v2/groups/{group_namespace}
        DELETE,OPTIONS,PATCH,POST /v2/groups/{group_namespace}/{group_name}
        GET /v2/groups/{group_namespace}/{group_name}/activity
        GET /v2/groups/{group_namespace}/{group_name}/content_activity
        DELETE /v2/groups/{group_namespace}/{group_name}/delete
        POST,PUT /v2/groups/{group_namespace}/{group_name}/metadata
        """,
        "A project holds objects together: /api/projects.",
    ),
    Part(
        "Files in arrays",
        """
        POST /v1/files/{namespace}
        POST /v1/files/{namespace}/upload
        POST /v1/files/{namespace}/{file}/export
        POST /v2/files/{namespace}/{array}/upload
        """,
        "Files are kept under /api/files.",
    ),
    Part(
        "Notebooks in arrays, and servers for them",
        """
        DELETE /v1/notebooks/server/{namespace}
        GET /v1/notebooks/server/{namespace}/status
        POST /v1/notebooks/{namespace}/upload
        POST /v1/notebooks/{namespace}/{array}/copy
        GET /v1/notebooks/{namespace}/{array}/end_timestamps
        POST /v1/notebooks/{namespace}/{array}/prune
        PATCH /v1/notebooks/{namespace}/{array}/rename
        POST /v2/notebooks/{namespace}/{array}/upload
        """,
    ),
    Part(
        "Invitations",
        """
        GET /v1/invitations
        DELETE /v1/invitations/group/{invitation}/{namespace}/{group_name}/share
        POST /v1/invitations/group/{namespace}/{group}/share
        POST /v1/invitations/share_payment/{namespace}
        DELETE /v1/invitations/share_payment/{namespace}/{target}
        POST /v1/invitations/{invitation}
        DELETE /v1/invitations/{invitation}/{namespace}/{array}/share
        DELETE /v1/invitations/{invitation}/{organization}/join
        POST /v1/invitations/{namespace}/{array}/share
        POST /v1/invitations/{organization}/join
        """,
        "Share with users and groups who have an account here; an administrator makes accounts.",
    ),
    Part(
        "Figures of the server",
        """
        GET /v1/.stats
        """,
        "GET /metrics has those of this server.",
    ),
)


def operations(served: Iterable[Operation]) -> list[Operation]:
    """One operation for each address of the table that none of those serves; OPTIONS the router answers everywhere."""
    known = {(one.method, TEMPLATE.sub("{}", one.path)) for one in served}
    return [
        _refusing(part, method, path)
        for part in TABLE
        for method, path in part.routes()
        if method != "OPTIONS" and (method, TEMPLATE.sub("{}", path)) not in known
    ]


def _refusing(part: Part, method: str, path: str) -> Operation:
    sentence = part.sentence

    def refuse(call: Call, **segments: str) -> None:
        _ = call.user  # who has no key learns nothing

    names = TEMPLATE.findall(path)
    given = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=str) for name in names]
    caller = inspect.Parameter("call", inspect.Parameter.POSITIONAL_ONLY, annotation=Call)
    refuse.__signature__ = inspect.Signature([caller, *given])  # type: ignore[attr-defined]
    refuse.__annotations__ = {"call": Call, "return": type(None)} | dict.fromkeys(names, str)
    refuse.__doc__ = sentence
    words = [part.strip(".").replace("-", "_") for part in path.split("/") if part and part[0] != "{"]
    return describe(
        method, path, refuse, name="_".join([method.lower(), *words]), tags=("not served yet",), later=sentence
    )
