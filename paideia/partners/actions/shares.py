"""Authors' shares: the rules, and the monthly run that books them."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.saying import said_of
from paideia.commerce.models import Offer
from paideia.communities.models import Community
from paideia.lib.refusal import Invalid, NotFound
from paideia.partners import books
from paideia.partners.actions.affiliates import must_manage_money
from paideia.partners.models import RuleResult, ShareRule, ShareRun, Statement, StatementLine
from paideia.partners.models.affiliates import WHOLE
from paideia.partners.sharing import Part, bounds, reckon_shares

DAYS_AFTER = 3  # of a month, before it is reckoned: nothing of it is still on its way by then


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """A share rule as the team writes it; the rate in basis points."""

    name: str
    kind: str
    rate: int
    person: User | None = None
    offers: tuple[Offer, ...] = ()
    day_seconds_max: int = 1800


@transaction.atomic
def save_rule(*, viewer: Viewer, terms: RuleTerms) -> ShareRule:
    """A new rule, from the month on that is running. Rules are ended, never edited: statements name them.

    Raises Invalid where the rules of one offer would give away more than all of it.
    """
    must_manage_money(viewer)
    Community.objects.select_for_update(no_key=True).get(pk=viewer.community.pk)
    if terms.kind not in ShareRule.Kind.values or not 0 < terms.rate <= WHOLE or not terms.name.strip():
        raise Invalid(_("Give the rule a name and a share above 0 % and up to 100 %."))
    if (terms.kind == ShareRule.Kind.FIXED) != (terms.person is not None):
        raise Invalid(_("A fixed share needs a person; a pool is divided by what members read."))
    if terms.person is not None and not _is_here(viewer.community, terms.person):
        raise Invalid(_("Choose a member of this community."))
    if any(offer.community_id != viewer.community.pk for offer in terms.offers):
        raise Invalid(_("Choose offers of this community."))
    _must_not_give_too_much(viewer.community, terms)
    row = ShareRule.objects.create(
        community=viewer.community,
        name=terms.name.strip()[:120],
        kind=terms.kind,
        rate=terms.rate,
        person=terms.person,
        day_seconds_max=terms.day_seconds_max,
        created_at=timezone.now(),
    )
    row.offers.set(terms.offers)
    _record("share_rule.made", row, viewer)
    return row


@transaction.atomic
def end_rule(*, viewer: Viewer, rule: ShareRule) -> ShareRule:
    """No share by this rule any more, from the month on that is running."""
    must_manage_money(viewer)
    row = ShareRule.objects.select_for_update().filter(pk=rule.pk, community=viewer.community).first()
    if row is None:
        raise NotFound("")
    if row.ended_at is None:
        row.ended_at = timezone.now()
        row.save(update_fields=["ended_at"])
        _record("share_rule.ended", row, viewer)
    return row


def run_due_shares() -> int:
    """Book the month before, for each community that has rules and has not done it. Returns how many were."""
    made = 0
    for community in Community.objects.filter(share_rules__isnull=False).distinct().order_by("pk"):
        here = timezone.now().astimezone(ZoneInfo(community.time_zone))
        if here.day >= DAYS_AFTER:
            last = here.date().replace(day=1) - timedelta(days=1)
            made += run_shares(community=community, month=last.replace(day=1))
    return made


@transaction.atomic
def run_shares(*, community: Community, month: date) -> bool:
    """Reckon and book a month that is over: all of it, once. Whether it was done now; again, it changes nothing.

    Months go forward: what a run carries on belongs to the next. Raises Invalid for a month that is not over.
    """
    Community.objects.select_for_update(no_key=True).get(pk=community.pk)
    if timezone.now() < bounds(community, month)[1]:
        raise Invalid(_("This month is not over."))
    if ShareRun.objects.filter(community=community, month__gte=month).exists():
        return False
    parts = reckon_shares(community, month)
    run = ShareRun.objects.create(community=community, month=month)
    for part in parts:
        RuleResult.objects.create(
            run=run,
            rule=part.rule,
            currency=part.currency,
            net=part.net,
            carried=part.carried,
            pot=part.pot,
            carries=part.carries,
        )
    for user_id, currency in sorted({(user, part.currency) for part in parts for user in part.parts}):
        _state(run, user_id, currency, [part for part in parts if part.currency == currency])
    record("shares.booked", community=community, object=run, month=month.isoformat())
    return True


def _state(run: ShareRun, user_id: int, currency: str, parts: list[Part]) -> None:
    """One person's statement, with the money."""
    mine = [part for part in parts if part.parts.get(user_id)]
    amount = sum(part.parts[user_id] for part in mine)
    row = Statement.objects.create(run=run, user_id=user_id, currency=currency, amount=amount)
    StatementLine.objects.bulk_create(
        StatementLine(
            statement=row,
            rule=part.rule,
            base=part.base,
            pot=part.pot,
            seconds=part.seconds.get(user_id, 0),
            seconds_in_all=sum(part.seconds.values()),
            amount=part.parts[user_id],
        )
        for part in mine
    )
    key = f"statement:{row.pk}:share"
    books.sales_to_earnings(run.community, user_id, currency, amount, key, {"statement": row.pk})
    record(
        "statement.made",
        community=run.community,
        actor=user_id,
        object=row,
        month=run.month.isoformat(),
        amount=amount,
        currency=currency,
    )


def _must_not_give_too_much(community: Community, terms: RuleTerms) -> None:
    running = list(ShareRule.objects.filter(community=community, ended_at=None).prefetch_related("offers"))
    offers = {offer.pk for offer in terms.offers}
    every = offers or set(Offer.objects.filter(community=community).values_list("pk", flat=True)) or {0}
    for offer in every:
        given = sum(
            one.rate for one in running if not one.offers.all() or offer in {o.pk for o in one.offers.all()}
        )
        if given + terms.rate > WHOLE:
            raise Invalid(_("Together with the other rules this would give away more than all of an offer."))


def _is_here(community: Community, person: User) -> bool:
    return bool(community.memberships.filter(user=person, left_at=None).exists())


def _record(verb: str, row: ShareRule, viewer: Viewer) -> None:
    record(
        verb,
        community=viewer.community,
        actor=viewer.user,
        object=row,
        name=row.name,
        kind=row.kind,
        rate=row.rate,
        before=None if verb == "share_rule.made" else {"ended_at": None},
        after=said_of(row, "name", "kind", "rate", "person_id", "day_seconds_max", "ended_at"),
    )
