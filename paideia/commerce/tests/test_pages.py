"""The shop as people walk through it."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Grant, Plan
from paideia.accounts.models import User
from paideia.commerce.actions import settle_order
from paideia.commerce.models import Notice, Offer, Order
from paideia.commerce.providers.sandbox.messages import message_of
from paideia.commerce.providers.sandbox.models import SandboxCharge
from paideia.commerce.providers.sandbox.signing import HEADER, sign
from paideia.communities.models import Community
from tests.cast import sign_in, viewer_of

HERE = "/c/agora"
LINE = f"{HERE}/articles/3/#paywall"
HOOK = f"{HERE}/providers/sandbox/notifications/"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Notifications as the sandbox would have the worker send them, in the order in which they left."""
    from paideia.commerce import jobs

    left: list[dict[str, Any]] = []

    class Deferred:
        @staticmethod
        def defer(**arguments: Any) -> None:
            left.append(arguments)

    monkeypatch.setattr(jobs.notify_of_sandbox_charge, "configure", lambda **_: Deferred)
    return left


def deliver(sent: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Bring the notifications to the door. Returns what was answered."""
    answers = []
    for one in sent:
        charge = SandboxCharge.objects.get(pk=one["token"])
        body = json.dumps(message_of(charge, failed=one["failed"])).encode()
        answer = post(charge.community, body)
        answers.append((answer.status_code, answer.json().get("outcome", "")))
    sent.clear()
    return answers


def post(community: Community, body: bytes, **headers: str) -> Any:
    signed = {HEADER: sign(community, body), **headers}
    return Client().post(HOOK, body, content_type="application/json", headers=signed)


def to_sandbox(client: Client, offer: Offer) -> str:
    """Walk from the checkout to the sandbox's page. Returns its address."""
    answer = client.post(f"{HERE}/offers/{offer.pk}/checkout/", {"provider": "sandbox", "next": LINE})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{HERE}/sandbox/")
    return answer.headers["Location"]


def go(client: Client, address: str) -> list[str]:
    """Follow redirects by hand: the test client drops fragments. Returns the addresses, the last a page."""
    passed = []
    while True:
        passed.append(address.removeprefix("http://testserver"))
        answer = client.get(passed[-1].split("#")[0])
        if answer.status_code != 302:
            return passed
        address = answer.headers["Location"]


def test_a_buyer_comes_back_to_the_very_line(
    visitor: User, monthly: Offer, gate: Gate, sent: list[Any]
) -> None:
    client = sign_in(visitor)
    sandbox = to_sandbox(client, monthly)
    assert client.get(sandbox).status_code == 200
    back = client.post(sandbox, {"course": "pay"}).headers["Location"]
    order = Order.objects.get()
    assert back == f"http://testserver{HERE}/orders/{order.number}/paid/"
    assert go(client, back)[-1] == LINE
    assert viewer_of(visitor).can_open(gate.pk)
    assert deliver(sent) == [(200, "settled")]  # the same message: it was taken in at the return already
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("course", "outcomes", "state"),
    [
        ("pay", [(200, "settled")], "paid"),
        ("vanish", [(200, "settled")], "paid"),
        ("twice", [(200, "settled"), (200, "settled")], "paid"),
        ("disorder", [(200, "settled"), (200, "noted")], "paid"),
        ("short", [(200, "mismatched")], "awaiting"),
        ("fail", [(200, "noted")], "failed"),
        ("abandon", [], "awaiting"),
        ("silent", [], "awaiting"),
    ],
)
def test_each_course_of_a_payment_told_by_notifications_alone(
    visitor: User, monthly: Offer, gate: Gate, sent: list[Any], course: str, outcomes: list[Any], state: str
) -> None:
    client = sign_in(visitor)
    client.post(to_sandbox(client, monthly), {"course": course})
    assert deliver(sent) == outcomes
    assert Order.objects.get().state == state
    assert viewer_of(visitor).can_open(gate.pk) == (state == "paid")


