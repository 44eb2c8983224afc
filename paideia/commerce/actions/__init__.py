"""What can be done with offers, orders and what providers say."""

from paideia.commerce.actions.notices import accept_payment, resolve_notice
from paideia.commerce.actions.offers import OfferTerms, archive_offer, restore_offer, save_offer
from paideia.commerce.actions.orders import begin_payment, expire_orders, place_order
from paideia.commerce.actions.settling import settle_order
from paideia.commerce.actions.trials import start_trial

__all__ = [
    "OfferTerms",
    "accept_payment",
    "archive_offer",
    "begin_payment",
    "expire_orders",
    "place_order",
    "resolve_notice",
    "restore_offer",
    "save_offer",
    "settle_order",
    "start_trial",
]
