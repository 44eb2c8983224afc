"""The texts people agree to. An operator replaces them by setting addresses of their own (docs/running.md)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from paideia.accounts.consents import WORDING
from paideia.accounts.models import Consent
from paideia.lib.responses import same_for_strangers


@require_safe
@same_for_strangers
def terms(request: HttpRequest) -> HttpResponse:
    return _text(request, settings.TERMS_URL, "accounts/terms.html")


@require_safe
@same_for_strangers
def privacy(request: HttpRequest) -> HttpResponse:
    return _text(request, settings.PRIVACY_URL, "accounts/privacy.html")


def _text(request: HttpRequest, address: str, template: str) -> HttpResponse:
    if address:
        return HttpResponseRedirect(address)
    context = {"wording": WORDING[Consent.Purpose.TERMS], "site_name": settings.SITE_NAME}
    return render(request, template, context)
