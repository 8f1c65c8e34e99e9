"""Bodies that trickle."""

import asyncio

import pytest
from starlette.requests import Request

from headrace.api import transfer
from headrace.api.faults import TooSlow


@pytest.mark.parametrize(("size", "fails"), [(1, True), (1 << 20, False)])
def test_a_body_that_trickles_is_not_waited_for_and_a_large_one_is(monkeypatch, size, fails):
    monkeypatch.setattr(transfer, "PATIENCE", 0.0)

    async def receive():
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"1" * size, "more_body": True}

    async def go() -> int:
        came = 0
        async for piece in transfer.pieces(Request({"type": "http", "headers": []}, receive), 5):
            came += len(piece)
            if came >= 20 << 20:
                break
        return came

    if fails:
        with pytest.raises(TooSlow, match="8 KiB a second"):
            asyncio.run(go())
    else:
        assert asyncio.run(go()) == 20 << 20
