"""Redeem codes: made in batches, each good for one person once."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.saying import said_of
from paideia.commerce.actions.orders import held_for_good
from paideia.commerce.buyers import let_in, must_be_here, must_be_welcome
from paideia.commerce.codes import new_code, plain_code
from paideia.commerce.deliveries.giving import give_term
from paideia.commerce.models import Offer, RedeemBatch, RedeemCode
from paideia.commerce.refusals import HeldForGood, NotPermitted, WrongCode, WrongOffer

BATCH_MAX = 10_000


@transaction.atomic
def make_batch(
    *, viewer: Viewer, offer: Offer, name: str, size: int, expires_at: datetime | None = None
) -> RedeemBatch:
    """Make so many codes that give an offer. Needs money.manage. Raises WrongOffer."""
    must_be_here(viewer, offer)
    if not viewer.may("money.manage"):
        raise NotPermitted()
    if type(size) is not int or not 1 <= size <= BATCH_MAX:
        raise WrongOffer(_("Make 1 to %(max)s codes at once.") % {"max": BATCH_MAX})
    if offer.is_for_seats:
        raise WrongOffer(_("Codes cannot give seats. Choose another offer."))
    if expires_at is not None and expires_at <= timezone.now():
        raise WrongOffer(_("These codes would have expired already."))
    assert viewer.user is not None  # who may manage money is somebody
    batch = RedeemBatch.objects.create(
        community=viewer.community,
        name=name.strip()[:120] or offer.name,
        offer=offer,
        size=size,
        expires_at=expires_at,
        created_by=viewer.user,
    )
    RedeemCode.objects.bulk_create(
        [RedeemCode(batch=batch, code=new_code()) for _n in range(size)], batch_size=1000
    )
    record(
        "codes.made",
        community=viewer.community,
        actor=viewer.user,
        object=batch,
        offer=offer.pk,
        size=size,
        before=None,
        after=said_of(batch, "offer_id", "name", "size", "expires_at"),
    )
    return batch


@transaction.atomic
def revoke_batch(*, viewer: Viewer, batch: RedeemBatch) -> int:
    """Let none of the codes that are left be used. Needs money.manage. Returns how many; safe to repeat."""
    _must_manage(viewer, batch)
    now = timezone.now()
    left = RedeemCode.objects.filter(batch=batch, used_at=None, revoked_at=None)
    ids = list(left.select_for_update().order_by("pk").values_list("pk", flat=True))
    RedeemCode.objects.filter(pk__in=ids).update(revoked_at=now)
    RedeemBatch.objects.filter(pk=batch.pk, revoked_at=None).update(revoked_at=now)
    if ids:
        _record_end(viewer, batch, len(ids), standing=0)
    return len(ids)


@transaction.atomic
def revoke_code(*, viewer: Viewer, batch: RedeemBatch, code: str) -> RedeemCode:
    """Revoke one code of a batch, unless it was used. Needs money.manage. Raises WrongCode. Safe to repeat."""
    _must_manage(viewer, batch)
    row = RedeemCode.objects.select_for_update().filter(batch=batch, code=plain_code(code)).first()
    if row is None:
        raise WrongCode(_("This batch has no such code."))
    if row.used_at is not None:
        raise WrongCode(_("This code was used. Revoke what it gave on the person's page."))
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        left = RedeemCode.objects.filter(batch=batch, used_at=None, revoked_at=None).count()
        _record_end(viewer, batch, 1, standing=left)
    return row


def _record_end(viewer: Viewer, batch: RedeemBatch, codes: int, *, standing: int) -> None:
    record(
        "codes.revoked",
        community=viewer.community,
        actor=viewer.user,
        object=batch,
        codes=codes,
        before={"standing": standing + codes},
        after={"standing": standing},
    )


@transaction.atomic
def redeem_code(*, viewer: Viewer, code: str) -> RedeemCode:
    """Give the person what the code is for, as if they had bought it for nothing. Who redeems it again gets the same
    answer. Raises WrongCode, HeldForGood, SignInFirst, BuyerSuspended, JoinFirst."""
    user = must_be_welcome(viewer)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    row = locked_code(code)
    if row is None or row.batch.community_id != viewer.community.pk:
        raise WrongCode(_("There is no such code. Check each letter."))
    if row.used_by_id == user.pk:
        return row
    now, offer = timezone.now(), row.batch.offer
    _must_be_good(row, now)
    plans = list(offer.plans.all())
    ids = {plan.pk for plan in plans}
    if ids <= held_for_good(user, ids):
        raise HeldForGood()
    row.used_by, row.used_at = user, now
    row.save(update_fields=["used_by", "used_at"])
    let_in(viewer.community, user)
    give_term(
        user=user,
        plans=plans,
        term=offer.term,
        deadline=offer.ends_at,
        time_zone=viewer.community.time_zone,
        at=now,
        source=f"code:{row.pk}",
    )
    record(
        "code.redeemed",
        community=viewer.community,
        actor=user,
        object=row,
        batch=row.batch_id,
        offer=offer.name,
    )
    return row


def locked_code(code: str) -> RedeemCode | None:
    """The code, held for this transaction, with its batch and offer: the second to come finds it used."""
    held = RedeemCode.objects.select_for_update(of=("self",)).select_related("batch__offer")
    return held.filter(code=plain_code(code)).first()


def _must_be_good(row: RedeemCode, now: datetime) -> None:
    if row.used_at is not None:
        raise WrongCode(_("This code was used already."))
    if row.revoked_at is not None:
        raise WrongCode(_("This code was withdrawn. Ask whoever gave it to you."))
    offer, expires_at = row.batch.offer, row.batch.expires_at
    over = offer.ends_at is not None and offer.ends_at <= now
    if over or (expires_at is not None and expires_at <= now):
        raise WrongCode(_("This code has expired."))


def _must_manage(viewer: Viewer, batch: RedeemBatch) -> None:
    must_be_here(viewer, batch)
    if not viewer.may("money.manage"):
        raise NotPermitted()
