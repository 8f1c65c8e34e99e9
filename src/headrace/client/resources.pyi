# ruff: noqa: A001, ANN401, E501, N801, PYI021, RUF100 - what is declared, in its own words
# fmt: off
"""The resources of a client, for editors and type checkers.

Made of the declaration by `make stubs`: do not edit. With a `return_type` other than "snake", methods give other
types than are said here.
"""

import builtins
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, overload

from headrace.client.resource import Resource
from headrace.client.response import ListResponse, Response
from headrace.client.specification import Specification

class AnyItem(Response):
    """An object in a project, of whatever kind."""
    project_id: int
    object_id: int
    object_type: str
    fco_type: str
    sub_type: str | None
    name: str
    icon: str | None
    author: str
    updated_at: str
    archived: bool
    hidden: bool

class ApiKey(Response):
    """An API key. Its text is shown once, when it is made."""
    id: int
    name: str
    hint: str
    expires_at: str | None
    created_at: str
    revoked_at: str | None
    last_used_at: str | None
    expired: bool
    active: bool
    scopes: builtins.list[str]
    constraint_count: int

class ApiKeyNew(Response):
    """An API key that was just made."""
    id: int
    name: str
    hint: str
    expires_at: str | None
    created_at: str
    revoked_at: str | None
    last_used_at: str | None
    expired: bool
    active: bool
    scopes: builtins.list[str]
    constraint_count: int
    token: str

class Author(Response):
    """A user, as objects name who owns them."""
    id: int
    name: str
    username: str
    initials: str
    online: bool | None

class Change(Response):
    """One change. Secrets are not in it."""
    id: int
    at: str
    user_id: int | None
    username: str | None
    key_id: int | None
    address: str | None
    action: str
    kind: str
    object_id: int
    name: str | None
    before: Response | None
    after: Response | None

class Dependency(Response):
    """An object without which another does not work."""
    object_type: str
    fco_type: str
    id: int
    name: str | None
    permission_level: str | None
    description: str | None
    shareable: bool

class Environment(Response):
    """An environment."""
    id: int
    name: str
    state: Literal["building", "failed", "pending", "ready"]
    usable: bool
    requirements: builtins.list[str]
    python: str | None
    error: str | None
    size: int
    created_at: str
    updated_at: str
    built_at: str | None

class EnvironmentDetail(Response):
    """An environment with all that lies in it."""
    id: int
    name: str
    state: Literal["building", "failed", "pending", "ready"]
    usable: bool
    requirements: builtins.list[str]
    python: str | None
    error: str | None
    size: int
    created_at: str
    updated_at: str
    built_at: str | None
    hash: str | None
    packages: builtins.list[str]

class FileItem(Response):
    """A file in a project."""
    id: int
    file_name: str
    created_at: str
    updated_at: str

class Grantee(Response):
    """A user or a group."""
    id: int
    name: str

class Grantees(Response):
    """The users and groups of one level."""
    users: builtins.list[Grantee]
    groups: builtins.list[Grantee]

class Group(Response):
    """A group."""
    id: int
    name: str
    slug: str
    description: str | None
    member_count: int
    created_at: str
    updated_at: str

class GroupDetail(Response):
    """A group with its members."""
    id: int
    name: str
    slug: str
    description: str | None
    member_count: int
    created_at: str
    updated_at: str
    members: builtins.list[Member]

class Item(Response):
    """An object in a project."""
    id: int
    name: str
    created_at: str
    updated_at: str

class Member(Response):
    """A user in a group."""
    id: int
    name: str
    username: str
    initials: str
    email: str
    active: bool

class Module(Response):
    """An extra module that the function can import."""
    module_name: str
    source_code: str
    source_file: str | None

class Project(Response):
    """A project, with what of it you may see."""
    id: int
    author: Author
    name: str
    description: str
    users: builtins.list[Author]
    auto_share: bool
    created_at: str
    updated_at: str
    tables: builtins.list[Item]
    surveys: builtins.list[Item]
    scripts: builtins.list[Item]
    imports: builtins.list[Item]
    exports: builtins.list[Item]
    models: builtins.list[Item]
    notebooks: builtins.list[Item]
    services: builtins.list[Item]
    workflows: builtins.list[Item]
    reports: builtins.list[Item]
    script_templates: builtins.list[Item]
    files: builtins.list[FileItem]
    enhancements: builtins.list[Item]
    app_instances: builtins.list[Item]
    projects: builtins.list[Item]
    all_objects: builtins.list[AnyItem]
    note: str | None
    can_current_user_enable_auto_share: bool
    hidden: bool
    archived: bool
    parent_project: Item | None
    my_permission_level: Literal["manage", "read", "write"]

