"""The team's pages about money: what they show, what they refuse, and that each leaves who did what."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.activity.models import Fact
from paideia.commerce.actions import accept_payment, place_order, refund_order
from paideia.commerce.models import Notice, Offer, Order, Refund, SandboxCharge
from paideia.commerce.presentation import PROVIDER_NAMES
from paideia.commerce.providers import DisputeState, configuring
from paideia.commerce.providers.sandbox.actions import COURSES
from paideia.commerce.tests.test_disputes import tell
from tests.cast import sign_in, viewer_of

HERE = "/c/agora"


@pytest.fixture
def paid_order(order: Order, paid_at_the_sandbox: Callable[[Order], Order]) -> Order:
    return paid_at_the_sandbox(order)


def test_the_dialog_shows_what_happens_and_refunds_what_was_said(
    admin: User, paid_order: Order, visitor: User, gate: Gate
) -> None:
    client = sign_in(admin)
    address = f"{HERE}/manage/orders/{paid_order.number}/refund/"
    page = client.get(address).text
    assert (page.count("¥30 goes back the way it was paid."), page.count("Full membership ends now.")) == (
        1,
        1,
    )
    some = client.get(f"{address}effects/", {"amount": "10", "credit": "5", "access": ""}).text
    assert some.count("¥10 goes back the way it was paid.") == 1
    assert some.count("¥5 becomes the buyer") == 1
    assert some.count("Full membership ends on") == 1
    assert Refund.objects.count() == 0
    key = re.findall(r'name="key" value="(\w+)"', page)[0]
    form = {"amount": "10", "credit": "5", "reason": "We were slow", "key": key}
    for _ in range(2):  # a double click
        assert client.post(address, form).status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount, refund.credit, refund.access, refund.by, refund.reason) == (
        1000,
        500,
        "shortened",
        admin,
        "We were slow",
    )
    theirs = sign_in(visitor).get(f"{HERE}/orders/{paid_order.number}/").text
    assert (theirs.count("We were slow"), theirs.count("¥15 went back to you.")) == (1, 1)
    assert theirs.count(admin.shown_name) == 0


def test_an_order_shows_its_lines_and_the_button_to_who_may(
    admin: User, moderator: User, visitor: User, paid_order: Order
) -> None:
    address = f"{HERE}/orders/{paid_order.number}/"
    buttons = [
        sign_in(user).get(address).text.count(f"{paid_order.number}/refund/") for user in (admin, visitor)
    ]
    assert (buttons[0] > 0, buttons[1]) == (True, 0)
    assert sign_in(visitor).get(address).text.count('class="sum"') == 1
    for page in ("refund/", "refund/effects/"):
        answers = [
            sign_in(user).get(f"{HERE}/manage/orders/{paid_order.number}/{page}").status_code
            for user in (moderator, visitor)
        ]
        assert answers == [404, 404]


ODD = ["-1", "0", "1e18", "0.001", "NaN", "ten", "", "1,5", "{}", "[]", "null", "30.01", "\x00", "1e-400"]


@pytest.mark.parametrize("field", ["amount", "credit"])
@pytest.mark.parametrize("value", ODD)
def test_no_answer_refunds_more_than_was_paid(admin: User, paid_order: Order, field: str, value: str) -> None:
    client = sign_in(admin)
    address = f"{HERE}/manage/orders/{paid_order.number}/refund/"
    form = {"amount": "0", "credit": "0", "reason": "-", field: value}
    assert client.post(address, form).status_code in {302, 422}
    assert client.get(f"{address}effects/", form).status_code == 200
    total = sum(refund.value for refund in Refund.objects.all())
    assert (total <= 3000, total) == (True, Order.objects.get().refunded)


@pytest.mark.parametrize(
    "other",
    [{"access": "for ever"}, {"reason": " "}, {"currency": "USD", "amount": "31"}, {"amount": ["1", "31"]}],
)
def test_a_refund_that_makes_no_sense_is_shown_again(
    admin: User, paid_order: Order, other: dict[str, Any]
) -> None:
    form = {"amount": "1", "credit": "0", "reason": "-", **other}
    answer = sign_in(admin).post(f"{HERE}/manage/orders/{paid_order.number}/refund/", form)
    assert (answer.status_code, Refund.objects.count()) == (422, 0)


def test_a_short_payment_can_be_sent_back_by_the_team(
    admin: User, moderator: User, order: Order, paid: Callable[..., Any]
) -> None:
    short = paid(order, amount=2999)
    notice = accept_payment(community=order.community, provider="sandbox", payment=short)
    address = f"{HERE}/manage/notices/{notice.pk}/return/"
    assert sign_in(moderator).post(address).status_code == 404
    client = sign_in(admin)
    assert client.get(f"{HERE}/manage/orders/").text.count(address) == 1
    for _ in range(2):
        assert client.post(address).status_code == 302
    notice.refresh_from_db()
    assert (Refund.objects.get().amount, Refund.objects.get().by, notice.is_open) == (2999, admin, False)


def test_what_names_no_order_cannot_be_sent_back_from_here(
    admin: User, order: Order, paid: Callable[..., Any]
) -> None:
    unknown = paid(order, order_number="XXXX-XXXX-XXXX")
    notice = accept_payment(community=order.community, provider="sandbox", payment=unknown)
    assert sign_in(admin).post(f"{HERE}/manage/notices/{notice.pk}/return/").status_code == 422
    assert Notice.objects.get().is_open


def test_orders_with_refunds_on_their_way_are_found(admin: User, paid_order: Order) -> None:
    client = sign_in(admin)
    found = [client.get(f"{HERE}/manage/orders/?state=refunds").text.count(paid_order.number)]
    refund_order(viewer=None, order=paid_order, reason="-")
    found.append(client.get(f"{HERE}/manage/orders/?state=refunds").text.count(paid_order.number))
    assert (found[0], found[1] > 0) == (0, True)


def test_the_sandbox_page_plays_what_happens_later(visitor: User, paid_order: Order) -> None:
    charge = SandboxCharge.objects.get()
    client, address = sign_in(visitor), f"{HERE}/sandbox/{charge.pk}/"
    assert client.get(address).text.count("Open a dispute") == 1
    assert client.post(address, {"refunds_as": "later"}).status_code == 302
    assert client.post(address, {"dispute": "opened"}).status_code == 302
    assert client.get(address).text.count("The shop wins") == 1
    assert client.post(address, {"dispute": "won"}).status_code == 302
    for odd in ({"dispute": "won"}, {"dispute": "x"}, {"refunds_as": "x"}, {"refund": "x", "state": "done"}):
        assert client.post(address, odd).status_code in {409, 422}
    assert (SandboxCharge.objects.get().refunds_as, "pay" in COURSES) == ("later", True)


Act = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("verb", "act"),
    [
        ("offer.changed", lambda w: w.post("offers/new/", w.offer_form)),
        ("offer.changed", lambda w: w.post(f"offers/{w.offer.pk}/", w.offer_form)),
        ("offer.changed", lambda w: w.post(f"offers/{w.offer.pk}/archive/", {})),
        (
            "order.refunded",
            lambda w: w.post(f"orders/{w.order.number}/refund/", {"amount": "1", "reason": "-"}),
        ),
        ("charge.returned", lambda w: w.post(f"notices/{w.notice.pk}/return/", {})),
        ("notice.resolved", lambda w: w.post(f"notices/{w.notice.pk}/resolution/", {"resolution": "seen"})),
    ],
    ids=["make an offer", "change it", "archive it", "refund", "send back", "resolve"],
)
def test_each_act_of_the_team_with_money_leaves_who_and_what(
    admin: User, paid_order: Order, monthly: Offer, paid: Callable[..., Any], verb: str, act: Act
) -> None:
    short = place_order(viewer=viewer_of(admin), offer=monthly, provider="sandbox")

    class World:
        order, offer = paid_order, monthly
        offer_form = {
            "name": "New",
            "plans": [monthly.plans.get().pk],
            "price": "9",
            "currency": "CNY",
            "term": "month",
        }
        notice = accept_payment(
            community=paid_order.community,
            provider="sandbox",
            payment=paid(short, message_id="m9", charge_id="c9", amount=1),
        )

        @staticmethod
        def post(path: str, form: dict[str, Any]) -> Any:
            return sign_in(admin).post(f"{HERE}/manage/{path}", form)

    before = Fact.objects.filter(verb=verb, actor_id=admin.pk).count()
    assert act(World).status_code == 302
    facts = Fact.objects.filter(verb=verb, actor_id=admin.pk)
    assert facts.count() == before + 1
    detail = facts.latest("pk").detail
    if verb != "charge.returned":
        assert {"before", "after"} <= set(detail)
    assert Grant.objects.filter(plan__community=monthly.community).exists()


def test_every_route_of_the_team_that_writes_money_is_in_that_list() -> None:
    """A new one is added there, with the fact that it leaves."""
    from paideia.commerce import urls
    from paideia.commerce.views import manage, offers, refunds

    ours = {manage.__name__, offers.__name__, refunds.__name__}
    names = {
        route.name
        for route in urls.urlpatterns
        if route.name.startswith("manage_") and route.callback.__module__ in ours
    }
    reads = {"manage_offers", "manage_orders", "manage_offer_preview", "manage_refund_effects"}
    audited = {
        "manage_offer_new",
        "manage_offer",
        "manage_offer_archive",
        "manage_offer_link",
        "manage_refund",
        "manage_notice_return",
        "manage_notice",
    }
    assert names == reads | audited


def test_a_new_link_is_in_the_facts_too(admin: User, monthly: Offer) -> None:
    Offer.objects.update(hidden_key="k" * 32)
    sign_in(admin).post(f"{HERE}/manage/offers/{monthly.pk}/link/")
    fact = Fact.objects.get(verb="offer.changed")
    assert (fact.actor_id, fact.detail["link"]) == (admin.pk, "renewed")
    assert viewer_of(admin).may("money.manage")


def test_an_order_says_what_was_paid_what_went_back_and_what_was_taken_back(
    admin: User, visitor: User, paid_order: Order
) -> None:
    def said() -> tuple[int, ...]:
        text = sign_in(visitor).get(f"{HERE}/orders/{paid_order.number}/").text
        sums = re.findall(r"<dt>(To pay|Paid|Refunded)</dt><dd>([^<]+)</dd>", text)
        return (*(words for line in sums[-2:] for words in line), len(re.findall("taken back on", text)))

    assert said()[-3:] == ("Paid", "¥30", 0)
    refund_order(viewer=viewer_of(admin), order=paid_order, amount=1000, reason="A part")
    assert said() == ("Paid", "¥30", "Refunded", "-¥10", 0)
    refund_order(viewer=viewer_of(admin), order=paid_order, reason="The rest")
    assert said() == ("Paid", "¥30", "Refunded", "-¥30", 1)


def test_the_banks_word_for_a_dispute_is_the_teams_alone(
    admin: User, visitor: User, paid_order: Order
) -> None:
    tell(paid_order, DisputeState.OPENED, reason="fraudulent")
    theirs, ours = (
        sign_in(user).get(f"{HERE}/orders/{paid_order.number}/").text for user in (visitor, admin)
    )
    assert (theirs.count("fraudulent"), theirs.count("Your bank took the payment back")) == (0, 1)
    assert ours.count("<span>fraudulent</span>") == 1


def test_no_way_of_paying_is_shown_by_its_key(admin: User, visitor: User, paid_order: Order) -> None:
    assert set(PROVIDER_NAMES) == {*configuring.NAMES, "sandbox", "free"}
    tell(paid_order, DisputeState.OPENED)
    for path in (f"{HERE}/orders/{paid_order.number}/", f"{HERE}/manage/orders/"):
        words = re.findall(
            r">\s*(sandbox|stripe|wechat|alipay|paypal|transfer)\s*<", sign_in(admin).get(path).text
        )
        assert words == []


def test_orders_and_open_payments_cost_the_same_for_thirty_as_for_one(
    admin: User, visitor: User, monthly: Offer, paid_order: Order
) -> None:
    def more(count: int) -> None:
        for number in range(count):
            order = Order.objects.create(
                number=f"N{number:04}",
                community=paid_order.community,
                buyer=visitor,
                offer=monthly,
                term="month",
                total=3000,
                currency="CNY",
                provider="sandbox",
                expires_at=paid_order.expires_at,
            )
            Notice.objects.create(
                community=order.community,
                provider="sandbox",
                message_id=f"m{number}",
                order=order,
                body={},
                outcome=Notice.Outcome.MISMATCHED,
            )

    def cost(user: User, path: str) -> int:
        client = sign_in(user)
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    more(1)
    pages = [(admin, f"{HERE}/manage/orders/"), (visitor, f"{HERE}/orders/")]
    few = [cost(*page) for page in pages]
    Notice.objects.all().delete()
    Order.objects.exclude(pk=paid_order.pk).delete()
    more(32)
    assert [cost(*page) for page in pages] == few
    older = sign_in(visitor).get(f"{HERE}/orders/").text
    assert len(re.findall(r"pager-older", older)) == 1
