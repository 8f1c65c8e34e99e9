"""Templates: scripts that others run with arguments of their own."""

from typing import Any

from headrace.model.object import Object


class Template(Object, frozen=True, kw_only=True):
    """A template, with what of the script behind it its users see."""

    job_id: int
    note: str | None
    ui_report_id: int | None
    job_kind: str
    settings: dict[str, Any]  # of the script behind it
    uses: int  # jobs made from it