class ProjectListed(Response):
    """A project, as lists show it."""
    id: int
    author: Author
    name: str
    description: str
    users: builtins.list[Author]
    auto_share: bool
    created_at: str
    updated_at: str
    archived: bool

class Run(Response):
    """One call of a function."""
    uid: str
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    udf_id: int | None
    udf_name: str | None
    version: int | None
    code_hash: str
    owner_id: int
    caller_id: int | None
    token_id: int | None
    door: str
    format: str | None
    cache: Literal["hit", "miss", "off"]
    status: int
    size: int
    started_at: str
    finished_at: str
    timing: Timing
    error: str | None
    error_class: str | None

class RunDetail(Response):
    """One call of a function, with what it printed."""
    uid: str
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    udf_id: int | None
    udf_name: str | None
    version: int | None
    code_hash: str
    owner_id: int
    caller_id: int | None
    token_id: int | None
    door: str
    format: str | None
    cache: Literal["hit", "miss", "off"]
    status: int
    size: int
    started_at: str
    finished_at: str
    timing: Timing
    error: str | None
    error_class: str | None
    stdout: str
    stderr: str

class SharedDependency(Response):
    """A dependency, and whether it went along."""
    object_type: str
    fco_type: str
    id: int
    name: str | None
    permission_level: str | None
    description: str | None
    shared: bool

class Shares(Response):
    """Everybody who may do something with an object, each under the most that they may."""
    readers: Grantees
    writers: Grantees
    owners: Grantees
    total_user_shares: int
    total_group_shares: int

class Timing(Response):
    """Where the time of a run went, in milliseconds. What was served from the cache took only its total."""
    queue: float
    fork: float
    load: float
    user: float
    encode: float
    total: float

class Token(Response):
    """The right to call one udf."""
    id: int
    token: str
    udf_uid: str
    udf_name: str
    owner_id: int
    owner_email: str
    cache: bool
    enabled: bool
    access_scope: str | None
    metadata: Response | None
    created_at: str
    updated_at: str
    expires_at: str | None
    last_used_at: str | None

class Transferred(Response):
    """What the object depends on, and what of it went along."""
    dependencies: builtins.list[SharedDependency]

class Udf(Response):
    """A saved udf."""
    uid: str
    id: int
    name: str
    version: int
    owner_id: int
    owner_email: str
    public_read: bool
    public_list: bool
    created_at: str
    updated_at: str

class UdfDetail(Response):
    """A saved udf with its code."""
    uid: str
    id: int
    name: str
    version: int
    owner_id: int
    owner_email: str
    public_read: bool
    public_list: bool
    created_at: str
    updated_at: str
    code: str
    entrypoint: str
    parameters: Response
    cache_max_age: int | None

class User(Response):
    """A user."""
    id: int
    user: str
    name: str
    email: str
    active: bool
    admin: bool
    initials: str
    suspended: bool
    created_at: str
    updated_at: str

class UserDetail(Response):
    """A user, with the groups they are in."""
    id: int
    user: str
    name: str
    email: str
    active: bool
    admin: bool
    initials: str
    suspended: bool
    created_at: str
    updated_at: str
    groups: builtins.list[UserGroup]

class UserGroup(Response):
    """A group that a user is in."""
    id: int
    name: str
    slug: str

class UserMe(Response):
    """The user who asks."""
    id: int
    name: str
    email: str
    username: str
    initials: str
    admin: bool
    feature_flags: Response
    roles: builtins.list[str]
    preferences: Response
    primary_group_id: int | None
    groups: builtins.list[UserGroup]
    organization_name: str | None
    created_at: str

class Version(Response):
    """One version of a udf."""
    version: int
    author_id: int
    created_at: str
    code: str
    entrypoint: str

