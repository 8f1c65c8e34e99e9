"""A call that gives no value."""

from __future__ import annotations


class Failed(Exception):
    """What the caller is told: the kind of error, a sentence, and where in the function's source it arose."""

    def __init__(self, kind: str, message: str, lineno: int | None = None, traceback: str | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.lineno, self.traceback = kind, message, lineno, traceback
