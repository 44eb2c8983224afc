"""Many hands at one payment: never more goes back than came, and the provider is asked once for each refund."""

import random
from collections.abc import Callable

import pytest

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.commerce import refunding
from paideia.commerce.actions import refund_order, send_refund
from paideia.commerce.actions import refunds as refunds_action
from paideia.commerce.models import Order, Refund, SandboxRefund
from paideia.commerce.refusals import WrongRefund
from paideia.commerce.tests.races import at_once
from paideia.ledger.queries import balance
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db(transaction=True)
HANDS = 32


def refund_of(viewer: Viewer, order: Order, amount: int | None) -> Callable[[], Refund]:
    def ask() -> Refund:
        refund = refund_order(viewer=viewer, order=order, reason="-", amount=amount)
        return send_refund(refund.pk)

    return ask


@pytest.mark.parametrize("seed", range(2))
def test_32_refunds_at_once_never_exceed_what_was_paid(
    order: Order, owner: User, paid_at_the_sandbox: Callable[[Order], Order], seed: int
) -> None:
    paid_at_the_sandbox(order)
    dice, viewer = random.Random(seed), viewer_of(owner)
    amounts = [None if dice.random() < 0.1 else dice.randint(1, 600) for _ in range(HANDS)]
    results = at_once(*[refund_of(viewer, order, amount) for amount in amounts])
    made = [one for one in results if isinstance(one, Refund)]
    assert {type(one) for one in results} <= {Refund, WrongRefund}
    order.refresh_from_db()
    total = sum(Refund.objects.values_list("amount", flat=True))
    assert (total, total <= 3000) == (order.refunded, True)
    assert sorted(SandboxRefund.objects.values_list("key", flat=True)) == sorted(one.key for one in made)
    outside = balance(order.community, "world:sandbox", "charges", "CNY")
    assert (balance(order.community, "house", "sales", "CNY"), outside) == (3000 - total, total - 3000)


def test_eight_workers_with_one_refund_send_it_once(
    order: Order, owner: User, paid_at_the_sandbox: Callable[[Order], Order]
) -> None:
    paid_at_the_sandbox(order)
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1000)
    results = at_once(*[lambda: send_refund(refund.pk).state] * 8)
    assert (set(results), SandboxRefund.objects.count()) == ({"done"}, 1)
    assert balance(order.community, "world:sandbox", "charges", "CNY") == -2000


def test_without_the_lock_too_much_would_go_back(
    order: Order,
    owner: User,
    paid_at_the_sandbox: Callable[[Order], Order],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control that must break: both see all of the money, and both agree on most of it."""
    import threading

    paid_at_the_sandbox(order)
    looked, real = threading.Barrier(2), refunding.refund_terms

    def slowly(*args: object, **kwargs: object) -> refunding.RefundTerms:
        terms = real(*args, **kwargs)  # type: ignore[arg-type]
        looked.wait(10)
        return terms

    monkeypatch.setattr(
        refunds_action, "locked", lambda pk: Order.objects.select_related("community").get(pk=pk)
    )
    monkeypatch.setattr(refunds_action, "refund_terms", slowly)
    at_once(*[lambda: refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=1400)] * 2)
    order.refresh_from_db()
    sent = sum(Refund.objects.values_list("amount", flat=True))
    assert (sent, order.refunded) == (2800, 1400)  # the order has forgotten one of them
