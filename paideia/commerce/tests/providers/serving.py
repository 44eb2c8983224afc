"""What all counterparts are: small servers on this machine that keep their own books and check what they are asked."""

import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.test import Client

from paideia.commerce.models import Order, Refund

Reply = tuple[int, dict[str, str], bytes]
Message = tuple[bytes, dict[str, str]]  # body and headers of a notification


class Unsound(AssertionError):
    """We asked for something that the provider refuses: unsigned, malformed, or not agreed."""


@cache
def key_pair(owner: str) -> rsa.RSAPrivateKey:
    """One key for each owner and process: they take a while to make."""
    return rsa.generate_private_key(65537, 2048)


def write_private(folder: Path, owner: str) -> str:
    path = folder / f"{owner}_private.pem"
    path.write_bytes(key_pair(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


def write_public(folder: Path, owner: str) -> str:
    path = folder / f"{owner}_public.pem"
    pem = key_pair(owner).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(pem)
    return str(path)


class Counterpart(ABC):
    """A provider on 127.0.0.1. `is_down`: it answers nothing but 500. `asked`: every request it got."""

    key: str
    currency = "CNY"
    tells_of_refunds = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_down = False
        self.reached_at = ""  # where a proxy stands before it
        self.fault = ""  # "hang up", "garbage" or "drip": how it breaks
        self.released = threading.Event()
        self.asked: list[tuple[str, str]] = []
        self.faults: list[Exception] = []
        counterpart = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if counterpart.fault:
                    return self.break_off()
                status, headers, reply = counterpart.reply(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def break_off(self) -> None:
                self.close_connection = True
                if counterpart.fault == "garbage":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
                elif counterpart.fault == "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n")
                    for _ in range(60):
                        if counterpart.released.wait(0.1):
                            return
                        with suppress(OSError):
                            self.wfile.write(b" ")
                            self.wfile.flush()

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def address(self) -> str:
        return self.reached_at or f"http://127.0.0.1:{self.server.server_address[1]}"

    def reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        self.asked.append((method, path))
        if self.is_down:
            return 500, {}, b"out of order"
        try:
            return self.handle(method, path, {name.lower(): value for name, value in headers.items()}, body)
        except Exception as fault:  # told by the fixture when the test ends
            self.faults.append(fault)
            return 400, {}, repr(fault).encode()

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What the operator sets for it."""

    @abstractmethod
    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply: ...

    @abstractmethod
    def open(self, client: Client, order: Order) -> None:
        """Go from our shop to the provider's page, as the buyer does."""

    @abstractmethod
    def pay(self, order: Order, **other: Any) -> None:
        """The buyer pays there. `other`: amount or currency, otherwise than asked."""

    @abstractmethod
    def notification(self, order: Order, **other: Any) -> Message:
        """What it tells of a payment. `other` changes parts before it is signed."""

    def failure(self, order: Order) -> Message | None:
        """What it tells of a try that failed; None where it says nothing of those."""
        return None

    def refund_notification(self, refund: Refund) -> Message | None:
        """What it tells of a refund; None where it only answers."""
        return None

    def refunded(self, order: Order) -> int:
        """How much it gave back, in minor units."""
        raise NotImplementedError


def deliver(message: Message, provider: str, community: str = "agora") -> Any:
    """A notification arrives at the door."""
    body, headers = message
    kind = headers.get("Content-Type", "application/json")
    fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return Client().generic(
        "POST", f"/c/{community}/providers/{provider}/notifications/", body, content_type=kind, **fields
    )
