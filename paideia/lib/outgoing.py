"""The one door for requests to addresses that people gave: previews of links, webhooks, imports.

A name is looked up once; every address it has must be one of the public internet, and the connection goes
to an address that was checked, so that no second answer of a name server can turn it inwards. Each redirect
passes the same checks. Time, size and what unpacking may yield are limited as a whole. All failures are one
error with one message, so that nobody maps our network by asking us to look.
"""

import http.client
import io
import ipaddress
import logging
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from dataclasses import dataclass
from functools import cache
from typing import NoReturn
from urllib.parse import quote, urljoin, urlsplit

import certifi
import idna
from django.utils.translation import gettext as _

from paideia.lib.refusal import Invalid

Resolve = Callable[[str, int], Sequence[str]]

BYTES_MAX = 1_000_000
SECONDS_MAX = 3.0
REDIRECTS_MAX = 5
URL_CHARACTERS_MAX = 2_000
USER_AGENT = "Paideia (self-hosted community; link previews and webhooks)"

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_ADDRESSES_MAX = 16
_ATTEMPTS_MAX = 3
_CHUNK = 16_384
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
_INWARD_NAMES = (
    ".localhost",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home",
    ".corp",
    ".arpa",
    ".onion",
    ".test",
)
# Only global unicast (RFC 4291), less what holds or leads to other addresses: Teredo, ORCHID and other
# protocol assignments, 6to4, documentation.
_UNICAST_6 = ipaddress.ip_network("2000::/3")
_CLOSED_6 = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))
)
# The special-purpose registry (RFC 6890 and after), and the address at which Azure serves its metadata.
_CLOSED_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/3", "168.63.129.16/32"),
        ),
    )
)

_log = logging.getLogger(__name__)


class Unreachable(Invalid):
    """The address could not be fetched. The message never says why; the log does."""

    def __init__(self) -> None:
        super().__init__(_("This address cannot be fetched. Check that it is public and correct."))


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `url` is where it came from in the end; `cut` when the body was longer than asked for."""

    url: str
    status: int
    media_type: str
    charset: str
    body: bytes
    cut: bool

    def text(self) -> str:
        """The body as text, in the character set it says it has, else UTF-8."""
        try:
            return self.body.decode(self.charset or "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


def public_addresses(host: str, port: int) -> Sequence[str]:
    """What the system's name servers answer."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def fetch(
    url: str,
    *,
    bytes_max: int = BYTES_MAX,
    seconds_max: float = SECONDS_MAX,
    types: Collection[str] = (),
    whole: bool = True,
    resolve: Resolve = public_addresses,
    allow: Collection[str] = (),
) -> Fetched:
    """GET what stands at `url`, following up to five redirects. Raises Unreachable, for every reason.

    `types` are the media types to accept, as "image/png" or "image/"; all if empty. A longer body is
    refused, or cut if not `whole`. `allow` names "host:port" that skip the checks, for a counterpart in
    tests; nothing that people enter may reach it.
    """
    deadline = time.monotonic() + seconds_max
    door = _Door(deadline, bytes_max, whole, resolve, frozenset(allow))
    try:
        for _hop in range(REDIRECTS_MAX + 1):
            answer = door.request("GET", url, None, {})
            if isinstance(answer, Fetched):
                break
            url = answer
        else:
            _refuse("too many redirects")
        if answer.status != 200 or (types and not answer.media_type.startswith(tuple(types))):
            _refuse(f"status {answer.status}, type {answer.media_type}")
    except _FAILURES as failure:
        _log.info("outgoing request failed", extra={"url": url[:200], "reason": repr(failure)[:200]})
        raise Unreachable from None
    return answer


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    bytes_max: int = 64_000,
    seconds_max: float = 10.0,
    resolve: Resolve = public_addresses,
    allow: Collection[str] = (),
) -> Fetched:
    """POST `body`, as webhooks do; the answer whatever its status, the body cut. Redirects are not followed:
    a receiver says where it is, and what it is sent stays there. Raises Unreachable."""
    door = _Door(time.monotonic() + seconds_max, bytes_max, False, resolve, frozenset(allow))
    try:
        answer = door.request("POST", url, body, dict(headers or {}))
        assert isinstance(answer, Fetched)
    except _FAILURES as failure:
        _log.info("outgoing request failed", extra={"url": url[:200], "reason": repr(failure)[:200]})
        raise Unreachable from None
    return answer


class _Refused(Exception):
    """Why, for the log."""


_FAILURES = (_Refused, OSError, http.client.HTTPException, ValueError, zlib.error, LookupTimeout)


def _refuse(reason: str) -> NoReturn:
    raise _Refused(reason)


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: who to connect to, and what to ask for."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def check_url(url: str, *, resolve: Resolve = public_addresses, allow: Collection[str] = ()) -> Target:
    """Where a request to `url` would go. Raises Unreachable for everything but http(s) to a public host at
    its usual port: for forms that keep an address given by people, before it is ever used."""
    try:
        return _target(url, resolve, allow)
    except _FAILURES as failure:
        _log.info("outgoing address refused", extra={"url": url[:200], "reason": repr(failure)[:200]})
        raise Unreachable from None


