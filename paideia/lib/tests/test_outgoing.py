"""No address that people give leads inwards, and none can hold us up."""

import contextlib
import http.server
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paideia.lib import outgoing
from paideia.lib.outgoing import Unreachable, check_url, fetch, is_public, post


def listed(words: str) -> list[str]:
    return words.split()


HOSTS = listed(r"""
127.0.0.1 127.1 127.0.1 0x7f.1 0x7f000001 0X7F.0.0.1 2130706433 017700000001 0177.0.0.1 0177.1 127.0.0.1.
127.000.000.001 127.127.127.127 127.0.0.01 0.0.0.0 0 0.1 00000000.1 localhost LOCALHOST localhost.
foo.localhost localhost.localdomain １２７.０.０.１ 127。0。0。1 ①②⑦.⓪.⓪.① ⓛocalhost 127.0.0.1.nip.local [::1]
[::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:0001] [::127.0.0.1]
[::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::]
[2001:0:7f00:1::1] [2001:db8::1] [fe80::1] [fe80::1%25lo] [::1%25lo] [::1%lo] [fc00::1]
[fd12:3456:789a::1] [ff02::1] [fec0::1] [100::1] [5f00::1] [3fff::1] [2001:20::1]
[::ffff:169.254.169.254] [::ffff:a9fe:a9fe] 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1
192.168.255.255 100.64.0.1 100.127.255.255 100.100.100.200 169.254.169.254 169.254.0.1 0xa9fea9fe
2852039166 025177524776 0251.0376.0251.0376 168.63.129.16 192.0.0.1 192.0.0.170 192.0.2.1 198.18.0.1
198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 metadata
metadata.google.internal router.lan printer.local db.internal a.test x.onion 1.0.0.127.in-addr.arpa
user@127.0.0.1 user:pass@127.0.0.1 example.com@127.0.0.1 127.0.0.1@example.com example.com%40127.0.0.1
127.0.0.1%23.example.com example.com\@127.0.0.1 example.com%00.127.0.0.1 127.0.0.1%2f.example.com
1.1.1.1.1 256.1.1.1 1.1.1 0x.0x.0 a..b -a.example
""")
ODD_HOSTS = ["127.0.0.1\t", "exa\nmple.com", "127.0.0.1 ", "exam\x00ple.com", "127.0.0.1\r\nHost: x"]

ADDRESSES_OF_OTHERS = listed(r"""
http:// http:/127.0.0.1/ http:///127.0.0.1/ //127.0.0.1/ 127.0.0.1 https://127.0.0.1/ HTTP://127.0.0.1/
file:///etc/passwd file://localhost/etc/passwd gopher://127.0.0.1:70/_x dict://127.0.0.1:11211/
ftp://127.0.0.1/ ldap://127.0.0.1/ jar:http://127.0.0.1!/ data:text/html,x javascript:alert(1)
blob:http://127.0.0.1/x tftp://127.0.0.1/ sftp://127.0.0.1/ ws://127.0.0.1/ netdoc:///etc/passwd
http://example.com:22/ http://example.com:25/ http://example.com:5432/ http://example.com:6379/
http://example.com:0/ http://example.com:99999/ http://example.com:-1/ http://example.com:/x:
http://example.com:８０/ http://[::1 http://]/ http://[/ http://[::1]x/
""")


