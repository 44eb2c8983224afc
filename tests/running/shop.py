"""A shop in an installation of its own, for tests that kill parts of it. Runs inside that installation:

paideia manage shell -c "from tests.running import shop; shop.fill(FOLDER, buyers=8, told=300)"
"""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

SLUG, TOKEN = "shop", "a" * 32


def fill(folder: str, *, buyers: int, told: int) -> None:
    """A community with an offer; people who will buy (`buyers.json`: what their browsers send); and notifications of
    payments of orders that wait (`told.json`: body and signature), for the provider to tell."""
    from django.conf import settings
    from django.test import Client

    from paideia.access.models import Plan
    from paideia.commerce.models import Offer
    from paideia.communities.actions import create_community

    owner = _person("owner")
    community = create_community(by=owner, slug=SLUG, name="Shop", language="en", time_zone="UTC")
    plan = Plan.objects.create(community=community, key="all", name="All")
    offers = []
    for number in range(buyers):  # each buyer has one: nobody queues at an offer
        offer = Offer(community=community, name=f"Offer {number}", price=3000, currency="CNY", term="month")
        offer.save()
        offer.plans.add(plan)
        offers.append(offer)
    said = []
    for number, offer in enumerate(offers):
        client = Client()
        client.force_login(_person(f"buyer{number}"))
        cookies = {name: one.value for name, one in client.cookies.items()}
        said.append({"cookies": {**cookies, settings.CSRF_COOKIE_NAME: TOKEN}, "offer": offer.pk})
    Path(folder, "buyers.json").write_text(json.dumps(said))
    Path(folder, "told.json").write_text(json.dumps(_told(offers[0], told)))


def _person(name: str) -> Any:
    from paideia.accounts.models import User

    return User.objects.create_user(name, f"{name}@example.org", None)


def _told(offer: Any, many: int) -> list[dict[str, str]]:
    from django.utils import timezone

    from paideia.accounts.models import User
    from paideia.commerce.models import Order, SandboxCharge
    from paideia.commerce.providers.sandbox.messages import message_of
    from paideia.commerce.providers.sandbox.signing import HEADER, sign

    payers = [
        User(handle=f"payer{n}", handle_skeleton=f"payer{n}", email=f"p{n}@example.org") for n in range(many)
    ]
    User.objects.bulk_create(payers, batch_size=1000)
    now = timezone.now()
    terms = {"community": offer.community, "total": 3000, "currency": "CNY"}
    order = terms | {"offer": offer, "term": "month", "provider": "sandbox", "state": "awaiting"}
    until = now + timedelta(hours=1)
    Order.objects.bulk_create(
        [Order(number=f"T{n}", buyer=who, expires_at=until, **order) for n, who in enumerate(payers)],
        batch_size=1000,
    )
    charge = {"community": offer.community, "amount": 3000, "paid_amount": 3000, "currency": "CNY"}
    charge |= {"state": "paid", "paid_at": now, "created_at": now}
    charges = [
        SandboxCharge(token=f"t{n}", charge_id=f"sb_t{n}", order_number=f"T{n}", **charge)
        for n in range(many)
    ]
    SandboxCharge.objects.bulk_create(charges, batch_size=1000)
    bodies = [json.dumps(message_of(one)).encode() for one in charges]
    at = int(time.time()) + 240  # still fresh when the last is told
    return [
        {"body": body.decode(), "header": HEADER, "signature": sign(offer.community, body, at=at)}
        for body in bodies
    ]


def check(folder: str) -> None:
    """Write what is wrong into `wrong.json`, and how much there was into `counts.json`."""
    from paideia.access.models import Grant
    from paideia.commerce.models import Notice, Order, SandboxCharge
    from paideia.ledger.models import Transfer
    from paideia.ledger.queries import audit

    wrong = [str(finding) for finding in audit()]
    paid_there: dict[str, int] = {}
    for number in SandboxCharge.objects.filter(state="paid").values_list("order_number", flat=True):
        paid_there[number] = paid_there.get(number, 0) + 1
    granted = list(Grant.objects.values_list("source", flat=True))
    booked = set(Transfer.objects.values_list("key", flat=True))
    for order in Order.objects.all():
        said = (
            order.state == "paid",
            paid_there.get(order.number, 0),
            granted.count(f"order:{order.pk}") if len(granted) < 2000 else None,
            f"order:{order.pk}:sale" in booked,
        )
        if said[:2] + said[3:] not in {(True, 1, True), (False, 0, False)} or said[2] not in {
            None,
            int(said[0]),
        }:
            wrong.append(
                f"{order.number}: {order.state}, charged {said[1]}, given {said[2]}, booked {said[3]}"
            )
    if len(set(granted)) != len(granted):
        wrong.append("something was given twice")
    counts = {
        "placed": sorted(Order.objects.values_list("number", flat=True)),
        "paid": sorted(Order.objects.filter(state="paid").values_list("number", flat=True)),
        "notices": Notice.objects.count(),
    }
    Path(folder, "wrong.json").write_text(json.dumps(wrong))
    Path(folder, "counts.json").write_text(json.dumps(counts))


def spoil() -> None:
    """An order that was marked as paid by nobody's payment."""
    from django.utils import timezone

    from paideia.accounts.models import User
    from paideia.commerce.models import Offer, Order

    now, offer = timezone.now(), Offer.objects.select_related("community").order_by("pk")[0]
    said = {"community": offer.community, "offer": offer, "total": 3000, "currency": "CNY", "term": "month"}
    said |= {"buyer": User.objects.get(handle="buyer0"), "number": "spoiled", "provider": "sandbox"}
    Order.objects.create(state="paid", paid_at=now, expires_at=now, **said)
