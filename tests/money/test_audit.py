"""Each privileged or money action leaves one record in a chain, with before and after, that nobody changes unseen."""

import ast
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.auditing import READER, findings, head
from paideia.activity.models import AuditRecord, Fact
from paideia.activity.origin import address
from paideia.activity.readers import rewind, run_once
from paideia.activity.verbs import AUDITED
from paideia.books.actions import resolve_difference, save_fee_terms, upload_statement
from paideia.books.models import Difference
from paideia.commerce.actions import (
    accept_payment,
    cards,
    coupons,
    fapiao,
    invoices,
    notices,
    offers,
    place_order,
    redeeming,
    refund_order,
    settle_order,
    strays,
)
from paideia.commerce.actions.subscriptions import save_retention
from paideia.commerce.models import Coupon, GiftCard, InvoiceTerms, Notice, Offer, Order, RedeemCode
from paideia.commerce.offer_rules import OfferTerms
from paideia.commerce.providers import Payment
from paideia.commerce.providers.transfer import actions as transfer
from paideia.communities.actions import set_role
from paideia.communities.models import Community, Membership
from paideia.ledger.actions import Move, account, post
from paideia.partners import actions as partners
from paideia.partners import books
from paideia.partners.actions.shares import RuleTerms
from paideia.partners.models import Affiliate, Payout, Programme, ShareRule
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db
PROJECT = Path(__file__).parents[2]
WHERE = ("commerce/actions", "commerce/providers/transfer", "partners/actions", "books/actions")
UNDONE = {"preview_refund"}  # does and undoes it, to show what it would do
ACCOUNT = "6222020200112233445"
ADDRESS = "203.0.113.7"


def money_actions() -> set[str]:
    """Every public function of these rooms' actions that takes a viewer and asks for money.manage."""
    return {
        node.name
        for folder in WHERE
        for path in sorted((PROJECT / "paideia" / folder).glob("*.py"))
        for node in _asking(path.read_text())
    } - UNDONE


def _asking(source: str) -> Iterator[ast.FunctionDef]:
    functions = {one.name: one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)}

    def asks(node: ast.FunctionDef, seen: frozenset[str] = frozenset()) -> bool:
        calls = {
            one.func.id
            for one in ast.walk(node)
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
        }
        words = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
        if "money.manage" in words or "must_manage_money" in calls:
            return True
        return any(asks(functions[name], seen | {name}) for name in calls & set(functions) - seen)

    for name, node in functions.items():
        takes = {one.arg for one in node.args.kwonlyargs}
        if not name.startswith("_") and "viewer" in takes and asks(node):
            yield node


