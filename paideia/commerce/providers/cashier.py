"""What the pages share from which a buyer is sent on to a provider."""

from enum import StrEnum
from io import BytesIO
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from markupsafe import Markup

from paideia.access.requests import Request
from paideia.commerce.models import Order
from paideia.commerce.queries import order_of
from paideia.lib.refusal import NotFound, Refused


def onward(request: HttpRequest, address: str) -> HttpResponse:
    """On to where an order is paid. Outside addresses are reached from a page of ours: browsers do not let a
    form's answer lead away from the site (`form-action` of its policy)."""
    if address.startswith("/"):
        return HttpResponseRedirect(address)
    host = urlsplit(address).hostname or ""
    return render(request, "commerce/onward.html", {"address": address, "host": host})


def silent(request: HttpRequest, order: Order) -> HttpResponse:
    """Back to the order, which waits, while the provider does not answer."""
    text = _("The payment provider does not answer. Your order is kept: try again in a moment.")
    messages.warning(request, text)
    return HttpResponseRedirect(reverse("order", args=[order.number]))


def to_scan(request: HttpRequest, order: Order, code: str, *, how: str) -> HttpResponse:
    """The page with a code to scan; it goes on by itself once the order is paid."""
    context = {"order": order, "code": qr_code(code), "how": how}
    return render(request, "commerce/scan.html", context)


def not_waiting(request: HttpRequest, order: Order) -> HttpResponse | None:
    """The answer where there is nothing to pay any more, or where a page only asks whether that is so."""
    if order.may_be_paid:
        return HttpResponse(status=204) if "HX-Request" in request.headers else None
    address = reverse("order_paid", args=[order.number])
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


class Device(StrEnum):
    DESKTOP = "desktop"
    MOBILE = "mobile"
    WECHAT = "wechat"  # its own browser
    ALIPAY = "alipay"


def device_of(request: HttpRequest) -> Device:
    """What the buyer seems to hold in their hands."""
    agent = request.headers.get("User-Agent", "").lower()
    if "micromessenger" in agent:
        return Device.WECHAT
    if "alipayclient" in agent:
        return Device.ALIPAY
    return Device.MOBILE if "mobile" in agent or "android" in agent else Device.DESKTOP


def own_order(request: Request, number: str, provider: str) -> Order:
    """The buyer's own order at this provider. Raises NotFound, or Refused for the team, who may look only."""
    found = order_of(request.viewer, number)
    if found.provider != provider:
        raise NotFound("")
    if found.buyer_id != request.user.pk:
        raise Refused(_("Only the buyer can pay an order."))
    return found


def addresses(request: HttpRequest, order: Order) -> dict[str, str]:
    """Where the provider sends the buyer back to, and where it tells us."""
    here = request.build_absolute_uri
    return {
        "return_url": here(reverse("order_paid", args=[order.number])),
        "notify_url": here(reverse("provider_notifications", args=[order.provider])),
    }


def qr_code(text: str) -> Markup:
    """The text as a picture to scan: an SVG that scales, dark on white whatever the page's colours."""
    import qrcode
    from qrcode.image.svg import SvgPathImage

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=3)
    code.add_data(text)
    out = BytesIO()
    code.make_image(image_factory=SvgPathImage).save(out)
    svg = out.getvalue().decode().partition("?>")[2].strip()
    return Markup(svg)
