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

class AdvancedSettings(Response):
    """What may be set of a database."""
    export_caching_enabled: bool

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

class AnyScript(Response):
    """A script of any kind; `sql` is null where it is no SQL script."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    category: str
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    user_context: Literal["author", "runner"]
    params: builtins.list[Param]
    arguments: Response
    is_template: bool
    published_as_template_id: int | None
    from_template_id: int | None
    from_template_aliases: builtins.list[Response]
    template_dependents_count: int | None
    template_script_name: str | None
    links: Links
    schedule: Schedule
    notifications: Notifications
    running_as: Author
    running_as_id: int | None
    next_run_at: str | None
    time_zone: str
    last_run: LastRun | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    target_project_id: int | None
    archived: bool
    sql: str | None
    expanded_arguments: Response
    remote_host_id: int | None
    credential_id: int | None
    code_preview: str | None
    csv_settings: CsvSettings
    template_script_id: int | None

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

class Authenticated(Response):
    """The login is good. The other fields are those of a credential, which this makes none of."""
    success: bool
    id: int | None
    name: str | None
    type: str | None
    username: str
    description: str | None
    owner: str
    user: Author
    remote_host_id: int | None
    remote_host_name: str | None
    state: str | None
    created_at: str | None
    updated_at: str | None
    default: bool | None
    oauth: bool | None
    provider: str | None
    provider_metadata: Response | None

class Author(Response):
    """A user, as objects name who owns them."""
    id: int
    name: str
    username: str
    initials: str
    online: bool | None

class Batch(Response):
    """A batch of files, and how far its import has come."""
    id: int
    schema: str
    table: str
    remote_host_id: int
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"]
    started_at: str | None
    finished_at: str | None
    error: str | None
    hidden: bool

class BatchListed(Response):
    """A batch, as lists show it."""
    id: int
    schema: str
    table: str
    remote_host_id: int
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"]
    started_at: str | None
    finished_at: str | None
    error: str | None

class Build(Response):
    """A build: the model trained once."""
    id: int
    name: str | None
    created_at: str | None
    description: str | None
    root_mean_squared_error: float | None
    r_squared_error: float | None
    roc_auc: float | None
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    error: str | None
    transformation_metadata: str | None
    output: str | None
    output_location: str | None

class BuildListed(Response):
    """A build, as a model shows it."""
    id: int
    name: str | None
    created_at: str | None
    description: str | None
    root_mean_squared_error: float | None
    r_squared_error: float | None
    roc_auc: float | None

class Cancelled(Response):
    """A run that is to stop."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    is_cancel_requested: bool

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

class Child(Response):
    """A job that runs after another, and those that run after it."""
    id: int
    name: str
    type: str
    from_template_id: int | None
    state: str
    created_at: str
    updated_at: str
    runs: builtins.list[LastRun]
    last_run: LastRun | None
    children: builtins.list[Child]

class Column(Response):
    """A column of a table. What was not counted is null or empty."""
    name: str
    civis_data_type: str
    sql_type: str
    sample_values: builtins.list[str]
    encoding: str | None
    description: str | None
    order: int
    min_value: str | None
    max_value: str | None
    avg_value: float | None
    stddev: float | None
    value_distribution_percent: Response
    coverage_count: int | None
    null_count: int | None
    possible_dependent_variable_types: builtins.list[str]
    useable_as_independent_variable: bool
    useable_as_primary_key: bool
    value_distribution: Response
    distinct_count: int | None

class Container(Response):
    """A container."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    category: str
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    user_context: Literal["author", "runner"]
    params: builtins.list[Param]
    arguments: Response
    is_template: bool
    published_as_template_id: int | None
    from_template_id: int | None
    from_template_aliases: builtins.list[Response]
    template_dependents_count: int | None
    template_script_name: str | None
    links: Links
    schedule: Schedule
    notifications: Notifications
    running_as: Author
    running_as_id: int | None
    next_run_at: str | None
    time_zone: str
    last_run: LastRun | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    target_project_id: int | None
    archived: bool
    required_resources: RequiredResources
    instance_type: str | None
    cancel_timeout: int
    docker_image_tag: str
    partition_label: str | None
    repo_http_uri: str | None
    repo_ref: str | None
    remote_host_credential_id: int | None
    git_credential_id: int | None
    docker_command: str | None
    docker_image_name: str | None

class ContainerRun(Response):
    """A run of a container."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    max_memory_usage: float | None
    max_cpu_usage: float | None
    container_id: int

class Credential(Response):
    """A credential, without its password."""
    id: int
    name: str
    type: str
    username: str
    description: str | None
    owner: str
    user: Author
    remote_host_id: int | None
    remote_host_name: str | None
    state: str | None
    created_at: str
    updated_at: str
    default: bool
    oauth: bool
    provider: str | None
    provider_metadata: Response | None

class CredentialTypes(Response):
    """The types of credentials that can be made."""
    types: builtins.list[str]

class CsvDestination(Response):
    """The table to write."""
    schema: str
    table: str
    remote_host_id: int
    credential_id: int
    primary_keys: builtins.list[str] | None
    last_modified_keys: builtins.list[str] | None

class CsvImport(Response):
    """An import of CSV files."""
    id: int
    name: str
    source: CsvSource
    destination: CsvDestination
    first_row_is_header: bool
    column_delimiter: Literal["comma", "pipe", "tab"]
    escaped: bool
    compression: Literal["gzip", "none"]
    existing_table_rows: Literal["append", "drop", "fail", "truncate", "upsert"]
    max_errors: int | None
    table_columns: builtins.list[Response] | None
    loosen_types: bool
    execution: str
    redshift_destination_options: RedshiftOptions | None
    hidden: bool
    my_permission_level: Literal["manage", "read", "write"]

class CsvImportRun(Response):
    """A run of an import of CSV files."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    csv_import_id: int

class CsvSettings(Response):
    """How the result is written."""
    include_header: bool
    compression: Literal["gzip", "none", "zip"]
    column_delimiter: Literal["comma", "pipe", "tab"]
    unquoted: bool
    force_multifile: bool
    filename_prefix: str | None
    max_file_size: int | None

class CsvSource(Response):
    """What to read: files that are kept here, or files on a storage host."""
    file_ids: builtins.list[int] | None
    storage_path: StoragePath | None

class Custom(Response):
    """A custom script."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    category: str
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    user_context: Literal["author", "runner"]
    params: builtins.list[Param]
    arguments: Response
    is_template: bool
    published_as_template_id: int | None
    from_template_id: int | None
    from_template_aliases: builtins.list[Response]
    template_dependents_count: int | None
    template_script_name: str | None
    links: Links
    schedule: Schedule
    notifications: Notifications
    running_as: Author
    running_as_id: int | None
    next_run_at: str | None
    time_zone: str
    last_run: LastRun | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    target_project_id: int | None
    archived: bool
    backing_script_type: str | None
    remote_host_id: int | None
    credential_id: int | None
    code_preview: str | None
    ui_report_url: int | None
    ui_report_id: int | None
    ui_report_provide_api_key: bool | None
    template_note: str | None
    last_successful_run: LastRun | None
    required_resources: RequiredResources | None
    partition_label: str | None

class CustomListed(Response):
    """A custom script, as lists show it."""
    id: int
    name: str
    type: str
    backing_script_type: str | None
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    from_template_id: int | None
    time_zone: str
    last_run: LastRun | None
    archived: bool
    last_successful_run: LastRun | None

class CustomRun(Response):
    """A run of a custom script."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    max_memory_usage: float | None
    max_cpu_usage: float | None
    custom_id: int

class DataSet(Response):
    """Something to import from."""
    name: str
    full_path: bool

class Database(Response):
    """A database."""
    id: int
    name: str
    adapter: str
    cluster_identifier: str | None
    host: str | None
    port: int | None
    database_name: str | None
    managed: bool

class DatabaseGroup(Response):
    """A group of the database."""
    group_name: str
    members: builtins.list[str]

class DatabaseUser(Response):
    """A user of the database."""
    username: str
    active: bool

class Dependency(Response):
    """An object without which another does not work."""
    object_type: str
    fco_type: str
    id: int
    name: str | None
    permission_level: str | None
    description: str | None
    shareable: bool

class Deployment(Response):
    """A notebook's server."""
    deployment_id: int
    user_id: int
    host: str | None
    name: str | None
    docker_image_name: str | None
    docker_image_tag: str | None
    instance_type: str | None
    memory: int | None
    cpu: int | None
    state: Literal["pending", "running", "sleeping", "terminated"]
    state_message: str | None
    max_memory_usage: float | None
    max_cpu_usage: float | None
    created_at: str
    updated_at: str
    notebook_id: int
    display_url: str | None

class DeploymentListed(Response):
    """A notebook's server, as lists show it."""
    deployment_id: int
    user_id: int
    host: str | None
    name: str | None
    docker_image_name: str | None
    docker_image_tag: str | None
    instance_type: str | None
    memory: int | None
    cpu: int | None
    state: Literal["pending", "running", "sleeping", "terminated"]
    state_message: str | None
    max_memory_usage: float | None
    max_cpu_usage: float | None
    created_at: str
    updated_at: str
    notebook_id: int

class DetectedInfo(Response):
    """What preprocessing found in a file; null what it has not looked for."""
    include_header: bool | None
    column_delimiter: str | None
    compression: str | None
    table_columns: builtins.list[Response]

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

class File(Response):
    """A file."""
    id: int
    name: str
    created_at: str
    file_size: int
    expires_at: str | None
    description: str | None
    author: Author
    download_url: str | None
    file_url: str | None
    detected_info: DetectedInfo
    my_permission_level: Literal["manage", "read", "write"]

class FileImport(Response):
    """Where to send the file, and then what to call."""
    id: int
    upload_uri: str
    run_uri: str
    upload_fields: Response

class FileItem(Response):
    """A file in a project."""
    id: int
    file_name: str
    created_at: str
    updated_at: str

class FileMultipart(Response):
    """How far the upload of a file in parts is."""
    id: int
    name: str
    state: Literal["expired", "partial", "whole"]
    num_parts: int
    parts: builtins.list[FilePart]
    missing: builtins.list[int]
    upload_urls: builtins.list[str]

class FileMultipartPost(Response):
    """A file that was announced in parts, and how to upload each."""
    id: int
    name: str
    created_at: str
    file_size: int
    expires_at: str | None
    description: str | None
    upload_urls: builtins.list[str]

class FilePart(Response):
    """A part that has come."""
    number: int
    size: int
    etag: str

class FilePost(Response):
    """A file that was announced, and how to upload it."""
    id: int
    name: str
    created_at: str
    file_size: int
    expires_at: str | None
    description: str | None
    upload_url: str
    upload_fields: Response
    my_permission_level: Literal["manage", "read", "write"]

class FilePreview(Response):
    """The first rows of a file that is a table."""
    columns: builtins.list[Response]
    rows: builtins.list[builtins.list[str]]
    column_delimiter: str | None
    include_header: bool

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

class Import(Response):
    """An import."""
    id: int
    name: str
    source: SideNamed | None
    destination: SideNamed | None
    sync_type: str
    is_outbound: bool
    job_type: str | None
    state: str
    created_at: str
    updated_at: str
    last_run: LastRun | None
    user: Author
    schedule: Schedule
    time_zone: str
    archived: bool
    parent_id: int | None
    syncs: builtins.list[Sync]
    running_as: Author
    next_run_at: str | None
    notifications: Notifications
    hidden: bool
    my_permission_level: Literal["manage", "read", "write"]

class ImportListed(Response):
    """An import, as lists show it."""
    id: int
    name: str
    source: SideNamed | None
    destination: SideNamed | None
    sync_type: str
    is_outbound: bool
    job_type: str | None
    state: str
    created_at: str
    updated_at: str
    last_run: LastRun | None
    user: Author
    schedule: Schedule
    time_zone: str
    archived: bool

class ImportRun(Response):
    """A run of an import."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    import_id: int

class ImportStarted(Response):
    """Which run was started."""
    run_id: int

class Input(Response):
    """A value that the statement of a saved query takes, as :name."""
    name: str
    kind: Literal["boolean", "choice", "date", "datetime", "integer", "json", "number", "text", "time"]
    choices: builtins.list[str]

class Item(Response):
    """An object in a project."""
    id: int
    name: str
    created_at: str
    updated_at: str

class JavaScript(Response):
    """A JavaScript script."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    category: str
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    user_context: Literal["author", "runner"]
    params: builtins.list[Param]
    arguments: Response
    is_template: bool
    published_as_template_id: int | None
    from_template_id: int | None
    from_template_aliases: builtins.list[Response]
    template_dependents_count: int | None
    template_script_name: str | None
    links: Links
    schedule: Schedule
    notifications: Notifications
    running_as: Author
    running_as_id: int | None
    next_run_at: str | None
    time_zone: str
    last_run: LastRun | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    target_project_id: int | None
    archived: bool
    source: str
    remote_host_id: int | None
    credential_id: int | None