class Canary:
    """Listens inside, on both families, and counts who calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.sockets = []
        first = socket.create_server(("127.0.0.1", 0))
        self.port = first.getsockname()[1]
        self.sockets.append(first)
        if socket.has_ipv6:
            with contextlib.suppress(OSError):
                self.sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self.sockets:
            threading.Thread(target=self._listen, args=[each], daemon=True).start()

    def _listen(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.calls += 1
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
            connection.close()

    def close(self) -> None:
        for each in self.sockets:
            each.close()


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    """The canary listens at the very port that addresses without one mean, so that only the checks keep it silent."""
    listening = Canary()
    monkeypatch.setattr(outgoing, "_PORTS", {"http": listening.port, "https": listening.port})
    yield listening
    listening.close()


def test_there_are_enough_ways_to_say_it():
    assert len(set(HOSTS)) >= 100


def test_the_canary_hears_whoever_comes(canary, monkeypatch):
    monkeypatch.setattr(outgoing, "is_public", lambda address: True)
    assert fetch("http://127.0.0.1/").body == b"secret"
    assert canary.calls == 1


def test_no_inward_host_is_called(canary):
    reached = []
    for host in HOSTS + ODD_HOSTS:
        for url in (f"http://{host}/", f"http://{host}:{canary.port}/x", f"https://{host}/"):
            try:
                fetch(url, seconds_max=1, resolve=lambda host, port: ["127.0.0.1"])
            except Unreachable:
                continue
            reached.append(url)
    assert (reached, canary.calls) == ([], 0)


def test_no_other_scheme_or_port_is_called(canary):
    for url in ADDRESSES_OF_OTHERS:
        with pytest.raises(Unreachable):
            fetch(url, resolve=lambda host, port: ["127.0.0.1"])
    assert canary.calls == 0


@pytest.mark.parametrize("port", [0, 21, 22, 25, 81, 3306, 5432, 6379, 8080, 65535])
def test_public_hosts_are_called_at_the_ports_of_the_web_only(port):
    with pytest.raises(Unreachable):
        check_url(f"http://example.com:{port}/", resolve=lambda host, port: ["1.1.1.1"])
    assert check_url("https://example.com:443/", resolve=lambda host, port: ["1.1.1.1"]).port == 443


def test_a_name_that_leads_inwards_is_not_called(canary):
    for answers in (
        ["127.0.0.1"],
        ["::1"],
        ["93.184.215.14", "127.0.0.1"],
        ["10.0.0.1"],
        ["::ffff:127.0.0.1"],
        [],
        ["x"],
        ["fe80::1%lo"],
    ):
        with pytest.raises(Unreachable):
            fetch("http://example.com/", resolve=lambda host, port, answers=answers: answers)
    assert canary.calls == 0


def test_a_name_is_looked_up_once_so_that_a_second_answer_cannot_turn_it(canary):
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.0.66.1" if len(asked) == 1 else "127.0.0.1"]

    with pytest.raises(Unreachable):
        fetch("http://rebind.example.com/", resolve=rebinding, seconds_max=0.3)
    assert (asked, canary.calls) == (["rebind.example.com"], 0)


PUBLIC = [
    "93.184.215.14",
    "1.1.1.1",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "2400:cb00::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address):
    assert is_public(address)
    host = f"[{address}]" if ":" in address else address
    assert check_url(f"https://{host}/a?b=c").addresses == (address,)


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://Example.COM./a b".replace(" ", "%20"), "example.com", "/a%20b"),
        ("http://例子.中国/路?查=1#x", "xn--fsqu00a.xn--fiqs8s", "/%E8%B7%AF?%E6%9F%A5=1"),
        ("https://a_b.example.com", "a_b.example.com", "/"),
    ],
)
def test_what_is_asked_for(url, host, path):
    target = check_url(url, resolve=lambda host, port: ["1.1.1.1"])
    assert (target.host, target.path) == (host, path)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=40).map("http://".__add__) | st.text(max_size=30))
def test_any_address_is_checked_or_refused(url):
    try:
        target = check_url(url, resolve=lambda host, port: ["1.1.1.1"])
    except Unreachable:
        return
    assert target.addresses == ("1.1.1.1",) or all(map(is_public, target.addresses))
    assert target.path.isascii()


@cache
def packed(size: int) -> bytes:
    press = zlib.compressobj(9, wbits=31)
    return b"".join(press.compress(b"y" * 1_000) for _ in range(size // 1_000)) + press.flush()


class Counterpart(http.server.BaseHTTPRequestHandler):
    """A server that answers by path."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, bytes]]

    def do_GET(self) -> None:
        name, _, rest = self.path.lstrip("/").partition("/")
        getattr(self, f"serve_{name}")(rest)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers.get("X-Signature", ""), body))  # type: ignore[attr-defined]
        self.do_GET()

    def reply(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def serve_page(self, rest: str) -> None:
        self.reply("标题".encode("gb18030"), Content_Type="text/html; charset=gb18030")

    def serve_host(self, rest: str) -> None:
        self.reply(self.headers["Host"].encode(), Content_Type="text/plain")

    def serve_to(self, rest: str) -> None:
        self.reply(status=302, Location=rest)

    def serve_around(self, rest: str) -> None:
        self.reply(status=302, Location=f"/around/{int(rest) - 1}" if int(rest) else "/page")

    def serve_large(self, rest: str) -> None:
        self.reply(b"x" * int(rest), Content_Type="text/plain")

    def serve_packed(self, rest: str) -> None:
        self.reply(packed(int(rest)), Content_Encoding="gzip", Content_Type="text/plain")

    def serve_broken(self, rest: str) -> None:
        self.reply(b"not gzip at all", Content_Encoding="gzip")

    def serve_other(self, rest: str) -> None:
        self.reply(b"z", Content_Encoding="br")

    def serve_claims(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10**13))
        self.end_headers()

    def serve_drops(self, rest: str) -> None:
        self._slowly(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000)

    def serve_crumbs(self, rest: str) -> None:
        self._slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1_000)

    def serve_continues(self, rest: str) -> None:
        try:
            while True:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        except OSError:
            self.close_connection = True

    def serve_missing(self, rest: str) -> None:
        self.reply(b"inner detail", status=404)

    def serve_nothing(self, rest: str) -> None:
        self.close_connection = True

    def _slowly(self, data: bytes) -> None:
        self.close_connection = True
        try:
            for place in range(len(data)):
                self.wfile.write(data[place : place + 1])
                self.wfile.flush()
                if self.server.stopping.wait(0.05):  # type: ignore[attr-defined]
                    return
        except OSError:
            return

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture(scope="module")
def counterpart() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counterpart)
    server.daemon_threads = True
    server.seen, server.stopping = [], threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.stopping.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.fixture