@pytest.mark.parametrize(
    ("course", "state", "end"),
    [
        ("silent", "paid", LINE),
        ("short", "awaiting", "order"),
        ("fail", "failed", "order"),
        ("abandon", "awaiting", "order"),
    ],
)
def test_each_course_of_a_payment_told_by_the_return_alone(
    visitor: User, monthly: Offer, sent: list[Any], course: str, state: str, end: str
) -> None:
    client = sign_in(visitor)
    back = client.post(to_sandbox(client, monthly), {"course": course}).headers["Location"]
    last = go(client, back)[-1]
    order = Order.objects.get()
    assert last == (f"{HERE}/orders/{order.number}/" if end == "order" else end)
    assert order.state == state


def test_a_payment_after_the_order_expired_still_counts(
    visitor: User, monthly: Offer, gate: Gate, sent: list[Any]
) -> None:
    client = sign_in(visitor)
    sandbox = to_sandbox(client, monthly)
    Order.objects.update(state="expired", expires_at=timezone.now())
    client.post(sandbox, {"course": "vanish"})
    assert deliver(sent) == [(200, "settled")]
    assert viewer_of(visitor).can_open(gate.pk)


def test_after_a_failed_try_the_same_page_can_be_paid(visitor: User, monthly: Offer, sent: list[Any]) -> None:
    client = sign_in(visitor)
    sandbox = to_sandbox(client, monthly)
    client.post(sandbox, {"course": "fail"})
    deliver(sent)
    client.post(sandbox, {"course": "vanish"})
    assert deliver(sent) == [(200, "settled")]
    assert client.post(sandbox, {"course": "pay"}).status_code == 409


def test_walking_away_leaves_an_order_that_can_be_paid(
    visitor: User, monthly: Offer, sent: list[Any]
) -> None:
    client = sign_in(visitor)
    sandbox = to_sandbox(client, monthly)
    order = Order.objects.get()
    page = client.get(f"{HERE}/orders/{order.number}/").text
    assert "The payment has not arrived yet" in page
    assert client.post(f"{HERE}/orders/{order.number}/payment/").headers["Location"] == sandbox


FORGED = ["", "t=1,v1=" + "0" * 64, "nonsense", "t=99999999999999999999,v1=" + "0" * 64]


def _message(one: Order, /, **other: object) -> bytes:
    charge = {"id": "e1", "type": "payment.succeeded", "charge": "sb_1", "order": one.number}
    terms = {"amount": one.total, "currency": one.currency, "at": timezone.now().isoformat()}
    return json.dumps({**charge, **terms, **other}).encode()


def forge(order: Order, header: str) -> Any:
    return post(order.community, _message(order), **{HEADER: header})


@pytest.mark.parametrize(
    ("attack", "status"),
    [
        *[(lambda order, forged=forged: forge(order, forged), (400, 401)) for forged in FORGED],
        (lambda order: post(order.community, _message(order), **{HEADER: sign(order.community, b"{}")}), (401,)),
        (
            lambda order: post(
                order.community,
                _message(order),
                **{HEADER: sign(order.community, _message(order), at=int(time.time()) - 301)},
            ),
            (400, 401),
        ),
        (lambda order: post(Community(pk=order.community_id + 1), _message(order)), (401,)),
        (lambda order: post(order.community, b"x" * 20_000), (413,)),
        (lambda order: post(order.community, b"not json"), (400,)),
        (lambda order: post(order.community, b"[]"), (400,)),
        (lambda order: post(order.community, _message(order, amount="3000")), (400,)),
        (lambda order: post(order.community, _message(order, amount=3000.0)), (400,)),
        (lambda order: post(order.community, _message(order, amount=True)), (400,)),
        (lambda order: post(order.community, _message(order, order=None)), (400,)),
        (lambda order: post(order.community, _message(order, at="yesterday")), (400,)),
        (lambda order: post(order.community, _message(order, type="payment.loved")), (400,)),
        (lambda order: Client().post(HOOK, {"order": order.number}), (415,)),
        (lambda order: Client().get(HOOK), (405,)),
        (lambda order: Client().post(HOOK.replace("sandbox", "stripe"), b"{}", "application/json"), (404,)),
    ],
)  # fmt: skip
def test_what_is_not_from_the_provider_is_refused_and_writes_nothing(
    order: Order, attack: Callable[[Order], Any], status: tuple[int, ...]
) -> None:
    assert attack(order).status_code in status
    assert (Notice.objects.count(), Order.objects.get().state) == (0, "created")


