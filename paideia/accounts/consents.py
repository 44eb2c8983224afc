"""What people agree to: the version of each text in force, and who has agreed to what."""

from paideia.accounts.models import Consent, User

# Raise a version when its words change in substance: answers name the version that they were given to.
WORDING = {
    Consent.Purpose.TERMS: "2025-11",
    Consent.Purpose.BEHAVIOUR: "2025-11",
    Consent.Purpose.MAIL_DIGEST: "2025-11",
}


def answers(user: User) -> dict[str, bool]:
    """The answer in force for each purpose that was ever answered. One query."""
    newest = Consent.objects.filter(user=user).order_by("purpose", "-at", "-pk").distinct("purpose")
    return {row.purpose: row.given for row in newest}


def allows_behaviour(user: User) -> bool:
    """Whether this person's reading behaviour may be recorded: only a yes is a yes. No query."""
    return bool(user.behaviour_allowed)