class JavaScriptRun(Response):
    """A run of a JavaScript script."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    javascript_id: int

class Job(Response):
    """A job."""
    id: int
    name: str
    type: str
    from_template_id: int | None
    state: str
    created_at: str
    updated_at: str
    last_run_updated_at: str | None
    last_run: LastRun | None
    archived: bool
    author: Author
    schedule: Schedule
    runs: builtins.list[LastRun]
    hidden: bool
    my_permission_level: Literal["manage", "read", "write"]
    success_email_subject: str | None
    success_email_body: str | None
    running_as_user: str
    run_by_user: str | None

class JobListed(Response):
    """A job, as lists show it."""
    id: int
    name: str
    type: str
    from_template_id: int | None
    state: str
    created_at: str
    updated_at: str
    last_run_updated_at: str | None
    last_run: LastRun | None
    archived: bool
    author: Author
    schedule: Schedule

class JobRun(Response):
    """A run, whatever the job is."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None

class JsonValue(Response):
    """A value with a name."""
    id: int
    name: str
    value: Response

class LastRun(Response):
    """The last run of a job."""
    id: int
    state: str
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None

class Links(Response):
    """Where more is told, without a scheme."""
    details: str
    runs: str

class LogLine(Response):
    """A line that a run printed."""
    id: int
    created_at: str
    message: str
    level: str

class Member(Response):
    """A user in a group."""
    id: int
    name: str
    username: str
    initials: str
    email: str
    active: bool

class Model(Response):
    """A model."""
    id: int
    table_name: str | None
    database_id: int | None
    credential_id: int | None
    model_name: str | None
    description: str | None
    interaction_terms: bool | None
    box_cox_transformation: bool | None
    model_type_id: int | None
    primary_key: str | None
    dependent_variable: str | None
    dependent_variable_order: builtins.list[str] | None
    excluded_columns: builtins.list[str] | None
    limiting_sql: str | None
    cross_validation_parameters: Response
    number_of_folds: int | None
    schedule: Schedule
    parent_id: int | None
    time_zone: str
    last_run: LastRun | None
    user: Author
    created_at: str
    updated_at: str
    current_build_state: str
    current_build_exception: str | None
    builds: builtins.list[BuildListed]
    predictions: builtins.list[ModelPrediction]
    last_output_location: str | None
    archived: bool
    active_build_id: int | None
    notifications: Notifications
    running_as: Author
    hidden: bool

class ModelListed(Response):
    """A model, as lists show it."""
    id: int
    table_name: str | None
    database_id: int | None
    credential_id: int | None
    model_name: str | None
    description: str | None
    interaction_terms: bool | None
    box_cox_transformation: bool | None
    model_type_id: int | None
    primary_key: str | None
    dependent_variable: str | None
    dependent_variable_order: builtins.list[str] | None
    excluded_columns: builtins.list[str] | None
    limiting_sql: str | None
    cross_validation_parameters: Response
    number_of_folds: int | None
    schedule: Schedule
    parent_id: int | None
    time_zone: str
    last_run: LastRun | None
    user: Author
    created_at: str
    updated_at: str
    current_build_state: str
    current_build_exception: str | None
    builds: builtins.list[BuildListed]
    predictions: builtins.list[ModelPrediction]
    last_output_location: str | None
    archived: bool

class ModelPrediction(Response):
    """A prediction, as a model shows it."""
    id: int
    table_name: str
    primary_key: builtins.list[str]
    limiting_sql: str | None
    output_table: str
    schedule: Schedule
    state: str

class ModelSchedule(Response):
    """When a model is trained again."""
    id: int
    schedule: Schedule

class ModelType(Response):
    """A way to train."""
    id: int
    algorithm: str
    dv_type: str
    fint_allowed: bool

class Module(Response):
    """An extra module that the function can import."""
    module_name: str
    source_code: str
    source_file: str | None

class Notebook(Response):
    """A notebook."""
    id: int
    name: str
    language: str
    description: str | None
    user: Author
    created_at: str
    updated_at: str
    most_recent_deployment: DeploymentListed | None
    archived: bool
    notebook_url: str | None
    notebook_preview_url: str | None
    requirements_url: str | None
    file_id: str | None
    requirements_file_id: str | None
    docker_image_name: str | None
    docker_image_tag: str | None
    instance_type: str | None
    memory: int | None
    cpu: int | None
    credentials: builtins.list[ProjectStub]
    environment_variables: Response
    idle_timeout: int | None
    partition_label: str | None
    git_repo_id: int | None
    git_repo_url: str | None
    git_ref: str | None
    git_path: str | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool

class NotebookLinks(Response):
    """Where to send a notebook's new content."""
    update_url: str
    update_preview_url: str

class NotebookListed(Response):
    """A notebook, as lists show it."""
    id: int
    name: str
    language: str
    description: str | None
    user: Author
    created_at: str
    updated_at: str
    most_recent_deployment: DeploymentListed | None
    archived: bool

class Notifications(Response):
    """Who is told how a job ended."""
    urls: builtins.list[str]
    success_email_subject: str | None
    success_email_body: str | None
    success_email_addresses: builtins.list[str]
    success_email_from_name: str | None
    success_email_reply_to: str | None
    failure_email_addresses: builtins.list[str]
    stall_warning_minutes: int | None
    success_on: bool
    failure_on: bool

class Output(Response):
    """An object that a run made."""
    object_type: str
    object_id: int
    name: str
    link: str
    value: Response

class Param(Response):
    """A value that a script wants to be given."""
    name: str
    label: str | None
    description: str | None
    type: Literal["bool", "credential_aws", "credential_custom", "credential_redshift", "database", "file", "float", "integer", "multi_line_string", "string", "table"]
    required: bool
    value: str | None
    default: str | None
    allowed_values: builtins.list[Response]

class PastRun(Response):
    """A run, as the history of a SQL script shows it."""
    id: int
    sql_id: int
    state: str
    is_cancel_requested: bool
    finished_at: str | None
    error: str | None
    output: builtins.list[SqlOutput]

class Prediction(Response):
    """A prediction."""
    id: int
    model_id: int
    scored_table_id: int | None
    scored_table_name: str | None
    output_table_name: str
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"]
    error: str | None
    started_at: str | None
    finished_at: str | None
    last_run: LastRun | None
    scored_tables: builtins.list[ScoredTable]
    schedule: Schedule
    limiting_sql: str | None
    primary_key: builtins.list[str]

class PredictionListed(Response):
    """A prediction, as lists show it."""
    id: int
    model_id: int
    scored_table_id: int | None
    scored_table_name: str | None
    output_table_name: str
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"]
    error: str | None
    started_at: str | None
    finished_at: str | None
    last_run: LastRun | None

class PredictionRun(Response):
    """A run of a prediction."""
    id: int
    prediction_id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    exception: str | None
    name: str | None
    created_at: str | None
    score_stats: builtins.list[ScoreStats]

class PredictionSchedule(Response):
    """When a prediction runs."""
    id: int
    schedule: Schedule
    score_on_model_build: bool

class Preprocess(Response):
    """A job that makes a CSV file ready to be imported."""
    id: int
    file_id: int
    in_place: bool
    detect_table_columns: bool
    force_character_set_conversion: bool
    include_header: bool | None
    column_delimiter: str | None
    hidden: bool

class Privilege(Response):
    """What a user or group of the database may do."""
    grantee: str
    grantee_type: str
    privileges: builtins.list[str]
    grantable_privileges: builtins.list[str]

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

class ProjectStub(Response):
    """A project that an object is in."""
    id: int
    name: str

class Python3(Response):
    """A Python script."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    category: str
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    user_context: Literal["author", "runner"]
    params: builtins.list[Param]
    arguments: Response
    is_template: bool
    published_as_template_id: int | None
    from_template_id: int | None
    from_template_aliases: builtins.list[Response]
    template_dependents_count: int | None
    template_script_name: str | None
    links: Links
    schedule: Schedule
    notifications: Notifications
    running_as: Author
    running_as_id: int | None
    next_run_at: str | None
    time_zone: str
    last_run: LastRun | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    target_project_id: int | None
    archived: bool
    required_resources: RequiredResources
    instance_type: str | None
    cancel_timeout: int
    docker_image_tag: str | None
    partition_label: str | None
    source: str

class PythonRun(Response):
    """A run of a Python script."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    max_memory_usage: float | None
    max_cpu_usage: float | None
    python_id: int

class Query(Response):
    """A query."""
    id: int
    database: int
    sql: str
    credential: int | None
    result_rows: builtins.list[builtins.list[str | None]] | None
    result_columns: builtins.list[str] | None
    error: str | None
    exception: str | None
    started_at: str | None
    finished_at: str | None
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"]
    script_id: int | None
    created_at: str
    updated_at: str
    last_run_id: int | None
    archived: bool
    report_id: int | None
    hidden: bool
    name: str | None
    author: Author

class QueryListed(Response):
    """A query, as lists show it."""
    id: int
    database: int
    sql: str
    credential: int | None
    result_rows: builtins.list[builtins.list[str | None]] | None
    result_columns: builtins.list[str] | None
    error: str | None
    exception: str | None
    started_at: str | None
    finished_at: str | None
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"]
    script_id: int | None
    created_at: str
    updated_at: str
    last_run_id: int | None
    archived: bool
    report_id: int | None
    preview_rows: int

class QueryRun(Response):
    """A run of a query."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    query_id: int

class QueryStarted(Response):
    """A query that was started, and how its whole result is written."""
    id: int
    database: int
    sql: str
    credential: int | None
    result_rows: builtins.list[builtins.list[str | None]] | None
    result_columns: builtins.list[str] | None
    error: str | None
    exception: str | None
    started_at: str | None
    finished_at: str | None
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"]
    script_id: int | None
    created_at: str
    updated_at: str
    last_run_id: int | None
    archived: bool
    report_id: int | None
    preview_rows: int
    hidden: bool
    my_permission_level: Literal["manage", "read", "write"]
    interactive: bool | None
    include_header: bool
    compression: str
    column_delimiter: str
    unquoted: bool
    filename_prefix: str | None

class RRun(Response):
    """A run of an R script."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    max_memory_usage: float | None
    max_cpu_usage: float | None
    r_id: int

class RScript(Response):
    """An R script."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    category: str
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    user_context: Literal["author", "runner"]
    params: builtins.list[Param]
    arguments: Response
    is_template: bool
    published_as_template_id: int | None
    from_template_id: int | None
    from_template_aliases: builtins.list[Response]
    template_dependents_count: int | None
    template_script_name: str | None
    links: Links
    schedule: Schedule
    notifications: Notifications
    running_as: Author
    running_as_id: int | None
    next_run_at: str | None
    time_zone: str
    last_run: LastRun | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    target_project_id: int | None
    archived: bool
    required_resources: RequiredResources
    instance_type: str | None
    cancel_timeout: int
    docker_image_tag: str | None
    partition_label: str | None
    source: str

class RedshiftOptions(Response):
    """How Amazon Redshift is to keep the table."""
    diststyle: Literal["all", "even", "key"] | None
    distkey: str | None
    sortkeys: builtins.list[str | None] | None

class RemoteHost(Response):
    """A remote host."""
    id: int
    name: str
    type: str
    url: str
    description: str | None
    my_permission_level: Literal["manage", "read", "write"]
    user: Author
    created_at: str
    updated_at: str

class RemoteHostListed(Response):
    """A remote host, as lists show it."""
    id: int
    name: str
    type: str
    url: str

class Report(Response):
    """A report."""
    id: int
    name: str
    user: Author
    created_at: str
    updated_at: str
    type: str
    archived: bool
    projects: builtins.list[ProjectStub]
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"] | None
    finished_at: str | None
    viz_updated_at: str | None
    script: ReportScript | None
    job_path: str | None
    tableau_id: int | None
    template_id: int | None
    auth_thumbnail_url: str | None
    last_run: LastRun | None
    description: str | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    auth_data_url: str
    auth_code_url: str
    config: str | None
    valid_output_file: bool
    provide_api_key: bool
    api_key: str | None
    api_key_id: int | None
    app_state: Response
    use_viewers_tableau_username: bool | None

class ReportListed(Response):
    """A report, as lists show it."""
    id: int
    name: str
    user: Author
    created_at: str
    updated_at: str
    type: str
    archived: bool
    projects: builtins.list[ProjectStub]
    state: Literal["cancelled", "failed", "idle", "pending", "queued", "running", "scheduled", "succeeded"] | None
    finished_at: str | None
    viz_updated_at: str | None
    script: ReportScript | None
    job_path: str | None
    tableau_id: int | None
    template_id: int | None
    auth_thumbnail_url: str | None
    last_run: LastRun | None

class ReportScript(Response):
    """The script whose result a report shows."""
    id: int
    name: str
    sql: str | None

class RequiredResources(Response):
    """What a container is given of the machine."""
    cpu: int
    memory: int
    disk_space: float

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
    parent_uid: str | None
    door: str
    format: str | None
    cache: Literal["hit", "miss", "off"]
    status: int
    size: int
    started_at: str
    finished_at: str | None
    timing: Timing
    error: str | None
    error_class: str | None

class RunCancelled(Response):
    """A run that was cancelled."""
    uid: str
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    is_cancel_requested: bool

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
    parent_uid: str | None
    door: str
    format: str | None
    cache: Literal["hit", "miss", "off"]
    status: int
    size: int
    started_at: str
    finished_at: str | None
    timing: Timing
    error: str | None
    error_class: str | None
    stdout: str
    stderr: str

class S3Options(Response):
    """What S3 wants to know besides."""
    region: str | None

class ScanJob(Response):
    """A scan."""
    job_id: int
    run_id: int

class Schedule(Response):
    """When a job is to run, in its time zone."""
    scheduled: bool | None
    scheduled_days: builtins.list[int]
    scheduled_hours: builtins.list[int]
    scheduled_minutes: builtins.list[int]
    scheduled_runs_per_hour: int | None
    scheduled_days_of_month: builtins.list[int]

class ScoreStats(Response):
    """How the scores of one column are spread."""
    score_name: str
    histogram: builtins.list[int]
    avg_score: float | None
    min_score: float | None
    max_score: float | None

class ScoredTable(Response):
    """A table of scores."""
    id: int
    schema: str
    name: str
    created_at: str
    score_stats: builtins.list[ScoreStats]

class ScriptListed(Response):
    """A script, as lists show it."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    is_template: bool
    from_template_id: int | None
    links: Links
    time_zone: str
    last_run: LastRun | None
    archived: bool
    template_script_id: int | None

