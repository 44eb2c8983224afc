"""Reads, a module for each noun. Each takes the viewer and shows no more than the viewer may see."""

from paideia.commerce.queries.offers import (
    Had,
    offer_on_sale,
    offers_on_sale,
    offers_with_sales,
    plans_had,
    plans_to_sell,
)
from paideia.commerce.queries.orders import (
    grants_of,
    must_see_money,
    open_notices,
    order_of,
    orders_of,
    orders_searched,
    sales,
)
from paideia.commerce.queries.ways import Ways, offers_for_gate, ways_in

__all__ = [
    "Had",
    "Ways",
    "grants_of",
    "must_see_money",
    "offer_on_sale",
    "offers_for_gate",
    "offers_on_sale",
    "offers_with_sales",
    "open_notices",
    "order_of",
    "orders_of",
    "orders_searched",
    "plans_had",
    "plans_to_sell",
    "sales",
    "ways_in",
]
