"""When a request is sent again: the server said that it is busy or away, and did not begin.

A server that refuses with 429 or 503 has done nothing, so any verb is sent again; 502 and 504 tell nothing of what
was done, so only verbs that may be repeated are (RFC 9110, 9.2.2; Civis protocol notes 1.4).
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

REFUSED = frozenset({429, 503})
UNSURE = frozenset({502, 504})
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
LONGEST = 60.0  # seconds between two attempts, where the server names no time
ALTOGETHER = 600.0  # seconds that all waiting may take
SPREAD = 0.25  # seconds: those who were told one time do not all come back at once


def sent(send: Callable[[], httpx.Response], retries: int) -> tuple[httpx.Response, int, float]:
    """The answer that came at last, how often it was asked for, and the seconds of waiting in between."""
    waited, attempt = 0.0, 1
    while True:
        answer = send()
        pause = pause_before_next(answer, attempt)
        if pause is None or attempt > retries or waited + pause > ALTOGETHER:
            return answer, attempt, waited
        time.sleep(pause)
        waited += pause
        attempt += 1


def pause_before_next(answer: httpx.Response, attempt: int) -> float | None:
    """Seconds to wait before the next attempt; None where there is no reason for one."""
    repeatable = answer.request.method in REPEATABLE
    if answer.status_code not in REFUSED and not (repeatable and answer.status_code in UNSURE):
        return None
    told = retry_after(answer.headers.get("retry-after", ""))
    if told is not None:
        return told + random.uniform(0, SPREAD)  # noqa: S311 - not a secret
    return random.uniform(0.5, 1) * min(LONGEST, 0.5 * 2**attempt)  # noqa: S311


def retry_after(text: str) -> float | None:
    """Seconds from now that a `Retry-After` names, as a number or as a date (RFC 9110, 10.2.3); None without one."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
