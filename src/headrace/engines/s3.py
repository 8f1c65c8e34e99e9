"""S3 and what speaks its protocol: `s3://bucket?region=eu-west-1`, or a server of one's own as `https://host/bucket`."""

from msgspec.structs import replace

from headrace.engines import Engine, Target, _aws, _urls
from headrace.errors import HostFailed, Invalid, NotServed
from headrace.model.database import Login
from headrace.runtime.reach import Bounds

LIKE = "s3://bucket?region=eu-west-1 or https://s3.example.org/bucket"
OPTIONS = frozenset({"region", "role"})  # the role is what temporary keys are to be of
VERSION = "2011-06-15"  # of the protocol of STS
NOT_SPOKEN = frozenset({404, 405, 501, 503})  # as servers answer that know no STS, or have it switched off
FIELDS = {"access_key": "AccessKeyId", "secret_access_key": "SecretAccessKey", "session_token": "SessionToken"}


def locate(url: str) -> Target:
    """Where the bucket is. Raises Invalid."""
    target = _urls.read(url, {"s3": 443, "https": 443, "http": 80}, LIKE, OPTIONS)
    region = target.options.get("region", "us-east-1")
    if not region.replace("-", "").isalnum() or not region.isascii() or len(region) > 40:
        raise Invalid("The region in that URL is none; eu-west-1 is one.")
    if target.scheme == "s3":
        bucket = f"/{target.host}{target.path}".rstrip("/")
        return replace(target, scheme="https", host=f"s3.{region}.amazonaws.com", path=bucket)
    return target


def authenticate(target: Target, login: Login, bounds: Bounds) -> None:
    """List one object of the bucket, or the buckets where the URL names none."""
    bucket = target.path.strip("/").partition("/")[0]
    query = {"list-type": "2", "max-keys": "1"} if bucket else {}
    answer = _aws.send(replace(target, path=f"/{bucket}"), login, bounds, service="s3", query=query)
    _aws.check(target, answer)
    if (b"<ListBucketResult" if bucket else b"<ListAllMyBucketsResult") not in answer.body:
        raise HostFailed(f"{target.host} does not answer as S3 does.")


def temporary(target: Target | None, login: Login, seconds: int, bounds: Bounds) -> dict[str, str]:
    """Keys that are good for so long: of AWS where there is no target, else of the server's own STS.

    Raises LoginRefused, HostFailed, Forbidden, and NotServed where the server speaks no STS.
    """
    options = target.options if target else {}
    form = {"Version": VERSION, "DurationSeconds": str(seconds)}
    if target is None or target.host.endswith(".amazonaws.com"):
        region = options.get("region", "us-east-1")
        at = Target(scheme="https", host=f"sts.{region}.amazonaws.com", port=443, options={"region": region})
        form |= {"Action": "GetSessionToken"}
    else:
        at = replace(target, path="/")
        form |= {"Action": "AssumeRole", "RoleSessionName": "headrace"}  # without a role, one's own identity
    if role := options.get("role"):
        form |= {"Action": "AssumeRole", "RoleSessionName": "headrace", "RoleArn": role}
    answer = _aws.send(at, login, bounds, service="sts", query={}, form=form)
    if answer.status in NOT_SPOKEN or (answer.status == 400 and not _aws.complaint(answer)[0]):
        raise NotServed(f"{at.host} gives no temporary keys: it does not speak STS.")
    _aws.check(at, answer)
    found = {name: _between(answer.body, tag) for name, tag in FIELDS.items()}
    if not all(found.values()):
        raise HostFailed(f"{at.host} does not answer as STS does.")
    return found


def _between(body: bytes, tag: str) -> str:
    # Text of known letters between two tags: nothing of XML is read that could be written by others.
    start, end = f"<{tag}>".encode(), f"</{tag}>".encode()
    value = body.partition(start)[2].partition(end)[0] if end in body else b""
    text = value.decode(errors="replace").strip()
    return text if text.isascii() and text.isprintable() and len(text) < 5000 else ""


engine = Engine(
    types=("RemoteHostTypes::S3Storage",),
    credential_type="Amazon Web Services S3",
    locate=locate,
    authenticate=authenticate,
)