def test_a_genuine_message_of_that_form_is_taken_in(order: Order) -> None:
    """The control for the attacks above."""
    answer = post(order.community, _message(order))
    assert (answer.status_code, answer.json()) == (200, {"outcome": "settled"})


@pytest.mark.parametrize(
    "field", ["price", "total", "amount", "currency", "offer", "term", "plans", "buyer", "state"]
)
def test_nothing_that_a_buyer_sends_changes_the_price(visitor: User, monthly: Offer, field: str) -> None:
    client = sign_in(visitor)
    for value in ("-1", "0", "1e18", "0.01", "USD", ["1", "2"], "{}", "\x00", "null"):
        form = {"provider": "sandbox", "next": "/c/agora/", field: value}
        assert client.post(f"{HERE}/offers/{monthly.pk}/checkout/", form).status_code == 302
    order, charge = Order.objects.get(), SandboxCharge.objects.get()
    terms = (order.total, order.currency, order.term, order.buyer, order.state)
    assert terms == (3000, "CNY", "month", visitor, "awaiting")
    assert (charge.amount, charge.currency) == (3000, "CNY")


@pytest.mark.parametrize(
    "value", ["stripe", "free", "", "sandbox\x00", ["sandbox", "free"], "-1", "x" * 10_000]
)
def test_a_way_of_paying_that_is_not_there_is_not_taken(visitor: User, monthly: Offer, value: Any) -> None:
    answer = sign_in(visitor).post(f"{HERE}/offers/{monthly.pk}/checkout/", {"provider": value})
    assert answer.status_code in {302, 404, 422}
    assert not Order.objects.exclude(provider="sandbox", total=3000).exists()


@pytest.mark.parametrize(
    "value", ["https://evil.example/", "//evil.example", "/\\evil.example", "x" * 501, "/a\x00b"]
)
def test_nobody_is_sent_to_another_site_after_paying(visitor: User, monthly: Offer, value: str) -> None:
    sign_in(visitor).post(f"{HERE}/offers/{monthly.pk}/checkout/", {"provider": "sandbox", "next": value})
    assert list(Order.objects.values_list("return_to", flat=True)) in ([""], [])


def test_offers_of_others_archived_or_absent_cannot_be_bought(visitor: User, monthly: Offer) -> None:
    from paideia.communities.actions import create_community
    from tests.cast import person

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    theirs = Offer.objects.create(community=other, name="x", price=1, currency="CNY")
    Offer.objects.filter(pk=monthly.pk).update(archived_at=timezone.now())
    client = sign_in(visitor)
    for pk in (theirs.pk, monthly.pk, 10**9):
        for answer in (
            client.get(f"{HERE}/offers/{pk}/checkout/"),
            client.post(f"{HERE}/offers/{pk}/checkout/", {"provider": "sandbox"}),
            client.post(f"{HERE}/offers/{pk}/trial/"),
        ):
            assert answer.status_code == 404
    assert Order.objects.count() == 0


def test_a_trial_begins_and_leads_back(visitor: User, monthly: Offer, gate: Gate) -> None:
    client = sign_in(visitor)
    assert client.get(f"{HERE}/offers/{monthly.pk}/checkout/").text.count("Begin the trial") == 1
    answer = client.post(f"{HERE}/offers/{monthly.pk}/trial/", {"next": LINE})
    assert answer.headers["Location"] == LINE
    assert viewer_of(visitor).can_open(gate.pk)
    assert client.get(f"{HERE}/offers/{monthly.pk}/checkout/").text.count("Begin the trial") == 0