class ScriptType(Response):
    """A kind of script."""
    name: str

class SearchResult(Response):
    """An object that was found."""
    score: float
    type: str
    id: int
    name: str
    type_name: str
    updated_at: str
    owner: str
    use_count: int | None
    last_run_id: int | None
    last_run_state: str | None
    last_run_start: str | None
    last_run_finish: str | None
    public: bool
    last_run_exception: str | None
    auto_share: bool | None

class SearchResults(Response):
    """What was found, and how much of each sort there is."""
    total_results: int
    aggregations: Response
    results: builtins.list[SearchResult]

class SearchType(Response):
    """A type of objects that can be searched."""
    type: str

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

class SideNamed(Response):
    """The same, with the name of the remote host."""
    remote_host_id: int
    credential_id: int
    additional_credentials: builtins.list[int]
    name: str | None

class Snapshot(Response):
    """The same, of one report."""
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"] | None
    finished_at: str | None
    send_email_on_completion: bool | None
    email_template: str | None
    recipient_email_addresses: str | None
    email_subject: str | None
    height: int | None
    width: int | None
    schedule: Schedule | None
    parent_id: int | None
    id: int

class Sql(Response):
    """A SQL script."""
    id: int
    name: str
    type: str
    created_at: str
    updated_at: str
    author: Author
    state: str
    finished_at: str | None
    category: str
    projects: builtins.list[ProjectStub]
    parent_id: int | None
    user_context: Literal["author", "runner"]
    params: builtins.list[Param]
    arguments: Response
    is_template: bool
    published_as_template_id: int | None
    from_template_id: int | None
    from_template_aliases: builtins.list[Response]
    template_dependents_count: int | None
    template_script_name: str | None
    links: Links
    schedule: Schedule
    notifications: Notifications
    running_as: Author
    running_as_id: int | None
    next_run_at: str | None
    time_zone: str
    last_run: LastRun | None
    my_permission_level: Literal["manage", "read", "write"]
    hidden: bool
    target_project_id: int | None
    archived: bool
    sql: str
    expanded_arguments: Response
    remote_host_id: int | None
    credential_id: int | None
    code_preview: str | None
    csv_settings: CsvSettings

class SqlOutput(Response):
    """A file that a run wrote."""
    output_name: str
    file_id: int
    path: str

class SqlRun(Response):
    """A run of a SQL script."""
    id: int
    state: Literal["cancelled", "failed", "queued", "running", "succeeded"]
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str | None
    is_cancel_requested: bool
    sql_id: int
    output: builtins.list[SqlOutput]
    output_cached_on: str | None

class StatusGraphs(Response):
    """Pictures of how a database fares."""
    cpu_graph_url: str | None
    disk_graph_url: str | None
    queue_length_graph_url: str | None
    status_graph_url: str | None
    maintenance_graph_url: str | None
    query_duration_graph_url: str | None

class StorageHost(Response):
    """A storage host."""
    id: int
    owner: Author
    name: str
    provider: str
    bucket: str
    s3_options: S3Options

class StoragePath(Response):
    """Files on a storage host."""
    storage_host_id: int
    credential_id: int
    file_paths: builtins.list[str]

class Sync(Response):
    """One table, sheet or file that an import copies."""
    id: int
    source: SyncSource
    destination: SyncDestination
    advanced_options: SyncOptions

class SyncDestination(Response):
    """Where a sync writes: one of these, or a path as it was written in 2017."""
    database_table: TableNamed | None
    google_worksheet: Worksheet | None
    path: str | None

class SyncOptions(Response):
    """How a sync treats what it finds."""
    max_errors: int | None
    existing_table_rows: Literal["append", "drop", "fail", "truncate"] | None
    first_row_is_header: bool | None
    diststyle: Literal["all", "even", "key"] | None
    distkey: str | None
    sortkey1: str | None
    sortkey2: str | None
    column_delimiter: Literal["comma", "pipe", "tab"] | None
    column_overrides: Response
    escaped: bool | None
    identity_column: str | None
    last_modified_column: str | None
    row_chunk_size: int | None
    wipe_destination_table: bool | None
    truncate_long_lines: bool | None
    invalid_char_replacement: str | None
    verify_table_row_counts: bool | None
    partition_column_name: str | None
    partition_schema_name: str | None
    partition_table_name: str | None
    partition_table_partition_column_min_name: str | None
    partition_table_partition_column_max_name: str | None
    mysql_catalog_matches_schema: bool | None
    chunking_method: str | None
    export_action: str | None
    sql_query: str | None
    contact_lists: str | None
    soql_query: str | None
    include_deleted_records: bool | None

class SyncSource(Response):
    """Where a sync reads, as it is shown."""
    database_table: TableNamed | None
    google_worksheet: Worksheet | None
    path: str | None
    file: SyncedFile | None
    id: int | None

class SyncedFile(Response):
    """A file that a sync reads."""
    id: int
    name: str | None

class Table(Response):
    """A table with its columns."""
    id: int
    database_id: int
    schema: str
    name: str
    description: str | None
    is_view: bool
    row_count: int | None
    column_count: int | None
    size_mb: float | None
    owner: str | None
    distkey: str | None
    sortkeys: str | None
    refresh_status: str
    last_refresh: str | None
    refresh_id: str | None
    last_run: LastRun | None
    table_tags: builtins.list[TableTag]
    data_updated_at: str | None
    schema_updated_at: str | None
    primary_keys: builtins.list[str]
    last_modified_keys: builtins.list[str]
    ontology_mapping: Response
    columns: builtins.list[Column]
    joins: builtins.list[Response]
    multipart_key: builtins.list[str]
    enhancements: builtins.list[Response]
    view_def: str | None
    table_def: str | None
    outgoing_table_matches: builtins.list[Response]

class TableFound(Response):
    """A table, as searches show it."""
    id: int
    database_id: int
    schema: str
    name: str
    description: str | None
    is_view: bool
    row_count: int | None
    column_count: int | None
    size_mb: float | None
    owner: str | None
    distkey: str | None
    sortkeys: str | None
    refresh_status: str
    last_refresh: str | None
    refresh_id: str | None
    last_run: LastRun | None
    table_tags: builtins.list[TableTag]
    column_names: builtins.list[str]

class TableInSchema(Response):
    """A table of a schema."""
    name: str
    schema: str
    is_view: bool
    database_id: int

class TableListed(Response):
    """A table, as lists show it."""
    id: int
    database_id: int
    schema: str
    name: str
    description: str | None
    is_view: bool
    row_count: int | None
    column_count: int | None
    size_mb: float | None
    owner: str | None
    distkey: str | None
    sortkeys: str | None
    refresh_status: str
    last_refresh: str | None
    refresh_id: str | None
    last_run: LastRun | None
    table_tags: builtins.list[TableTag]

class TableNamed(Response):
    """A table of a database."""
    schema: str
    table: str
    use_without_schema: bool

class TableTag(Response):
    """A tag of a table."""
    id: int
    name: str

class TableWithOntology(Response):
    """A table with what users say of it."""
    id: int
    database_id: int
    schema: str
    name: str
    description: str | None
    is_view: bool
    row_count: int | None
    column_count: int | None
    size_mb: float | None
    owner: str | None
    distkey: str | None
    sortkeys: str | None
    refresh_status: str
    last_refresh: str | None
    refresh_id: str | None
    last_run: LastRun | None
    table_tags: builtins.list[TableTag]
    data_updated_at: str | None
    schema_updated_at: str | None
    primary_keys: builtins.list[str]
    last_modified_keys: builtins.list[str]
    ontology_mapping: Response

class Tagged(Response):
    """A table and its tag."""
    id: int
    table_tag_id: int

class Template(Response):
    """A template."""
    id: int
    public: bool
    script_id: int
    user_context: str
    name: str
    category: str
    created_at: str
    updated_at: str
    use_count: int
    ui_report_id: int | None
    tech_reviewed: bool
    archived: bool
    author: Author
    script_type: str
    params: builtins.list[Param]
    note: str | None
    hidden: bool
    my_permission_level: Literal["manage", "read", "write"]

class TemplateListed(Response):
    """A template, as lists show it."""
    id: int
    public: bool
    script_id: int
    user_context: str
    name: str
    category: str
    created_at: str
    updated_at: str
    use_count: int
    ui_report_id: int | None
    tech_reviewed: bool
    archived: bool
    author: Author

class TemporaryKeys(Response):
    """Keys for S3 that expire."""
    access_key: str
    secret_access_key: str
    session_token: str

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

class TriggerEmail(Response):
    """The address by which mail is to start a job."""
    trigger_email: str

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
    language: str
    dialect: str | None
    inputs: builtins.list[Input]
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

class WhitelistedIp(Response):
    """Addresses that are to reach a database."""
    id: int
    remote_host_id: int
    security_group_id: str | None
    subnet_mask: str
    created_at: str
    updated_at: str
    authorized_by: str
    is_active: bool

class WhitelistedIpListed(Response):
    """Addresses that are to reach a database, as lists show them."""
    id: int
    remote_host_id: int
    security_group_id: str | None
    subnet_mask: str
    created_at: str
    updated_at: str

class Worksheet(Response):
    """A sheet of a spreadsheet."""
    spreadsheet: str
    spreadsheet_id: str | None
    worksheet: str
    worksheet_id: int | None

