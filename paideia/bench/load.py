"""A small HTTP load generator: keep-alive connections, one request after the other on each, latencies kept."""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and the status that must come back."""

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int = 200

    def wire(self, host: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", "Connection: keep-alive"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Measured:
    """Rates per second and latencies in milliseconds. `wrong` counts answers with another status than expected."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    wrong: int


class _Line:
    """One connection and the answer that is arriving on it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.wanted = -1
        self.began = 0.0
        self.expected = 200

    def send(self, request: Request, host: str) -> None:
        self.buffer, self.wanted, self.expected = b"", -1, request.status
        self.began = time.perf_counter()
        self.socket.sendall(request.wire(host))

    def receive(self) -> bool:
        """Take what arrived; whether the answer is whole."""
        piece = self.socket.recv(262144)
        if not piece:
            raise ConnectionError("the server closed a connection in the middle of an answer")
        self.buffer += piece
        if self.wanted < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = self.buffer[:end].lower()
            if b"transfer-encoding: chunked" in head:
                return self.buffer.endswith(b"\r\n0\r\n\r\n")
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self.wanted = end + 4 + length
        return len(self.buffer) >= self.wanted

    @property
    def status(self) -> int:
        return int(self.buffer[9:12])


def measure(
    address: tuple[str, int], requests: Callable[[int], Request], *, connections: int, seconds: float
) -> Measured:
    """Load `address` for `seconds`; `requests(n)` gives the n-th request."""
    host = f"{address[0]}:{address[1]}"
    selector = selectors.DefaultSelector()
    number = 0
    lines = [_Line(address) for _ in range(connections)]
    for line in lines:
        selector.register(line.socket, selectors.EVENT_READ, line)
        line.send(requests(number), host)
        number += 1
    taken: list[float] = []
    wrong = 0
    began = time.perf_counter()
    while (now := time.perf_counter()) < began + seconds:
        for key, _ in selector.select(timeout=1):
            line = key.data
            if not line.receive():
                continue
            now = time.perf_counter()
            taken.append(now - line.began)
            wrong += line.status != line.expected
            line.send(requests(number), host)
            number += 1
    elapsed = now - began
    for line in lines:
        line.socket.close()
    taken.sort()
    if not taken:
        return Measured(0, 0.0, 0.0, 0.0, wrong)
    return Measured(
        requests=len(taken),
        per_second=len(taken) / elapsed,
        p50_ms=taken[len(taken) // 2] * 1000,
        p99_ms=taken[min(len(taken) - 1, int(len(taken) * 0.99))] * 1000,
        wrong=wrong,
    )