def test_orders_are_for_their_buyer_and_the_team(
    order: Order, member: User, admin: User, visitor: User
) -> None:
    address = f"{HERE}/orders/{order.number}/"
    answers = [sign_in(user).get(address).status_code for user in (visitor, admin, member)]
    assert answers == [200, 200, 404]
    absent = sign_in(member).get(f"{HERE}/orders/AAAA-AAAA-AAAA/")
    assert absent.status_code == 404
    for user in (member, admin):
        assert sign_in(user).post(f"{address}payment/").status_code in {404, 422}
        assert sign_in(user).get(f"{address}paid/").status_code in {404, 422}


def test_prices_stand_as_people_write_them_and_a_year_says_what_it_saves(
    anonymous: Client, monthly: Offer, tier: Plan
) -> None:
    yearly = Offer.objects.create(
        community=tier.community, name="Yearly", price=29900, currency="CNY", term="year"
    )
    yearly.plans.add(tier)
    page = anonymous.get(f"{HERE}/pricing/", headers={"Accept-Language": "en"}).text
    prices = re.findall(r'price-amount">([^<]+)<', page)
    assert prices == ["¥30", "¥299"]
    assert re.findall(r"</span>([^<]+)</s>", page) == ["¥360"]


def test_without_a_way_of_paying_the_checkout_says_so(visitor: User, monthly: Offer, settings: Any) -> None:
    settings.PAYMENT_SANDBOX = False
    client = sign_in(visitor)
    assert client.get(f"{HERE}/offers/{monthly.pk}/checkout/").text.count("cannot take payments yet") == 1
    assert client.post(f"{HERE}/offers/{monthly.pk}/checkout/", {"provider": "sandbox"}).status_code == 422
    assert client.get(f"{HERE}/sandbox/{'x' * 43}/").status_code == 404


@pytest.fixture
def many(visitor: User, monthly: Offer, tier: Plan) -> Iterator[Callable[[int], None]]:
    def make(count: int) -> None:
        for number in range(count):
            offer = Offer.objects.create(community=tier.community, name=f"O{number}", price=1, currency="CNY")
            offer.plans.add(tier)
            Order.objects.create(
                community=tier.community,
                buyer=visitor,
                offer=offer,
                number=f"N{number}",
                total=1,
                currency="CNY",
                term="month",
                provider="sandbox",
                expires_at=timezone.now(),
            )

    yield make


@pytest.mark.parametrize(
    ("path", "who", "most"),
    [
        ("pricing/", "visitor", 8),
        ("orders/", "visitor", 6),
        ("manage/orders/", "admin", 8),
        ("manage/offers/", "admin", 8),
    ],
)
def test_pages_ask_no_more_when_there_is_more(
    request: pytest.FixtureRequest,
    many: Callable[[int], None],
    admin: User,
    path: str,
    who: str,
    most: int,
    django_assert_max_num_queries: Any,
) -> None:
    client = sign_in(request.getfixturevalue(who))
    many(1)
    client.get(f"{HERE}/{path}")
    with django_assert_max_num_queries(most) as few:
        client.get(f"{HERE}/{path}")
    many_more = 25
    Order.objects.all().delete()
    Offer.objects.filter(name__startswith="O").delete()
    many(many_more)
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert client.get(f"{HERE}/{path}").status_code == 200


def test_access_that_was_taken_back_is_gone_at_the_next_request(
    visitor: User, order: Order, gate: Gate, admin: User
) -> None:
    settle_order(order.pk, charge_id="c", amount=3000, currency="CNY", paid_at=timezone.now())
    assert viewer_of(visitor).can_open(gate.pk)
    from paideia.access.actions import take_back

    take_back(viewer=viewer_of(admin), grant=Grant.objects.get(user=visitor), because="charged back")
    assert not viewer_of(visitor).can_open(gate.pk)
    assert sign_in(visitor).get(f"{HERE}/orders/{order.number}/").text.count("Taken back") == 1
