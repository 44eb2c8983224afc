"""The people of a community, as everybody sees them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.accounts.actions import follow, unfollow
from paideia.communities import actions, queries
from paideia.communities.doors import Request, for_those_inside
from paideia.communities.forms import ClaimForm
from paideia.communities.models import Membership
from paideia.lib.responses import same_for_strangers
from paideia.lib.text import clean_line


@require_safe
@for_those_inside
@same_for_strangers
def members(request: Request) -> HttpResponse:
    name, role = (clean_line(request.GET.get(key, ""))[:60] for key in ("name", "role"))
    page = queries.members_page(request.viewer, name=name, role=role, after=request.GET.get("after", ""))
    roles = queries.role_choices(request.community)
    return render(
        request, "communities/members.html", {"page": page, "name": name, "role": role, "roles": roles}
    )


@require_safe
@for_those_inside
@same_for_strangers
def member(request: Request, handle: str) -> HttpResponse:
    found = _shown(request, handle)
    return render(request, "communities/member.html", {"membership": found, "person": found.user})


@login_required
@require_POST
@for_those_inside
def following(request: Request, handle: str) -> HttpResponse:
    """Follow, or follow no more: `follow` says which."""
    found = _shown(request, handle)
    act = follow if request.POST.get("follow") == "yes" else unfollow
    act(follower=request.user, followed=found.user, community=request.community)
    if "HX-Request" in request.headers:
        again = _shown(request, handle)
        return render(request, "communities/_follow.html", {"membership": again, "person": again.user})
    return redirect("member", found.user.handle)


@login_required
@require_http_methods(["GET", "POST"])
@for_those_inside
def claim(request: Request, handle: str) -> HttpResponse:
    """Say that an imported profile is one's own."""
    found = _shown(request, handle)
    if not found.user.claimable_from:
        raise Http404
    form = ClaimForm(request.POST or None, claimant=request.user)
    if request.method == "POST" and form.is_valid():
        actions.claim_profile(
            community=request.community, profile=found.user, claimant=request.user, **form.cleaned_data
        )
        messages.success(request, _("The team has your claim. You get a mail when it is decided."))
        return redirect("member", found.user.handle)
    context: dict[str, Any] = {
        "form": form,
        "person": found.user,
        "back": reverse("member", args=[found.user.handle]),
    }
    return render(request, "communities/claim.html", context, status=422 if form.errors else 200)


def _shown(request: Request, handle: str) -> Membership:
    found = queries.member_shown(request.viewer, handle)
    if found is None:
        raise Http404
    return found
