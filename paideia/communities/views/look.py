"""How a community looks, and its house rules."""

import re

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from paideia.communities.doors import Request, for_those_inside
from paideia.lib.colour import theme_css, theme_digest
from paideia.lib.responses import same_for_strangers


@require_safe
def theme(request: Request, accent: str) -> HttpResponse:
    """The stylesheet of a brand colour, kept for good under an address that says what is in it (`?v=`)."""
    if not re.fullmatch(r"[0-9a-fA-F]{6}", accent):
        raise Http404
    response = HttpResponse(theme_css(f"#{accent}"), content_type="text/css; charset=utf-8")
    lasting = request.GET.get("v") == theme_digest(f"#{accent}")
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if lasting else "public, max-age=300"
    )
    return response


@require_safe
@for_those_inside
@same_for_strangers
def rules(request: Request) -> HttpResponse:
    return render(request, "communities/rules.html")
