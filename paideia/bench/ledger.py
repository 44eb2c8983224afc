"""`paideia bench ledger`: transfers and settled orders per second, each as a ratio to pgbench in the same run.

The control is PostgreSQL's own pgbench (TPC-B-like: three updates, a select and an insert a transaction) on the same
server, in the same database, with the same number of clients, measured right before and after each of ours:

- `transfers`: bare transfers, one INSERT each, the law kept by the database's triggers, between 10,000 accounts;
- `hot_transfers`: the same, all of them into one account;
- `posts`: `ledger.actions.post` of one transfer each, from processes of our own, into one account;
- `settled_orders`: `commerce.actions.settle_order`, whole: money, grants, membership, facts.
"""

import argparse
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paideia.bench.database import run_apart

AIMS = {"transfers": 0.5, "hot_transfers": 0.5, "settled_orders": 0.15}
ACCOUNTS, SCALE = 10_000, 10
ORDERS_A_SECOND = 100  # prepared for each client and second: more than any settles
TRANSFER = """
\\set source random({first}, {last})
\\set step random(1, {step_max})
INSERT INTO ledger_transfer (source_id, target_id, amount, key, detail)
VALUES (:source, {target}, 1, gen_random_uuid()::text, '{{}}');
"""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="paideia bench ledger", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=5, help="how long each is measured")
    parser.add_argument("--clients", type=int, default=8)
    return run_apart("paideia.bench.ledger", parser.parse_args(argv))


def run(seconds: int, clients: int) -> dict[str, Any]:
    """Inside the fresh database: fill it, then measure each beside the control."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    pgbench = Pgbench(seconds, clients)
    pgbench.prepare()
    first, last, hot, orders = _fill(clients * seconds * ORDERS_A_SECOND)
    span = {"first": first, "last": last, "step_max": ACCOUNTS - 1}
    beside = f"{first} + (:source - {first} + :step) % {ACCOUNTS}"
    ours: dict[str, Callable[[], float]] = {
        "transfers": lambda: pgbench.rate(TRANSFER.format(target=beside, **span)),
        "hot_transfers": lambda: pgbench.rate(TRANSFER.format(target=hot, **span)),
        "posts": lambda: _in_processes(_post_until, clients, seconds, [hot] * clients),
        "settled_orders": lambda: _in_processes(
            _settle_until, clients, seconds, [orders[n::clients] for n in range(clients)]
        ),
    }
    report: dict[str, Any] = {"seconds": seconds, "clients": clients}
    control = pgbench.rate()
    for name, measure in ours.items():
        rate, before = measure(), control
        control = pgbench.rate()
        beside_us = (before + control) / 2
        report[name] = {
            "per_second": round(rate, 1),
            "pgbench_per_second": round(beside_us, 1),
            "ratio": round(rate / beside_us, 3),
            "aim": AIMS.get(name),
        }
    from paideia.ledger.queries import audit

    report["audit"] = [str(finding) for finding in audit()]
    return report


class Pgbench:
    """PostgreSQL's own benchmark on the database that we are in."""

    def __init__(self, seconds: int, clients: int) -> None:
        self.seconds, self.clients = seconds, clients
        self.url = os.environ["PAIDEIA_DATABASE_URL"]
        self.program = _program()

    def prepare(self) -> None:
        self._run("-i", "-q", "-s", str(SCALE))

    def rate(self, script: str | None = None) -> float:
        """Transactions per second of its own script, or of another."""
        options = ["-n", "-M", "prepared", "-T", str(self.seconds), "-c", str(self.clients), "-j", "2"]
        if script is None:
            return self._rate(*options)
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            return self._rate(*options, "-f", file.name)

    def _rate(self, *options: str) -> float:
        said = self._run(*options)
        found = re.search(r"tps = ([\d.]+) \(without", said)
        if found is None or "number of failed transactions: 0 " not in said:
            sys.exit(f"pgbench failed:\n{said}")
        return float(found[1])

    def _run(self, *options: str) -> str:
        done = subprocess.run([self.program, *options, self.url], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"pgbench failed:\n{done.stderr}")
        return done.stdout


