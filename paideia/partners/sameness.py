"""Whether two accounts are one payer's, as far as what they said themselves shows it: nobody earns by their own money.

What does not prove it is no reason: an address, a device or a household that two people share.
"""

from paideia.accounts.models import User
from paideia.commerce.models import BillingAddress, Subscription

UNDOTTED = {"gmail.com", "googlemail.com"}  # dots in the name mean nothing there


def is_same_payer(one: int, other: int) -> bool:
    """The same account, the same mailbox, the same way of paying that renews, or the same tax number."""
    if one == other:
        return True
    mine, theirs = _traces(one), _traces(other)
    return bool(mine & theirs)


def mailbox(email: str) -> str:
    """Where mail to this address arrives: without what stands after a plus, and dots where they mean nothing."""
    name, at, host = email.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    host = "gmail.com" if host in UNDOTTED else host
    return f"{name.replace('.', '') if host in UNDOTTED else name}{at}{host}"


def _traces(user_id: int) -> set[tuple[str, ...]]:
    emails = User.objects.filter(pk=user_id).values_list("email", flat=True)
    found: set[tuple[str, ...]] = {("mail", mailbox(email)) for email in emails if email}
    mandates = Subscription.objects.filter(user=user_id).exclude(mandate_id="")
    found |= {("mandate", *pair) for pair in mandates.values_list("provider", "mandate_id")}
    numbers = BillingAddress.objects.filter(user=user_id).exclude(tax_id="")
    return found | {
        ("tax", country, number.replace(" ", "").upper())
        for country, number in numbers.values_list("country", "tax_id")
    }
