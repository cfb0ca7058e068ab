"""A load generator of its own process: requests prepared beforehand, sent over keep-alive connections.

    python -m benchmarks.load PORT CONNECTIONS REQUESTS.json > SAMPLES.json

It reads a JSON array of whole HTTP requests, and writes `[connection, finished, seconds, status]` rows.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import uvloop

Row = tuple[int, float, float, int]


class Caller(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last one is complete."""

    def __init__(self, number: int, requests: Iterator[bytes], rows: list[Row]) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._number = number
        self._requests = requests
        self._rows = rows
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, well or not."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the service has closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Take in an answer: one at a time, with its length declared."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        start = lower.index(b"content-length:") + len(b"content-length:")
        length = int(lower[start:].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        now = time.time()
        self._rows.append((self._number, now, now - self._sent, int(head[9:12])))
        if head[9:12] != b"201":
            self.done.set_exception(RuntimeError(f"refused: {body.decode()[:2000]}"))
            return
        self._buffer = b""
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent = time.time()
        self._transport.write(request)


async def send(port: int, connections: int, requests: list[bytes]) -> list[Row]:
    """Send all requests over so many connections."""
    rows: list[Row] = []
    waiting = iter(requests)
    loop = asyncio.get_running_loop()
    callers = [
        (await loop.create_connection(lambda n=number: Caller(n, waiting, rows), "127.0.0.1", port))[1]  # type: ignore[misc]
        for number in range(connections)
    ]
    await asyncio.gather(*(caller.done for caller in callers))
    return rows


def main() -> None:
    """Run as a program."""
    port, connections, file = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    requests = [request.encode() for request in json.loads(file.read_text(encoding="utf-8"))]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(runner.run(send(port, connections, requests)), sys.stdout)


if __name__ == "__main__":
    main()
