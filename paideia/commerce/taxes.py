"""Tax on what is sold: which rule counts, and how much of an amount it is. Whole minor units, half rounded up."""

from paideia.commerce.models import BillingAddress, TaxRule

WHOLE = 10_000  # basis points


def rule_for(community_id: int, buyer_id: int | None) -> TaxRule | None:
    """The rule of the buyer's country, by their billing address; of every other where none is named for it."""
    rules = {rule.country: rule for rule in TaxRule.objects.filter(community_id=community_id)}
    if not rules:
        return None
    country = ""
    if buyer_id is not None:
        country = (
            BillingAddress.objects.filter(user_id=buyer_id).values_list("country", flat=True).first() or ""
        )
    return rules.get(country) or rules.get("")


def tax_within(amount: int, rate: int) -> int:
    """The tax that an amount contains."""
    return (2 * amount * rate + WHOLE + rate) // (2 * (WHOLE + rate))


def tax_on_top(amount: int, rate: int) -> int:
    """The tax that comes on top of an amount."""
    return (2 * amount * rate + WHOLE) // (2 * WHOLE)
