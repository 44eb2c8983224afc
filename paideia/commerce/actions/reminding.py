"""The ladder of reminders for every plan that ends, whatever it was bought by; and prices told in advance.

Once a day on the community's clock. A step that was missed is made up for while it still means something; a step
that was said is not said again, so the whole can run as often as one likes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from paideia.access.models import Grant, Plan
from paideia.activity.actions import record
from paideia.commerce.models import Reminder, Subscription
from paideia.commerce.providers import Capability, provider_of
from paideia.commerce.quoting.renewing import TOLD_AHEAD, listed_price, price_of_period
from paideia.commerce.quoting.win_back import STEP as WIN_BACK
from paideia.communities.models import Community, Membership
from paideia.communities.standing import is_suspended
from paideia.lib.refusal import NotFound

MORNING = 9  # o'clock, on the community's clock
DAY = timedelta(days=1)
# Days before the end (after it: below zero), and until when a missed step is made up for.
LADDER = (("D-30", 30, 8), ("D-7", 7, 2), ("D-1", 1, 0), ("D+3", -3, -10), (WIN_BACK, -14, -21))
TOLD_DAYS = 7  # before a renewal of a longer term, or the end of a trial that is charged


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of all that somebody holds of a plan."""

    user_id: int
    plan: Plan
    began_at: datetime  # of its last stretch
    ends_at: datetime
    is_trial: bool


def remind_all() -> int:
    """Say what is due in every community where it is morning by now. Returns how much was said."""
    said = 0
    for community in Community.objects.order_by("pk"):
        if timezone.now().astimezone(ZoneInfo(community.time_zone)).hour >= MORNING:
            tell_prices(community)
            said += remind(community)
    return said


def remind(community: Community) -> int:
    """Say what the ladder says today in one community."""
    now = timezone.now()
    renewing = _renewing(community)
    said = 0
    for ending in endings(community, now):
        step = step_of(ending, now, community)
        if step is not None:
            said += _say(community, ending, step, renewing.get((ending.user_id, ending.plan.pk)))
    return said