class Shop:
    """What the money actions need to act on."""

    def __init__(self, community: Community, owner: User, buyer: User, mentor: User, tier: Plan) -> None:
        self.community, self.owner, self.buyer, self.mentor, self.tier = community, owner, buyer, mentor, tier
        self.offer = Offer.objects.create(
            community=community, name="Monthly", price=3000, currency="CNY", term="month"
        )
        self.offer.plans.add(tier)
        InvoiceTerms.objects.create(community=community, gives_fapiao=True)
        Programme.objects.create(community=community, is_open=True, joining="approval")
        charges = account(community, "world:sandbox", "charges", "CNY")
        post([Move(charges, books.earnings(community, mentor.pk, "CNY"), 10_000, "earned")])

    @property
    def me(self) -> Any:
        return viewer_of(self.owner)

    def order(self, provider: str = "sandbox") -> Order:
        return place_order(viewer=viewer_of(self.buyer), offer=self.offer, provider=provider)

    def paid(self) -> Order:
        order = self.order()
        terms = {"amount": order.total, "currency": "CNY", "paid_at": timezone.now()}
        return settle_order(order.pk, charge_id=f"c{order.pk}", **terms)

    def coupon(self) -> Coupon:
        return coupons.save_coupon(viewer=self.me, terms=coupons.CouponTerms("SAVE20", percent=20))

    def card(self) -> GiftCard:
        return cards.give_card(viewer=self.me, amount=500, currency="CNY")

    def batch(self) -> Any:
        return redeeming.make_batch(viewer=self.me, offer=self.offer, name="Fair", size=2)

    def fapiao(self) -> Any:
        words = {"title": "Vera", "tax_number": "", "email": "vera@example.org"}
        return fapiao.ask_for_fapiao(viewer=viewer_of(self.buyer), order=self.paid(), **words)

    def stray(self) -> Notice:
        """A payment that is less than its order."""
        order = self.order()
        payment = Payment("m2", order.number, True, "c-wrong", 1, "CNY", timezone.now(), {})
        accept_payment(community=self.community, provider="sandbox", payment=payment)
        return Notice.objects.get(charge_id="c-wrong")

    def payout(self, state: str = "asked") -> Payout:
        to = partners.Destination("bank", "Menno", ACCOUNT, "ICBC")
        row = partners.ask_for_payout(viewer=viewer_of(self.mentor), amount=4000, currency="CNY", to=to)
        return partners.approve_payout(viewer=self.me, payout=row) if state == "approved" else row

    def affiliate(self) -> Affiliate:
        return partners.become_affiliate(viewer=viewer_of(self.mentor))

    def rule(self) -> ShareRule:
        terms = RuleTerms(name="Half", kind="fixed", rate=5000, person=self.mentor)
        return partners.save_rule(viewer=self.me, terms=terms)

    def slip(self) -> Any:
        return transfer.show_slip(
            viewer=viewer_of(self.buyer),
            order=self.order("transfer"),
            file=SimpleUploadedFile("s.pdf", b"%PDF-1.7"),
            note="",
        )

    def hidden(self) -> Offer:
        terms = OfferTerms(name="Hidden", plans=[self.tier], price=100, currency="CNY", is_hidden=True)
        return offers.save_offer(viewer=self.me, terms=terms)

    def sent_by_hand(self) -> Any:
        proof = self.slip()
        transfer.confirm_transfer(viewer=self.me, proof=proof, received=proof.order.total)
        order = Order.objects.get(pk=proof.order_id)
        return refund_order(viewer=self.me, order=order, reason="Sorry")

    def difference(self) -> Difference:
        return Difference.objects.create(
            community=self.community, provider="sandbox", kind="double", subject="x", entry="order:1:sale"
        )