class AliasesMethods(Resource):
    """The operations of aliases."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Delete an alias; the object stays."""
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
        id: int,
    ) -> Response:
        """Get an alias."""
    def get_object_type(
        self,
        object_type: str,
        alias: str,
    ) -> Response:
        """Get the alias of that name."""
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
        order: Literal["id", "object_type"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        object_type: str = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Response]:
        """List the aliases of what you may see."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id", "object_type"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        object_type: str = ...,
        iterator: Literal[True],
    ) -> Iterator[Response]:
        """List the aliases of what you may see."""
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
    def patch(
        self,
        id: int,
        *,
        object_id: int | None = ...,
        object_type: str | None = ...,
        alias: str | None = ...,
        display_name: str | None = ...,
    ) -> Response:
        """Update some of an alias."""
    def post(
        self,
        object_id: int,
        object_type: str,
        alias: str,
        *,
        display_name: str | None = ...,
    ) -> Response:
        """Call an object by an alias."""
    def put(
        self,
        id: int,
        object_id: int,
        object_type: str,
        alias: str,
        *,
        display_name: str | None = ...,
    ) -> Response:
        """Replace everything of an alias."""
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

class CredentialsMethods(Resource):
    """The operations of credentials."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Delete a credential."""
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
        id: int,
    ) -> Credential:
        """Get a credential."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def get_types(
        self,
    ) -> CredentialTypes:
        """List the types of credentials that can be made."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: str = ...,
        remote_host_id: int = ...,
        default: bool = ...,
        system_credentials: bool = ...,
        users: str = ...,
        name: str = ...,
        provider: str = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Credential]:
        """List credentials."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: str = ...,
        remote_host_id: int = ...,
        default: bool = ...,
        system_credentials: bool = ...,
        users: str = ...,
        name: str = ...,
        provider: str = ...,
        iterator: Literal[True],
    ) -> Iterator[Credential]:
        """List credentials."""
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
    def list_types(
        self,
    ) -> CredentialTypes:
        """List the types of credentials that can be made."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        type: Literal["Amazon Web Services S3", "Bitbucket", "CASS/NCOA PAF", "Certificate", "Civis Platform", "Custom", "Database", "Github", "Google", "Salesforce Client", "Salesforce User", "TableauUser"] | None = ...,
        description: str | None = ...,
        username: str | None = ...,
        password: str | None = ...,
        remote_host_id: int | None = ...,
        user_id: int | None = ...,
        state: str | None = ...,
        system_credential: bool | None = ...,
        default: bool | None = ...,
        oauth: bool | None = ...,
    ) -> Credential:
        """Update some attributes of a credential."""
    def post(
        self,
        type: Literal["Amazon Web Services S3", "Bitbucket", "CASS/NCOA PAF", "Certificate", "Civis Platform", "Custom", "Database", "Github", "Google", "Salesforce Client", "Salesforce User", "TableauUser"],
        username: str,
        password: str,
        *,
        name: str | None = ...,
        description: str | None = ...,
        remote_host_id: int | None = ...,
        remote_host: Mapping[str, Any] | None = ...,
        user_id: int | None = ...,
        state: str | None = ...,
        system_credential: bool | None = ...,
        default: bool | None = ...,
        oauth: bool | None = ...,
    ) -> Credential:
        """Create a credential."""
    def post_authenticate(
        self,
        url: str,
        remote_host_type: Literal["RemoteHostTypes::Bitbucket", "RemoteHostTypes::Git", "RemoteHostTypes::Github", "RemoteHostTypes::Postgres", "RemoteHostTypes::S3Storage", "RemoteHostTypes::SMTP", "RemoteHostTypes::Warehouse"],
        username: str,
        password: str,
    ) -> Authenticated:
        """Authenticate against a remote host, truly: the host is connected to and asked."""
    def post_temporary(
        self,
        id: int,
        *,
        duration: int = ...,
    ) -> TemporaryKeys:
        """Generate temporary keys for S3, by the STS of AWS or of the server that the credential is for."""
    def put(
        self,
        id: int,
        type: Literal["Amazon Web Services S3", "Bitbucket", "CASS/NCOA PAF", "Certificate", "Civis Platform", "Custom", "Database", "Github", "Google", "Salesforce Client", "Salesforce User", "TableauUser"],
        username: str,
        password: str,
        *,
        name: str | None = ...,
        description: str | None = ...,
        remote_host_id: int | None = ...,
        remote_host: Mapping[str, Any] | None = ...,
        user_id: int | None = ...,
        state: str | None = ...,
        system_credential: bool | None = ...,
        default: bool | None = ...,
        oauth: bool | None = ...,
    ) -> Credential:
        """Update an existing credential; what is not given goes back to what it is by default."""
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

class DatabasesMethods(Resource):
    """The operations of databases."""

    def delete_schemas_tables_projects(
        self,
        id: int,
        schema_name: str,
        table_name: str,
        project_id: int,
    ) -> Response:
        """Remove a table from a project. Not served."""
    def delete_whitelist_ips(
        self,
        id: int,
        whitelisted_ip_id: int,
    ) -> Response:
        """Remove a whitelisted IP address."""
    def get(
        self,
        id: int,
    ) -> Database:
        """Show database information."""
    def get_advanced_settings(
        self,
        id: int,
    ) -> AdvancedSettings:
        """Get the advanced settings for this database."""
    def get_schema_privileges(
        self,
        id: int,
        schema_name: str,
        *,
        credential_id: int = ...,
    ) -> ListResponse[Privilege]:
        """Show schema privileges."""
    def get_schemas_tables(
        self,
        id: int,
        schema_name: str,
        table_name: str,
        *,
        credential_id: int = ...,
    ) -> Table:
        """Show basic table info."""
    def get_status_graphs_timeframe(
        self,
        id: int,
        timeframe: Literal["1_day", "1_hour", "1_week", "2_days", "4_hours"],
    ) -> StatusGraphs:
        """Get the status graphs for this database. Not served: they are pictures by one vendor of its own databases."""
    def get_table_privileges_schema_name(
        self,
        id: int,
        schema_name: str,
        table_name: str,
        *,
        credential_id: int = ...,
    ) -> ListResponse[Privilege]:
        """Show table privileges."""
    def get_whitelist_ips(
        self,
        id: int,
        whitelisted_ip_id: int,
    ) -> WhitelistedIp:
        """View details about a whitelisted IP."""
    def list(
        self,
    ) -> ListResponse[Database]:
        """List databases."""
    def list_advanced_settings(
        self,
        id: int,
    ) -> AdvancedSettings:
        """Get the advanced settings for this database."""
    def list_groups(
        self,
        id: int,
    ) -> ListResponse[DatabaseGroup]:
        """List groups in the specified database."""
    def list_schemas(
        self,
        id: int,
        *,
        name: str = ...,
        credential_id: int = ...,
    ) -> ListResponse[Response]:
        """List schemas in this database."""
    def list_schemas_tables(
        self,
        id: int,
        schema_name: str,
        *,
        credential_id: int = ...,
    ) -> ListResponse[TableInSchema]:
        """List tables in this schema."""
    def list_schemas_tables_projects(
        self,
        id: int,
        schema_name: str,
        table_name: str,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects a table belongs to: none, as tables are not put in projects."""
    @overload
    def list_tables(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        name: str = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[TableListed]:
        """List tables in the specified database; `GET /tables` has more filters."""
    @overload
    def list_tables(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        name: str = ...,
        iterator: Literal[True],
    ) -> Iterator[TableListed]:
        """List tables in the specified database; `GET /tables` has more filters."""
    def list_tables_search(
        self,
        id: int,
        *,
        name: str = ...,
        column_name: str = ...,
    ) -> ListResponse[TableFound]:
        """Search the tables of the specified database by their names and those of their columns."""
    def list_users(
        self,
        id: int,
        *,
        active: bool = ...,
    ) -> ListResponse[DatabaseUser]:
        """Show list of database users."""
    def list_whitelist_ips(
        self,
        id: int,
    ) -> ListResponse[WhitelistedIpListed]:
        """List whitelisted IPs for the specified database."""
    def patch_advanced_settings(
        self,
        id: int,
        *,
        export_caching_enabled: bool | None = ...,
    ) -> AdvancedSettings:
        """Update the advanced settings for this database."""
    def patch_schemas_tables(
        self,
        id: int,
        schema_name: str,
        table_name: str,
        *,
        credential_id: int | None = ...,
        description: str | None = ...,
    ) -> Table:
        """Update a table: what is said of it here. The database itself is not changed."""
    def post_schemas_scan(
        self,
        id: int,
        schema: str,
        *,
        stats_priority: Literal["block", "flag", "queue"] | None = ...,
    ) -> ScanJob:
        """Scan a schema. Not served, nor needed: a listing asks the database itself."""
    def post_whitelist_ips(
        self,
        id: int,
        subnet_mask: str,
    ) -> WhitelistedIp:
        """Whitelist an IP address: it is written down for who keeps the database's firewall."""
    def put_advanced_settings(
        self,
        id: int,
        export_caching_enabled: bool,
    ) -> AdvancedSettings:
        """Edit the advanced settings for this database."""
    def put_schemas_tables_projects(
        self,
        id: int,
        schema_name: str,
        table_name: str,
        project_id: int,
    ) -> Response:
        """Add a table to a project. Not served."""

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

class FilesMethods(Resource):
    """The operations of files."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Delete a file and its bytes."""
    def delete_preprocess_csv(
        self,
        id: int,
    ) -> Response:
        """Archive a Preprocess CSV, as `PUT .../archive` does."""
    def delete_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
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
        id: int,
        *,
        link_expires_at: str | dt.date = ...,
        inline: bool = ...,
    ) -> File:
        """Get details about a file."""
    def get_multipart(
        self,
        id: int,
    ) -> FileMultipart:
        """Get which parts of a multipart upload have come, and fresh URLs to send the others by."""
    def get_preprocess_csv(
        self,
        id: int,
    ) -> Preprocess:
        """Get a Preprocess CSV."""
    def get_preview(
        self,
        id: int,
        *,
        column_delimiter: Literal["comma", "pipe", "tab"] = ...,
        include_header: bool = ...,
    ) -> FilePreview:
        """Get a column and row preview of a file."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_preview(
        self,
        id: int,
        *,
        column_delimiter: Literal["comma", "pipe", "tab"] = ...,
        include_header: bool = ...,
    ) -> FilePreview:
        """Get a column and row preview of a file."""
    def list_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    def list_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        expires_at: str | dt.date | None = ...,
        description: str | None = ...,
    ) -> File:
        """Update details about a file."""
    def patch_preprocess_csv(
        self,
        id: int,
        *,
        file_id: int | None = ...,
        in_place: bool | None = ...,
        detect_table_columns: bool | None = ...,
        force_character_set_conversion: bool | None = ...,
        include_header: bool | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
    ) -> Preprocess:
        """Update some attributes of this Preprocess CSV."""
    def post(
        self,
        name: str,
        *,
        expires_at: str | dt.date | None = ...,
        description: str | None = ...,
    ) -> FilePost:
        """Initiate an upload of a file into the platform."""
    def post_multipart(
        self,
        name: str,
        num_parts: int,
        *,
        expires_at: str | dt.date | None = ...,
        description: str | None = ...,
    ) -> FileMultipartPost:
        """Initiate a multipart upload."""
    def post_multipart_complete(
        self,
        id: int,
    ) -> Response:
        """Complete a multipart upload."""
    def post_preprocess_csv(
        self,
        file_id: int,
        *,
        in_place: bool = ...,
        detect_table_columns: bool = ...,
        force_character_set_conversion: bool = ...,
        include_header: bool | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
        hidden: bool = ...,
    ) -> Preprocess:
        """Create a Preprocess CSV."""
    def put(
        self,
        id: int,
        name: str,
        expires_at: str | dt.date | None,
        *,
        description: str | None = ...,
    ) -> File:
        """Update details about a file."""
    def put_preprocess_csv(
        self,
        id: int,
        file_id: int,
        *,
        in_place: bool = ...,
        detect_table_columns: bool = ...,
        force_character_set_conversion: bool = ...,
        include_header: bool | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
    ) -> Preprocess:
        """Replace all attributes of this Preprocess CSV."""
    def put_preprocess_csv_archive(
        self,
        id: int,
        status: bool,
    ) -> Preprocess:
        """Update the archive status of this object."""
    def put_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
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

class ImportsMethods(Resource):
    """The operations of imports."""

    def delete_files_csv(
        self,
        id: int,
    ) -> Response:
        """Archive an import of CSV files, as `PUT .../archive` does."""
    def delete_files_csv_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_files_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
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
    def delete_syncs(
        self,
        id: int,
        sync_id: int,
    ) -> Response:
        """Leave a sync out of its import, as `PUT .../archive` does."""
    def get(
        self,
        id: int,
    ) -> Import:
        """Get an import."""
    def get_batches(
        self,
        id: int,
    ) -> Batch:
        """Get a batch import, and how far it has come."""
    def get_files_csv(
        self,
        id: int,
    ) -> CsvImport:
        """Get an import of CSV files."""
    def get_files_csv_runs(
        self,
        id: int,
        run_id: int,
    ) -> CsvImportRun:
        """Check the status of a run."""
    def get_files_runs(
        self,
        id: int,
        run_id: int,
    ) -> ImportRun:
        """Check the status of a run."""
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
        order: Literal["created_at", "last_run.updated_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: str = ...,
        destination: str = ...,
        source: str = ...,
        status: str = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ImportListed]:
        """List imports."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "last_run.updated_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: str = ...,
        destination: str = ...,
        source: str = ...,
        status: str = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ImportListed]:
        """List imports."""
    @overload
    def list_batches(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        hidden: bool = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[BatchListed]:
        """List batch imports."""
    @overload
    def list_batches(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        hidden: bool = ...,
        iterator: Literal[True],
    ) -> Iterator[BatchListed]:
        """List batch imports."""
    def list_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    @overload
    def list_files_csv_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[CsvImportRun]:
        """List runs, the newest first."""
    @overload
    def list_files_csv_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[CsvImportRun]:
        """List runs, the newest first."""
    def list_files_csv_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_files_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ImportRun]:
        """List runs, the newest first."""
    @overload
    def list_files_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ImportRun]:
        """List runs, the newest first."""
    def list_files_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    def list_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ImportRun]:
        """List the runs of an import."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ImportRun]:
        """List the runs of an import."""
    def list_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    def list_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        source: Mapping[str, Any] | None = ...,
        destination: Mapping[str, Any] | None = ...,
        running_as_id: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        time_zone: str | None = ...,
    ) -> Import:
        """Update some of an import."""
    def patch_files_csv(
        self,
        id: int,
        *,
        name: str | None = ...,
        source: Mapping[str, Any] | None = ...,
        destination: Mapping[str, Any] | None = ...,
        first_row_is_header: bool | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
        escaped: bool | None = ...,
        compression: Literal["gzip", "none"] | None = ...,
        existing_table_rows: Literal["append", "drop", "fail", "truncate", "upsert"] | None = ...,
        max_errors: int | None = ...,
        table_columns: Sequence[Mapping[str, Any]] | None = ...,
        loosen_types: bool | None = ...,
        execution: Literal["delayed", "immediate"] | None = ...,
        redshift_destination_options: Mapping[str, Any] | None = ...,
    ) -> CsvImport:
        """Update some of an import of CSV files."""
    def patch_syncs(
        self,
        id: int,
        sync_id: int,
        *,
        source: Mapping[str, Any] | None = ...,
        destination: Mapping[str, Any] | None = ...,
        advanced_options: Mapping[str, Any] | None = ...,
    ) -> Sync:
        """Update some of a sync."""
    def post(
        self,
        name: str,
        sync_type: str,
        is_outbound: bool,
        *,
        source: Mapping[str, Any] | None = ...,
        destination: Mapping[str, Any] | None = ...,
        parent_id: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        time_zone: str | None = ...,
        hidden: bool = ...,
    ) -> Import:
        """Create an import."""
    def post_batches(
        self,
        file_ids: Sequence[int],
        schema: str,
        table: str,
        remote_host_id: int,
        credential_id: int,
        *,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
        first_row_is_header: bool | None = ...,
        compression: Literal["gzip", "none", "zip"] | None = ...,
        hidden: bool = ...,
    ) -> Batch:
        """Load files into a table."""
    def post_cancel(
        self,
        id: int,
    ) -> Cancelled:
        """Cancel the run that is under way."""
    def post_files(
        self,
        schema: str,
        name: str,
        remote_host_id: int,
        credential_id: int,
        *,
        max_errors: int | None = ...,
        existing_table_rows: Literal["append", "drop", "fail", "truncate"] | None = ...,
        diststyle: Literal["all", "even", "key"] | None = ...,
        distkey: str | None = ...,
        sortkey1: str | None = ...,
        sortkey2: str | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
        first_row_is_header: bool | None = ...,
        multipart: bool | None = ...,
        escaped: bool | None = ...,
        hidden: bool = ...,
    ) -> FileImport:
        """Create an import of one file, and say where to send it."""
    def post_files_csv(
        self,
        source: Mapping[str, Any],
        destination: Mapping[str, Any],
        first_row_is_header: bool,
        *,
        name: str | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
        escaped: bool | None = ...,
        compression: Literal["gzip", "none"] | None = ...,
        existing_table_rows: Literal["append", "drop", "fail", "truncate", "upsert"] | None = ...,
        max_errors: int | None = ...,
        table_columns: Sequence[Mapping[str, Any]] | None = ...,
        loosen_types: bool | None = ...,
        execution: Literal["delayed", "immediate"] | None = ...,
        redshift_destination_options: Mapping[str, Any] | None = ...,
        hidden: bool | None = ...,
    ) -> CsvImport:
        """Create an import of CSV files."""
    def post_files_csv_runs(
        self,
        id: int,
    ) -> CsvImportRun:
        """Start a run."""
    def post_files_runs(
        self,
        id: int,
    ) -> ImportRun:
        """Start a run."""
    def post_runs(
        self,
        id: int,
    ) -> ImportStarted:
        """Run an import."""
    def post_syncs(
        self,
        id: int,
        source: Mapping[str, Any],
        destination: Mapping[str, Any],
        *,
        advanced_options: Mapping[str, Any] | None = ...,
    ) -> Sync:
        """Create a sync of an import."""
    def put(
        self,
        id: int,
        name: str,
        sync_type: str,
        is_outbound: bool,
        *,
        source: Mapping[str, Any] | None = ...,
        destination: Mapping[str, Any] | None = ...,
        parent_id: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        time_zone: str | None = ...,
    ) -> Import:
        """Replace everything of an import."""
    def put_archive(
        self,
        id: int,
        status: bool,
    ) -> Import:
        """Update the archive status of this object."""
    def put_files_csv(
        self,
        id: int,
        source: Mapping[str, Any],
        destination: Mapping[str, Any],
        first_row_is_header: bool,
        *,
        name: str | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
        escaped: bool | None = ...,
        compression: Literal["gzip", "none"] | None = ...,
        existing_table_rows: Literal["append", "drop", "fail", "truncate", "upsert"] | None = ...,
        max_errors: int | None = ...,
        table_columns: Sequence[Mapping[str, Any]] | None = ...,
        loosen_types: bool | None = ...,
        execution: Literal["delayed", "immediate"] | None = ...,
        redshift_destination_options: Mapping[str, Any] | None = ...,
    ) -> CsvImport:
        """Replace everything of an import of CSV files."""
    def put_files_csv_archive(
        self,
        id: int,
        status: bool,
    ) -> CsvImport:
        """Update the archive status of this object."""
    def put_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
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
    def put_syncs(
        self,
        id: int,
        sync_id: int,
        source: Mapping[str, Any],
        destination: Mapping[str, Any],
        *,
        advanced_options: Mapping[str, Any] | None = ...,
    ) -> Sync:
        """Replace everything of a sync."""
    def put_syncs_archive(
        self,
        id: int,
        sync_id: int,
        *,
        status: bool | None = ...,
    ) -> Sync:
        """Update the archive status of a sync."""
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

class JobsMethods(Resource):
    """The operations of jobs."""

    def delete_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
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
        id: int,
    ) -> Job:
        """Show basic job info."""
    def get_runs(
        self,
        id: int,
        run_id: int,
    ) -> JobRun:
        """Check the status of a run."""
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
        order: Literal["last_run_updated_at", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        state: str = ...,
        type: str = ...,
        q: str = ...,
        permission: Literal["manage", "read", "write"] = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        author: str = ...,
        hidden: bool = ...,
        scheduled: bool = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[JobListed]:
        """List jobs of all kinds."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["last_run_updated_at", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        state: str = ...,
        type: str = ...,
        q: str = ...,
        permission: Literal["manage", "read", "write"] = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        author: str = ...,
        hidden: bool = ...,
        scheduled: bool = ...,
        iterator: Literal[True],
    ) -> Iterator[JobListed]:
        """List jobs of all kinds."""
    def list_children(
        self,
        id: int,
    ) -> ListResponse[Child]:
        """Show the jobs that run after this job, and those that run after them."""
    def list_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_parents(
        self,
        id: int,
    ) -> ListResponse[Job]:
        """Show the chain of jobs after which this job runs, the nearest first."""
    def list_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[JobRun]:
        """List runs, the newest first."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[JobRun]:
        """List runs, the newest first."""
    def list_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Output]:
        """List the outputs for a run."""
    @overload
    def list_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Output]:
        """List the outputs for a run."""
    def list_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def post_runs(
        self,
        id: int,
    ) -> JobRun:
        """Start a run."""
    def post_trigger_email(
        self,
        id: int,
    ) -> TriggerEmail:
        """Generate the e-mail address by which mail is to start this job."""
    def put_archive(
        self,
        id: int,
        status: bool,
    ) -> Job:
        """Update the archive status of this object."""
    def put_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
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

class JsonValuesMethods(Resource):
    """The operations of json values."""

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
        id: int,
    ) -> JsonValue:
        """Get a JSON value."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
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
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        value_str: str | None = ...,
    ) -> JsonValue:
        """Update some of a JSON value."""
    def post(
        self,
        value_str: str,
        *,
        name: str | None = ...,
    ) -> JsonValue:
        """Create a JSON value."""
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

