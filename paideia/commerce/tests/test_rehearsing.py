"""A refund that is rehearsed says what it would do, and does nothing."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from paideia.access.actions import give
from paideia.access.explaining import explain
from paideia.access.models import Gate, Grant, Plan
from paideia.access.viewer import look
from paideia.commerce.actions import place_order, refund_order
from paideia.commerce.models import Order
from paideia.commerce.refusals import NotPermitted, WrongRefund
from paideia.commerce.rehearsing import people_of, rehearse
from paideia.commerce.tests.subscribing import offer_of
from paideia.lib.refusal import NotFound
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db
BOUGHT = datetime(2026, 1, 15, 12, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def bought(visitor, tier, paid_at_the_sandbox) -> Order:
    """A quarter, paid on 15 January."""
    with time_machine.travel(BOUGHT, tick=False):
        quarter = offer_of(tier, 9000, term="quarter", renewal="none")
        yield paid_at_the_sandbox(place_order(viewer=viewer_of(visitor), offer=quarter, provider="sandbox"))


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM "{table}" t')
            found[table] = cursor.fetchone()
        return found


def ask(owner, order, at, gate=None, **terms):
    return rehearse(viewer=viewer_of(owner), order=order, person=order.buyer, at=at, gate=gate, **terms)


def test_they_would_be_out_after_all_of_it_is_refunded(owner, bought, gate):
    found = ask(owner, bought, MARCH, gate)
    assert (found.before.is_open, found.after.is_open, found.loses) == (True, False, True)
    assert found.after.reasons_against[0].text.startswith("“Full membership” was taken back on")
    assert (found.closing, found.terms.access) == ((gate,), "revoked")


@pytest.mark.parametrize(("month", "is_open"), [(2, True), (3, False)])
def test_a_third_refunded_ends_a_quarter_a_month_earlier(owner, bought, gate, month, is_open):
    at = datetime(2026, month, 20, tzinfo=UTC)
    found = ask(owner, bought, at, gate, amount=3000, credit=0)
    assert (found.before.is_open, found.after.is_open) == (True, is_open)
    assert found.terms.access == "shortened"


def test_another_plan_keeps_them_in(owner, visitor, bought, gate, tier):
    other = Gate.objects.create(community=tier.community, name="Only by hand")
    plan = Plan.objects.create(community=tier.community, key="gift", name="A gift", kind=Plan.Kind.TIER)
    gate.plans.add(plan)
    other.plans.add(plan)
    give(viewer=viewer_of(owner), user=visitor, plan=plan, ends_at=None)
    found = ask(owner, bought, MARCH, gate)
    assert (found.after.is_open, found.loses, found.closing) == (True, False, ())


def test_the_past_is_as_it_was(owner, bought, gate):
    assert ask(owner, bought, BOUGHT + timedelta(seconds=-5), gate).before.is_open is False
    with time_machine.travel(datetime(2026, 2, 1, tzinfo=UTC), tick=False):
        assert ask(owner, bought, datetime(2026, 1, 20, tzinfo=UTC), gate).after.is_open is True


def test_what_was_rehearsed_is_what_the_refund_does(owner, bought, gate):
    rehearsed = ask(owner, bought, MARCH, gate, amount=3000, credit=0)
    refund_order(viewer=viewer_of(owner), order=bought, reason="asked", amount=3000, credit=0)
    real = explain(look(bought.community, bought.buyer), gate, at=MARCH)
    assert [one.text for one in real.reasons] == [one.text for one in rehearsed.after.reasons]


@pytest.mark.django_db(transaction=True)
def test_nothing_whatsoever_is_written(owner, bought, gate):
    sign_in(owner)  # opening a session is a write
    client = sign_in(owner)
    before = counts()
    ask(owner, bought, MARCH, gate)
    ask(owner, bought, MARCH, gate, amount=100, credit=50, access="kept")
    asked = {"at": "2026-03-01T00:00", "gate": gate.pk, "person": bought.buyer_id, "amount": "90"}
    assert "They would be out" in client.get(f"/c/agora/orders/{bought.number}/rehearsal/", asked).text
    after = counts()
    sessions = {"django_session", "usersessions_usersession"}
    assert {name for name in after if after[name] != before[name]} - sessions == set()


def test_a_refund_that_cannot_be_is_refused_with_the_reason(owner, bought, gate):
    with pytest.raises(WrongRefund, match="No more than"):
        ask(owner, bought, MARCH, gate, amount=9001, credit=0)


def test_only_who_manages_money_and_access_may_ask(community, moderator, stranger, owner, bought, gate):
    with pytest.raises(NotPermitted):
        ask(moderator, bought, MARCH, gate)
    with pytest.raises(NotFound):
        rehearse(viewer=viewer_of(owner), order=bought, person=stranger, at=MARCH)
    admin = community.roles.get(key="moderator")
    admin.permissions = [*admin.permissions, "money.view", "money.manage"]
    admin.save()
    page = f"/c/agora/orders/{bought.number}/rehearsal/"
    assert (sign_in(moderator).get(page).status_code, sign_in(owner).get(page).status_code) == (404, 200)


def test_who_holds_what_was_bought_can_be_asked_about(owner, bought, stranger, tier, gate):
    source = f"order:{bought.pk}"
    Grant.objects.create(user=stranger, plan=tier, source=source, key=f"{source}:seat", starts_at=BOUGHT)
    assert people_of(bought) == [bought.buyer, stranger]
    found = rehearse(viewer=viewer_of(owner), order=bought, person=stranger, at=MARCH, gate=gate)
    assert found.loses


def test_the_page_asks_and_answers(owner, bought, gate):
    client, page = sign_in(owner), f"/c/agora/orders/{bought.number}/rehearsal/"
    assert "If this were refunded" in client.get(page).text
    asked = {
        "at": "2026-02-20T00:00",
        "person": bought.buyer_id,
        "gate": gate.pk,
        "amount": "30.00",
        "credit": "",
    }
    assert "They would still be in" in client.get(page, asked).text
    wrong = client.get(page, {**asked, "amount": "9999"})
    assert (wrong.status_code, "No more than" in wrong.text) == (422, True)
