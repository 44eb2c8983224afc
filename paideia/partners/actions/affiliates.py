"""The programme of a community, and who takes part in it."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.commerce.models import Offer
from paideia.communities.models import Community
from paideia.lib.refusal import NotFound
from paideia.partners.models import Affiliate, Attribution, ClickDay, Programme
from paideia.partners.models.affiliates import WHOLE
from paideia.partners.refusals import MembersOnly, NoProgramme, NotNow, NotPermitted, WrongTerms

CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without look-alikes
CODE_LENGTH = 8
State = Affiliate.State


@dataclass(frozen=True, slots=True)
class ProgrammeTerms:
    """A programme as the team writes it. Rates are basis points."""

    is_open: bool
    joining: str
    rate_first: int
    rate_second: int
    hold_days: int
    cookie_days: int
    pays_renewals: bool
    reward_points: int
    offers: tuple[Offer, ...] = ()


@transaction.atomic
def save_programme(*, viewer: Viewer, terms: ProgrammeTerms) -> Programme:
    """Change what the community gives. What was earned before stays as it was. Needs money.manage."""
    must_manage_money(viewer)
    if not 0 <= terms.rate_first + terms.rate_second <= WHOLE or min(terms.rate_first, terms.rate_second) < 0:
        raise WrongTerms(_("Both levels together cannot be more than all of the price."))
    if any(offer.community_id != viewer.community.pk for offer in terms.offers):
        raise WrongTerms(_("Choose offers of this community."))
    Programme.objects.get_or_create(community=viewer.community)
    row = Programme.objects.select_for_update().get(community=viewer.community)
    before = _said_of(row)
    for name in ("is_open", "joining", "rate_first", "rate_second", "hold_days", "cookie_days"):
        setattr(row, name, getattr(terms, name))
    row.pays_renewals, row.reward_points = terms.pays_renewals, terms.reward_points
    row.save()
    row.offers.set(terms.offers)
    record(
        "programme.changed",
        community=viewer.community,
        actor=viewer.user,
        before=before,
        after=_said_of(row),
    )
    return row


@transaction.atomic
def become_affiliate(*, viewer: Viewer, words: str = "", brought_by: str = "") -> Affiliate:
    """Take part: at once, or once the team approves. Safe to repeat; who was refused may ask again.

    `brought_by` is the code that the person came with: its owner is the second level, if not themselves.
    """
    programme = Programme.objects.filter(community=viewer.community, is_open=True).first()
    if programme is None:
        raise NoProgramme()
    if viewer.user is None or not viewer.is_member:
        raise MembersOnly()
    User.objects.select_for_update(no_key=True).get(pk=viewer.user.pk)
    at_once = programme.joining == Programme.Joining.EVERYBODY
    found = Affiliate.objects.filter(community=viewer.community, user=viewer.user).first()
    if found is not None and found.state != State.REFUSED:
        return found
    now = timezone.now()
    fields = {
        "state": State.ACTIVE if at_once else State.ASKED,
        "words": words.strip()[:500],
        "asked_at": now,
        "decided_at": now if at_once else None,
        "decided_by": None,
    }
    if found is not None:
        for name, value in fields.items():
            setattr(found, name, value)
        found.save(update_fields=list(fields))
    else:
        found = _write(viewer.community, viewer.user, _parent(viewer, brought_by), fields)
    record(
        "affiliate.joined" if at_once else "affiliate.asked",
        community=viewer.community,
        actor=viewer.user,
        object=found,
    )
    return found


@transaction.atomic
def decide_affiliate(*, viewer: Viewer, affiliate: Affiliate, to: str) -> Affiliate:
    """Approve, refuse, close or open again. A closed one keeps what was earned and earns nothing new."""
    must_manage_money(viewer)
    row = Affiliate.objects.select_for_update().filter(pk=affiliate.pk, community=viewer.community).first()
    if row is None:
        raise NotFound("")
    allowed = {
        State.ASKED: (State.ACTIVE, State.REFUSED),
        State.ACTIVE: (State.CLOSED,),
        State.REFUSED: (State.ACTIVE,),
        State.CLOSED: (State.ACTIVE,),
    }
    if to not in allowed[State(row.state)]:
        raise NotNow()
    before, row.state = row.state, State(to)
    row.decided_at, row.decided_by = timezone.now(), viewer.user
    row.save(update_fields=["state", "decided_at", "decided_by"])
    record(
        "affiliate.decided",
        community=viewer.community,
        actor=viewer.user,
        object=row,
        user=row.user_id,
        before=before,
        after=row.state,
    )
    return row


def active_affiliate(community: Community, code: str) -> Affiliate | None:
    """Whose code this is, while the programme is open and they take part in it."""
    code = code.strip().upper()
    if not (code.isascii() and code.isalnum() and 4 <= len(code) <= 20):
        return None
    found = Affiliate.objects.filter(community=community, code=code, state=State.ACTIVE)
    return found.filter(community__programme__is_open=True).first()


def count_click(affiliate: Affiliate, *, day: date) -> None:
    """One more on this day."""
    row, _made = ClickDay.objects.get_or_create(affiliate=affiliate, day=day)
    ClickDay.objects.filter(pk=row.pk).update(count=F("count") + 1)


@transaction.atomic
def attribute(*, community: Community, user: User, code: str) -> Attribution | None:
    """Remember by whose link a new person came: the first link counts, one's own never does."""
    affiliate = active_affiliate(community, code)
    if affiliate is None or affiliate.user_id == user.pk:
        return None
    days = Programme.objects.values_list("cookie_days", flat=True).get(community=community)
    until = timezone.now() + timedelta(days=days)
    row, made = Attribution.objects.get_or_create(
        community=community, user=user, defaults={"affiliate": affiliate, "until": until}
    )
    if made:
        record(
            "member.referred", community=community, actor=user, object=affiliate, affiliate=affiliate.user_id
        )
    return row


def must_manage_money(viewer: Viewer) -> None:
    if not viewer.may("money.manage"):
        raise NotPermitted()


def _write(
    community: Community, user: User, parent: Affiliate | None, fields: dict[str, object]
) -> Affiliate:
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _letter in range(CODE_LENGTH))
        try:
            with transaction.atomic():
                return Affiliate.objects.create(
                    community=community, user=user, code=code, brought_by=parent, **fields
                )
        except IntegrityError as error:
            if "affiliate_code_once" not in str(error):
                raise


def _parent(viewer: Viewer, code: str) -> Affiliate | None:
    """Who brought this person here, if anybody did. Parents are older than their children: no ring can be."""
    came = Attribution.objects.filter(community=viewer.community, user=viewer.user)
    known = came.select_related("affiliate").first()
    parent = known.affiliate if known else active_affiliate(viewer.community, code)
    return parent if parent is not None and parent.user_id != viewer.user_id else None


def _said_of(row: Programme) -> dict[str, object]:
    names = ("is_open", "joining", "rate_first", "rate_second", "hold_days", "cookie_days", "pays_renewals")
    return {name: getattr(row, name) for name in (*names, "reward_points")}