class ModelsMethods(Resource):
    """The operations of models."""

    def delete_builds(
        self,
        id: int,
        build_id: int,
    ) -> Cancelled:
        """Cancel a build."""
    def delete_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
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
        id: int,
    ) -> Model:
        """Get a model."""
    def get_builds(
        self,
        id: int,
        build_id: int,
    ) -> Build:
        """Check the status of a build."""
    def get_schedules(
        self,
        id: int,
    ) -> ModelSchedule:
        """Get the schedule by which a model is trained."""
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
        order: Literal["created_at", "last_run.updated_at", "model_name", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        model_name: str = ...,
        training_table_name: str = ...,
        dependent_variable: str = ...,
        status: str = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ModelListed]:
        """List models."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "last_run.updated_at", "model_name", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        model_name: str = ...,
        training_table_name: str = ...,
        dependent_variable: str = ...,
        status: str = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ModelListed]:
        """List models."""
    @overload
    def list_builds(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Build]:
        """List the builds of a model."""
    @overload
    def list_builds(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Build]:
        """List the builds of a model."""
    def list_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    def list_schedules(
        self,
        id: int,
    ) -> ModelSchedule:
        """Get the schedule by which a model is trained."""
    def list_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_types(
        self,
    ) -> ListResponse[ModelType]:
        """List the types that a model can be of."""
    def patch(
        self,
        id: int,
        *,
        table_name: str | None = ...,
        database_id: int | None = ...,
        credential_id: int | None = ...,
        model_name: str | None = ...,
        description: str | None = ...,
        interaction_terms: bool | None = ...,
        box_cox_transformation: bool | None = ...,
        model_type_id: int | None = ...,
        primary_key: str | None = ...,
        dependent_variable: str | None = ...,
        dependent_variable_order: Sequence[str] | None = ...,
        excluded_columns: Sequence[str] | None = ...,
        limiting_sql: str | None = ...,
        active_build_id: int | None = ...,
        cross_validation_parameters: Mapping[str, Any] | None = ...,
        number_of_folds: int | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        parent_id: int | None = ...,
        time_zone: str | None = ...,
    ) -> Response:
        """Update some of a model."""
    def post(
        self,
        *,
        table_name: str | None = ...,
        database_id: int | None = ...,
        credential_id: int | None = ...,
        model_name: str | None = ...,
        description: str | None = ...,
        interaction_terms: bool | None = ...,
        box_cox_transformation: bool | None = ...,
        model_type_id: int | None = ...,
        primary_key: str | None = ...,
        dependent_variable: str | None = ...,
        dependent_variable_order: Sequence[str] | None = ...,
        excluded_columns: Sequence[str] | None = ...,
        limiting_sql: str | None = ...,
        active_build_id: int | None = ...,
        cross_validation_parameters: Mapping[str, Any] | None = ...,
        number_of_folds: int | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        parent_id: int | None = ...,
        time_zone: str | None = ...,
        hidden: bool = ...,
    ) -> Model:
        """Create a model."""
    def post_builds(
        self,
        id: int,
    ) -> Build:
        """Train a model."""
    def put_archive(
        self,
        id: int,
        status: bool,
    ) -> Model:
        """Update the archive status of this object."""
    def put_predictions(
        self,
        id: int,
        table_name: str,
        primary_key: Sequence[str],
        *,
        limiting_sql: str | None = ...,
        output_table: str | None = ...,
        schedule: Mapping[str, Any] | None = ...,
    ) -> ModelPrediction:
        """Add a table to score by a model."""
    def put_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_schedules(
        self,
        id: int,
        schedule: Mapping[str, Any],
    ) -> ModelSchedule:
        """Set the schedule by which a model is trained."""
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

class NotebooksMethods(Resource):
    """The operations of notebooks."""

    def delete_deployments(
        self,
        notebook_id: int,
        deployment_id: int,
    ) -> Response:
        """Stop a notebook's server."""
    def get(
        self,
        id: int,
    ) -> Notebook:
        """Get a notebook."""
    def get_deployments(
        self,
        notebook_id: int,
        deployment_id: int,
    ) -> Deployment:
        """Get a notebook's server."""
    def get_update_links(
        self,
        id: int,
    ) -> NotebookLinks:
        """Get where to send a notebook's new content."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        author: str = ...,
        status: str = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[NotebookListed]:
        """List notebooks."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        author: str = ...,
        status: str = ...,
        iterator: Literal[True],
    ) -> Iterator[NotebookListed]:
        """List notebooks."""
    @overload
    def list_deployments(
        self,
        notebook_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        deployment_id: int = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[DeploymentListed]:
        """List the servers of a notebook."""
    @overload
    def list_deployments(
        self,
        notebook_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        deployment_id: int = ...,
        iterator: Literal[True],
    ) -> Iterator[DeploymentListed]:
        """List the servers of a notebook."""
    def list_update_links(
        self,
        id: int,
    ) -> NotebookLinks:
        """Get where to send a notebook's new content."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        language: Literal["python3", "r"] | None = ...,
        description: str | None = ...,
        file_id: str | None = ...,
        requirements_file_id: str | None = ...,
        requirements: str | None = ...,
        docker_image_name: str | None = ...,
        docker_image_tag: str | None = ...,
        instance_type: str | None = ...,
        memory: int | None = ...,
        cpu: int | None = ...,
        credentials: Sequence[int] | None = ...,
        environment_variables: Mapping[str, Any] | None = ...,
        idle_timeout: int | None = ...,
        partition_label: str | None = ...,
        git_repo_url: str | None = ...,
        git_ref: str | None = ...,
        git_path: str | None = ...,
    ) -> Notebook:
        """Update some of a notebook."""
    def post(
        self,
        *,
        name: str | None = ...,
        language: Literal["python3", "r"] | None = ...,
        description: str | None = ...,
        file_id: str | None = ...,
        requirements_file_id: str | None = ...,
        requirements: str | None = ...,
        docker_image_name: str | None = ...,
        docker_image_tag: str | None = ...,
        instance_type: str | None = ...,
        memory: int | None = ...,
        cpu: int | None = ...,
        credentials: Sequence[int] | None = ...,
        environment_variables: Mapping[str, Any] | None = ...,
        idle_timeout: int | None = ...,
        partition_label: str | None = ...,
        git_repo_url: str | None = ...,
        git_ref: str | None = ...,
        git_path: str | None = ...,
        hidden: bool = ...,
    ) -> Notebook:
        """Create a notebook."""
    def post_deployments(
        self,
        notebook_id: int,
        *,
        deployment_id: int | None = ...,
    ) -> Deployment:
        """Start a notebook's server."""

class PredictionsMethods(Resource):
    """The operations of predictions."""

    def delete_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run of a prediction."""
    def get(
        self,
        id: int,
    ) -> Prediction:
        """Get a prediction."""
    def get_runs(
        self,
        id: int,
        run_id: int,
    ) -> PredictionRun:
        """Check the status of a run of a prediction."""
    def get_schedules(
        self,
        id: int,
    ) -> PredictionSchedule:
        """Get the schedule of a prediction."""
    def list(
        self,
        *,
        model_id: int = ...,
    ) -> ListResponse[PredictionListed]:
        """List predictions."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[PredictionRun]:
        """List the runs of a prediction."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[PredictionRun]:
        """List the runs of a prediction."""
    def list_schedules(
        self,
        id: int,
    ) -> PredictionSchedule:
        """Get the schedule of a prediction."""
    def patch(
        self,
        id: int,
        *,
        output_table_name: str | None = ...,
        limiting_sql: str | None = ...,
        primary_key: Sequence[str] | None = ...,
    ) -> Prediction:
        """Update some of a prediction."""
    def post_runs(
        self,
        id: int,
    ) -> PredictionRun:
        """Run a prediction."""
    def put_schedules(
        self,
        id: int,
        *,
        schedule: Mapping[str, Any] | None = ...,
        score_on_model_build: bool | None = ...,
    ) -> PredictionSchedule:
        """Set the schedule of a prediction."""

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

class QueriesMethods(Resource):
    """The operations of queries."""

    def delete(
        self,
        id: int,
    ) -> Query:
        """Archive a query."""
    def delete_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def get(
        self,
        id: int,
    ) -> Query:
        """Get a query, its state and the first rows of its result."""
    def get_runs(
        self,
        id: int,
        run_id: int,
    ) -> QueryRun:
        """Check the status of a run."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "started_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        query: str = ...,
        database_id: int = ...,
        credential_id: int = ...,
        author_id: int = ...,
        created_before: str | dt.date = ...,
        created_after: str | dt.date = ...,
        started_before: str | dt.date = ...,
        started_after: str | dt.date = ...,
        state: Sequence[Literal["cancelled", "failed", "queued", "running", "succeeded"]] = ...,
        exclude_results: bool = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[QueryListed]:
        """List queries."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "started_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        query: str = ...,
        database_id: int = ...,
        credential_id: int = ...,
        author_id: int = ...,
        created_before: str | dt.date = ...,
        created_after: str | dt.date = ...,
        started_before: str | dt.date = ...,
        started_after: str | dt.date = ...,
        state: Sequence[Literal["cancelled", "failed", "queued", "running", "succeeded"]] = ...,
        exclude_results: bool = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[True],
    ) -> Iterator[QueryListed]:
        """List queries."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[QueryRun]:
        """List runs, the newest first."""
    @overload
    def list_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[QueryRun]:
        """List runs, the newest first."""
    def list_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    def post(
        self,
        database: int,
        sql: str,
        preview_rows: int,
        *,
        credential: int | None = ...,
        hidden: bool = ...,
        interactive: bool | None = ...,
        include_header: bool | None = ...,
        compression: Literal["gzip", "none", "zip"] | None = ...,
        column_delimiter: Literal["comma", "pipe", "tab"] | None = ...,
        unquoted: bool | None = ...,
        filename_prefix: str | None = ...,
    ) -> QueryStarted:
        """Run SQL."""
    def post_runs(
        self,
        id: int,
    ) -> QueryRun:
        """Start a run."""
    def put_scripts(
        self,
        id: int,
        script_id: int,
    ) -> Query:
        """Say which script a query became."""

class RemoteHostsMethods(Resource):
    """The operations of remote hosts."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Delete a remote host. The credentials for it stay with their owners."""
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
        id: int,
    ) -> RemoteHost:
        """Get a remote host."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list(
        self,
        *,
        type: Literal["RemoteHostTypes::Bitbucket", "RemoteHostTypes::Git", "RemoteHostTypes::Github", "RemoteHostTypes::Postgres", "RemoteHostTypes::S3Storage", "RemoteHostTypes::SMTP", "RemoteHostTypes::Warehouse"] = ...,
    ) -> ListResponse[RemoteHostListed]:
        """List remote hosts."""
    def list_data_sets(
        self,
        id: int,
        *,
        credential_id: int = ...,
        username: str = ...,
        password: str = ...,
        q: str = ...,
        s: bool = ...,
    ) -> ListResponse[DataSet]:
        """List data sets available from a remote host."""
    def list_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        type: Literal["RemoteHostTypes::Bitbucket", "RemoteHostTypes::Git", "RemoteHostTypes::Github", "RemoteHostTypes::Postgres", "RemoteHostTypes::S3Storage", "RemoteHostTypes::SMTP", "RemoteHostTypes::Warehouse"] | None = ...,
        url: str | None = ...,
        description: str | None = ...,
    ) -> RemoteHost:
        """Update some attributes of this remote host."""
    def post(
        self,
        name: str,
        url: str,
        type: Literal["RemoteHostTypes::Bitbucket", "RemoteHostTypes::Git", "RemoteHostTypes::Github", "RemoteHostTypes::Postgres", "RemoteHostTypes::S3Storage", "RemoteHostTypes::SMTP", "RemoteHostTypes::Warehouse"],
    ) -> RemoteHost:
        """Create a remote host."""
    def post_authenticate(
        self,
        id: int,
        *,
        credential_id: int | None = ...,
        username: str | None = ...,
        password: str | None = ...,
    ) -> Response:
        """Authenticate against a remote host using either a credential or a user name and password."""
    def put(
        self,
        id: int,
        name: str,
        type: Literal["RemoteHostTypes::Bitbucket", "RemoteHostTypes::Git", "RemoteHostTypes::Github", "RemoteHostTypes::Postgres", "RemoteHostTypes::S3Storage", "RemoteHostTypes::SMTP", "RemoteHostTypes::Warehouse"],
        url: str,
        description: str | None,
    ) -> RemoteHost:
        """Replace all attributes of this remote host."""
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

class ReportsMethods(Resource):
    """The operations of reports."""

    def delete_grants(
        self,
        id: int,
    ) -> Response:
        """Take back the key that a report asks with."""
    def delete_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
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
        id: int,
    ) -> Report:
        """Get a report."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def get_snapshots(
        self,
        id: int,
    ) -> Snapshot:
        """Get how pictures of a report are taken."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: Literal["other", "tableau", "tableau,other"] = ...,
        template_id: int = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ReportListed]:
        """List reports."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: Literal["other", "tableau", "tableau,other"] = ...,
        template_id: int = ...,
        author: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ReportListed]:
        """List reports."""
    def list_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    def list_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_snapshots(
        self,
        id: int,
    ) -> Snapshot:
        """Get how pictures of a report are taken."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        script_id: int | None = ...,
        code_body: str | None = ...,
        config: str | None = ...,
        app_state: Mapping[str, Any] | None = ...,
        provide_api_key: bool | None = ...,
        template_id: int | None = ...,
        use_viewers_tableau_username: bool | None = ...,
        description: str | None = ...,
    ) -> Report:
        """Update some of a report."""
    def patch_snapshots(
        self,
        id: int,
        *,
        state: Literal["cancelled", "failed", "queued", "running", "succeeded"] | None = ...,
        finished_at: str | dt.date | None = ...,
        send_email_on_completion: bool | None = ...,
        email_template: str | None = ...,
        recipient_email_addresses: str | None = ...,
        email_subject: str | None = ...,
        height: int | None = ...,
        width: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        parent_id: int | None = ...,
    ) -> Snapshot:
        """Update how pictures of a report are taken."""
    def post(
        self,
        *,
        script_id: int | None = ...,
        name: str | None = ...,
        code_body: str | None = ...,
        app_state: Mapping[str, Any] | None = ...,
        provide_api_key: bool | None = ...,
        template_id: int | None = ...,
        description: str | None = ...,
        hidden: bool = ...,
    ) -> Report:
        """Create a report."""
    def post_grants(
        self,
        id: int,
    ) -> Report:
        """Let a report ask the server with a key of yours."""
    def post_snapshots(
        self,
        id: int,
        *,
        state: Literal["cancelled", "failed", "queued", "running", "succeeded"] | None = ...,
        finished_at: str | dt.date | None = ...,
        send_email_on_completion: bool | None = ...,
        email_template: str | None = ...,
        recipient_email_addresses: str | None = ...,
        email_subject: str | None = ...,
        height: int | None = ...,
        width: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        parent_id: int | None = ...,
    ) -> Snapshot:
        """Set how pictures of a report are taken, and take one."""
    def put_archive(
        self,
        id: int,
        status: bool,
    ) -> Report:
        """Update the archive status of this object."""
    def put_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
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
        door: Literal["body", "saved", "task", "tile", "token"] = ...,
        cache: Literal["hit", "miss", "off"] = ...,
        since: str | dt.date = ...,
        parent: str = ...,
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
        door: Literal["body", "saved", "task", "tile", "token"] = ...,
        cache: Literal["hit", "miss", "off"] = ...,
        since: str | dt.date = ...,
        parent: str = ...,
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
    def post_cancel(
        self,
        uid: str,
    ) -> RunCancelled:
        """Cancel a run that is queued or under way: it is ended now, and whoever waits for it is told so."""

class SchemasMethods(Resource):
    """The operations of schemas."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Delete a schema with every table in it."""
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
        id: int,
    ) -> Response:
        """Get a schema of the warehouse."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list(
        self,
    ) -> ListResponse[Response]:
        """List the schemas of the warehouse that you may see."""
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
    ) -> Response:
        """Create a schema in the warehouse."""
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

class ScriptsMethods(Resource):
    """The operations of scripts."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Archive a script, as `PUT .../archive` does."""
    def delete_containers(
        self,
        id: int,
    ) -> Response:
        """Archive a script, as `PUT .../archive` does."""
    def delete_containers_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_containers_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_containers_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_containers_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def delete_custom(
        self,
        id: int,
    ) -> Response:
        """Archive a script, as `PUT .../archive` does."""
    def delete_custom_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_custom_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_custom_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_custom_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def delete_javascript(
        self,
        id: int,
    ) -> Response:
        """Archive a script, as `PUT .../archive` does."""
    def delete_javascript_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_javascript_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_javascript_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_javascript_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def delete_python3(
        self,
        id: int,
    ) -> Response:
        """Archive a script, as `PUT .../archive` does."""
    def delete_python3_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_python3_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_python3_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_python3_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def delete_r(
        self,
        id: int,
    ) -> Response:
        """Archive a script, as `PUT .../archive` does."""
    def delete_r_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_r_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_r_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_r_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def delete_sql(
        self,
        id: int,
    ) -> Response:
        """Archive a script, as `PUT .../archive` does."""
    def delete_sql_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_sql_runs(
        self,
        id: int,
        run_id: int,
    ) -> Cancelled:
        """Cancel a run."""
    def delete_sql_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_sql_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def get(
        self,
        id: int,
    ) -> AnyScript:
        """Get details about a script of any kind."""
    def get_containers(
        self,
        id: int,
    ) -> Container:
        """View a script."""
    def get_containers_runs(
        self,
        id: int,
        run_id: int,
    ) -> ContainerRun:
        """Check the status of a run."""
    def get_containers_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def get_custom(
        self,
        id: int,
    ) -> Custom:
        """View a script."""
    def get_custom_runs(
        self,
        id: int,
        run_id: int,
    ) -> CustomRun:
        """Check the status of a run."""
    def get_custom_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def get_javascript(
        self,
        id: int,
    ) -> JavaScript:
        """View a script."""
    def get_javascript_runs(
        self,
        id: int,
        run_id: int,
    ) -> JavaScriptRun:
        """Check the status of a run."""
    def get_javascript_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def get_python3(
        self,
        id: int,
    ) -> Python3:
        """View a script."""
    def get_python3_runs(
        self,
        id: int,
        run_id: int,
    ) -> PythonRun:
        """Check the status of a run."""
    def get_python3_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def get_r(
        self,
        id: int,
    ) -> RScript:
        """View a script."""
    def get_r_runs(
        self,
        id: int,
        run_id: int,
    ) -> RRun:
        """Check the status of a run."""
    def get_r_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def get_sql(
        self,
        id: int,
    ) -> Sql:
        """View a script."""
    def get_sql_runs(
        self,
        id: int,
        run_id: int,
    ) -> SqlRun:
        """Check the status of a run."""
    def get_sql_shares(
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
        order: Literal["created_at", "last_run.updated_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: str = ...,
        category: Literal["enhancement", "export", "import", "script"] = ...,
        author: str = ...,
        status: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ScriptListed]:
        """List scripts; those made from templates are in a list of their own."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "last_run.updated_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        type: str = ...,
        category: Literal["enhancement", "export", "import", "script"] = ...,
        author: str = ...,
        status: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ScriptListed]:
        """List scripts; those made from templates are in a list of their own."""
    def list_containers_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_containers_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_containers_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[ContainerRun]:
        """List runs, the newest first."""
    @overload
    def list_containers_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[ContainerRun]:
        """List runs, the newest first."""
    def list_containers_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_containers_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Output]:
        """List the outputs for a run."""
    @overload
    def list_containers_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Output]:
        """List the outputs for a run."""
    def list_containers_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    @overload
    def list_custom(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        from_template_id: str = ...,
        author: str = ...,
        status: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[CustomListed]:
        """List custom scripts."""
    @overload
    def list_custom(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        from_template_id: str = ...,
        author: str = ...,
        status: str = ...,
        hidden: bool = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        iterator: Literal[True],
    ) -> Iterator[CustomListed]:
        """List custom scripts."""
    def list_custom_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_custom_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_custom_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[CustomRun]:
        """List runs, the newest first."""
    @overload
    def list_custom_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[CustomRun]:
        """List runs, the newest first."""
    def list_custom_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_custom_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Output]:
        """List the outputs for a run."""
    @overload
    def list_custom_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Output]:
        """List the outputs for a run."""
    def list_custom_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_history(
        self,
        id: int,
    ) -> ListResponse[PastRun]:
        """Get the run history of a script, the newest run first."""
    def list_javascript_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_javascript_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_javascript_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[JavaScriptRun]:
        """List runs, the newest first."""
    @overload
    def list_javascript_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[JavaScriptRun]:
        """List runs, the newest first."""
    def list_javascript_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_javascript_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Output]:
        """List the outputs for a run."""
    @overload
    def list_javascript_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Output]:
        """List the outputs for a run."""
    def list_javascript_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_python3_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_python3_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_python3_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[PythonRun]:
        """List runs, the newest first."""
    @overload
    def list_python3_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[PythonRun]:
        """List runs, the newest first."""
    def list_python3_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_python3_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Output]:
        """List the outputs for a run."""
    @overload
    def list_python3_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Output]:
        """List the outputs for a run."""
    def list_python3_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_r_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_r_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_r_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[RRun]:
        """List runs, the newest first."""
    @overload
    def list_r_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[RRun]:
        """List runs, the newest first."""
    def list_r_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_r_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Output]:
        """List the outputs for a run."""
    @overload
    def list_r_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Output]:
        """List the outputs for a run."""
    def list_r_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_sql_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_sql_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    @overload
    def list_sql_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[SqlRun]:
        """List runs, the newest first."""
    @overload
    def list_sql_runs(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[SqlRun]:
        """List runs, the newest first."""
    def list_sql_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        last_id: int = ...,
        limit: int = ...,
    ) -> ListResponse[LogLine]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
    @overload
    def list_sql_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Output]:
        """List the outputs for a run."""
    @overload
    def list_sql_runs_outputs(
        self,
        id: int,
        run_id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "id"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        iterator: Literal[True],
    ) -> Iterator[Output]:
        """List the outputs for a run."""
    def list_sql_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list_types(
        self,
    ) -> ListResponse[ScriptType]:
        """List the kinds of scripts."""
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        sql: str | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        template_script_id: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        parent_id: int | None = ...,
    ) -> AnyScript:
        """Update some attributes of a SQL script."""
    def patch_container_runs(
        self,
        id: int,
        run_id: int,
        *,
        error: str | None = ...,
    ) -> Response:
        """Update the error of a container's run; the path of the current API."""
    def patch_containers(
        self,
        id: int,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        repo_http_uri: str | None = ...,
        repo_ref: str | None = ...,
        remote_host_credential_id: int | None = ...,
        git_credential_id: int | None = ...,
        docker_command: str | None = ...,
        docker_image_name: str | None = ...,
        docker_image_tag: str | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        time_zone: str | None = ...,
        partition_label: str | None = ...,
        target_project_id: int | None = ...,
        running_as_id: int | None = ...,
    ) -> Container:
        """Update some attributes of a script."""
    def patch_containers_runs(
        self,
        id: int,
        run_id: int,
        *,
        state: Literal["cancelled", "failed", "queued", "running", "succeeded"] | None = ...,
        bocce_accepted_at: str | dt.date | None = ...,
        bocce_started_at: str | dt.date | None = ...,
        error: str | None = ...,
    ) -> Response:
        """Update the state of a run."""
    def patch_custom(
        self,
        id: int,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        remote_host_id: int | None = ...,
        credential_id: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
    ) -> Custom:
        """Update some attributes of a script."""
    def patch_javascript(
        self,
        id: int,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        source: str | None = ...,
        remote_host_id: int | None = ...,
        credential_id: int | None = ...,
        running_as_id: int | None = ...,
    ) -> JavaScript:
        """Update some attributes of a script."""
    def patch_javascript_runs(
        self,
        id: int,
        run_id: int,
        *,
        error: str | None = ...,
    ) -> Response:
        """Update the error of a run."""
    def patch_python3(
        self,
        id: int,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        docker_image_tag: str | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
        source: str | None = ...,
    ) -> Python3:
        """Update some attributes of a script."""
    def patch_python3_runs(
        self,
        id: int,
        run_id: int,
        *,
        error: str | None = ...,
    ) -> Response:
        """Update the error of a run."""
    def patch_r(
        self,
        id: int,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        docker_image_tag: str | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
        source: str | None = ...,
    ) -> RScript:
        """Update some attributes of a script."""
    def patch_r_runs(
        self,
        id: int,
        run_id: int,
        *,
        error: str | None = ...,
    ) -> Response:
        """Update the error of a run."""
    def patch_sql(
        self,
        id: int,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        sql: str | None = ...,
        remote_host_id: int | None = ...,
        credential_id: int | None = ...,
        csv_settings: Mapping[str, Any] | None = ...,
        running_as_id: int | None = ...,
    ) -> Sql:
        """Update some attributes of a script."""
    def patch_sql_runs(
        self,
        id: int,
        run_id: int,
        *,
        error: str | None = ...,
    ) -> Response:
        """Update the error of a run."""
    def post(
        self,
        name: str,
        remote_host_id: int | None,
        credential_id: int | None,
        sql: str | None,
        *,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        template_script_id: int | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        hidden: bool | None = ...,
    ) -> AnyScript:
        """Create a SQL script."""
    def post_cancel(
        self,
        id: int,
    ) -> Cancelled:
        """Cancel the run that is under way."""
    def post_containers(
        self,
        required_resources: Mapping[str, Any],
        docker_command: str | None,
        docker_image_name: str | None,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        repo_http_uri: str | None = ...,
        repo_ref: str | None = ...,
        remote_host_credential_id: int | None = ...,
        git_credential_id: int | None = ...,
        docker_image_tag: str | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        time_zone: str | None = ...,
        partition_label: str | None = ...,
        hidden: bool | None = ...,
        target_project_id: int | None = ...,
        running_as_id: int | None = ...,
    ) -> Container:
        """Create a script."""
    def post_containers_clone(
        self,
        id: int,
        *,
        clone_schedule: bool = ...,
        clone_triggers: bool = ...,
        clone_notifications: bool = ...,
    ) -> Container:
        """Make a copy of a script, as one's own."""
    def post_containers_runs(
        self,
        id: int,
    ) -> ContainerRun:
        """Start a run."""
    def post_containers_runs_heartbeats(
        self,
        id: int,
        run_id: int,
    ) -> Response:
        """Say that a run is alive."""
    def post_containers_runs_logs(
        self,
        id: int,
        run_id: int,
        *,
        message: str | None = ...,
        level: Literal["debug", "error", "fatal", "info", "unknown", "warn"] | None = ...,
        messages: Sequence[Mapping[str, Any]] = ...,
        child_job_id: int | None = ...,
    ) -> Response:
        """Add lines to the log of a run."""
    def post_containers_runs_outputs(
        self,
        id: int,
        run_id: int,
        object_type: Literal["Credential", "File", "JSONValue", "Project", "Report", "Table"],
        object_id: int,
    ) -> Output:
        """Add an output for a run."""
    def post_custom(
        self,
        from_template_id: int | None,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        remote_host_id: int | None = ...,
        credential_id: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        time_zone: str | None = ...,
        hidden: bool | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
    ) -> Custom:
        """Create a script."""
    def post_custom_clone(
        self,
        id: int,
        *,
        clone_schedule: bool = ...,
        clone_triggers: bool = ...,
        clone_notifications: bool = ...,
    ) -> Custom:
        """Make a copy of a script, as one's own."""
    def post_custom_runs(
        self,
        id: int,
    ) -> CustomRun:
        """Start a run."""
    def post_custom_runs_outputs(
        self,
        id: int,
        run_id: int,
        object_type: Literal["Credential", "File", "JSONValue", "Project", "Report", "Table"],
        object_id: int,
    ) -> Output:
        """Add an output for a run."""
    def post_javascript(
        self,
        name: str,
        source: str,
        remote_host_id: int | None,
        credential_id: int | None,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        hidden: bool | None = ...,
        target_project_id: int | None = ...,
        running_as_id: int | None = ...,
    ) -> JavaScript:
        """Create a script."""
    def post_javascript_clone(
        self,
        id: int,
        *,
        clone_schedule: bool = ...,
        clone_triggers: bool = ...,
        clone_notifications: bool = ...,
    ) -> JavaScript:
        """Make a copy of a script, as one's own."""
    def post_javascript_runs(
        self,
        id: int,
    ) -> JavaScriptRun:
        """Start a run."""
    def post_javascript_runs_outputs(
        self,
        id: int,
        run_id: int,
        object_type: Literal["Credential", "File", "JSONValue", "Project", "Report", "Table"],
        object_id: int,
    ) -> Output:
        """Add an output for a run."""
    def post_python3(
        self,
        name: str,
        source: str,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        hidden: bool | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        docker_image_tag: str | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
    ) -> Python3:
        """Create a script."""
    def post_python3_clone(
        self,
        id: int,
        *,
        clone_schedule: bool = ...,
        clone_triggers: bool = ...,
        clone_notifications: bool = ...,
    ) -> Python3:
        """Make a copy of a script, as one's own."""
    def post_python3_runs(
        self,
        id: int,
    ) -> PythonRun:
        """Start a run."""
    def post_python3_runs_outputs(
        self,
        id: int,
        run_id: int,
        object_type: Literal["Credential", "File", "JSONValue", "Project", "Report", "Table"],
        object_id: int,
    ) -> Output:
        """Add an output for a run."""
    def post_r(
        self,
        name: str,
        source: str,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        hidden: bool | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        docker_image_tag: str | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
    ) -> RScript:
        """Create a script."""
    def post_r_clone(
        self,
        id: int,
        *,
        clone_schedule: bool = ...,
        clone_triggers: bool = ...,
        clone_notifications: bool = ...,
    ) -> RScript:
        """Make a copy of a script, as one's own."""
    def post_r_runs(
        self,
        id: int,
    ) -> RRun:
        """Start a run."""
    def post_r_runs_outputs(
        self,
        id: int,
        run_id: int,
        object_type: Literal["Credential", "File", "JSONValue", "Project", "Report", "Table"],
        object_id: int,
    ) -> Output:
        """Add an output for a run."""
    def post_run(
        self,
        id: int,
    ) -> Response:
        """Run a script."""
    def post_sql(
        self,
        name: str,
        sql: str,
        remote_host_id: int | None,
        credential_id: int | None,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        hidden: bool | None = ...,
        target_project_id: int | None = ...,
        csv_settings: Mapping[str, Any] | None = ...,
        running_as_id: int | None = ...,
    ) -> Sql:
        """Create a script."""
    def post_sql_clone(
        self,
        id: int,
        *,
        clone_schedule: bool = ...,
        clone_triggers: bool = ...,
        clone_notifications: bool = ...,
    ) -> Sql:
        """Make a copy of a script, as one's own."""
    def post_sql_runs(
        self,
        id: int,
    ) -> SqlRun:
        """Start a run."""
    def put_containers(
        self,
        id: int,
        required_resources: Mapping[str, Any],
        docker_command: str | None,
        docker_image_name: str | None,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        repo_http_uri: str | None = ...,
        repo_ref: str | None = ...,
        remote_host_credential_id: int | None = ...,
        git_credential_id: int | None = ...,
        docker_image_tag: str | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        time_zone: str | None = ...,
        partition_label: str | None = ...,
        target_project_id: int | None = ...,
        running_as_id: int | None = ...,
    ) -> Container:
        """Replace all attributes of a script."""
    def put_containers_archive(
        self,
        id: int,
        status: bool,
    ) -> Container:
        """Update the archive status of this object."""
    def put_containers_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_containers_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_containers_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_containers_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""
    def put_custom(
        self,
        id: int,
        *,
        name: str | None = ...,
        parent_id: int | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        remote_host_id: int | None = ...,
        credential_id: int | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
    ) -> Custom:
        """Replace all attributes of a script."""
    def put_custom_archive(
        self,
        id: int,
        status: bool,
    ) -> Custom:
        """Update the archive status of this object."""
    def put_custom_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_custom_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_custom_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_custom_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""
    def put_javascript(
        self,
        id: int,
        name: str,
        source: str,
        remote_host_id: int | None,
        credential_id: int | None,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        running_as_id: int | None = ...,
    ) -> JavaScript:
        """Replace all attributes of a script."""
    def put_javascript_archive(
        self,
        id: int,
        status: bool,
    ) -> JavaScript:
        """Update the archive status of this object."""
    def put_javascript_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_javascript_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_javascript_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_javascript_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""
    def put_python3(
        self,
        id: int,
        name: str,
        source: str,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        docker_image_tag: str | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
    ) -> Python3:
        """Replace all attributes of a script."""
    def put_python3_archive(
        self,
        id: int,
        status: bool,
    ) -> Python3:
        """Update the archive status of this object."""
    def put_python3_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_python3_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_python3_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_python3_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""
    def put_r(
        self,
        id: int,
        name: str,
        source: str,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        required_resources: Mapping[str, Any] | None = ...,
        instance_type: str | None = ...,
        cancel_timeout: int | None = ...,
        docker_image_tag: str | None = ...,
        partition_label: str | None = ...,
        running_as_id: int | None = ...,
    ) -> RScript:
        """Replace all attributes of a script."""
    def put_r_archive(
        self,
        id: int,
        status: bool,
    ) -> RScript:
        """Update the archive status of this object."""
    def put_r_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_r_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_r_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_r_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""
    def put_sql(
        self,
        id: int,
        name: str,
        sql: str,
        remote_host_id: int | None,
        credential_id: int | None,
        *,
        parent_id: int | None = ...,
        user_context: Literal["author", "runner"] | None = ...,
        params: Sequence[Mapping[str, Any]] | None = ...,
        arguments: Mapping[str, Any] | None = ...,
        schedule: Mapping[str, Any] | None = ...,
        notifications: Mapping[str, Any] | None = ...,
        next_run_at: str | dt.date | None = ...,
        time_zone: str | None = ...,
        target_project_id: int | None = ...,
        csv_settings: Mapping[str, Any] | None = ...,
        running_as_id: int | None = ...,
    ) -> Sql:
        """Replace all attributes of a script."""
    def put_sql_archive(
        self,
        id: int,
        status: bool,
    ) -> Sql:
        """Update the archive status of this object."""
    def put_sql_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_sql_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_sql_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_sql_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""

class SearchMethods(Resource):
    """The operations of search."""

    def get(
        self,
        *,
        query: str = ...,
        type: str = ...,
        offset: int = ...,
        order: Literal["name", "score", "updated_at"] = ...,
        owner: str = ...,
        limit: int = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        last_run_state: Literal["cancelled", "failed", "queued", "running", "succeeded"] = ...,
    ) -> SearchResults:
        """Search everything that you may see."""
    def list(
        self,
        *,
        query: str = ...,
        type: str = ...,
        offset: int = ...,
        order: Literal["name", "score", "updated_at"] = ...,
        owner: str = ...,
        limit: int = ...,
        archived: Literal["", "all", "false", "true"] = ...,
        last_run_state: Literal["cancelled", "failed", "queued", "running", "succeeded"] = ...,
    ) -> SearchResults:
        """Search everything that you may see."""
    def list_types(
        self,
    ) -> ListResponse[SearchType]:
        """List the types of objects that can be searched."""

class StorageHostsMethods(Resource):
    """The operations of storage hosts."""

    def delete(
        self,
        id: int,
    ) -> Response:
        """Delete a storage host; its bucket stays as it is."""
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
        id: int,
    ) -> StorageHost:
        """Get a storage host."""
    def get_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def list(
        self,
    ) -> ListResponse[StorageHost]:
        """List the storage hosts."""
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
    def patch(
        self,
        id: int,
        *,
        name: str | None = ...,
        provider: Literal["s3"] | None = ...,
        bucket: str | None = ...,
        s3_options: Mapping[str, Any] | None = ...,
    ) -> StorageHost:
        """Update some attributes of this storage host."""
    def post(
        self,
        provider: Literal["s3"],
        bucket: str,
        name: str,
        *,
        s3_options: Mapping[str, Any] | None = ...,
    ) -> StorageHost:
        """Create a new storage host."""
    def put(
        self,
        id: int,
        name: str,
        provider: Literal["s3"],
        bucket: str,
        *,
        s3_options: Mapping[str, Any] | None = ...,
    ) -> StorageHost:
        """Replace all attributes of this storage host."""
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

