"""Earnings on their way to a bank."""

import pytest
from django.db import IntegrityError, connection, transaction

from paideia.commerce.tests.races import in_turns
from paideia.ledger.actions import Move, account, post
from paideia.lib.refusal import Invalid, NotFound
from paideia.lib.sealing import Unreadable, seal, unseal
from paideia.partners import books
from paideia.partners.actions import (
    Destination,
    approve_payout,
    ask_for_payout,
    pay_payout,
    refuse_payout,
    save_payout_terms,
)
from paideia.partners.models import Payout
from paideia.partners.refusals import NotNow, NotPermitted, NotThere, TooLittle
from paideia.partners.withholding import LABOUR_IN_CHINA, tax_on
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db
BANK = Destination("bank", "Menno Müller", "6222020200112233445", "ICBC")


@pytest.fixture
def earned(community, mentor):
    """100 yuan of earnings."""
    charges = account(community, "world:sandbox", "charges", "CNY")
    post([Move(charges, books.earnings(community, mentor.pk, "CNY"), 10_000, "earned")])
    return mentor


def ask(user, amount=10_000):
    return ask_for_payout(viewer=viewer_of(user), amount=amount, currency="CNY", to=BANK)


def test_money_waits_beside_the_earnings_and_then_leaves(earned, owner, holds):
    row = ask(earned, 6000)
    assert (holds(earned, "earnings"), holds(earned, "payout")) == (4000, 6000)
    approve_payout(viewer=viewer_of(owner), payout=row)
    row = pay_payout(viewer=viewer_of(owner), payout=row, reference="2026-11-03/17")
    assert (holds(earned, "payout"), holds(earned, "payouts", owner="world:bank")) == (0, 6000)
    assert (row.state, row.reference) == ("paid", "2026-11-03/17")


def test_a_refusal_gives_it_back_and_says_why(earned, owner, holds):
    row = ask(earned)
    with pytest.raises(Invalid):
        refuse_payout(viewer=viewer_of(owner), payout=row, reason="  ")
    refuse_payout(viewer=viewer_of(owner), payout=row, reason="The name does not fit the account.")
    assert (holds(earned, "earnings"), holds(earned, "payout")) == (10_000, 0)


def test_more_than_there_is_cannot_be_asked_for(earned, holds):
    ask(earned, 9_999)
    with pytest.raises(NotThere):
        ask(earned, 2)
    assert Payout.objects.count() == 1
    assert holds(earned, "earnings") == 1


@pytest.mark.parametrize("amount", [0, -1, -(10**18), 10**18, 1.5, "100", True])
def test_no_amount_but_a_whole_one_above_zero_that_is_there(earned, holds, amount):
    with pytest.raises((TooLittle, NotThere, Invalid, ValueError)), transaction.atomic():
        ask(earned, amount)
    assert holds(earned, "earnings") == 10_000


def test_the_least_that_can_be_paid_out_is_the_communitys(earned, owner):
    save_payout_terms(viewer=viewer_of(owner), currency="CNY", least=5000, tax_name="", bands=[])
    with pytest.raises(TooLittle, match=r"¥50 "):
        ask(earned, 4999)
    assert ask(earned, 5000).amount == 5000


def test_tax_is_withheld_by_the_communitys_bands(earned, owner, holds, community):
    save_payout_terms(
        viewer=viewer_of(owner), currency="CNY", least=0, tax_name="个税", bands=LABOUR_IN_CHINA
    )
    charges = account(community, "world:sandbox", "charges", "CNY")
    post([Move(charges, books.earnings(community, earned.pk, "CNY"), 190_000, "more")])
    row = ask(earned, 200_000)
    assert (row.tax, row.net) == (24_000, 176_000)
    approve_payout(viewer=viewer_of(owner), payout=row)
    pay_payout(viewer=viewer_of(owner), payout=row, reference="x")
    assert holds(earned, "withheld", owner="world:tax") == 24_000
    assert holds(earned, "payouts", owner="world:bank") == 176_000


@pytest.mark.parametrize(
    ("yuan", "tax"),
    [
        (800, 0),
        (801, 0.2),
        (4000, 640),
        (5000, 800),
        (25_000, 4000),
        (30_000, 5200),
        (62_500, 13_000),
        (100_000, 25_000),
    ],
)
def test_chinas_tax_on_labour_income_is_as_published(yuan, tax):
    assert tax_on(yuan * 100, LABOUR_IN_CHINA) == round(tax * 100)


