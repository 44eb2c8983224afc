"""Who sent a visitor: `?ref=CODE` on any page of a community."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from paideia.partners import referring


class ReferralMiddleware:
    """Remembers by whose link somebody came, and tells who has become a member by it. Costs nothing where nobody
    was sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "community", None) is None:
            return self.get_response(request)
        if request.method == "GET" and "ref" in request.GET:
            referring.arrive(request, request.GET["ref"])
        request.referral_code = referring.code_of(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        referring.remember(request, response)
        return response
