"""A process may be killed anywhere in checkout, settling and refunding: after recovery what is paid is granted and
booked, and nothing else is."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from django.db.models import Sum
from django.urls import set_urlconf
from django.utils import timezone

from paideia.access.models import Grant
from paideia.accounts.models import User
from paideia.commerce.actions import accept_payment, begin_payment, place_order, refund_order, send_refund
from paideia.commerce.actions.sending import refunds_due
from paideia.commerce.models import Offer, Order, Refund, SandboxCharge, SandboxRefund
from paideia.commerce.providers.sandbox.actions import pay
from paideia.commerce.providers.sandbox.provider import Sandbox
from paideia.commerce.tests.crashing import at_commit, at_statement, run_and_kill
from paideia.communities.middleware import COMMUNITY_URLS
from paideia.communities.models import Community
from paideia.ledger.queries import audit, balance
from tests.cast import person, viewer_of

pytestmark = pytest.mark.django_db(transaction=True)
Plant = Callable[[], None]


@pytest.fixture(autouse=True)
def _addresses() -> Iterator[None]:
    set_urlconf(COMMUNITY_URLS)
    yield
    set_urlconf(None)


def buy(buyer: User, offer: Offer) -> Order:
    """Checkout, the provider's page, and the notification: again and again gives the same."""
    paid = Order.objects.filter(buyer=buyer, paid_at__isnull=False).first()
    order = paid or place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox")
    if paid is None:
        begin_payment(order=order, return_url="/", notify_url="")
    charge = SandboxCharge.objects.filter(order_number=order.number).first()
    if charge is not None and charge.state == "pending":
        pay(charge=charge, course="silent")
    if (said := Sandbox().query(order)) is not None:
        accept_payment(community=order.community, provider="sandbox", payment=said)
    order.refresh_from_db()
    return order


def return_part(order: Order, key: str) -> None:
    refund = refund_order(viewer=None, order=order, reason="-", amount=1000, key=key)
    send_refund(refund.pk)


def all_is_well(community: Community, offer: Offer) -> None:
    """Paid, granted and booked say the same of every order; every refund was made once."""
    assert audit() == []
    for order in Order.objects.filter(offer=offer):
        granted = Grant.objects.filter(source=f"order:{order.pk}").exists()
        assert (order.paid_at is not None) == granted, order.number
    paid = Order.objects.filter(paid_at__isnull=False).aggregate(value=Sum("total"), back=Sum("refunded"))
    value, back = paid["value"] or 0, paid["back"] or 0
    taken = SandboxCharge.objects.aggregate(sum=Sum("paid_amount"))["sum"] or 0
    returned = SandboxRefund.objects.aggregate(sum=Sum("amount"))["sum"] or 0
    assert (value, back) == (taken, returned)
    assert balance(community, "house", "sales", "CNY") == value - back
    assert balance(community, "world:sandbox", "charges", "CNY") == back - value
    assert set(Refund.objects.values_list("state", flat=True)) <= {"done"}


def killed_everywhere(
    plants: Iterator[Plant], work: Callable[[int], object], recover: Callable[[int], None], *, runs_max: int
) -> int:
    """Let the work be killed at one place after the other until it comes through. Returns how often it was."""
    for run, plant in enumerate(plants):
        was_killed = run_and_kill(lambda run=run: work(run), plant)
        recover(run)
        if not was_killed or run == runs_max:
            return run
    raise AssertionError("there are no more places")


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
def test_checkout_and_settling_survive_a_kill_at_each_commit(
    community: Community, monthly: Offer, after: bool
) -> None:
    buyers = [person(f"buyer{run}") for run in range(12)]

    def recover(run: int) -> None:
        assert buy(buyers[run], monthly).state == "paid"
        assert Order.objects.filter(buyer=buyers[run]).count() == 1
        all_is_well(community, monthly)

    plants = (at_commit(number, after=after) for number in count(1))
    kills = killed_everywhere(plants, lambda run: buy(buyers[run], monthly), recover, runs_max=11)
    assert kills >= 4  # placing, going to pay, paying, taking in


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
def test_a_refund_survives_a_kill_at_each_commit(community: Community, monthly: Offer, after: bool) -> None:
    orders = [buy(person(f"r{int(after)}{run}"), monthly) for run in range(8)]

    def recover(run: int) -> None:
        refund = Refund.objects.filter(key=f"key{run}").first()
        if refund is None:  # nobody had agreed to it: staff press the button again
            return_part(orders[run], f"key{run}")
        Refund.objects.update(next_try_at=timezone.now())
        for due in refunds_due():
            send_refund(due)
        assert Refund.objects.get(key=f"key{run}").state == "done"
        all_is_well(community, monthly)

    plants = (at_commit(number, after=after) for number in count(1))
    kills = killed_everywhere(plants, lambda run: return_part(orders[run], f"key{run}"), recover, runs_max=7)
    assert kills >= 3  # agreeing, the provider's own, taking the answer in


@pytest.mark.parametrize(
    "step", [11, pytest.param(1, marks=pytest.mark.long)], ids=["some statements", "every statement"]
)
def test_buying_and_refunding_survive_a_kill_at_any_statement(
    community: Community, monthly: Offer, step: int
) -> None:
    buyers = {run: person(f"s{step}x{run}") for run in range(40 if step > 1 else 400)}

    def work(run: int) -> None:
        return_part(buy(buyers[run], monthly), f"key{run}")

    def recover(run: int) -> None:
        order = buy(buyers[run], monthly)
        if not Refund.objects.filter(key=f"key{run}").exists():
            return_part(order, f"key{run}")
        Refund.objects.update(next_try_at=timezone.now())
        for due in refunds_due():
            send_refund(due)
        all_is_well(community, monthly)

    plants = (at_statement(number) for number in count(3, step))
    assert killed_everywhere(plants, work, recover, runs_max=len(buyers) - 1) >= 5


def test_a_settling_in_two_transactions_is_found_out(
    community: Community, monthly: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: paid in one transaction, granted in the next."""
    from paideia.commerce.actions import settling
    from paideia.commerce.deliveries.purchase import Purchase

    buyers = [person(f"n{run}") for run in range(12)]

    def halves(run: int) -> None:
        delivered: list[Order] = []
        monkeypatch.setattr(Purchase, "deliver", lambda self, order: delivered.append(order) or [])
        monkeypatch.setattr(settling, "delivery_of", lambda order: Purchase())
        buy(buyers[run], monthly)

    killed = 0
    for run in range(12):
        run_and_kill(lambda run=run: halves(run), at_commit(run + 1, after=True))
        order = Order.objects.filter(buyer=buyers[run]).first()
        if order is not None and order.paid_at is not None:
            killed += not Grant.objects.filter(source=f"order:{order.pk}").exists()
    assert killed > 0
