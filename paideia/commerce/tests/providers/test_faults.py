"""However the line to a provider breaks: the page answers in time, the order waits, nobody is charged or refunded
twice, and a provider that does not answer at all is left alone for a while.

The long form tries 10,000 charges, and waits as long as buyers do: `--long`.
"""

import copy
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from paideia.accounts.models import User
from paideia.commerce.actions import place_order
from paideia.commerce.models import Attempt, Notice, Offer, Order, Refund
from paideia.commerce.providers import Payment, ProviderDown, RefundAnswer, asking, breaker, provider_of
from paideia.commerce.providers.stripe.provider import Stripe
from paideia.commerce.tests.providers.conftest import COUNTERPARTS
from paideia.commerce.tests.providers.faults import FAULTS, QUICK, SILENT, FaultProxy
from paideia.commerce.tests.providers.serving import Counterpart, deliver
from paideia.ledger.queries import balance
from tests.cast import let_in, person, sign_in, viewer_of

Serve = Callable[[str], Counterpart]
Begin = Callable[[Counterpart], Order]
Behind = Callable[[str], tuple[Counterpart, FaultProxy]]
ANSWER_SECONDS_MAX = 3.0


@pytest.fixture
def behind(serve: Serve, settings: Any) -> Iterator[Behind]:
    """A counterpart that is reached through a proxy only."""
    opened: list[FaultProxy] = []

    def start(name: str) -> tuple[Counterpart, FaultProxy]:
        counterpart = serve(name)
        proxy = FaultProxy(counterpart.address)
        opened.append(proxy)
        counterpart.reached_at = proxy.address
        payments = copy.deepcopy(settings.PAYMENTS)
        payments[counterpart.key] |= counterpart.settings()
        settings.PAYMENTS = payments
        return counterpart, proxy

    yield start
    for proxy in opened:
        proxy.close()


def answered(ask: Callable[..., Any], address: str) -> Any:
    begun = time.monotonic()
    answer = ask(f"/c/agora/{address}")
    assert time.monotonic() - begun < ANSWER_SECONDS_MAX
    assert answer.status_code in (200, 302), (address, answer.status_code)
    return answer


@pytest.mark.parametrize(
    ("fault", "patience"),
    [
        *((fault, 0.4) for fault in FAULTS),
        *(pytest.param(one, 2.5, marks=pytest.mark.long) for one in SILENT),
    ],
)
@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_the_page_answers_in_time_and_the_order_waits(
    behind: Behind,
    order_at: Begin,
    buyer: Client,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: str,
    patience: float,
) -> None:
    monkeypatch.setattr(asking, "SECONDS_MAX_ON_PAGES", patience)
    counterpart, proxy = behind(name)
    order = order_at(counterpart)
    proxy.always(fault)
    for _ in range(2):
        answered(buyer.post, f"orders/{order.number}/payment/")
        answered(buyer.get, f"orders/{order.number}/paid/")
        assert answered(buyer.get, f"orders/{order.number}/").status_code == 200
    order.refresh_from_db()
    assert (order.state, Notice.objects.count()) == ("awaiting", 0)
    proxy.always("")
    monkeypatch.setattr(breaker, "REST_SECONDS", 0.0)
    breaker.breaker_of(proxy.address).answered()
    counterpart.open(buyer, order)
    counterpart.pay(order)
    proxy.always(fault)
    answered(buyer.get, f"orders/{order.number}/paid/")
    # Told again, where it had to be asked about; 401: a certificate that is garbage is none.
    assert deliver(counterpart.notification(order), name).status_code in (200, 401, 503)
    proxy.always("")
    breaker.breaker_of(proxy.address).answered()
    answered(buyer.get, f"orders/{order.number}/paid/")
    order.refresh_from_db()
    sold = balance(order.community, "house", "sales", order.currency)
    stray = balance(order.community, "house", "unmatched", order.currency)
    assert (order.state, sold, stray) == ("paid", 3000, 0)


def until_certain(ask: Callable[[], Any]) -> tuple[Any, int]:
    """The answer, and after how many tries it came."""
    for tries in range(1, 200):
        try:
            return ask(), tries
        except ProviderDown:
            continue
    raise AssertionError("no answer in 200 tries")


def renewals(monthly: Offer, buyer: User, many: int) -> list[Order]:
    said = {
        "community": monthly.community,
        "buyer": buyer,
        "offer": monthly,
        "total": 3000,
        "currency": "USD",
    }
    said |= {"term": "month", "provider": "stripe", "state": "awaiting", "created_at": timezone.now()}
    said |= {"expires_at": timezone.now() + timedelta(hours=1)}
    rows = [Order(number=f"R{number}", **said) for number in range(many)]
    return Order.objects.bulk_create(rows, batch_size=1000)


