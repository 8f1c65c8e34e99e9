"""Counting wrong guesses of secrets, so that whoever makes many from one address is sent away for a while."""

import time
from hashlib import sha256

from headrace.errors import Busy

WINDOW = 60.0  # seconds
MOST = 10_000  # addresses, and secrets that were right, remembered at once


class Guesses:
    """Wrong guesses of the last minute, by what was guessed at and from where. Costs dictionary look-ups.

    The same wrong secret twice is one guess: a page that keeps asking with a token that was revoked is no attack. A
    secret that was right before is let through, so that guesses from an address that many share lock out nobody.
    """

    def __init__(self, most: int) -> None:
        self._most = most  # 0: no bound
        self._wrong: dict[tuple[str, str], tuple[float, set[bytes]]] = {}
        self._right: set[bytes] = set()

    def check(self, what: str, address: str, secret: str) -> None:
        """Raise Busy where too many different secrets from there were wrong, and this one was never right."""
        began, wrong = self._wrong.get((what, address), (0.0, frozenset[bytes]()))
        left = began + WINDOW - time.monotonic()
        if not self._most or left <= 0 or len(wrong) < self._most or _digest(what, secret) in self._right:
            return
        raise Busy("Too many wrong guesses came from this address; try again in a minute.", int(left) + 1)

    def wrong(self, what: str, address: str, secret: str) -> None:
        """Note that a secret was wrong."""
        now = time.monotonic()
        began, wrong = self._wrong.get((what, address), (0.0, set[bytes]()))
        if now - began > WINDOW:
            if len(self._wrong) >= MOST:
                self._wrong.clear()
            began, wrong = now, set[bytes]()
            self._wrong[what, address] = began, wrong
        if len(wrong) < self._most:
            wrong.add(_digest(what, secret))

    def right(self, what: str, secret: str) -> None:
        """Note that a secret was right."""
        if len(self._right) >= MOST:
            self._right.clear()
        self._right.add(_digest(what, secret))


def _digest(what: str, secret: str) -> bytes:
    return sha256(f"{what}\0{secret}".encode(errors="surrogatepass")).digest()
