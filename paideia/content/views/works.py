"""The works of a community as those see them who write and publish."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from paideia.content import presentation, queries
from paideia.content.paging import page_after
from paideia.lib.refusal import NotAllowed


@login_required
@require_safe
def work_list(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.may("content.write") and not viewer.may("content.edit_any"):
        raise NotAllowed(_("Your role does not include writing articles and courses."))
    state = request.GET.get("state", "")
    page = page_after(queries.works(viewer, state), request.GET.get("after"))
    shown = {
        "cards": presentation.cards(viewer, page.rows),
        "after": page.after,
        "state": state,
        "counted": queries.works_counted(viewer),
    }
    return render(request, "content/works.html", shown)
