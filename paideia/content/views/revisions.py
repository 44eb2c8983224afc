"""What a document said before, what changed, and back again. For those who may edit it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.content import actions, queries
from paideia.content.addresses import path_of
from paideia.content.differences import difference
from paideia.content.models import Document
from paideia.lib.refusal import NotFound

# What was said in talk is edited there, by the rules of that room.
WORKS = (Document.Kind.ARTICLE, Document.Kind.COLUMN, Document.Kind.COURSE, Document.Kind.LESSON)


@login_required
@require_safe
def revision_list(request: HttpRequest, pk: int) -> HttpResponse:
    document = queries.editable_document(request.viewer, pk)  # type: ignore[attr-defined]
    revisions = queries.revisions_of(request.viewer, document).defer("source")[:200]  # type: ignore[attr-defined]
    shown = {"document": document, "revisions": revisions, "path": path_of(document)}
    return render(request, "content/revisions.html", shown)


@login_required
@require_safe
def revision(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One revision beside the one before it, or another (`?against=`)."""
    viewer = request.viewer  # type: ignore[attr-defined]
    document = queries.editable_document(viewer, pk)
    against = request.GET.get("against", "")
    other = int(against) if against.isdecimal() and len(against) < 10 else number - 1
    both = queries.revisions_of(viewer, document).filter(number__in=(number, other))
    found = {each.number: each for each in both}
    if number not in found:
        raise NotFound("")
    shown = {
        "document": document,
        "path": path_of(document),
        "revision": found[number],
        "other": found.get(other),
        "difference": difference(found.get(other), found[number]),
    }
    return render(request, "content/revision.html", shown)


@login_required
@require_POST
def restoration(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    document = queries.editable_document(request.viewer, pk, *WORKS)  # type: ignore[attr-defined]
    actions.restore_revision(document=document, number=number, viewer=request.viewer)  # type: ignore[attr-defined]
    messages.success(
        request, _("Revision %(number)s is back. What it replaced is kept too.") % {"number": number}
    )
    return redirect(path_of(document))
