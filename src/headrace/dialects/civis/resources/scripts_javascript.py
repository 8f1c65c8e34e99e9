"""JavaScript scripts: code that asks a database."""

from typing import Annotated

from msgspec import Meta

from headrace.dialects.civis.fields import Id
from headrace.dialects.civis.script import Code, Script, declare, scripts
from headrace.dialects.civis.traits.runs import Run, takes_errors, takes_outputs
from headrace.model.job import Kind


class JavaScript(Script, frozen=True, kw_only=True):
    """A JavaScript script."""

    source: Annotated[Code, Meta(description="The body of the script.")]
    remote_host_id: Annotated[Id | None, Meta(description="The database that it connects to.")] = None
    credential_id: Annotated[Id | None, Meta(description="The credential that it connects with.")] = None


class JavaScriptRun(Run, frozen=True, kw_only=True):
    """A run of a JavaScript script."""

    javascript_id: Annotated[int, Meta(description="The ID of the script.")]


JAVASCRIPT = declare(
    Kind.JAVASCRIPT,
    JavaScript,
    code="source",
    required="name source remote_host_id credential_id",
    fields="name parent_id user_context params arguments schedule notifications next_run_at time_zone hidden "
    "target_project_id source remote_host_id credential_id running_as_id",
)
resource = scripts(JAVASCRIPT, JavaScriptRun, "javascript_id", traits=[takes_outputs, takes_errors])