def test_the_review_goes_forward_once(earned, owner):
    row = ask(earned)
    with pytest.raises(NotNow):
        pay_payout(viewer=viewer_of(owner), payout=row, reference="early")
    approve_payout(viewer=viewer_of(owner), payout=row)
    with pytest.raises(NotNow):
        approve_payout(viewer=viewer_of(owner), payout=row)
    pay_payout(viewer=viewer_of(owner), payout=row, reference="1")
    for again in (
        lambda: pay_payout(viewer=viewer_of(owner), payout=row, reference="2"),
        lambda: refuse_payout(viewer=viewer_of(owner), payout=row, reason="late"),
    ):
        with pytest.raises(NotNow):
            again()


def test_only_the_team_of_the_community_decides(earned, moderator, stranger, owner):
    from paideia.communities.actions import create_community

    row = ask(earned)
    for other in (earned, moderator):
        with pytest.raises(NotPermitted):
            approve_payout(viewer=viewer_of(other), payout=row)
    theirs = create_community(by=stranger, slug="other", name="Other", language="en")
    with pytest.raises(NotFound):
        approve_payout(viewer=viewer_of(stranger, theirs), payout=row)


def test_accounts_stand_sealed_in_the_database_and_masked_on_pages(earned, settings):
    row = ask(earned)
    with connection.cursor() as cursor:
        cursor.execute("SELECT holder, account FROM partners_payout WHERE id = %s", [row.pk])
        holder, number = cursor.fetchone()
    assert "Menno" not in holder and "6222" not in number
    row = Payout.objects.get(pk=row.pk)
    assert (row.holder, row.account, row.masked_account) == ("Menno Müller", BANK.account, "•••• 3445")
    sealed, old = seal("secret"), settings.SECRET_KEY
    settings.SECRET_KEY = "another key that is long enough for everybody"
    with pytest.raises(Unreadable):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed) == "secret"


@pytest.mark.parametrize(
    "fields", [{"amount": 0}, {"tax": 10_001}, {"state": "paid"}, {"state": "refused", "reason": ""}]
)
def test_the_database_refuses_impossible_payouts(earned, fields):
    row = ask(earned)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payout.objects.filter(pk=row.pk).update(**fields)


@pytest.mark.django_db(transaction=True)
def test_sixty_four_at_once_never_take_more_than_there_is(earned, holds):
    viewer = viewer_of(earned)

    def wish():
        return ask_for_payout(viewer=viewer, amount=700, currency="CNY", to=BANK)

    results = in_turns([wish] * 64, width=32)
    made = [one for one in results if isinstance(one, Payout)]
    assert len(made) == 14
    assert {type(one) for one in results} == {Payout, NotThere}
    assert (holds(earned, "earnings"), holds(earned, "payout")) == (200, 9800)


NONSENSE = ("-1", "0", "1e18", "NaN", "Infinity", "0.001", "", "USD", "[]", ["1", "2"], "\x00", "9" * 40)


def test_nothing_that_is_sent_makes_a_payout_of_more(earned, holds):
    client = sign_in(earned)
    base = {"currency": "CNY", "amount": "1", "method": "bank", "holder": "M", "account": "6222", "bank": "B"}
    for name in (*base, "user", "community", "tax", "net", "state", "minor"):
        for value in NONSENSE:
            answer = client.post("/c/agora/earnings/payouts/", {**base, name: value})
            assert answer.status_code < 500, (name, value)
    asked = list(Payout.objects.values_list("user", "amount", "currency", "tax", "state"))
    assert set(asked) <= {(earned.pk, 100, "CNY", 0, "asked"), (earned.pk, 200, "CNY", 0, "asked")}
    assert holds(earned, "earnings") == 10_000 - sum(row[1] for row in asked) >= 0


def test_from_an_account_that_may_lend_they_would(earned, monkeypatch, community):
    """The control: it is the account that cannot go below zero, not a look at it beforehand."""
    lending = account(community, "world:bank", "earnings", "CNY")
    monkeypatch.setattr(books, "earnings", lambda *_names: lending)
    assert [ask(earned, 9000).amount for _time in range(2)] == [9000, 9000]
