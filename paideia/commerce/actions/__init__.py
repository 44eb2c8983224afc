"""What can be done with offers, orders and what providers say."""

from paideia.commerce.actions.notices import (
    accept,
    accept_dispute_news,
    accept_payment,
    accept_refund_news,
    resolve_notice,
)
from paideia.commerce.actions.offers import OfferTerms, archive_offer, renew_link, restore_offer, save_offer
from paideia.commerce.actions.orders import begin_payment, expire_orders, must_be_on_sale, place_order
from paideia.commerce.actions.refunds import preview_refund, refund_order
from paideia.commerce.actions.sending import send_refund
from paideia.commerce.actions.settling import settle_order
from paideia.commerce.actions.strays import return_stray
from paideia.commerce.actions.trials import start_trial

__all__ = [
    "OfferTerms",
    "accept",
    "accept_dispute_news",
    "accept_payment",
    "accept_refund_news",
    "archive_offer",
    "begin_payment",
    "expire_orders",
    "must_be_on_sale",
    "place_order",
    "preview_refund",
    "refund_order",
    "renew_link",
    "resolve_notice",
    "restore_offer",
    "return_stray",
    "save_offer",
    "send_refund",
    "settle_order",
    "start_trial",
]
