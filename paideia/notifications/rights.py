"""Whether what was to be mailed may still be said: asked at the moment of sending, whatever was so when it was owed."""

from django.db.models import Q
from django.utils import timezone

from paideia.access.models import Grant
from paideia.access.viewer import Viewer, look
from paideia.activity.models import Fact
from paideia.commerce.models import Reminder, Subscription
from paideia.communities.models import Membership
from paideia.content.models import Document
from paideia.notifications.choices import ALWAYS
from paideia.notifications.models import Mail, Notification

AFTER_THE_END = {"D+3", "win-back"}
# Of a subscription: what a mail says of it holds only in these states.
STATES = {
    "subscription.past_due": {Subscription.State.PAST_DUE},
    "subscription.price_told": set(Subscription.LIVE),
}


def why_not(mail: Mail) -> str:
    """Why a mail must not go out any more; "" where it may."""
    if not mail.user.is_active or not mail.user.email:
        return "the person left"
    told = mail.notification
    if told is None or told.community is None:
        return ""
    viewer = look(told.community, mail.user)
    needs = told.params.get("needs")
    if needs and not viewer.may(needs):
        return "may not see it any more"
    if told.kind not in ALWAYS and _is_out(told, viewer):
        return "is not in the community any more"
    if told.document_id and not Document.objects.visible_to(viewer).filter(pk=told.document_id).exists():
        return "may not read it any more"
    return _outdated(told)


def _is_out(told: Notification, viewer: Viewer) -> bool:
    """Somebody who was a member and is suspended, or went. Who never was one is told what they follow."""
    return (
        not viewer.is_member
        and Membership.objects.filter(user=told.user_id, community=told.community_id).exists()
    )


def _outdated(told: Notification) -> str:
    """What is said of a term or a renewal that is no longer so: refunded, cancelled, ended, suspended, paid."""
    verb = told.params.get("verb", "")
    if verb != "term.reminded" and verb not in STATES:
        return ""
    fact = Fact.objects.filter(pk=told.fact_id, verb=verb).first()
    if fact is None or fact.object_id is None or fact.object_kind not in {"reminder", "subscription"}:
        return ""
    holds = _still_ends(told, fact.object_id) if verb == "term.reminded" else _stands(fact.object_id, verb)
    return "" if holds and not _is_out(told, _looking(told)) else "is no longer so"


def _stands(subscription_id: int, verb: str) -> bool:
    return Subscription.objects.filter(pk=subscription_id, state__in=STATES[verb]).exists()


def _still_ends(told: Notification, reminder_id: int) -> bool:
    reminder = Reminder.objects.filter(pk=reminder_id).first()
    if reminder is None:
        return False
    held = Grant.objects.filter(user=told.user_id, plan=reminder.plan_id, revoked_at=None)
    held = held.exclude(source__startswith="grace:")
    if not held.filter(ends_at=reminder.ends_at).exists():
        return False  # taken back, or it ends at another time
    if held.filter(Q(ends_at=None) | Q(ends_at__gt=reminder.ends_at)).exists():
        return False  # it goes on
    if told.params.get("what") == "renews":
        return _renews(told, reminder)
    return reminder.step in AFTER_THE_END or reminder.ends_at > timezone.now()


def _renews(told: Notification, reminder: Reminder) -> bool:
    live = Subscription.objects.filter(user=told.user_id, offer__plans=reminder.plan_id)
    return live.filter(state__in=Subscription.LIVE, charge_at__isnull=False).exists()


def _looking(told: Notification) -> Viewer:
    assert told.community is not None
    return look(told.community, told.user)
