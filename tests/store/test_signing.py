"""Signed claims."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import Forbidden
from headrace.store.cipher import Cipher
from headrace.store.signing import Claims, Purpose, Signer

KEY = bytes(range(32))
CLAIMS = Claims(purpose=Purpose.DOWNLOAD, method="GET", path="fd://é/a b", expires=1000, owner_id=7, key_id=3)


def test_what_was_signed_is_read_until_it_expires():
    text = Signer(KEY).sign(CLAIMS)
    assert Signer(KEY).check(text, Purpose.DOWNLOAD, "GET", 999.9) == CLAIMS
    with pytest.raises(Forbidden, match="expired"):
        Signer(KEY).check(text, Purpose.DOWNLOAD, "GET", 1000)


def test_a_signature_is_good_for_its_purpose_its_method_and_its_key():
    text = Signer(KEY).sign(CLAIMS)
    for key, purpose, method in (
        (KEY[::-1], Purpose.DOWNLOAD, "GET"),
        (KEY, Purpose.UPLOAD, "GET"),
        (KEY, Purpose.DOWNLOAD, "POST"),
    ):
        with pytest.raises(Forbidden, match="not one of ours"):
            Signer(key).check(text, purpose, method, 0)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_passes(at, change):
    text = Signer(KEY).sign(CLAIMS)
    data = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    data[at % len(data)] ^= change
    with pytest.raises(Forbidden):
        Signer(KEY).check(base64.urlsafe_b64encode(bytes(data)).decode().rstrip("="), Purpose.DOWNLOAD, "GET", 0)


@given(st.text(max_size=300))
def test_no_text_of_others_passes_or_breaks_anything(text):
    with pytest.raises(Forbidden):
        Signer(KEY).check(text, Purpose.DOWNLOAD, "GET", 0)


def test_the_key_of_a_purpose_is_not_that_of_another_and_not_the_servers():
    keys = {Cipher(KEY).derive("a"), Cipher(KEY).derive("b"), Cipher(KEY[::-1]).derive("a"), KEY}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
    assert Cipher(KEY).derive("a") == Cipher(KEY).derive("a")


def test_every_claim_is_signed():
    plain = Signer(KEY).sign(CLAIMS)
    for change in (
        {"purpose": Purpose.UPLOAD}, {"method": "PUT"}, {"path": "fd://x"}, {"expires": 1},
        {"owner_id": 1}, {"key_id": 1}, {"size": 0},
    ):  # fmt: skip
        other = Signer(KEY).sign(msgspec.structs.replace(CLAIMS, **change))
        assert other[:40] != plain[:40]
