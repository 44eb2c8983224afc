"""`paideia bench notifications`: how long a provider waits for the answer to a notification of a payment, beside a
plain view.

Every notification is signed and settles an order of its own, whole: state, books, access, facts. The control is a plain
Django view (paideia.bench.control) under the same server with as many workers, loaded with as many connections right
before and right after; the aim is a 99th percentile of at most five times its.
"""

import argparse
import json
import os
import time
from datetime import timedelta
from typing import Any

from paideia.bench.database import run_apart
from paideia.bench.load import Measured, Request, measure
from paideia.bench.pages import serving

AIM = 5.0
PER_SECOND_MAX = 400  # notifications prepared for each second: more than are taken in


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="paideia bench notifications", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is measured")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    return run_apart("paideia.bench.notifications", parser.parse_args(argv))


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Inside the fresh database: fill it, serve, measure."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    told = _prepared(int(options["seconds"] * PER_SECOND_MAX))
    ways = {"connections": options["connections"], "seconds": options["seconds"]}
    with (
        serving("paideia.config.wsgi:application", options["workers"]) as (ours, _ours),
        serving("paideia.bench.control:application", options["workers"]) as (control, _control),
    ):
        measure(control, lambda n: Request("/"), connections=2, seconds=1.0)
        measure(ours, lambda n: Request("/c/bench/pricing/"), connections=2, seconds=1.0)
        before = measure(control, lambda n: Request("/"), **ways)
        found = measure(ours, lambda n: told[n], **ways)
        after = measure(control, lambda n: Request("/"), **ways)
    beside = (before.p99_ms + after.p99_ms) / 2
    return {
        "notifications": _rounded(found),
        "control": [_rounded(before), _rounded(after)],
        "p99_ratio": round(found.p99_ms / beside, 2),
        "aim": AIM,
        "settled": _settled(),
    }


def _prepared(many: int) -> list[Request]:
    """Orders that wait, each with a payment of it at the sandbox, and what the sandbox would tell of each."""
    from django.utils import timezone

    from paideia.access.models import Plan
    from paideia.accounts.models import User
    from paideia.commerce.models import Offer, Order, SandboxCharge
    from paideia.commerce.providers.sandbox.messages import message_of
    from paideia.communities.actions import create_community

    owner = User.objects.create_user("owner", email="owner@example.org")
    community = create_community(by=owner, slug="bench", name="Bench")
    offer = Offer.objects.create(
        community=community, name="A month", price=3000, currency="CNY", term="month"
    )
    offer.plans.add(Plan.objects.create(community=community, key="all", name="All"))
    buyers = [User(handle=f"b{n}", handle_skeleton=f"b{n}", email=f"b{n}@example.org") for n in range(many)]
    User.objects.bulk_create(buyers, batch_size=1000)
    now = timezone.now()
    agreed = {"community": community, "offer": offer, "total": 3000, "currency": "CNY", "term": "month"}
    agreed |= {
        "provider": "sandbox",
        "state": "awaiting",
        "created_at": now,
        "expires_at": now + timedelta(1),
    }
    orders = [Order(number=f"B{n}", buyer=buyer, **agreed) for n, buyer in enumerate(buyers)]
    Order.objects.bulk_create(orders, batch_size=1000)
    paid = {"community": community, "amount": 3000, "paid_amount": 3000, "currency": "CNY", "state": "paid"}
    paid |= {"paid_at": now, "created_at": now}
    charges = [
        SandboxCharge(token=f"t{n}", charge_id=f"sb_{n}", order_number=f"B{n}", **paid) for n in range(many)
    ]
    SandboxCharge.objects.bulk_create(charges, batch_size=1000)
    return [_request(community, json.dumps(message_of(charge)).encode()) for charge in charges]


def _request(community: Any, body: bytes) -> Request:
    from paideia.commerce.providers.sandbox.signing import HEADER, sign

    signature = sign(community, body, at=int(time.time()) + 120)
    headers = (("Content-Type", "application/json"), (HEADER, signature))
    return Request("/c/bench/providers/sandbox/notifications/", "POST", headers, body)


def _settled() -> int:
    from paideia.commerce.models import Order

    return Order.objects.filter(state="paid").count()


def _rounded(found: Measured) -> dict[str, Any]:
    return {
        "per_second": round(found.per_second, 1),
        "p50_ms": round(found.p50_ms, 2),
        "p99_ms": round(found.p99_ms, 2),
        "wrong": found.wrong,
    }


if __name__ == "__main__":
    print(json.dumps(run(json.loads(os.environ["PAIDEIA_BENCH"])), indent=2))
