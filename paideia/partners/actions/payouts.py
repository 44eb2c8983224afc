"""Asking for one's earnings, and the team's review."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.ledger.actions import Overdrawn
from paideia.lib import formatting
from paideia.lib.refusal import Invalid, NotFound
from paideia.partners import books
from paideia.partners.actions.affiliates import must_manage_money
from paideia.partners.models import Payout, PayoutTerms, TaxBand
from paideia.partners.refusals import NotNow, NotThere, TooLittle
from paideia.partners.withholding import Band, tax_on

State = Payout.State
SEALED = ("holder", "account")  # written with every step, so that they are sealed with the key of today
AT_ONCE_MAX = 500


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a payout goes."""

    method: str
    holder: str
    account: str
    bank: str = ""


@transaction.atomic
def ask_for_payout(*, viewer: Viewer, amount: int, currency: str, to: Destination) -> Payout:
    """Set a part of one's earnings aside to be paid out. Whoever asks at once, never more than there is.

    The tax is reckoned now, by the terms as they stand. Raises TooLittle, NotThere, Invalid.
    """
    if viewer.user is None:
        raise NotFound("")
    if to.method not in Payout.Method.values or not to.holder.strip() or not to.account.strip():
        raise Invalid(_("Say to whom and to which account."))
    terms = PayoutTerms.objects.filter(community=viewer.community, currency=currency).first()
    least = max(terms.least if terms else 0, 1)
    if type(amount) is not int or amount < least:
        raise TooLittle(
            _("At least %(least)s can be paid out.") % {"least": formatting.money(least, currency)}
        )
    User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    row = Payout.objects.create(
        community=viewer.community,
        user=viewer.user,
        amount=amount,
        tax=tax_on(amount, bands_of(terms)),
        currency=currency,
        method=to.method,
        holder=to.holder.strip()[:120],
        account=to.account.strip()[:120],
        bank=to.bank.strip()[:120],
        asked_at=timezone.now(),
    )
    source = books.earnings(viewer.community, viewer.user.pk, currency)
    way = books.on_its_way(viewer.community, viewer.user.pk, currency)
    try:
        books.move(source, way, amount, f"payout:{row.pk}:asked", {"payout": row.pk})
    except Overdrawn as reason:
        raise NotThere() from reason
    _record("payout.asked", row, viewer, before=None)
    return row


@transaction.atomic
def approve_payout(*, viewer: Viewer, payout: Payout) -> Payout:
    """Say that it will be paid. Needs money.manage."""
    row = _held(viewer, payout, State.ASKED)
    before = row.state
    row.state, row.decided_at, row.decided_by = State.APPROVED, timezone.now(), viewer.user
    row.save(update_fields=["state", "decided_at", "decided_by", *SEALED])
    _record("payout.approved", row, viewer, before=before)
    return row


@transaction.atomic
def pay_payout(*, viewer: Viewer, payout: Payout, reference: str) -> Payout:
    """Write down that the money was sent, with the reference of the transfer."""
    row = _held(viewer, payout, State.APPROVED)
    if not reference.strip():
        raise Invalid(_("Write the reference of the transfer, so that it can be found."))
    before = row.state
    row.state, row.paid_at, row.reference = State.PAID, timezone.now(), reference.strip()[:120]
    row.save(update_fields=["state", "paid_at", "reference", *SEALED])
    way = books.on_its_way(row.community, row.user_id, row.currency)
    detail = {"payout": row.pk, "reference": row.reference}
    if row.net:
        books.move(way, books.paid_out(row), row.net, f"payout:{row.pk}:paid", detail)
    if row.tax:
        books.move(way, books.tax(row), row.tax, f"payout:{row.pk}:tax", detail)
    _record("payout.paid", row, viewer, before=before)
    return row


@transaction.atomic
def refuse_payout(*, viewer: Viewer, payout: Payout, reason: str) -> Payout:
    """Give the money back to the earnings, and say why."""
    row = _held(viewer, payout, State.ASKED, State.APPROVED)
    if not reason.strip():
        raise Invalid(_("Say why, so that they can put it right."))
    before = row.state
    row.state, row.reason = State.REFUSED, reason.strip()[:300]
    row.decided_at, row.decided_by = timezone.now(), viewer.user
    row.save(update_fields=["state", "reason", "decided_at", "decided_by", *SEALED])
    way = books.on_its_way(row.community, row.user_id, row.currency)
    key = f"payout:{row.pk}:refused"
    books.to_earnings(way, row.user_id, row.amount, key, {"payout": row.pk})
    _record("payout.refused", row, viewer, before=before)
    return row


@transaction.atomic
def save_payout_terms(
    *, viewer: Viewer, currency: str, least: int, tax_name: str, bands: Sequence[Band]
) -> PayoutTerms:
    """What can be paid out of a currency, and the tax withheld. Payouts asked for before stay as they were."""
    must_manage_money(viewer)
    if len({band.above for band in bands}) < len(bands):
        raise Invalid(_("Two bands begin at the same amount."))
    before = _said(PayoutTerms.objects.filter(community=viewer.community, currency=currency).first())
    row, _made = PayoutTerms.objects.update_or_create(
        community=viewer.community, currency=currency, defaults={"least": least, "tax_name": tax_name[:60]}
    )
    row.bands.all().delete()
    TaxBand.objects.bulk_create(
        TaxBand(terms=row, above=one.above, exempt=one.exempt, rate=one.rate, off=one.off) for one in bands
    )
    record(
        "payout_terms.changed",
        community=viewer.community,
        actor=viewer.user,
        object=row,
        currency=currency,
        least=least,
        bands=[[one.above, one.exempt, one.rate, one.off] for one in bands],
        before=before,
        after=_said(row),
    )
    return row


def reseal_payouts() -> int:
    """Seal the accounts of all payouts with the key of today, whichever they were sealed with. Returns how many.
    Safe to repeat, and to run while people work."""
    done, after = 0, 0
    while ids := list(
        Payout.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:AT_ONCE_MAX]
    ):
        with transaction.atomic():
            for row in Payout.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"):
                row.save(update_fields=SEALED)
        done, after = done + len(ids), ids[-1]
    return done


def _said(terms: PayoutTerms | None) -> dict[str, object] | None:
    if terms is None:
        return None
    bands = [[one.above, one.exempt, one.rate, one.off] for one in bands_of(terms)]
    return {"least": terms.least, "tax_name": terms.tax_name, "bands": bands}


def bands_of(terms: PayoutTerms | None) -> list[Band]:
    if terms is None:
        return []
    return [Band(one.above, one.exempt, one.rate, one.off) for one in terms.bands.all()]


def _held(viewer: Viewer, payout: Payout, *states: str) -> Payout:
    must_manage_money(viewer)
    row = (
        Payout.objects.select_for_update(of=("self",))
        .select_related("community")
        .filter(pk=payout.pk, community=viewer.community)
        .first()
    )
    if row is None:
        raise NotFound("")
    if row.state not in states:
        raise NotNow()
    return row


def _record(verb: str, row: Payout, viewer: Viewer, *, before: str | None) -> None:
    record(
        verb,
        community=row.community_id,
        actor=viewer.user,
        object=row,
        user=row.user_id,
        amount=row.amount,
        tax=row.tax,
        currency=row.currency,
        method=row.method,
        reason=row.reason,
        before={"state": before} if before else None,
        after={"state": row.state, "reference": row.reference},
    )
