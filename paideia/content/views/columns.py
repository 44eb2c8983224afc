"""Columns: a series of articles under one name."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from paideia.content import presentation, queries
from paideia.content.models import Document
from paideia.content.paging import page_after
from paideia.content.shop_window import shop_window
from paideia.lib.responses import same_for_strangers


@same_for_strangers
@require_safe
def column_list(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    page = page_after(queries.columns(viewer), request.GET.get("after"))
    shown = {"cards": presentation.cards(viewer, page.rows), "after": page.after}
    return render(request, "content/columns.html", shown)


@same_for_strangers
@require_safe
def column(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    document = queries.document_for(viewer, pk, kind=Document.Kind.COLUMN)
    articles = queries.articles_of_column(viewer, document)
    reading = queries.opened(viewer, document)
    shown = {
        "document": document,
        "card": presentation.card(viewer, document),
        "reading": reading,
        "window": None if reading.is_open else shop_window(viewer, document, path=request.path),
        "cards": presentation.cards(viewer, articles),
        "may_edit": queries.is_editable(viewer, document),
        "canonical": presentation.canonical_url(document, viewer.community),
        "structured": presentation.structured(viewer, document, kind="CreativeWorkSeries"),
        "language_tag": presentation.language_tag(document),
    }
    return render(request, "content/column.html", shown)