Case = tuple[Callable[[Shop], Any], Callable[[Shop, Any], Any], str]
NOTHING: Callable[[Shop], Any] = lambda shop: None  # noqa: E731
SELLER = invoices.Seller(is_on=True, gives_fapiao=True, seller="Agora Ltd.")
TERMS = partners.ProgrammeTerms(True, "everybody", 1000, 0, 30, 30, False, 0)
STATEMENT = b"kind,line_id,amount,currency,at\n" + b"charge,t1,10.00,CNY,2026-03-10T00:00:00Z\n"
# Each action: what has to be there, the action itself, the verb of its record.
CASES: dict[str, Case] = {
    "save_card_terms": (
        NOTHING,
        lambda s, _: cards.save_card_terms(viewer=s.me, currency="CNY", amounts=[100], valid_months=12),
        "cards.changed",
    ),
    "give_card": (NOTHING, lambda s, _: s.card(), "card.given"),
    "revoke_card": (Shop.card, lambda s, card: cards.revoke_card(viewer=s.me, card=card), "card.revoked"),
    "save_coupon": (NOTHING, lambda s, _: s.coupon(), "coupon.changed"),
    "archive_coupon": (
        Shop.coupon,
        lambda s, coupon: coupons.archive_coupon(viewer=s.me, coupon=coupon),
        "coupon.changed",
    ),
    "issue_fapiao": (
        Shop.fapiao,
        lambda s, asked: fapiao.issue_fapiao(viewer=s.me, request=asked, number="2632"),
        "fapiao.answered",
    ),
    "refuse_fapiao": (
        Shop.fapiao,
        lambda s, asked: fapiao.refuse_fapiao(viewer=s.me, request=asked, reason="No"),
        "fapiao.answered",
    ),
    "save_invoice_terms": (
        NOTHING,
        lambda s, _: invoices.save_invoice_terms(viewer=s.me, seller=SELLER, taxes=[]),
        "invoice_terms.changed",
    ),
    "resolve_notice": (
        Shop.stray,
        lambda s, notice: notices.resolve_notice(viewer=s.me, notice=notice, resolution="Done"),
        "notice.resolved",
    ),
    "return_stray": (
        Shop.stray,
        lambda s, notice: strays.return_stray(viewer=s.me, notice=notice),
        "charge.returned",
    ),
    "save_offer": (NOTHING, lambda s, _: s.hidden(), "offer.changed"),
    "renew_link": (
        Shop.hidden,
        lambda s, offer: offers.renew_link(viewer=s.me, offer=offer),
        "offer.changed",
    ),
    "archive_offer": (
        NOTHING,
        lambda s, _: offers.archive_offer(viewer=s.me, offer=s.offer),
        "offer.changed",
    ),
    "restore_offer": (
        lambda s: offers.archive_offer(viewer=s.me, offer=s.offer),
        lambda s, _: offers.restore_offer(viewer=s.me, offer=s.offer),
        "offer.changed",
    ),
    "make_batch": (NOTHING, lambda s, _: s.batch(), "codes.made"),
    "revoke_batch": (Shop.batch, lambda s, b: redeeming.revoke_batch(viewer=s.me, batch=b), "codes.revoked"),
    "revoke_code": (
        Shop.batch,
        lambda s, b: redeeming.revoke_code(viewer=s.me, batch=b, code=b.codes.first().code),
        "codes.revoked",
    ),
    "refund_order": (
        Shop.paid,
        lambda s, order: refund_order(viewer=s.me, order=order, reason="Sorry"),
        "order.refunded",
    ),
    "save_retention": (
        NOTHING,
        lambda s, _: save_retention(
            viewer=s.me, percent=10, periods=2, win_back_percent=0, win_back_periods=1
        ),
        "retention.changed",
    ),
    "save_programme": (
        NOTHING,
        lambda s, _: partners.save_programme(viewer=s.me, terms=TERMS),
        "programme.changed",
    ),
    "decide_affiliate": (
        Shop.affiliate,
        lambda s, row: partners.decide_affiliate(viewer=s.me, affiliate=row, to="active"),
        "affiliate.decided",
    ),
    "approve_payout": (
        Shop.payout,
        lambda s, row: partners.approve_payout(viewer=s.me, payout=row),
        "payout.approved",
    ),
    "pay_payout": (
        lambda s: s.payout("approved"),
        lambda s, row: partners.pay_payout(viewer=s.me, payout=row, reference="T1"),
        "payout.paid",
    ),
    "refuse_payout": (
        Shop.payout,
        lambda s, row: partners.refuse_payout(viewer=s.me, payout=row, reason="No"),
        "payout.refused",
    ),
    "save_payout_terms": (
        NOTHING,
        lambda s, _: partners.save_payout_terms(
            viewer=s.me, currency="CNY", least=100, tax_name="Tax", bands=[]
        ),
        "payout_terms.changed",
    ),
    "save_rule": (NOTHING, lambda s, _: s.rule(), "share_rule.made"),
    "end_rule": (Shop.rule, lambda s, rule: partners.end_rule(viewer=s.me, rule=rule), "share_rule.ended"),
    "resolve_difference": (
        Shop.difference,
        lambda s, row: resolve_difference(viewer=s.me, difference=row, resolution="Ours"),
        "difference.resolved",
    ),
    "save_fee_terms": (
        NOTHING,
        lambda s, _: save_fee_terms(
            viewer=s.me, provider="sandbox", currency="CNY", share_millionths=6000, fixed=0
        ),
        "fee_terms.changed",
    ),
    "upload_statement": (
        NOTHING,
        lambda s, _: upload_statement(viewer=s.me, provider="sandbox", name="s.csv", content=STATEMENT),
        "provider_statement.read",
    ),
    "confirm_transfer": (
        Shop.slip,
        lambda s, proof: transfer.confirm_transfer(viewer=s.me, proof=proof, received=proof.order.total),
        "transfer.confirmed",
    ),
    "decline_transfer": (
        Shop.slip,
        lambda s, proof: transfer.decline_transfer(viewer=s.me, proof=proof, reason="Blank"),
        "transfer.declined",
    ),
    "note_refund_sent": (
        Shop.sent_by_hand,
        lambda s, refund: transfer.note_refund_sent(viewer=s.me, refund=refund),
        "transfer.sent_back",
    ),
}