def _target(url: str, resolve: Resolve, allow: Collection[str]) -> Target:
    if len(url) > URL_CHARACTERS_MAX or re.search(r"[\x00-\x20\x7f\\]", url):
        _refuse("odd characters or too long")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or "@" in parts.netloc or not parts.hostname or "%" in parts.netloc:
        _refuse("scheme, user or host")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        path += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]|")
    if f"{parts.hostname}:{port}" in allow:
        return Target(parts.scheme, parts.hostname, port, path, (parts.hostname,))
    if port != _PORTS[parts.scheme]:
        _refuse(f"port {port}")
    host, addresses = _public(parts.hostname, port, resolve)
    return Target(parts.scheme, host, port, path, addresses)


def _public(hostname: str, port: int, resolve: Resolve) -> tuple[str, tuple[str, ...]]:
    """The host's name in ASCII, and its addresses, all of them public."""
    addresses: tuple[str, ...]
    if ":" in hostname:
        host, addresses = f"[{hostname}]", (hostname,)
    else:
        host = hostname.rstrip(".")
        host = host if host.isascii() else idna.encode(host, uts46=True).decode().lower()
        last = host.rpartition(".")[2]
        if last.isdecimal() or last.startswith("0x"):
            # Only four plain numbers are an address; 127.1, 0x7f.1 and 2130706433 mean different things
            # to different readers.
            addresses = (str(ipaddress.IPv4Address(host)),)
        else:
            if not _HOST.fullmatch(host) or f".{host}".endswith(_INWARD_NAMES):
                _refuse("host name")
            addresses = tuple(dict.fromkeys(resolve(host, port)))[:_ADDRESSES_MAX]
    if not addresses or not all(map(is_public, addresses)):
        _refuse(f"addresses {addresses}")
    return host, addresses


def is_public(address: str) -> bool:
    """Is this one address of a host on the public internet?"""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _CLOSED_4)
    return parsed.scope_id is None and parsed in _UNICAST_6 and not any(parsed in each for each in _CLOSED_6)


@dataclass(frozen=True, slots=True)
class _Door:
    deadline: float
    bytes_max: int
    whole: bool
    resolve: Resolve
    allow: frozenset[str]

    def request(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Fetched | str:
        """One request and its answer; the next address where that is a redirect."""
        target = _target(url, self._resolve_in_time, self.allow)
        with self._connect(target) as connection:
            connection.settimeout(self._left())
            connection.sendall(_request_bytes(method, target, body, headers))
            response = http.client.HTTPResponse(_Timed(connection, self._left), method=method)  # type: ignore[arg-type]
            response.begin()
            place = response.getheader("Location")
            if method == "GET" and place and response.status in _REDIRECTS:
                return urljoin(url, place.encode("latin-1").decode("utf-8", "replace"))
            content, cut = self._read(response)
        charset = response.msg.get_content_charset("")
        return Fetched(url, response.status, response.msg.get_content_type(), charset, content, cut)

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline")
        return left

    def _resolve_in_time(self, host: str, port: int) -> Sequence[str]:
        """A look-up has no time limit of its own."""
        return _lookups().submit(self.resolve, host, port).result(timeout=self._left())

    def _connect(self, target: Target) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in target.addresses[:_ATTEMPTS_MAX]:
            try:
                plain = socket.create_connection((address, target.port), timeout=self._left())
            except OSError as error:
                failure = error
                continue
            if target.scheme == "http":
                return plain
            try:
                return _tls().wrap_socket(plain, server_hostname=target.host.strip("[]"))
            except OSError:
                plain.close()
                raise
        raise failure

    def _read(self, response: http.client.HTTPResponse) -> tuple[bytes, bool]:
        """The body, unpacked piece by piece, so that a small answer cannot become a large one."""
        encoding = response.getheader("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", ""):
            _refuse(f"encoding {encoding}")
        unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        body, packed = bytearray(), 0
        while max(len(body), packed) <= self.bytes_max and (chunk := response.read1(_CHUNK)):
            packed += len(chunk)
            body += unpack.decompress(chunk, self.bytes_max + 1 - len(body)) if unpack else chunk
        cut = max(len(body), packed) > self.bytes_max
        if (cut and self.whole) or (response.length and not cut):
            _refuse("too large, or cut off")
        return bytes(body[: self.bytes_max]), cut


def _request_bytes(method: str, target: Target, body: bytes | None, headers: dict[str, str]) -> bytes:
    fields = {
        "Host": target.host if target.port == _PORTS[target.scheme] else f"{target.host}:{target.port}",
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        **headers,
    }
    if body is not None:
        fields["Content-Length"] = str(len(body))
    if any(re.search(r"[\r\n\x00]", f"{name}{value}") for name, value in fields.items()):
        _refuse("line end in a header")
    lines = [
        f"{method} {target.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in fields.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + (body or b"")


class _Timed(io.RawIOBase):
    """A socket read with what is left of the time for everything, so that drops do not add up."""

    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        self.connection, self.left = connection, left

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        self.connection.settimeout(self.left())
        return self.connection.recv_into(buffer)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


@cache
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="lookup")
