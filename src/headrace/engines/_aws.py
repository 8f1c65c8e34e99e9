"""Requests to S3 and STS, signed with AWS Signature Version 4 (AWS General Reference, "Signature Version 4").

A signature proves that one has the secret key, and does not hold it.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from headrace.engines import Target, _http
from headrace.errors import HostFailed, LoginRefused
from headrace.model.database import Login
from headrace.runtime.reach import Bounds

CODE, MESSAGE = re.compile(rb"<Code>([\w.]{1,100})</Code>"), re.compile(rb"<Message>([^<]{1,300})</Message>")
REFUSALS = frozenset(
    "InvalidAccessKeyId SignatureDoesNotMatch AccessDenied InvalidClientTokenId AuthFailure InvalidToken ExpiredToken "
    "UnrecognizedClientException AllAccessDisabled AccountProblem".split()
)


def send(
    target: Target,
    login: Login,
    bounds: Bounds,
    *,
    service: str,
    query: dict[str, str],
    form: dict[str, str] | None = None,
) -> _http.Answer:
    """The answer to a signed request: GET with the query, or POST with the form. Raises HostFailed, Forbidden."""
    body = urlencode(form).encode() if form is not None else b""
    method, path = ("GET" if form is None else "POST"), quote(target.path or "/", safe="/-_.~")
    asked = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    hashed = hashlib.sha256(body).hexdigest()
    headers = {"host": _http.host_of(target), "x-amz-content-sha256": hashed, "x-amz-date": now}
    if form is not None:
        headers["content-type"] = "application/x-www-form-urlencoded"
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    region = target.options.get("region", "us-east-1")
    scope = f"{now[:8]}/{region}/{service}/aws4_request"
    request = f"{method}\n{path}\n{asked}\n{lines}\n{names}\n{hashed}"
    text = "\n".join(("AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = b"AWS4" + login.password.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = quote(login.username, safe="-_.~")  # a header's value takes no other characters
    proof = f"AWS4-HMAC-SHA256 Credential={credential}/{scope}, SignedHeaders={names}, Signature={signature}"
    return _http.send(
        target, method, f"{path}?{asked}" if asked else path, {**headers, "authorization": proof}, bounds, body or None
    )


def check(target: Target, answer: _http.Answer) -> None:
    """Raise LoginRefused or HostFailed where an answer is none of success."""
    if answer.status == 200:
        return
    code, words = complaint(answer)
    if code in REFUSALS or answer.status in (401, 403):
        raise LoginRefused(f"{target.host} refuses this access key: {words or code or 'it says no more'}.")
    if code in ("NoSuchBucket", "NotFound"):
        raise LoginRefused(f"{target.host} has no bucket of the name in {target.path}.")
    raise HostFailed(f"{target.host} answers {answer.status}, {words or code or 'without saying why'}.")


def complaint(answer: _http.Answer) -> tuple[str, str]:
    """The code and the message of an error, in words fit to be shown."""
    found = [match[1].decode(errors="replace") if (match := one.search(answer.body)) else "" for one in (CODE, MESSAGE)]
    return found[0], "".join(c for c in found[1] if c.isprintable()).rstrip(".")
