"""Tax that comes on top of the price."""

from paideia.commerce.models import OrderLine
from paideia.commerce.quoting import Quote
from paideia.commerce.taxes import rule_for, tax_on_top


def tax(quote: Quote) -> None:
    """A line for the tax, where the rule for the buyer's country says that prices do not contain it."""
    rule = rule_for(quote.offer.community_id, quote.buyer.pk if quote.buyer else None)
    if rule is not None and not rule.is_inclusive and (amount := tax_on_top(quote.value, rule.rate)):
        quote.add(OrderLine.Kind.TAX, amount, rule.name)