class TablesMethods(Resource):
    """The operations of tables."""

    def delete_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove a table from a project. Not served."""
    def delete_tags(
        self,
        id: int,
        table_tag_id: int,
    ) -> Response:
        """Remove a tag from a table. Not served."""
    def get(
        self,
        id: int,
    ) -> Table:
        """Show basic table info."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name", "schema", "search"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        database_id: int = ...,
        schema: str = ...,
        name: str = ...,
        search: str = ...,
        table_tag_ids: Sequence[int] = ...,
        credential_id: int = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[TableListed]:
        """List tables, as your credential for their database sees them. The one that is spelled as asked comes first."""
    @overload
    def list(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name", "schema", "search"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        database_id: int = ...,
        schema: str = ...,
        name: str = ...,
        search: str = ...,
        table_tag_ids: Sequence[int] = ...,
        credential_id: int = ...,
        iterator: Literal[True],
    ) -> Iterator[TableListed]:
        """List tables, as your credential for their database sees them. The one that is spelled as asked comes first."""
    @overload
    def list_columns(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name", "order"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        name: str = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[Column]:
        """List columns in the specified table."""
    @overload
    def list_columns(
        self,
        id: int,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["name", "order"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        name: str = ...,
        iterator: Literal[True],
    ) -> Iterator[Column]:
        """List columns in the specified table."""
    def list_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects a table belongs to: none, as tables are not put in projects."""
    def patch(
        self,
        id: int,
        *,
        ontology_mapping: Mapping[str, Any] | None = ...,
        description: str | None = ...,
        primary_keys: Sequence[str] | None = ...,
        last_modified_keys: Sequence[str] | None = ...,
    ) -> TableWithOntology:
        """Update a table: what is said of it here. The database itself is not changed."""
    def post_refresh(
        self,
        id: int,
    ) -> Table:
        """Request a refresh for column and table statistics: what is in the table is counted at once."""
    def post_scan(
        self,
        database_id: int,
        schema: str,
        table_name: str,
        *,
        stats_priority: Literal["block", "flag", "queue"] | None = ...,
    ) -> ScanJob:
        """Scan a table. Not served, nor needed: a listing asks the database itself."""
    def put_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add a table to a project. Not served."""
    def put_tags(
        self,
        id: int,
        table_tag_id: int,
    ) -> Tagged:
        """Add a tag to a table. Not served."""

class TemplatesMethods(Resource):
    """The operations of templates."""

    def delete_scripts(
        self,
        id: int,
    ) -> Response:
        """Archive a template."""
    def delete_scripts_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Remove an object from a project."""
    def delete_scripts_shares_groups(
        self,
        id: int,
        group_id: int,
    ) -> Response:
        """Revoke the permissions a group has on this object."""
    def delete_scripts_shares_users(
        self,
        id: int,
        user_id: int,
    ) -> Response:
        """Revoke the permissions a user has on this object."""
    def get_scripts(
        self,
        id: int,
    ) -> Template:
        """Get a template of a script."""
    def get_scripts_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    @overload
    def list_scripts(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        hidden: bool = ...,
        author: str = ...,
        category: Literal["enhancement", "export", "import", "model", "script"] = ...,
        iterator: Literal[False] = ...,
    ) -> ListResponse[TemplateListed]:
        """List templates of scripts."""
    @overload
    def list_scripts(
        self,
        *,
        limit: int = ...,
        page_num: int = ...,
        order: Literal["created_at", "name", "updated_at"] = ...,
        order_dir: Literal["asc", "desc"] = ...,
        hidden: bool = ...,
        author: str = ...,
        category: Literal["enhancement", "export", "import", "model", "script"] = ...,
        iterator: Literal[True],
    ) -> Iterator[TemplateListed]:
        """List templates of scripts."""
    def list_scripts_dependencies(
        self,
        id: int,
        *,
        user_id: int = ...,
    ) -> ListResponse[Dependency]:
        """List dependent objects for this object."""
    def list_scripts_projects(
        self,
        id: int,
        *,
        hidden: bool = ...,
    ) -> ListResponse[ProjectListed]:
        """List the projects an object belongs to."""
    def list_scripts_shares(
        self,
        id: int,
    ) -> Shares:
        """List users and groups permissioned on this object."""
    def patch_scripts(
        self,
        id: int,
        *,
        name: str | None = ...,
        note: str | None = ...,
        ui_report_id: int | None = ...,
        archived: bool | None = ...,
    ) -> Template:
        """Update some attributes of a template."""
    def post_scripts(
        self,
        script_id: int,
        name: str,
        *,
        note: str | None = ...,
        ui_report_id: int | None = ...,
        archived: bool = ...,
        hidden: bool = ...,
    ) -> Template:
        """Create a template of a script."""
    def put_scripts(
        self,
        id: int,
        name: str,
        *,
        note: str | None = ...,
        ui_report_id: int | None = ...,
        archived: bool = ...,
    ) -> Template:
        """Replace all attributes of a template."""
    def put_scripts_projects(
        self,
        id: int,
        project_id: int,
    ) -> Response:
        """Add an object to a project."""
    def put_scripts_shares_groups(
        self,
        id: int,
        group_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions groups have on this object."""
    def put_scripts_shares_users(
        self,
        id: int,
        user_ids: Sequence[int],
        permission_level: Literal["manage", "read", "write"],
        *,
        share_email_body: str | None = ...,
        send_shared_email: bool = ...,
    ) -> Shares:
        """Set the permissions users have on this object."""
    def put_scripts_transfer(
        self,
        id: int,
        user_id: int,
        include_dependencies: bool,
        *,
        email_body: str | None = ...,
        send_email: bool = ...,
    ) -> Transferred:
        """Transfer ownership of this object to another user."""

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
        language: Literal["python", "sql"] = ...,
        dialect: Literal["duckdb", "mysql"] = ...,
        inputs: Sequence[Mapping[str, Any]] = ...,
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
        dialect: Literal["duckdb", "mysql"] | None = ...,
        inputs: Sequence[Mapping[str, Any]] | None = ...,
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
    def aliases(self) -> AliasesMethods: ...
    @property
    def changes(self) -> ChangesMethods: ...
    @property
    def credentials(self) -> CredentialsMethods: ...
    @property
    def databases(self) -> DatabasesMethods: ...
    @property
    def groups(self) -> GroupsMethods: ...
    @property
    def imports(self) -> ImportsMethods: ...
    @property
    def jobs(self) -> JobsMethods: ...
    @property
    def json_values(self) -> JsonValuesMethods: ...
    @property
    def models(self) -> ModelsMethods: ...
    @property
    def notebooks(self) -> NotebooksMethods: ...
    @property
    def predictions(self) -> PredictionsMethods: ...
    @property
    def projects(self) -> ProjectsMethods: ...
    @property
    def queries(self) -> QueriesMethods: ...
    @property
    def remote_hosts(self) -> RemoteHostsMethods: ...
    @property
    def reports(self) -> ReportsMethods: ...
    @property
    def schemas(self) -> SchemasMethods: ...
    @property
    def scripts(self) -> ScriptsMethods: ...
    @property
    def search(self) -> SearchMethods: ...
    @property
    def storage_hosts(self) -> StorageHostsMethods: ...
    @property
    def tables(self) -> TablesMethods: ...
    @property
    def templates(self) -> TemplatesMethods: ...
    @property
    def udfs(self) -> UdfsMethods: ...
    @property
    def users(self) -> UsersMethods: ...
    def __getattr__(self, name: str) -> Any: ...
    @property
    def specification(self) -> Specification: ...
    def resource(self, name: str) -> Any: ...
