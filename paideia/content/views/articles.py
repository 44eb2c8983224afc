"""Articles as they are read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from paideia.content import presentation, queries
from paideia.content.paging import page_after
from paideia.content.reading import article_for
from paideia.content.shop_window import shop_window
from paideia.lib.responses import same_for_strangers


@same_for_strangers
@require_safe
def article_list(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    tag = request.GET.get("tag", "")[:40]
    found = queries.articles(viewer)
    page = page_after(found.filter(tags__contains=[tag]) if tag else found, request.GET.get("after"))
    shown = {"cards": presentation.cards(viewer, page.rows), "after": page.after, "tag": tag}
    return render(request, "content/articles.html", shown)


@same_for_strangers
@require_safe
def article(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    document = article_for(viewer, pk)
    reading = queries.opened(viewer, document)
    shown = {
        "document": document,
        "reading": reading,
        "card": presentation.card(viewer, document),
        "contents": presentation.contents_of(document, is_open=reading.is_open),
        "window": None if reading.is_open else shop_window(viewer, document, path=request.path),
        "canonical": presentation.canonical_url(document, viewer.community),
        "structured": presentation.structured(viewer, document),
        "language_tag": presentation.language_tag(document),
    }
    return render(request, "content/article.html", shown)
