"""Where a buyer is sent on to Alipay: to its app on a phone, to its page or a code on a computer."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paideia.access.requests import Request
from paideia.commerce.providers import ProviderDown, cashier, provider_of
from paideia.commerce.providers.alipay.provider import Alipay
from paideia.commerce.providers.asking import while_somebody_waits
from paideia.commerce.providers.cashier import Device


@never_cache
@login_required
@require_GET
def alipay_payment(request: HttpRequest, number: str) -> HttpResponse:
    """Pay an order, in the way that fits what the buyer holds in their hands and what the operator's app may."""
    provider = cast(Alipay, provider_of("alipay"))
    order = cashier.own_order(cast(Request, request), number, provider.key)
    if (answer := cashier.not_waiting(request, order)) is not None:
        return answer
    way = way_for(cashier.device_of(request), provider.account.ways, request.GET.get("way", ""))
    addresses = cashier.addresses(request, order)
    if way == "qr":
        try:
            with while_somebody_waits():
                code = provider.code(order, notify_url=addresses["notify_url"])
        except ProviderDown:
            return cashier.silent(request, order)
        return cashier.to_scan(request, order, code, how=_("Scan this with the Alipay app."))
    return cashier.onward(request, provider.page(order, way, **addresses))


def way_for(device: Device, ways: tuple[str, ...], asked: str = "") -> str:
    """The best of the ways that are open: what was asked for, then what suits the device."""
    best = ("page", "qr", "wap") if device == Device.DESKTOP else ("wap", "page", "qr")
    return next(way for way in (asked, *best) if way in ways)
