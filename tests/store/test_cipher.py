"""What is encrypted."""

import base64
import stat
import threading

import pytest

from headrace.errors import Invalid
from headrace.store.cipher import Cipher, Unreadable, open_cipher

KEY = bytes(range(32))


def test_a_text_is_read_for_the_purpose_it_was_encrypted_for():
    secret = Cipher(KEY).encrypt("fsh_é漢", "access token")
    assert Cipher(KEY).decrypt(secret, "access token") == "fsh_é漢"
    assert b"fsh_" not in secret


def test_nothing_else_reads_it():
    secret = Cipher(KEY).encrypt("text", "access token")
    changed = bytes([*secret[:-1], secret[-1] ^ 1])
    for cipher, bytes_, purpose in (
        (Cipher(KEY[::-1]), secret, "access token"),
        (Cipher(KEY), secret, "credential"),
        (Cipher(KEY), changed, "access token"),
        (Cipher(KEY), secret[:-1], "access token"),
        (Cipher(KEY), b"", "access token"),
        (Cipher(KEY), secret[:12], "access token"),
    ):
        with pytest.raises(Unreadable):
            cipher.decrypt(bytes_, purpose)


def test_one_text_twice_is_two_secrets():
    assert len({Cipher(KEY).encrypt("text", "p") for _ in range(100)}) == 100


def test_the_key_of_a_home_is_made_once_for_its_owner_alone(tmp_path):
    secret = open_cipher("", tmp_path).encrypt("text", "p")
    assert open_cipher("", tmp_path).decrypt(secret, "p") == "text"
    (path,) = tmp_path.iterdir()
    assert (path.name, stat.S_IMODE(path.stat().st_mode)) == ("secret.key", 0o600)


def test_of_several_first_starts_at_once_one_key_wins(tmp_path):
    ciphers = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        ciphers.append(open_cipher("", tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    secret = ciphers[0].encrypt("text", "p")
    assert [cipher.decrypt(secret, "p") for cipher in ciphers] == ["text"] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_the_key_of_the_settings_is_used_and_no_file_is_made(tmp_path):
    text = base64.urlsafe_b64encode(KEY).decode()
    secret = open_cipher(text, tmp_path).encrypt("text", "p")
    assert Cipher(KEY).decrypt(secret, "p") == "text"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["short", "x" * 43, "é" * 32, base64.urlsafe_b64encode(b"x" * 31).decode()])
def test_a_key_of_another_size_is_refused_without_showing_it(tmp_path, text):
    with pytest.raises(Invalid, match="HEADRACE_SECRET_KEY wants 32 bytes") as raised:
        open_cipher(text, tmp_path)
    assert text not in raised.value.message


def test_a_damaged_key_file_is_named_and_never_replaced(tmp_path):
    (tmp_path / "secret.key").write_text("damaged\n")
    with pytest.raises(Invalid, match=r"secret\.key wants 32 bytes"):
        open_cipher("", tmp_path)
    assert (tmp_path / "secret.key").read_text() == "damaged\n"
