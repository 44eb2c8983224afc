"""What the editor asks for while somebody writes: a preview, a place for the draft, people to mention."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.content import actions, queries
from paideia.content.people import members_like
from paideia.content.rendering import rendered_for
from paideia.lib.refusal import NotAllowed

PEOPLE_MAX = 8


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The text as it will be shown: the same rendering, the same sanitising."""
    viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.is_member:
        raise NotAllowed(_("Join to write here."))
    kind = request.POST.get("kind", "")
    return HttpResponse(rendered_for(viewer.community, request.POST.get("source", ""), kind=kind).html)


@login_required
@require_http_methods(["GET", "POST", "DELETE"])
def draft(request: HttpRequest) -> HttpResponse:
    """GET ?key=: what was kept; POST key, title, source: keep it; DELETE ?key=: forget it."""
    viewer = request.viewer  # type: ignore[attr-defined]
    key = request.POST.get("key") or request.GET.get("key", "")
    if request.method == "DELETE":
        actions.discard_draft(viewer=viewer, key=key)
        return HttpResponse(status=204)
    if request.method == "GET":
        kept = queries.draft_of(viewer, key)
    else:
        given = request.POST
        kept = actions.keep_draft(
            viewer=viewer, key=key, title=given.get("title", ""), source=given.get("source", "")
        )
    if kept is None:
        return HttpResponse(status=204)
    return JsonResponse({"title": kept.title, "source": kept.source, "saved_at": kept.saved_at.isoformat()})


@login_required
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Members whose handle or name begins with ?q=, for completing a mention."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found = members_like(viewer, request.GET.get("q", ""))[:PEOPLE_MAX]
    return JsonResponse({"people": [{"handle": each.handle, "name": each.shown_name} for each in found]})
