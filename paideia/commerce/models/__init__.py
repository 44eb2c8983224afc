"""What is sold, on which terms, to whom, and what the payment providers said."""

from paideia.commerce.models.attempts import Attempt
from paideia.commerce.models.credit import CardTerms, GiftCard
from paideia.commerce.models.discounts import Coupon, CouponUse, RedeemBatch, RedeemCode
from paideia.commerce.models.gifts import Gift
from paideia.commerce.models.groups import BuyingGroup, GroupPlace
from paideia.commerce.models.invoices import (
    BillingAddress,
    FapiaoRequest,
    Invoice,
    InvoiceSeries,
    InvoiceTerms,
    TaxRule,
)
from paideia.commerce.models.notices import Notice
from paideia.commerce.models.offers import PRICE_MAX, Offer, OfferPrice, SeatBand
from paideia.commerce.models.orders import Order, OrderLine
from paideia.commerce.models.refunds import Dispute, Exchange, Refund
from paideia.commerce.models.seats import Seat, SeatOrder, SeatPool
from paideia.commerce.models.subscriptions import Reminder, Rest, RetentionOffer, Subscription
from paideia.commerce.providers.sandbox.models import SandboxCharge, SandboxDispute, SandboxRefund
from paideia.commerce.providers.transfer.models import TransferProof

__all__ = [
    "PRICE_MAX",
    "Attempt",
    "BillingAddress",
    "BuyingGroup",
    "CardTerms",
    "Coupon",
    "CouponUse",
    "Dispute",
    "Exchange",
    "FapiaoRequest",
    "Gift",
    "GiftCard",
    "GroupPlace",
    "Invoice",
    "InvoiceSeries",
    "InvoiceTerms",
    "Notice",
    "Offer",
    "OfferPrice",
    "Order",
    "OrderLine",
    "RedeemBatch",
    "RedeemCode",
    "Refund",
    "Reminder",
    "Rest",
    "RetentionOffer",
    "SandboxCharge",
    "SandboxDispute",
    "SandboxRefund",
    "Seat",
    "SeatBand",
    "SeatOrder",
    "SeatPool",
    "Subscription",
    "TaxRule",
    "TransferProof",
]