def base(counterpart) -> str:
    return f"127.0.0.1:{counterpart.server_address[1]}"


def test_a_page_is_fetched_with_its_character_set(base):
    page = fetch(f"http://{base}/page", types=("text/html",), allow=[base])
    assert (page.text(), page.media_type, page.status, page.cut) == ("标题", "text/html", 200, False)
    assert fetch(f"http://{base}/host", allow=[base]).text() == base


def test_redirects_are_followed_five_times(base):
    assert fetch(f"http://{base}/around/4", allow=[base]).url == f"http://{base}/page"
    with pytest.raises(Unreachable):
        fetch(f"http://{base}/around/5", allow=[base])


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "//127.0.0.1/",
        "http://2130706433/",
        "file:///etc/passwd",
        "http://localhost/",
        "gopher://127.0.0.1/",
        "https://127.0.0.1/",
        "http://10.0.0.1/",
    ],
)
def test_a_redirect_inwards_is_not_followed(base, canary, place):
    place = place.replace("127.0.0.1/", f"127.0.0.1:{canary.port}/")
    with pytest.raises(Unreachable):
        fetch(f"http://{base}/to/{place}", allow=[base])
    assert canary.calls == 0


def test_a_long_body_is_refused_or_cut(base):
    assert len(fetch(f"http://{base}/large/1000", bytes_max=1000, allow=[base]).body) == 1000
    with pytest.raises(Unreachable):
        fetch(f"http://{base}/large/1001", bytes_max=1000, allow=[base])
    part = fetch(f"http://{base}/large/1001", bytes_max=1000, whole=False, allow=[base])
    assert (len(part.body), part.cut) == (1000, True)


def test_a_bomb_is_cut_while_it_unpacks(base):
    assert fetch(f"http://{base}/packed/5000", allow=[base]).body == b"y" * 5000
    packed(300_000_000)
    tracemalloc.start()
    part = fetch(f"http://{base}/packed/300000000", whole=False, allow=[base], seconds_max=30)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(part.body), part.cut) == (1_000_000, True)
    assert peak < 20_000_000
    with pytest.raises(Unreachable):
        fetch(f"http://{base}/packed/2000000", allow=[base])


@pytest.mark.parametrize("path", ["broken", "other", "missing", "nothing"])
def test_every_failure_reads_the_same(base, path):
    with pytest.raises(Unreachable) as failure:
        fetch(f"http://{base}/{path}", allow=[base])
    with pytest.raises(Unreachable) as refusal:
        fetch("http://169.254.169.254/")
    assert failure.value.message == refusal.value.message
    assert failure.value.__cause__ is None


def test_another_type_is_refused(base):
    with pytest.raises(Unreachable):
        fetch(f"http://{base}/page", types=("image/",), allow=[base])


@pytest.mark.parametrize("path", ["drops", "crumbs", "continues", "claims"])
def test_a_slow_answer_is_left_in_time(base, path):
    start = time.monotonic()
    with pytest.raises(Unreachable):
        fetch(f"http://{base}/{path}", seconds_max=0.5, allow=[base])
    assert time.monotonic() - start < 1.5


def test_a_slow_name_server_is_left_in_time():
    release = threading.Event()
    start = time.monotonic()
    with pytest.raises(Unreachable):
        fetch("http://slow.example.com/", seconds_max=0.3, resolve=lambda host, port: [str(release.wait(5))])
    release.set()
    assert time.monotonic() - start < 1.5


def test_a_webhook_is_posted_once_and_not_redirected(base, counterpart):
    counterpart.seen.clear()
    answer = post(f"http://{base}/missing", b'{"a":1}', headers={"X-Signature": "s"}, allow=[base])
    assert (answer.status, answer.body) == (404, b"inner detail")
    assert post(f"http://{base}/to/http://{base}/page", b"x", allow=[base]).status == 302
    assert counterpart.seen == [("/missing", "s", b'{"a":1}'), (f"/to/http://{base}/page", "", b"x")]


def test_a_header_cannot_smuggle_another(base):
    with pytest.raises(Unreachable):
        post(f"http://{base}/page", b"", headers={"X-Signature": "a\r\nX-Evil: 1"}, allow=[base])


def test_nobody_pretends_to_be_a_host_without_its_certificate(base):
    port = base.rpartition(":")[2]
    with pytest.raises(Unreachable):
        fetch(f"https://127.0.0.1:{port}/page", allow=[base])
