"""The search page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from paideia.access.requests import Request
from paideia.lib.responses import same_for_strangers
from paideia.lib.text import clean_line
from paideia.search.queries import KINDS
from paideia.search.shown import results_html

WORDS_MAX = 200


@require_GET
@same_for_strangers
def search_page(request: Request) -> HttpResponse:
    words = clean_line(request.GET.get("q", ""))[:WORDS_MAX]
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    after = request.GET.get("after", "")
    results = results_html(request.viewer, words, kind=kind, after=after) if words else ""
    return render(request, "search/search.html", {"query_text": words, "kind": kind, "results": results})
