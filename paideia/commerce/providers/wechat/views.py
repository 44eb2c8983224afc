"""Where a buyer goes on to WeChat Pay: a code on a computer, the app on a phone, WeChat's own browser inside WeChat."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paideia.access.requests import Request
from paideia.commerce.models import Order
from paideia.commerce.providers import ProviderDown, cashier, provider_of
from paideia.commerce.providers.asking import while_somebody_waits
from paideia.commerce.providers.cashier import Device
from paideia.commerce.providers.wechat import openids
from paideia.commerce.providers.wechat.provider import WeChatPay

STATE_SECONDS_MAX = 600


@never_cache
@login_required
@require_GET
def wechat_payment(request: HttpRequest, number: str) -> HttpResponse:
    """Pay an order, in the way that fits what the buyer holds in their hands and what the account may."""
    provider = cast(WeChatPay, provider_of("wechat"))
    order = cashier.own_order(cast(Request, request), number, provider.key)
    if (answer := cashier.not_waiting(request, order)) is not None:
        return answer
    way = way_for(cashier.device_of(request), provider.account.ways)
    try:
        with while_somebody_waits():
            return {"native": _native, "h5": _app, "jsapi": _inside}[way](request, provider, order)
    except ProviderDown:
        return cashier.silent(request, order)


def way_for(device: Device, ways: tuple[str, ...]) -> str:
    """The best of the ways that are open on this device."""
    best = {Device.WECHAT: ("jsapi", "native", "h5"), Device.MOBILE: ("h5", "native", "jsapi")}
    return next(way for way in best.get(device, ("native", "h5", "jsapi")) if way in ways)


def _native(request: HttpRequest, provider: WeChatPay, order: Order) -> HttpResponse:
    code = provider.code(order, notify_url=cashier.addresses(request, order)["notify_url"])
    return cashier.to_scan(request, order, code, how=_("Scan this with WeChat."))


def _app(request: HttpRequest, provider: WeChatPay, order: Order) -> HttpResponse:
    addresses = cashier.addresses(request, order)
    ip = get_adapter(request).get_client_ip(request)
    return cashier.onward(request, provider.app_address(order, ip=ip, **addresses))


def _inside(request: HttpRequest, provider: WeChatPay, order: Order) -> HttpResponse:
    """First WeChat says who pays, silently, by a visit to its own site; then its browser is told to pay."""
    here = request.build_absolute_uri(request.path)
    code, state = request.GET.get("code", ""), request.GET.get("state", "")
    if not code or not _is_own(state, request, order):
        mine = signing.dumps([request.user.pk, order.number], salt="wechat-openid")
        return HttpResponseRedirect(openids.asking_address(provider.account, here, mine))
    openid = openids.of_code(provider.account, code)
    addresses = cashier.addresses(request, order)
    terms = provider.page_terms(order, notify_url=addresses["notify_url"], openid=openid)
    return render(request, "commerce/wechat.html", {"order": order, "terms": terms, **addresses})


def _is_own(state: str, request: HttpRequest, order: Order) -> bool:
    """Whether this visit was begun here, by this person, for this order."""
    try:
        said = signing.loads(state, salt="wechat-openid", max_age=STATE_SECONDS_MAX)
    except signing.BadSignature:
        return False
    return bool(said == [request.user.pk, order.number])
