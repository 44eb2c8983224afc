"""`kill -9` of anything while people buy and a provider tells of payments: nothing that was acknowledged is lost,
nothing is charged, given or booked twice.

The long form kills 100 times while people buy, and tells 5,000 payments: `--long`.
"""

import itertools
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from paideia.config import postgres, ties
from tests.running.house import PROJECT, Paideia, command, eventually
from tests.running.shop import SLUG, TOKEN
from tests.running.test_kills import VICTIMS, supervisor, unfinished_jobs, web_worker

BUYERS = 8


@pytest.fixture
def shop(paideia: Paideia, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Paideia]:
    """A running installation with a shop in it; its files are in `folder`."""
    told = getattr(request, "param", 0)
    paideia.environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    paideia.folder = tmp_path  # type: ignore[attr-defined]
    inside(paideia, f"fill({str(tmp_path)!r}, buyers={BUYERS}, told={told})")
    paideia.start().wait_until_it_answers()
    yield paideia


def inside(paideia: Paideia, call: str) -> None:
    line = command("manage", "shell", "-v", "0", "-c", f"from tests.running import shop; shop.{call}")
    subprocess.run(line, env=paideia.environment, cwd=PROJECT, check=True, timeout=600)


def read(paideia: Paideia, name: str) -> Any:
    return json.loads((paideia.folder / name).read_text())  # type: ignore[attr-defined]


class Buyer(threading.Thread):
    """Buys again and again over HTTP, as a browser does, and remembers the numbers of orders that it was shown."""

    def __init__(self, paideia: Paideia, said: dict[str, Any], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.paideia, self.said, self.stop = paideia, said, stop
        self.shown: set[str] = set()
        self.failed: list[int] = []

    def run(self) -> None:
        cookies = self.said["cookies"]
        while not self.stop.is_set():
            with suppress(httpx.HTTPError), httpx.Client(cookies=cookies, timeout=20) as browser:
                while not self.stop.is_set():
                    self.buy(browser, {"csrfmiddlewaretoken": TOKEN})

    def buy(self, browser: httpx.Client, form: dict[str, str]) -> None:
        here = f"{self.paideia.url}c/{SLUG}/"
        buying = {**form, "provider": "sandbox", "next": "/", "buy": "1"}
        page = self._asked(browser.post(f"{here}offers/{self.said['offer']}/checkout/", data=buying))
        if page is None:
            return
        address = f"{self.paideia.url[:-1]}{page.headers['Location']}"
        back = self._asked(browser.post(address, data={**form, "course": "pay"}))
        if back is not None and (found := re.search(r"/orders/([\w-]+)/paid/", back.headers["Location"])):
            self.shown.add(found[1])
            browser.get(f"{here}orders/{found[1]}/paid/")

    def _asked(self, answer: httpx.Response) -> httpx.Response | None:
        if answer.status_code == 302:
            return answer
        self.failed.append(answer.status_code)  # while the database is away
        self.stop.wait(0.05)
        return None


def bought(buyers: list[Buyer]) -> int:
    return sum(len(buyer.shown) for buyer in buyers)


def kill(paideia: Paideia, victim: Callable[[Paideia], int | None], seconds: float = 180) -> None:
    """And wait until it runs again; how soon it must is test_kills' to say."""
    eventually(lambda: victim(paideia) is not None, seconds)
    pid = victim(paideia)
    assert pid is not None
    ties.ends(pid, signal.SIGKILL, 5)
    if victim is supervisor:
        assert paideia.process
        paideia.process.wait()
        paideia.start()
        eventually(lambda: paideia.noted().get("pid") == paideia.process.pid, seconds)  # type: ignore[union-attr]


@pytest.mark.parametrize("kills", [len(VICTIMS), pytest.param(100, marks=pytest.mark.long)])
def test_buying_survives_every_kill(shop: Paideia, kills: int) -> None:
    seed = int(os.environ.get("PAIDEIA_SEED", "0")) or random.randrange(1, 10**6)
    print(f"PAIDEIA_SEED={seed}")
    chance, stop = random.Random(seed), threading.Event()
    buyers = [Buyer(shop, said, stop) for said in read(shop, "buyers.json")]
    for buyer in buyers:
        buyer.start()
    for victim in itertools.islice(itertools.cycle(VICTIMS), kills):
        time.sleep(chance.uniform(0, 0.6))
        kill(shop, victim)
        before = bought(buyers)
        eventually(lambda before=before: bought(buyers) > before, 180)
    stop.set()
    for buyer in buyers:
        buyer.join(60)
    url = postgres.Server(shop.home).url()
    eventually(lambda: unfinished_jobs(url) == 0, 300)
    inside(shop, f"check({str(shop.folder)!r})")  # type: ignore[attr-defined]
    counts = read(shop, "counts.json")
    assert read(shop, "wrong.json") == []
    shown = set().union(*(buyer.shown for buyer in buyers))
    assert shown - set(counts["paid"]) == set()  # what was acknowledged as paid there is paid here
    assert len(shown) >= kills
    print(f"{kills} kills, {len(shown)} purchases, {sum(len(one.failed) for one in buyers)} answers refused")


def tell(paideia: Paideia, said: list[dict[str, str]], width: int) -> int:
    """As providers do: each message again and again until it is thanked for. How often it was told in all."""
    rest, lock, told = iter(said), threading.Lock(), itertools.count()

    def work() -> None:
        while True:
            with lock:
                message = next(rest, None)
            if message is None:
                return
            is_taken = False
            while not is_taken:
                next(told)
                with suppress(httpx.HTTPError):
                    is_taken = post(paideia, message).status_code == 200
                if not is_taken:
                    time.sleep(0.1)

    threads = [threading.Thread(target=work) for _ in range(width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next(told)


def post(paideia: Paideia, message: dict[str, str]) -> httpx.Response:
    address = f"{paideia.url}c/{SLUG}/providers/sandbox/notifications/"
    headers = {"Content-Type": "application/json", message["header"]: message["signature"]}
    return httpx.post(address, content=message["body"].encode(), headers=headers, timeout=20)


@pytest.mark.parametrize(
    ("shop", "kills"), [(200, 4), pytest.param(5000, 40, marks=pytest.mark.long)], indirect=["shop"]
)
def test_no_notification_is_lost_when_workers_are_killed(shop: Paideia, kills: int) -> None:
    said, done = read(shop, "told.json"), threading.Event()

    def kill_now_and_then() -> None:
        for _ in range(kills):
            if done.wait(0.3):
                return
            if (pid := web_worker(shop)) is not None:
                ties.ends(pid, signal.SIGKILL, 5)

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    told = tell(shop, said, width=8)
    done.set()
    killer.join()
    inside(shop, f"check({str(shop.folder)!r})")  # type: ignore[attr-defined]
    counts = read(shop, "counts.json")
    assert read(shop, "wrong.json") == []
    assert (len(counts["paid"]), counts["notices"]) == (len(said), len(said))
    print(f"{len(said)} notifications, told {told} times")


def test_a_payment_that_is_not_booked_is_found_out(shop: Paideia) -> None:
    """The control that must break: an order that says it is paid, of which nobody else knows."""
    inside(shop, "spoil()")
    inside(shop, f"check({str(shop.folder)!r})")  # type: ignore[attr-defined]
    assert len(read(shop, "wrong.json")) == 1