@pytest.fixture
def shop(
    community: Community, owner: User, visitor: User, mentor: User, tier: Plan, settings: Any, tmp_path: Path
) -> Shop:
    settings.MEDIA_ROOT = tmp_path
    settings.PAYMENTS = {
        **settings.PAYMENTS,
        "transfer": {"ACCOUNT": "Bank", "CURRENCIES": "CNY", "DAYS": "5"},
    }
    return Shop(community, owner, visitor, mentor, tier)


def test_every_money_action_is_among_those_that_are_tried() -> None:
    assert money_actions() == set(CASES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_money_action_leaves_one_record_with_before_and_after(shop: Shop, name: str) -> None:
    prepare, act, verb = CASES[name]
    ready = prepare(shop)
    run_once(READER)
    last = head()[0]
    act(shop, ready)
    run_once(READER)
    mine = [one for one in AuditRecord.objects.filter(number__gt=last) if one.verb == verb]
    assert [(one.actor_id, one.community_id) for one in mine] == [(shop.owner.pk, shop.community.pk)]
    assert {"before", "after"} <= set(mine[0].detail)
    assert mine[0].detail["after"] not in (None, {}, mine[0].detail["before"])
    assert list(findings()) == []


def test_a_record_says_from_which_address_it_came(shop: Shop) -> None:
    row = shop.payout()
    sign_in(shop.owner).post(f"/c/agora/manage/payouts/{row.pk}/approval/", REMOTE_ADDR=ADDRESS)
    run_once(READER)
    approved = AuditRecord.objects.get(verb="payout.approved")
    assert (approved.actor_id, approved.detail["from_address"]) == (shop.owner.pk, ADDRESS)
    partners.pay_payout(viewer=shop.me, payout=row, reference="T1")  # no request is at work any more
    run_once(READER)
    assert "from_address" not in AuditRecord.objects.get(verb="payout.paid").detail


def test_what_is_not_audited_keeps_no_address(shop: Shop) -> None:
    token = address.set(ADDRESS)
    record("member.followed", community=shop.community, actor=shop.buyer)
    address.reset(token)
    assert Fact.objects.get(verb="member.followed").detail == {}


@pytest.fixture
def chained(shop: Shop) -> Shop:
    """Five records."""
    before = head()[0]
    shop.coupon()
    shop.card()
    shop.rule()
    membership = Membership.objects.get(user=shop.mentor)
    for role in ("moderator", "mentor"):
        set_role(membership=membership, role=membership.community.roles.get(key=role), by=shop.owner)
    run_once(READER)
    assert head()[0] >= before + 5
    return shop


def without_law(statement: str, *parameters: object) -> None:
    """As somebody who owns the database could."""
    with connection.cursor() as cursor:
        for table in ("activity_auditrecord", "activity_fact"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, parameters)
        for table in ("activity_auditrecord", "activity_fact"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activity_auditrecord SET actor_id = 1",
        "DELETE FROM activity_auditrecord",
        "TRUNCATE activity_auditrecord",
    ],
)
def test_the_database_refuses_to_change_a_record(chained: Shop, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(findings()) == []


@pytest.mark.parametrize("place", [0, 2, -1], ids=["first", "middle", "last"])
def test_a_record_that_is_gone_is_found(chained: Shop, place: int) -> None:
    numbers = list(AuditRecord.objects.order_by("number").values_list("number", flat=True))
    without_law("DELETE FROM activity_auditrecord WHERE number = %s", numbers[place])
    assert list(findings()) != []


def test_a_gap_that_is_closed_by_counting_anew_is_found(chained: Shop) -> None:
    without_law("DELETE FROM activity_auditrecord WHERE number = 2")
    without_law("UPDATE activity_auditrecord SET number = number - 1 WHERE number > 2")
    assert any("does not follow" in one for one in findings())


def test_a_changed_record_and_a_changed_fact_are_found(chained: Shop) -> None:
    number = head()[0]
    without_law("UPDATE activity_auditrecord SET detail = '{}' WHERE number = %s", number)
    words = f"record {number} is not what was written, or does not follow the one before it"
    assert words in list(findings())
    without_law("UPDATE activity_fact SET actor_id = 0 WHERE verb = 'coupon.changed'")
    assert any("coupon.changed" in one for one in findings())


def test_an_end_that_was_cut_off_with_its_facts_is_found_by_the_hash_that_was_kept(chained: Shop) -> None:
    kept = head()
    fact = AuditRecord.objects.get(number=kept[0]).fact_id
    without_law("DELETE FROM activity_auditrecord WHERE number = %s", kept[0])
    without_law("DELETE FROM activity_fact WHERE id = %s", fact)
    assert list(findings()) == []
    assert list(findings(kept=kept)) == [f"record {kept[0]}, whose hash was kept, is gone"]


def test_a_chain_that_was_written_anew_is_found_by_the_hash_that_was_kept(chained: Shop) -> None:
    kept = head()
    without_law("DELETE FROM activity_auditrecord")
    without_law("UPDATE activity_fact SET actor_id = 0 WHERE verb = 'card.given'")
    rewind(READER)
    run_once(READER)
    assert list(findings()) == []
    assert list(findings(kept=kept)) != []


def test_a_replay_adds_nothing(chained: Shop) -> None:
    before = head()
    rewind(READER)
    run_once(READER)
    assert (head(), list(findings(kept=before))) == (before, [])


def test_the_command_says_the_last_hash_and_fails_where_something_is_wrong(
    chained: Shop, capsys: Any
) -> None:
    call_command("audit")
    number, digest = head()
    assert f"{number}:{digest}" in capsys.readouterr().out
    call_command("audit", f"--kept={number}:{digest}")
    without_law("DELETE FROM activity_auditrecord WHERE number = %s", number)
    with pytest.raises(CommandError):
        call_command("audit")


def test_no_secret_is_in_a_log_a_fact_or_a_record(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("django.db").setLevel(
            logging.INFO
        )  # what is sent to the database is not a log of ours
        for name, (prepare, act, _verb) in CASES.items():
            if name not in {"save_card_terms", "return_stray", "decide_affiliate", "resolve_notice"}:
                with transaction.atomic():
                    sid = transaction.savepoint()
                    act(shop, prepare(shop))
                    seen = _secrets(shop)
                    texts = [json.dumps(one.detail) for one in Fact.objects.all()]
                    assert [one for one in seen if any(one in text for text in texts)] == [], name
                    assert [one for one in seen if one in caplog.text] == [], name
                    transaction.savepoint_rollback(sid)


def _secrets(shop: Shop) -> list[str]:
    """What opens something, or is an account of somebody's."""
    found = [ACCOUNT, *GiftCard.objects.values_list("code", flat=True)]
    found += RedeemCode.objects.values_list("code", flat=True)
    return found + [one for one in Offer.objects.values_list("hidden_key", flat=True) if one]


def test_the_list_of_what_is_audited_names_every_verb_of_the_cases() -> None:
    assert {verb for _prepare, _act, verb in CASES.values()} <= AUDITED
