"""A small load generator for machines without wrk: connections that ask, read the answer whole and ask again."""

import argparse
import asyncio
import time
from urllib.parse import urlsplit


class Connection(asyncio.Protocol):
    """One kept-alive connection. `times` and `errors` are shared by all."""

    def __init__(self, request: bytes, times: list[float], errors: list[int]) -> None:
        self._request, self._times, self._errors = request, times, errors
        self._buffer = b""
        self.stopped = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or not _whole(head.lower(), body):
            return
        self._times.append(time.perf_counter() - self._began)
        if not head.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
            self._errors.append(1)
        if self.stopped:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, reason: Exception | None) -> None:
        if not self.stopped:
            self._errors.append(1)

    def _ask(self) -> None:
        self._buffer = b""
        self._began = time.perf_counter()
        self._transport.write(self._request)


def _whole(head: bytes, body: bytes) -> bool:
    if b"transfer-encoding: chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length or 0)


async def main(url: str, connections: int, seconds: float, post: str | None) -> None:
    parts = urlsplit(url)
    body = (post or "").encode()
    target = parts.path + ("?" + parts.query if parts.query else "")
    head = f"{'POST' if post else 'GET'} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    if post:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    request = head.encode() + b"\r\n" + body
    times: list[float] = []
    errors: list[int] = []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    opened = [
        (await loop.create_connection(lambda: Connection(request, times, errors), parts.hostname, parts.port))[1]
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    took, times = time.perf_counter() - began, sorted(times)
    for one in opened:
        one.stopped = True
    p50, p95, p99 = (times[min(len(times) - 1, int(len(times) * part))] * 1e6 for part in (0.5, 0.95, 0.99))
    print(f"RESULT {len(times)} {took * 1e6:.0f} {p50:f} {p95:f} {p99:f} {len(errors)}")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("-c", type=int, default=1, dest="connections")
    options.add_argument("-d", type=float, default=5, dest="seconds")
    options.add_argument("--post")
    options.add_argument("url")
    asked = options.parse_args()
    asyncio.run(main(asked.url, asked.connections, asked.seconds, asked.post))
