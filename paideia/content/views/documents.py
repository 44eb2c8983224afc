"""What is done with a document of any kind: publish, withdraw, remove, keep."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.content import actions, presentation, queries
from paideia.content.addresses import path_of
from paideia.content.forms import ScheduleForm
from paideia.content.models import Document
from paideia.lib.refusal import Invalid

# Courses and lessons come out together, in their own room; talk has a room of its own too.
OWN_KINDS = (Document.Kind.ARTICLE, Document.Kind.COLUMN)


@login_required
@require_POST
def publication(request: HttpRequest, pk: int) -> HttpResponse:
    document = queries.editable_document(request.viewer, pk, *OWN_KINDS)  # type: ignore[attr-defined]
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise Invalid(" ".join(str(error) for errors in form.errors.values() for error in errors))
    document = actions.publish(document=document, by=request.user, at=form.cleaned_data["at"])  # type: ignore[arg-type]
    messages.success(request, _("It is out.") if document.announced_at else _("It is scheduled."))
    return redirect(path_of(document))


@login_required
@require_POST
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    document = queries.editable_document(request.viewer, pk, *OWN_KINDS)  # type: ignore[attr-defined]
    actions.withdraw(document=document, by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("It is a draft again, and nobody but you and the editors sees it."))
    return redirect(path_of(document))


@login_required
@require_POST
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    document = queries.editable_document(request.viewer, pk, *OWN_KINDS)  # type: ignore[attr-defined]
    actions.remove_document(document=document, by=request.user, reason=request.POST.get("reason", "")[:200])  # type: ignore[arg-type]
    messages.success(request, _("“%(title)s” was removed.") % {"title": document})
    return redirect("manage_works")


@login_required
@require_POST
def bookmark(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    document = queries.document_for(viewer, pk)
    is_kept = actions.toggle_bookmark(viewer=viewer, document=document)
    if request.headers.get("HX-Request"):
        return render(request, "content/_bookmark.html", {"document": document, "is_kept": is_kept})
    return HttpResponseRedirect(path_of(document))


@login_required
@require_safe
def bookmark_list(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    return render(
        request,
        "content/bookmarks.html",
        {"cards": presentation.cards(viewer, queries.kept_by(viewer)[:100])},
    )
