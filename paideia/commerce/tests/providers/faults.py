"""A TCP proxy before a provider's counterpart that loses, breaks, delays and doubles what goes through it."""

import random
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

SLOW_SECONDS = 5.0
SILENT = ("slow", "silence")  # those that keep the asking side waiting
QUICK = ("refused", "reset", "cut", "storm", "storm after", "garbage", "twice")
FAULTS = (*SILENT, *QUICK)
UNHEARD = ("silence", "refused", "storm")  # the counterpart never hears of the request; else it has acted
GARBAGE = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a": <b>'
STORM = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nsad\n"


class FaultProxy:
    """`pick` names the fault of each request that arrives, "" for none; `asked` counts them."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname and parts.port
        self.target = (parts.hostname, parts.port)
        self.pick: Callable[[], str] = lambda: ""
        self.asked = 0
        self.released = threading.Event()
        self.door = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.door.getsockname()[1]}"

    def always(self, fault: str) -> None:
        self.pick = lambda: fault

    def at_random(self, dice: random.Random, faults: tuple[str, ...], *, share: float) -> None:
        self.pick = lambda: dice.choice(faults) if dice.random() < share else ""

    def close(self) -> None:
        self.released.set()
        with suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        self.thread.join()

    def _accept(self) -> None:
        while not self.released.is_set():
            try:
                line, _address = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[line], daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with line, suppress(OSError):
            while request := _whole(line):
                self.asked += 1
                fault = self.pick()
                answer = b"" if fault in UNHEARD else self._pass_on(request)
                if fault == "twice":
                    answer += self._pass_on(request)
                if not self._answer(line, fault, answer):
                    return

    def _pass_on(self, request: bytes) -> bytes:
        with socket.create_connection(self.target) as onward:
            onward.sendall(request)
            return _whole(onward)

    def _answer(self, line: socket.socket, fault: str, answer: bytes) -> bool:
        """Whether the connection stands for another request."""
        half = len(answer) // 2
        if fault in SILENT and self.released.wait(SLOW_SECONDS if fault == "slow" else None):
            return False
        if fault in ("refused", "reset"):
            line.sendall(answer[:half])
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
            return False
        if fault == "cut":
            line.sendall(answer[:half])
            return False
        line.sendall({"storm": STORM, "storm after": STORM, "garbage": GARBAGE}.get(fault, answer))
        return fault in ("", "slow")


def _whole(line: socket.socket) -> bytes:
    """One HTTP message with its body; b"" where the other side is done."""
    read = b""
    while b"\r\n\r\n" not in read:
        piece = line.recv(65536)
        if not piece:
            return b""
        read += piece
    head, _gap, body = read.partition(b"\r\n\r\n")
    fields = dict(field.lower().split(b":", 1) for field in head.split(b"\r\n")[1:])
    missing = int(fields.get(b"content-length", b"0")) - len(body)
    while missing > 0 and (piece := line.recv(65536)):
        read += piece
        missing -= len(piece)
    return read
