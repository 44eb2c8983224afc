"""Trials: an offer's plans for some days, once for each person and plan."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from paideia.access.actions import grant
from paideia.access.models import Grant
from paideia.access.refusals import TrialUsed
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.buyers import let_in, must_be_able_to_buy
from paideia.commerce.deliveries.subscribing import begin_trial
from paideia.commerce.models import Offer
from paideia.commerce.refusals import NoTrial


@transaction.atomic
def start_trial(*, viewer: Viewer, offer: Offer) -> list[Grant]:
    """Give the offer's plans for its trial days. Raises NoTrial, also for those who
    had one of the plans before, or where a trial is paid for, and what must_be_able_to_buy raises. Where the
    offer renews itself the trial turns into its subscription, unless it is cancelled before."""
    if viewer.user is not None:
        User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    offer = Offer.objects.get(pk=offer.pk)  # as it stands now
    user = must_be_able_to_buy(viewer, offer)
    plans = list(offer.plans.order_by("pk"))
    if not offer.trial_days or offer.trial_price or not plans:
        raise NoTrial()
    now = timezone.now()
    paid = Grant.objects.filter(user=user, plan__in=plans, is_trial=False, revoked_at=None)
    if paid.exists():
        raise NoTrial()  # they know it already
    begun = Grant.objects.filter(user=user, plan__in=plans, is_trial=True)
    if begun.exists():
        if all(one.source == f"trial:{offer.pk}" and one.revoked_at is None for one in begun) and len(
            begun
        ) == len(plans):
            return list(begun)  # asked twice
        raise TrialUsed()
    ends_at = now + timedelta(days=offer.trial_days)
    grants = [
        grant(
            user=user,
            plan=plan,
            starts_at=now,
            ends_at=ends_at,
            source=f"trial:{offer.pk}",
            key=f"trial:{offer.pk}:{plan.pk}:{user.pk}",
            is_trial=True,
        )
        for plan in plans
    ]
    if offer.renewal == Offer.Renewal.AUTOMATIC:
        begin_trial(offer=offer, ends_at=ends_at, community=viewer.community, user=user)
    let_in(viewer.community, user)
    record(
        "trial.started",
        community=viewer.community,
        actor=user,
        object=offer,
        offer=offer.name,
        days=offer.trial_days,
        ends_at=ends_at.isoformat(),
    )
    return grants
