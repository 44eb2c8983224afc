"""Writing articles and columns. Each page is a plain form; the editor in it only helps."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from paideia.access.viewer import Viewer
from paideia.content import actions, queries
from paideia.content.addresses import path_of
from paideia.content.differences import difference
from paideia.content.forms import ArticleForm, ColumnForm, WorkForm, initial_of
from paideia.content.models import Column, Document, Media
from paideia.content.presentation import COVER_WIDTH, media_path
from paideia.content.rendering import rendered_for
from paideia.lib.refusal import NotAllowed, Refused


@login_required
@require_http_methods(["GET", "POST"])
def article_new(request: HttpRequest) -> HttpResponse:
    return _write(request, ArticleForm, None)


@login_required
@require_http_methods(["GET", "POST"])
def article_edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    return _write(request, ArticleForm, queries.editable_document(viewer, pk, Document.Kind.ARTICLE))


@login_required
@require_http_methods(["GET", "POST"])
def column_new(request: HttpRequest) -> HttpResponse:
    return _write(request, ColumnForm, None)


@login_required
@require_http_methods(["GET", "POST"])
def column_edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    return _write(request, ColumnForm, queries.editable_document(viewer, pk, Document.Kind.COLUMN))


def _write(request: HttpRequest, form_class: type[WorkForm], document: Document | None) -> HttpResponse:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    if document is None and not viewer.may("content.write"):
        raise NotAllowed(_("Your role does not include writing articles and courses."))
    form = form_class(
        request.POST or None,
        request.FILES or None,
        viewer=viewer,
        choices=queries.choices_for(viewer),
        document=document,
        initial=initial_of(document) if document else _asked_for(request),
    )
    if request.method == "POST" and "preview" in request.POST:
        return _page(
            request, form, preview=rendered_for(viewer.community, request.POST.get("source", "")).html
        )
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save(viewer, form)
        except actions.EditConflict as conflict:
            return _conflict(request, form, conflict.current)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            actions.discard_draft(viewer=viewer, key=draft_key(form))
            return _published(request, form, saved)
    return _page(request, form)


def draft_key(form: WorkForm) -> str:
    """The name under which the browser keeps what is in this form."""
    kind = "article" if isinstance(form, ArticleForm) else "column"
    return f"{kind}:{form.document.pk if form.document else 'new'}"


def _save(viewer: Viewer, form: WorkForm) -> Document:
    given = form.cleaned_data
    fields: dict[str, Any] = {
        "community": viewer.community,
        "author": form.document.author if form.document else viewer.user,
        "viewer": viewer,
        "document": form.document,
        **form.saved_fields(),
    }
    if (cover := _cover(viewer, form)) is not actions.UNCHANGED:
        fields["cover"] = cover
    if isinstance(form, ArticleForm):
        column = (
            Column.objects.select_related("document").get(pk=given["column"]) if given["column"] else None
        )
        return actions.save_article(column=column, **fields)
    return actions.save_column(**fields)


def _cover(viewer: Viewer, form: WorkForm) -> Media | None:
    given = form.cleaned_data
    if given["cover"]:
        return actions.store_media(
            community=viewer.community, uploader=viewer.user, file=given["cover"], name=given["cover"].name
        )
    return None if given["cover_removed"] else actions.UNCHANGED


def _published(request: HttpRequest, form: WorkForm, saved: Document) -> HttpResponse:
    """What follows after saving: the draft stays one, or comes out now or later."""
    if "publish" in request.POST:
        try:
            saved = actions.publish(document=saved, by=request.user, at=form.cleaned_data["at"])  # type: ignore[arg-type]
        except NotAllowed as refusal:
            messages.warning(request, refusal.message)
            return redirect(path_of(saved))
        messages.success(request, _("It is out.") if saved.announced_at else _("It is scheduled."))
    else:
        messages.success(request, _("Saved."))
    return redirect(path_of(saved))


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """A link may say where the new work goes: ?space=3, ?column=12."""
    return {key: request.GET[key] for key in ("space", "column") if request.GET.get(key, "").isdecimal()}


def _conflict(request: HttpRequest, form: WorkForm, current: Document) -> HttpResponse:
    """Both texts side by side, and a form that holds the writer's own: nothing is lost, nothing
    overwritten."""
    mine = Document(title=form.cleaned_data["title"], source=form.cleaned_data["source"])
    shown = {"current": current, "difference": difference(current, mine), "conflict": True}
    form.data = {**request.POST.dict(), "revision": str(current.revision)}
    return _page(request, form, status=409, **shown)


def _page(request: HttpRequest, form: WorkForm, *, status: int = 200, **shown: Any) -> HttpResponse:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    key = draft_key(form)
    article_or_column = form.document and getattr(form.document, form.document.kind, None)
    shown |= {
        "cover_url": media_path(article_or_column.cover, COVER_WIDTH)
        if article_or_column and article_or_column.cover
        else "",
        "form": form,
        "document": form.document,
        "is_column": isinstance(form, ColumnForm),
        "draft_key": key,
        "draft": None if form.is_bound else queries.draft_of(viewer, key),
        "may_publish": viewer.may("content.publish"),
    }
    return render(request, "content/edit.html", shown, status=status)
