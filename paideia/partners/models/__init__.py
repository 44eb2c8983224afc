"""Who brings buyers and who writes what is sold, what each has earned, and how it reaches them."""

from paideia.partners.models.affiliates import Affiliate, Attribution, ClickDay, Programme
from paideia.partners.models.commissions import Commission, Reward, Sale
from paideia.partners.models.payouts import Payout, PayoutTerms, TaxBand
from paideia.partners.models.shares import RuleResult, ShareRule, ShareRun, Statement, StatementLine

__all__ = [
    "Affiliate",
    "Attribution",
    "ClickDay",
    "Commission",
    "Payout",
    "PayoutTerms",
    "Programme",
    "Reward",
    "RuleResult",
    "Sale",
    "ShareRule",
    "ShareRun",
    "Statement",
    "StatementLine",
    "TaxBand",
]
