"""Whatever a request changes that is audited says from which address it came."""

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from paideia.activity.origin import address

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


class OriginMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE:
            return self.get_response(request)
        token = address.set(_address_of(request))
        try:
            return self.get_response(request)
        finally:
            address.reset(token)


def _address_of(request: HttpRequest) -> str:
    """As sign-in counts it, behind a proxy too."""
    try:
        return str(get_adapter().get_client_ip(request) or "")
    except PermissionDenied:  # a proxy that should name it does not
        return ""