def step_of(ending: Ending, now: datetime, community: Community) -> str | None:
    """The step that stands now for this end. Terms too short for a step do without it."""
    zone = ZoneInfo(community.time_zone)
    days = (ending.ends_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    length = (ending.ends_at - ending.began_at) / DAY
    for step, first, last in LADDER:
        if first >= days >= last:
            fits = length >= 2 * first and (not ending.is_trial or first == 1 or first < 0)
            passed = ending.ends_at > now if first > 0 else ending.ends_at <= now
            return step if fits and passed else None
    return None


def endings(community: Community, now: datetime) -> list[Ending]:
    """The last end of each plan that each person holds or held, where it is near. Grace is no time that was paid;
    what is held for good, goes on by another term, or rests while its holder is suspended, does not end."""
    gone = Membership.objects.filter(Q(left_at__isnull=False) | Q(is_suspended()), community=community)
    near = (
        Grant.objects.filter(
            plan__community=community,
            revoked_at=None,
            ends_at__gt=now - 22 * DAY,
            ends_at__lt=now + 31 * DAY,
            user__is_active=True,
        )
        .exclude(user__in=gone.values("user_id"))
        .exclude(source__startswith="grace:")
    )
    near = near.exclude(plan__kind=Plan.Kind.CIRCLE)
    found: dict[tuple[int, int], Grant] = {}
    for one in near.select_related("plan").order_by("ends_at", "pk"):
        found[one.user_id, one.plan_id] = one
    goes_on = (
        Grant.objects.filter(
            user__in={user for user, _plan in found}, plan__community=community, revoked_at=None
        )
        .filter(Q(ends_at=None) | Q(ends_at__gte=now + 31 * DAY))
        .exclude(source__startswith="grace:")
    )
    for key in goes_on.values_list("user_id", "plan_id"):
        found.pop(key, None)
    return [
        Ending(one.user_id, one.plan, one.starts_at, one.ends_at, one.is_trial)
        for one in found.values()
        if one.ends_at is not None and one.ends_at > one.starts_at
    ]


def _renewing(community: Community) -> dict[tuple[int, int], Subscription]:
    """By person and plan: what renews itself, or waits to be paid."""
    live = Subscription.objects.filter(community=community, state__in=Subscription.LIVE)
    found = {}
    for row in live.select_related("offer", "next_offer").prefetch_related("offer__plans"):
        for plan in row.offer.plans.all():
            found[(row.user_id, plan.pk)] = row
    return found


def _say(community: Community, ending: Ending, step: str, row: Subscription | None) -> bool:
    """Say one step, once. What is charged by itself is only announced, where that is owed."""
    what = "ends"
    if row is not None:
        if row.state == Subscription.State.PAST_DUE:
            return False  # said by every try
        if row.mandate_id and _charges(row.provider):
            if not _is_owed(row, step):
                return False
            what = "renews"
    if step == WIN_BACK and not _can_come_back(community, ending.plan):
        return False
    return _write(community, ending, step, what, row)


@transaction.atomic
def _write(community: Community, ending: Ending, step: str, what: str, row: Subscription | None) -> bool:
    reminder, made = Reminder.objects.get_or_create(
        user_id=ending.user_id,
        plan_id=ending.plan.pk,
        step=step,
        ends_at=ending.ends_at,
        defaults={"community": community, "at": timezone.now()},
    )
    if made:
        terms = getattr(community, "retention_offer", None) if step == WIN_BACK else None
        record(
            "term.reminded",
            community=community,
            actor=ending.user_id,
            object=reminder,
            step=step,
            what=what,
            plan=ending.plan.name,
            is_trial=ending.is_trial,
            ends_at=ending.ends_at.isoformat(),
            percent=terms.win_back_percent if terms else 0,
            price=price_of_period(row) if row is not None else None,
            currency=row.currency if row is not None else "",
        )
    return made


def _is_owed(row: Subscription, step: str) -> bool:
    """A charge that somebody may have forgotten: the first after a trial, and those months apart."""
    if row.state == Subscription.State.TRIAL:
        return step == "D-1"
    return step == "D-7" and row.term != row.offer.Term.MONTH and not row.instalments


def _can_come_back(community: Community, plan: Plan) -> bool:
    """Whether coming back to this plan costs less: the win-back offer is of what renews itself."""
    terms = getattr(community, "retention_offer", None)
    if terms is None or not terms.win_back_percent:
        return False
    return plan.offers.filter(renewal="automatic", archived_at=None, hidden_key="").exists()


def _charges(provider: str) -> bool:
    try:
        return Capability.MANDATES in provider_of(provider).capabilities
    except NotFound:
        return False


def tell_prices(community: Community) -> int:
    """Announce what the next period will cost, where the price is not locked and another one by now. A price that
    was not announced in time is not asked for."""
    now = timezone.now()
    open_ones = Subscription.objects.filter(
        community=community,
        state=Subscription.State.ACTIVE,
        locks_price=False,
        instalments=0,
        next_offer=None,
        period_ends_at__gt=now + TOLD_AHEAD,
        period_ends_at__lte=now + 31 * DAY,
    )
    return sum(_tell_price(pk) for pk in open_ones.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _tell_price(pk: int) -> bool:
    row = Subscription.objects.select_for_update(of=("self",)).select_related("offer").get(pk=pk)
    price = listed_price(row.offer, row.currency)
    if price is None or price == (row.price if row.next_price is None else row.next_price):
        return False
    before = row.price if row.next_price is None else row.next_price
    row.next_price, row.next_price_told_at = price, timezone.now()
    row.save(update_fields=["next_price", "next_price_told_at"])
    record(
        "subscription.price_told",
        community=row.community_id,
        actor=row.user_id,
        object=row,
        offer=row.offer.name,
        before=before,
        price=price,
        currency=row.currency,
        at=row.period_ends_at.isoformat(),
    )
    return True