class ChangesMethods(Resource):
    """The operations of changes."""

    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        kind: str = ...,
        object_id: int = ...,
        action: str = ...,
        user_id: int = ...,
        since: str | dt.date = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Change]:
        """List changes that you made and changes of what you manage; administrators see all of them."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        kind: str = ...,
        object_id: int = ...,
        action: str = ...,
        user_id: int = ...,
        since: str | dt.date = ...,
        iterator: Literal[True],
    ) -> Iterator[Change]:
        """List changes that you made and changes of what you manage; administrators see all of them."""

class EnvironmentsMethods(Resource):
    """The operations of environments."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Forget an environment; udfs that name it can no longer be called."""
    def get(
        self,
        id: int,
    ) -> EnvironmentDetail:
        """Get an environment."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name"] = ...,
        order_dir: Literal["asc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Environment]:
        """List one's environments."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name"] = ...,
        order_dir: Literal["asc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Environment]:
        """List one's environments."""
    def list_logs(
        self,
        id: int,
    ) -> ListResponse[Response]:
        """List what was said during the last build, so far."""
    def post(
        self,
        name: str,
        requirements: Sequence[str],
        *,
        python: str | None = ...,
    ) -> EnvironmentDetail:
        """Make an environment; it is built in the background."""
    def put(
        self,
        id: int,
        *,
        requirements: Sequence[str] | None = ...,
        python: str | None = ...,
    ) -> EnvironmentDetail:
        """Build an environment anew."""

class GroupsMethods(Resource):
    """The operations of groups."""

    def delete_members(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Remove a user from a group; administrators may."""
    def get(
        self,
        id: int,
    ) -> GroupDetail:
        """Get a group."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        query: str = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Group]:
        """List groups."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        query: str = ...,
        iterator: Literal[True],
    ) -> Iterator[Group]:
        """List groups."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        description: str | None = ...,
    ) -> GroupDetail:
        """Update some attributes of a group; administrators may."""
    def post(
        self,
        name: str,
        *,
        description: str | None = ...,
    ) -> GroupDetail:
        """Create a group; administrators may."""
    def put_members(
        self,
        id: int,
        user_id: int,
    ) -> GroupDetail:
        """Add a user to a group; administrators may."""

class ProjectsMethods(Resource):
    """The operations of projects."""

    def delete(
        self,
        project_id: int,
    ) -> Response:
        """Archive a project, as `PUT .../archive` does."""
    def delete_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def get(
        self,
        project_id: int,
    ) -> Project:
        """Get a detailed view of a project and the objects in it."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        permission: Literal["manage", "read", "write"] = ...,
        auto_share: bool = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ProjectListed]:
        """List projects."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        permission: Literal["manage", "read", "write"] = ...,
        auto_share: bool = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ProjectListed]:
        """List projects."""
    def list_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def post(
        self,
        name: str,
        description: str,
        *,
        note: str | None = ...,
        auto_share: bool = ...,
        hidden: bool = ...,
    ) -> Project:
        """Create a project."""
    def put(
        self,
        project_id: int,
        *,
        name: str | None = ...,
        description: str | None = ...,
        note: str | None = ...,
    ) -> Project:
        """Update a project."""
    def put_archive(
        self,
        id: int,
        status: bool,
    ) -> Project:
        """Update the archive status of this object."""
    def put_auto_share(
        self,
        project_id: int,
        auto_share: bool,
    ) -> Project:
        """Enable or disable auto-sharing on a project."""
    def put_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""

