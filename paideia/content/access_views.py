"""Why somebody can read a work or not, and opening one with a free read."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from paideia.access.actions import spend_free_read
from paideia.access.refusals import NotForFree
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.commerce.queries import ways_in
from paideia.content import queries
from paideia.content.addresses import path_of
from paideia.content.why import explain_document
from paideia.lib.responses import same_for_strangers


@same_for_strangers
@require_safe
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """Why one can read a work, or what would open it. The team may ask about others (`?member=`), and about
    another time (`?at=`)."""
    viewer = request.viewer  # type: ignore[attr-defined]
    document = queries.document_for(viewer, pk)
    asked, at = _asked_about(request, viewer)
    explained = explain_document(asked, document, at=at)
    context = {
        "document": document,
        "path": path_of(document),
        "asked": asked,
        "is_oneself": asked is viewer,
        "at": at,
        "explained": explained,
        "ways": None if explained.is_open or document.gate_id is None else ways_in(asked, document.gate_id),
    }
    return render(request, "content/why.html", context)


@login_required
@require_POST
def free_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a work with one of the month's free reads, and go on reading where the preview ended."""
    viewer = request.viewer  # type: ignore[attr-defined]
    document = queries.document_for(viewer, pk)
    if not queries.is_open(viewer, document):
        if document.gate is None or not queries.is_listed(viewer, document):
            raise NotForFree()
        spend_free_read(viewer=viewer, document_id=document.pk, gate=document.gate)
        messages.success(request, _("It is open to you from now on."))
    return redirect(f"{path_of(document)}#paywall")


def _asked_about(request: HttpRequest, viewer: Viewer) -> tuple[Viewer, datetime | None]:
    """Whom the question is about, and at which time. Only those who manage access ask about others."""
    handle, moment = request.GET.get("member", ""), request.GET.get("at", "")
    if not handle and not moment:
        return viewer, None
    if not viewer.may("access.manage"):
        raise Http404
    member = get_object_or_404(User, handle__iexact=handle) if handle else None
    try:
        at = parse_datetime(moment) if moment else None
    except ValueError:
        at = None
    if at is not None and timezone.is_naive(at):
        at = timezone.make_aware(at)
    return look(viewer.community, member, at=at) if member else viewer, at
