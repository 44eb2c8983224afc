"""The search page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from paideia.access.requests import Request
from paideia.lib.responses import same_for_strangers
from paideia.lib.text import clean_line
from paideia.search.queries import KINDS, NOTHING, search

WORDS_MAX = 200


@require_GET
@same_for_strangers
def search_page(request: Request) -> HttpResponse:
    words = clean_line(request.GET.get("q", ""))[:WORDS_MAX]
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    found = search(request.viewer, words, kind=kind, after=request.GET.get("after", "")) if words else NOTHING
    context = {"query_text": words, "kind": kind, "found": found}
    return render(request, "search/search.html", context)