class RunsMethods(Resource):
    """The operations of runs."""

    def get(
        self,
        uid: str,
    ) -> RunDetail:
        """Get a run with what it printed."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id", "started_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        state: Literal["cancelled", "failed", "queued", "running", "succeeded"] = ...,
        udf: str = ...,
        door: Literal["body", "saved", "tile", "token"] = ...,
        cache: Literal["hit", "miss", "off"] = ...,
        since: str | dt.date = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Run]:
        """List runs: those under one's environment and those one called, the newest first."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id", "started_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        state: Literal["cancelled", "failed", "queued", "running", "succeeded"] = ...,
        udf: str = ...,
        door: Literal["body", "saved", "tile", "token"] = ...,
        cache: Literal["hit", "miss", "off"] = ...,
        since: str | dt.date = ...,
        iterator: Literal[True],
    ) -> Iterator[Run]:
        """List runs: those under one's environment and those one called, the newest first."""
    def list_logs(
        self,
        uid: str,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[Response]:
        """Get the lines that a run printed, its output before its errors."""

class UdfsMethods(Resource):
    """The operations of udfs."""

    def delete(
        self,
        uid: str,
    ) -> Response:
        """Remove a udf with its versions and tokens. Its runs stay."""
    def delete_tokens(
        self,
        uid: str,
        id: int,
    ) -> Response:
        """Have a token open nothing from now on, and forget it."""
    def get(
        self,
        uid: str,
    ) -> UdfDetail:
        """Get a udf with its code."""
    def get_tokens(
        self,
        uid: str,
        id: int,
    ) -> Token:
        """Get a token."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["updated_at"] = ...,
        order_dir: Literal["desc"] = ...,
        public: bool = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Udf]:
        """List udfs, the most recently changed first."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["updated_at"] = ...,
        order_dir: Literal["desc"] = ...,
        public: bool = ...,
        iterator: Literal[True],
    ) -> Iterator[Udf]:
        """List udfs, the most recently changed first."""
    @overload
    def list_tokens(
        self,
        uid: str,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Token]:
        """List the tokens of a udf, the newest first."""
    @overload
    def list_tokens(
        self,
        uid: str,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Token]:
        """List the tokens of a udf, the newest first."""
    @overload
    def list_versions(
        self,
        uid: str,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["version"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Version]:
        """List the versions of a udf, the newest first."""
    @overload
    def list_versions(
        self,
        uid: str,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["version"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Version]:
        """List the versions of a udf, the newest first."""
    def patch_tokens(
        self,
        uid: str,
        id: int,
        *,
        cache: bool | None = ...,
        enabled: bool | None = ...,
        access_scope: str | None = ...,
        metadata: Mapping[str, Any] | None = ...,
    ) -> Token:
        """Update some attributes of a token."""
    def post(
        self,
        name: str,
        code: str,
        *,
        entrypoint: str = ...,
        parameters: Mapping[str, Any] = ...,
        headers: Sequence[Mapping[str, Any]] = ...,
        cache_max_age: int | None = ...,
        public_read: bool = ...,
        public_list: bool = ...,
    ) -> UdfDetail:
        """Save a udf under a new name."""
    def post_tokens(
        self,
        uid: str,
        *,
        cache: bool = ...,
        enabled: bool = ...,
        access_scope: str | None = ...,
        metadata: Mapping[str, Any] | None = ...,
        expires_in: int | None = ...,
    ) -> Token:
        """Make a token for a udf."""
    def put(
        self,
        uid: str,
        *,
        name: str | None = ...,
        code: str | None = ...,
        entrypoint: str | None = ...,
        parameters: Mapping[str, Any] | None = ...,
        headers: Sequence[Mapping[str, Any]] | None = ...,
        cache_max_age: int | None = ...,
        public_read: bool | None = ...,
        public_list: bool | None = ...,
    ) -> UdfDetail:
        """Save a udf again."""

class UsersMethods(Resource):
    """The operations of users."""

    def delete_api_keys(
        self,
        id: str,
        key_id: int,
    ) -> ApiKey:
        """Revoke the specified API key."""
    def get(
        self,
        id: int,
    ) -> UserDetail:
        """Show info about a user."""
    def get_api_keys(
        self,
        id: str,
        key_id: int,
    ) -> ApiKey:
        """Show the specified API key."""
    def get_me(
        self,
    ) -> UserMe:
        """Show info about the logged-in user."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id", "name", "user"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        query: str = ...,
        account_status: Literal["active", "all", "inactive"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[User]:
        """List users."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id", "name", "user"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        query: str = ...,
        account_status: Literal["active", "all", "inactive"] = ...,
        iterator: Literal[True],
    ) -> Iterator[User]:
        """List users."""
    @overload
    def list_api_keys(
        self,
        id: str,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ApiKey]:
        """Show API keys belonging to the specified user, the newest first."""
    @overload
    def list_api_keys(
        self,
        id: str,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ApiKey]:
        """Show API keys belonging to the specified user, the newest first."""
    def list_me(
        self,
    ) -> UserMe:
        """Show info about the logged-in user."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        email: str | None = ...,
        active: bool | None = ...,
        admin: bool | None = ...,
    ) -> UserDetail:
        """Update info about a user."""
    def post(
        self,
        name: str,
        email: str,
        *,
        user: str | None = ...,
        primary_group_id: int | None = ...,
        group_ids: Sequence[int] = ...,
        admin: bool = ...,
    ) -> UserDetail:
        """Create a new user; administrators may."""
    def post_api_keys(
        self,
        id: str,
        name: str,
        *,
        expires_in: int | None = ...,
        constraints: Sequence[Mapping[str, Any]] = ...,
    ) -> ApiKeyNew:
        """Create a new API key, for oneself or as an administrator for anyone."""

class Resources:
    """The resources of a client as its attributes."""

    @property
    def changes(self) -> ChangesMethods: ...
    @property
    def groups(self) -> GroupsMethods: ...
    @property
    def projects(self) -> ProjectsMethods: ...
    @property
    def udfs(self) -> UdfsMethods: ...
    @property
    def users(self) -> UsersMethods: ...
    def __getattr__(self, name: str) -> Any: ...
    @property
    def specification(self) -> Specification: ...
    def resource(self, name: str) -> Any: ...
