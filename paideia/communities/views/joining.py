"""Coming in, by the door or by invitation, and going out."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from paideia.accounts.actions import prove_address
from paideia.accounts.views.sign_in import SignUpView
from paideia.communities import actions, queries
from paideia.communities.actions.claims import usable_claim
from paideia.communities.actions.invitations import is_usable, token_hash
from paideia.communities.doors import Request
from paideia.communities.forms import HandOverForm
from paideia.communities.models import Community, Invitation, Membership
from paideia.lib.refusal import Refused
from paideia.lib.responses import same_for_strangers


@require_http_methods(["GET", "HEAD", "POST"])
@same_for_strangers
def join(request: Request) -> HttpResponse:
    """What joining means here, its questions, and where one's request stands."""
    community, user = request.community, request.user
    closed = community.joining == Community.Joining.INVITATION
    if closed and not request.viewer.may_enter:
        raise Http404  # a private community that nobody can ask to join does not show itself
    if request.method == "POST":
        return _join(request) if user.is_authenticated else _to_sign_in(request)
    context: dict[str, Any] = {"next": _next(request, default=""), "closed": closed}
    if user.is_authenticated and not request.viewer.is_member:
        membership = queries.membership_of(community, user)
        if membership is not None and membership.is_suspended:  # type: ignore[attr-defined]
            context["suspension"] = queries.suspension_in_force(membership)
        context["request_made"] = queries.last_request_of(community, user)
    return render(request, "communities/join.html", context)


def _join(request: Request) -> HttpResponse:
    asked = request.community.join_questions
    answers = {question: request.POST.get(f"answer_{place}", "") for place, question in enumerate(asked)}
    result = actions.join_community(community=request.community, user=request.user, answers=answers)
    if isinstance(result, Membership):
        messages.success(request, _("Welcome to %(name)s!") % {"name": request.community.name})
        return HttpResponseRedirect(_next(request, default=reverse("home")))
    return redirect("join")


@login_required
@require_POST
def withdrawal(request: Request) -> HttpResponse:
    """Take back one's request to join."""
    actions.withdraw_request(community=request.community, user=request.user)
    return redirect("join")


@login_required
@require_http_methods(["GET", "POST"])
def leaving(request: Request) -> HttpResponse:
    """Asked once more, then out."""
    if not request.viewer.is_member:
        return redirect("join")
    if request.method == "POST":
        actions.leave_community(community=request.community, user=request.user)
        messages.success(request, _("You have left %(name)s.") % {"name": request.community.name})
        return redirect("join" if request.community.visibility == "private" else "home")
    return render(request, "communities/leaving.html")


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: Request, token: str) -> HttpResponse:
    """What an invitation offers. GET changes nothing, so that whatever follows links in mails spends none."""
    rows = Invitation.objects.filter(token_hash=token_hash(token), community=request.community)
    found = rows.select_related("role", "created_by").first()
    if found is None or not is_usable(found):
        return render(request, "communities/invitation_spent.html", status=404)
    if request.method == "POST" and request.user.is_authenticated:
        actions.join_community(community=request.community, user=request.user, invitation=found)
        if found.email:
            prove_address(user=request.user, email=found.email)
        messages.success(request, _("Welcome to %(name)s!") % {"name": request.community.name})
        return redirect("home")
    response = render(request, "communities/invitation.html", {"invitation": found})
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def handed_over(request: Request, token: str) -> HttpResponse:
    """The key to an imported profile: choose a password, then sign in."""
    claim = usable_claim(token)
    if claim is None or claim.community_id != request.community.pk:
        return render(request, "communities/invitation_spent.html", status=404)
    form = HandOverForm(request.POST or None, profile=claim.profile)
    if request.method == "POST" and form.is_valid():
        actions.hand_over(token=token, password=form.cleaned_data["password"])
        messages.success(request, _("The profile is yours. Sign in with your address and the new password."))
        return redirect("account_login")
    response = render(
        request,
        "communities/handed_over.html",
        {"form": form, "claim": claim},
        status=422 if form.errors else 200,
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


class SignUpHere(SignUpView):
    """Signing up at a community's door: who does also comes in, where everybody may and nothing is asked."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user, community = getattr(self, "user", None), self.request.community  # type: ignore[attr-defined]
        if (
            user is not None
            and user.pk
            and community.joining == Community.Joining.OPEN
            and not community.join_questions
        ):
            try:
                actions.join_community(community=community, user=user)
            except Refused as refusal:
                messages.error(self.request, refusal.message)
        return response


def _to_sign_in(request: Request) -> HttpResponse:
    return redirect(f"{reverse('account_login')}?next={reverse('join')}")


def _next(request: Request, *, default: str) -> str:
    """Where somebody wanted to be, if it is a place of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=settings.SECURE
    )
    return wanted if is_ours else default
