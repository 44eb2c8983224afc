"""What people hear of what they pay for again and again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone, translation

from paideia.access.actions import grant
from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.readers import run_once
from paideia.commerce.actions.reminding import remind
from paideia.communities.models import Community
from paideia.notifications.jobs import send_owed
from paideia.notifications.models import Mail, Notification
from paideia.notifications.wording import sentence

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 3, 31, 20, tzinfo=UTC).isoformat()
TERMS = {"offer": "Monthly", "price": 3000, "currency": "CNY", "ends_at": WHEN, "grace_days": 3}


def told(community: Community, user: User, verb: str, **detail: object) -> Notification:
    record(verb, community=community, actor=user, object=community, **{**TERMS, **detail})
    run_once()
    return Notification.objects.get(user=user)


@pytest.mark.parametrize(
    ("verb", "detail", "words"),
    [
        (
            "subscription.past_due",
            {"by_hand": True},
            "Monthly: the next payment of ¥30 is due. Pay within 3 days to keep it.",
        ),
        (
            "subscription.past_due",
            {"by_hand": False, "again_at": WHEN},
            "Monthly: the payment of ¥30 did not succeed. We try again on Mar 31, 2026.",
        ),
        (
            "subscription.past_due",
            {"by_hand": False, "again_at": None},
            "Monthly: the payment of ¥30 did not succeed. Please pay it yourself.",
        ),
        (
            "subscription.price_told",
            {"before": 2000, "at": WHEN},
            "From Mar 31, 2026 on, Monthly costs ¥30 a period instead of ¥20.",
        ),
        (
            "subscription.ended",
            {"because": "not paid"},
            "Monthly has ended, since the payment did not succeed. You can begin it again any time.",
        ),
        (
            "term.reminded",
            {"step": "D-7", "what": "renews", "plan": "Full"},
            "Full renews on Mar 31, 2026 for ¥30.",
        ),
    ],
)
def test_what_is_owed_is_said_and_mailed_whatever_one_chose(
    community: Community, visitor: User, verb: str, detail: dict[str, object], words: str
) -> None:
    User.objects.update(preferences={"mail": {"billing": False, "term": False}})
    assert sentence(told(community, visitor, verb, **detail)) == words
    assert send_owed() == 1
    assert mail.outbox[0].subject == words
    assert "/c/agora/membership/" in mail.outbox[0].body


def test_an_end_that_one_brought_about_is_not_told(community: Community, visitor: User) -> None:
    record("subscription.ended", community=community, actor=visitor, because="held for good", offer="x")
    run_once()
    assert Notification.objects.count() == 0


def test_a_reminder_comes_by_mail_unless_it_is_turned_off(
    community: Community, visitor: User, owner: User, tier: Plan
) -> None:
    now = timezone.now()
    for user in (visitor, owner):
        grant(
            user=user,
            plan=tier,
            starts_at=now - timedelta(days=83),
            ends_at=now + timedelta(days=7),
            source="order:0",
            key=f"t:{user.pk}",
        )
    User.objects.filter(pk=owner.pk).update(preferences={"mail": {"term": False}})
    assert remind(community) == 2
    run_once()
    assert Notification.objects.filter(kind="term").count() == 2
    assert [one.user for one in Mail.objects.filter(template="membership")] == [visitor]
    with translation.override("zh-hans"):
        assert "Full membership" in sentence(Notification.objects.first())
