"""A shop, and every money action of its team: what it needs to act on, the action, the verb of its record."""

from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from paideia.access.models import Plan
from paideia.accounts.models import User
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
from paideia.commerce.models import Coupon, GiftCard, InvoiceTerms, Notice, Offer, Order
from paideia.commerce.offer_rules import OfferTerms
from paideia.commerce.providers import Payment
from paideia.commerce.providers.transfer import actions as transfer
from paideia.communities.models import Community
from paideia.ledger.actions import Move, account, post
from paideia.partners import actions as partners
from paideia.partners import books
from paideia.partners.actions.shares import RuleTerms
from paideia.partners.models import Affiliate, Payout, Programme, ShareRule
from tests.cast import viewer_of

ACCOUNT = "6222020200112233445"


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