def charge_all(orders: list[Order], proxy: FaultProxy) -> int:
    """As the job does for each: ask, then charge, again and again until it is certain. How many tries it took."""
    proxy.at_random(random.Random(len(orders)), QUICK, share=0.3)
    stripe, all_tries = provider_of("stripe"), 0
    for order in orders:

        def charge(order: Order = order) -> Payment:
            return stripe.query(order) or stripe.charge(order, f"cus_{order.pk}:pm_1")

        said, tries = until_certain(charge)
        all_tries += tries
        assert (said.succeeded, said.order_number, said.amount) == (True, order.number, 3000)
    return all_tries


@pytest.mark.parametrize("many", [60, pytest.param(6000, marks=pytest.mark.long)])
def test_nobody_is_charged_twice_however_often_it_is_tried(
    behind: Behind, monthly: Offer, visitor: User, many: int
) -> None:
    """6,000 charges are more than 10,000 tries."""
    counterpart, proxy = behind("stripe")
    tries = charge_all(renewals(monthly, visitor, many), proxy)
    charged = Counter(intent["metadata"]["order"] for intent in counterpart.intents.values())  # type: ignore[attr-defined]
    assert (len(charged), set(charged.values())) == (many, {1})
    assert tries > many * 5 / 4


def test_without_keys_and_without_asking_somebody_is_charged_twice(
    behind: Behind, monthly: Offer, visitor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break."""

    class Forgetful(dict):  # type: ignore[type-arg]
        def __contains__(self, name: object) -> bool:
            return False

    counterpart, proxy = behind("stripe")
    counterpart.done = Forgetful()  # type: ignore[attr-defined]
    monkeypatch.setattr(Stripe, "_charged_before", lambda *_: None)
    charge_all(renewals(monthly, visitor, 60), proxy)
    charged = Counter(intent["metadata"]["order"] for intent in counterpart.intents.values())  # type: ignore[attr-defined]
    assert max(charged.values()) > 1


@pytest.mark.parametrize("many", [12, pytest.param(500, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_no_refund_arrives_twice_however_often_it_is_tried(
    behind: Behind, begun: Begin, name: str, many: int
) -> None:
    counterpart, proxy = behind(name)
    order = begun(counterpart)
    counterpart.pay(order)
    deliver(counterpart.notification(order), name)
    order.refresh_from_db()
    proxy.at_random(random.Random(7), QUICK, share=0.3)
    provider = provider_of(name)
    for number in range(many):
        refund = Refund(order=order, key=f"key{number:029}", amount=2, currency=order.currency, reason="-")

        def send(refund: Refund = refund) -> RefundAnswer:
            refund.tries += 1
            return provider.refund(refund)

        answer, _tries = until_certain(send)
        if answer.state == "pending":
            answer, _tries = until_certain(lambda refund=refund: provider.query_refund(refund))
        assert answer.state == "done", answer
    assert counterpart.refunded(order) == 2 * many


def test_pages_leave_a_silent_provider_alone_and_find_out_when_it_is_back(
    behind: Behind, monthly: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "SECONDS_MAX_ON_PAGES", 0.2)
    _counterpart, proxy = behind("stripe")
    Offer.objects.filter(pk=monthly.pk).update(currency="USD")
    monthly.refresh_from_db()
    buyers = [let_in(monthly.community, person(f"b{number}")) for number in range(9)]
    clients = [sign_in(one) for one in buyers]
    orders = [place_order(viewer=viewer_of(one), offer=monthly, provider="stripe") for one in buyers]

    def go(number: int) -> Any:
        return clients[number].post(f"/c/agora/orders/{orders[number].number}/payment/")

    proxy.always("silence")
    for number in range(8):
        assert go(number).status_code == 302  # to the order, which waits
    assert proxy.asked == breaker.FAILURES_MAX
    proxy.always("refused")
    with pytest.raises(ProviderDown):
        provider_of("stripe").start(orders[8], return_url="http://x/", notify_url="")
    assert proxy.asked == breaker.FAILURES_MAX + 1  # a job asks all the same
    proxy.always("")
    assert go(0).status_code == 302
    assert proxy.asked == breaker.FAILURES_MAX + 1
    monkeypatch.setattr(breaker, "REST_SECONDS", 0.0)
    breaker.breaker_of(proxy.address)._rests_until = 0.0
    assert go(0).status_code == 200  # on to the provider's page
    assert (go(1).status_code, Attempt.objects.count()) == (200, 2)
