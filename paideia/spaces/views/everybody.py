"""Spaces as everybody sees them. What is in a space is composed above (web)."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.access.models import Grant
from paideia.communities.doors import Request, for_those_inside
from paideia.lib.responses import same_for_strangers
from paideia.spaces import actions, queries
from paideia.spaces.models import Space


@require_safe
@for_those_inside
@same_for_strangers
def spaces(request: Request) -> HttpResponse:
    return render(request, "spaces/spaces.html", {"rows": queries.spaces_for(request.viewer)})


@require_http_methods(["GET", "HEAD", "POST"])
@same_for_strangers
def membership(request: Request, slug: str) -> HttpResponse:
    """How to get in: a circle's questions, or what opens the gate. POST joins, or asks to."""
    space = _shown(request, slug)
    if request.method == "POST":
        return _join(request, space) if request.user.is_authenticated else redirect_to_login(request.path)
    context = {
        "space": space,
        "place": queries.place_in(request.viewer, space),
        "is_open": request.viewer.can_open(space.gate_id),
    }
    return render(request, "spaces/membership.html", context)


def _join(request: Request, space: Space) -> HttpResponse:
    questions = enumerate(space.join_questions)
    answers = {question: request.POST.get(f"answer_{place}", "") for place, question in questions}
    result = actions.join_space(viewer=request.viewer, space=space, answers=answers)
    if isinstance(result, Grant):
        messages.success(request, _("You are in “%(space)s”.") % {"space": space})
        return redirect("space", space.slug)
    return redirect("space_membership", space.slug)


@login_required
@require_POST
def leaving(request: Request, slug: str) -> HttpResponse:
    """Go out of a circle, or take back the request to come in."""
    space = _shown(request, slug)
    actions.withdraw_space_request(viewer=request.viewer, space=space)
    actions.leave_space(viewer=request.viewer, space=space)
    return redirect("space_membership", space.slug)


def _shown(request: Request, slug: str) -> Space:
    space = queries.space_shown(request.viewer, slug)
    if space is None:
        raise Http404
    return space