def _program() -> str:
    """pgbench of the embedded server, or of this machine."""
    from paideia.config import lodging

    try:
        embedded = lodging.wheel_binaries() / "pgbench"
    except OSError:
        embedded = Path("/nonexistent")
    found = str(embedded) if embedded.exists() else shutil.which("pgbench")
    if found is None:
        sys.exit("paideia: no pgbench here. Install PostgreSQL's (Debian: postgresql-contrib) and try again.")
    return found


def _fill(orders_wanted: int) -> tuple[int, int, int, list[int]]:
    """Accounts with something in them, and orders that wait to be settled: the first and the last account's id,
    that of one where all meet, and the orders' ids."""
    from datetime import timedelta

    from django.utils import timezone

    from paideia.access.models import Plan
    from paideia.accounts.models import User
    from paideia.commerce.models import Offer, Order
    from paideia.communities.actions import create_community
    from paideia.ledger.actions import Move, account, post
    from paideia.ledger.models import Account

    owner = User.objects.create_user("owner", email="owner@example.org")
    community = create_community(by=owner, slug="bench", name="Bench")
    world = account(community, "world:bench", "charges", "CNY")
    hot = account(community, "house", "bench", "CNY")
    made = Account.objects.bulk_create(
        Account(community=community, owner=f"bench:{n}", kind="wallet", currency="CNY")
        for n in range(ACCOUNTS)
    )
    post([Move(world, one, 10**9, f"bench:fill:{one.pk}") for one in made])
    plan = Plan.objects.create(community=community, key="all", name="All")
    offer = Offer.objects.create(community=community, name="A year", price=19900, currency="CNY", term="year")
    offer.plans.add(plan)
    buyers = User.objects.bulk_create(
        [
            User(handle=f"buyer{n}", handle_skeleton=f"buyer{n}", email=f"buyer{n}@example.org")
            for n in range(orders_wanted)
        ],
        batch_size=1000,
    )
    now = timezone.now()
    orders = Order.objects.bulk_create(
        [
            Order(
                community=community,
                buyer=buyer,
                offer=offer,
                number=f"B{n}",
                total=offer.price,
                currency=offer.currency,
                term=offer.term,
                provider="sandbox",
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )
            for n, buyer in enumerate(buyers)
        ],
        batch_size=1000,
    )
    return made[0].pk, made[-1].pk, hot.pk, [order.pk for order in orders]


def _in_processes(
    work: Callable[[Any, float, Any, Any], None], clients: int, seconds: int, shares: list[Any]
) -> float:
    """How often a second all clients together did their work, each in a process with a connection."""
    context = multiprocessing.get_context("spawn")
    ready, counted = context.Barrier(clients + 1), context.Queue()
    running = [context.Process(target=work, args=(share, seconds, ready, counted)) for share in shares]
    for one in running:
        one.start()
    ready.wait()
    done = sum(counted.get() for _ in running)
    for one in running:
        one.join()
    return done / seconds


def _post_until(target: int, seconds: float, ready: Any, counted: Any) -> None:
    import django

    django.setup()
    from uuid import uuid4

    from paideia.ledger.actions import Move, post
    from paideia.ledger.models import Account

    source, hot = Account.objects.get(owner="world:bench"), Account.objects.get(pk=target)

    def one(_turn: int) -> None:
        post([Move(source, hot, 1, f"bench:{uuid4()}")])

    _count(one, seconds, ready, counted)


def _settle_until(orders: list[int], seconds: float, ready: Any, counted: Any) -> None:
    import django

    django.setup()
    from django.utils import timezone

    from paideia.commerce.actions import settle_order

    def one(turn: int) -> None:
        pk = orders[turn]
        settle_order(pk, charge_id=f"ch{pk}", amount=19900, currency="CNY", paid_at=timezone.now())

    _count(one, seconds, ready, counted)


def _count(work: Callable[[int], None], seconds: float, ready: Any, counted: Any) -> None:
    work(0)  # connects, imports and prepares
    ready.wait()
    turn, until = 1, time.monotonic() + seconds
    while time.monotonic() < until:
        work(turn)
        turn += 1
    counted.put(turn - 1)


if __name__ == "__main__":
    print(json.dumps(run(**json.loads(os.environ["PAIDEIA_BENCH"])), indent=2))
