"""The team's pages about the community and its people."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.accounts.mail import MailNotSent
from paideia.accounts.pictures import store_picture
from paideia.communities import actions, letters, queries
from paideia.communities.addresses import url_in
from paideia.communities.doors import Request, for_those_who_may
from paideia.communities.forms import CommunityForm, InvitationForm, RoleForm, SuspensionForm
from paideia.communities.models import Community, Invitation, JoinRequest, Membership, ProfileClaim, Role
from paideia.communities.permissions import PERMISSIONS
from paideia.lib.refusal import Refused
from paideia.lib.text import clean_line

LOGO_PIXELS_MAX = 256
COVER_PIXELS_MAX = 1600


@for_those_who_may("community.edit")
@require_http_methods(["GET", "POST"])
def community(request: Request) -> HttpResponse:
    """Name, look, texts, language, and who sees it and gets in."""
    form = CommunityForm(request.POST or None, request.FILES or None, community=request.community)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_community(community=request.community, by=request.user, **_fields(form, request))
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The community is saved."))
            return redirect("manage_community")
    return render(
        request, "communities/manage_community.html", {"form": form}, status=422 if form.errors else 200
    )


def _fields(form: CommunityForm, request: Request) -> dict[str, Any]:
    fields = dict(form.cleaned_data)
    for name, pixels, square in (("logo", LOGO_PIXELS_MAX, True), ("cover", COVER_PIXELS_MAX, False)):
        file = fields.pop(name)
        if request.POST.get(f"remove_{name}"):
            fields[name] = ""
        elif file:
            fields[name] = store_picture(file, pixels_max=pixels, square=square)
    return fields


@for_those_who_may("roles.edit")
@require_safe
def roles(request: Request) -> HttpResponse:
    """The permission table: a row for each permission, a column for each role."""
    context = {
        "roles": queries.roles_of(request.community),
        "permissions": PERMISSIONS,
        "form": RoleForm(),
    }
    return render(request, "communities/manage_roles.html", context)


@for_those_who_may("roles.edit")
@require_POST
def permissions(request: Request) -> HttpResponse:
    """Save the columns that the form showed."""
    shown = [int(pk) for pk in request.POST.getlist("shown") if pk.isdecimal() and len(pk) < 19]
    table = {pk: set(request.POST.getlist(f"role_{pk}")) & PERMISSIONS.keys() for pk in shown}
    actions.edit_permissions(community=request.community, by=request.user, table=table)
    messages.success(request, _("The permissions are saved. They hold from now on."))
    return redirect("manage_roles")


@for_those_who_may("roles.edit")
@require_POST
def new_role(request: Request) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        context = {"roles": queries.roles_of(request.community), "permissions": PERMISSIONS, "form": form}
        return render(request, "communities/manage_roles.html", context, status=422)
    actions.add_role(community=request.community, by=request.user, **form.cleaned_data)
    return redirect("manage_roles")


@for_those_who_may("roles.edit")
@require_POST
def role(request: Request, pk: int) -> HttpResponse:
    """Rename a role, or remove one of the community's own."""
    found = get_object_or_404(Role, pk=pk, community=request.community)
    if request.POST.get("remove"):
        actions.remove_role(role=found, by=request.user)
    else:
        actions.edit_role(role=found, by=request.user, name=request.POST.get("name", ""))
    return redirect("manage_roles")


@for_those_who_may("members.view")
@require_safe
def members(request: Request) -> HttpResponse:
    chosen = {name: clean_line(request.GET.get(name, ""))[:60] for name in ("name", "role", "state")}
    page = queries.managed_page(request.viewer, **chosen, after=request.GET.get("after", ""))
    context = {"page": page, "chosen": chosen, "roles": queries.role_choices(request.community)}
    return render(request, "communities/manage_members.html", context)


@for_those_who_may("members.view")
@require_safe
def member(request: Request, pk: int) -> HttpResponse:
    """One member: role, suspensions, answers to the questions at the door."""
    found = _membership(request, pk)
    roles = queries.roles_of(request.community)
    context = {
        "membership": found,
        "suspensions": queries.suspensions_of(found),
        "giveable": queries.roles_giveable_by(request.viewer, request.viewer.permissions, roles),
        "form": SuspensionForm(),
        "may_manage": _may_manage(request, found),
    }
    return render(request, "communities/manage_member.html", context)


@for_those_who_may("members.manage")
@require_POST
def member_role(request: Request, pk: int) -> HttpResponse:
    role = get_object_or_404(Role, pk=_number(request.POST.get("role", "")), community=request.community)
    actions.set_role(membership=_membership(request, pk), role=role, by=request.user)
    messages.success(request, _("The role is changed."))
    return redirect("manage_member", pk)


@for_those_who_may("members.manage")
@require_POST
def suspension(request: Request, pk: int) -> HttpResponse:
    """Suspend, or lift: `lift` says which."""
    found = _membership(request, pk)
    if request.POST.get("lift"):
        actions.lift_suspension(membership=found, by=request.user)
        messages.success(request, _("The suspension is lifted."))
        return redirect("manage_member", pk)
    form = SuspensionForm(request.POST)
    if form.is_valid():
        days = form.cleaned_data["days"]
        until = timezone.now() + timedelta(days=days) if days else None
        actions.suspend(membership=found, by=request.user, reason=form.cleaned_data["reason"], until=until)
        messages.success(request, _("The member is suspended and sees nothing of the community any more."))
    else:
        messages.error(request, _("Give a reason; the member is shown it."))
    return redirect("manage_member", pk)


@for_those_who_may("members.manage")
@require_safe
def requests(request: Request) -> HttpResponse:
    context = {
        "requests": queries.open_requests(request.community),
        "claims": queries.open_claims(request.community),
    }
    return render(request, "communities/manage_requests.html", context)


@for_those_who_may("members.manage")
@require_POST
def decision(request: Request, pk: int) -> HttpResponse:
    """Let in, or turn down."""
    found = get_object_or_404(JoinRequest, pk=pk, community=request.community)
    if request.POST.get("accept"):
        actions.accept_request(request=found, by=request.user)
    else:
        actions.decline_request(request=found, by=request.user, reason=request.POST.get("reason", ""))
    return redirect("manage_requests")


@for_those_who_may("members.manage")
@require_POST
def claim_decision(request: Request, pk: int) -> HttpResponse:
    """Accept a claim on an imported profile, and mail its key; or turn it down."""
    found = get_object_or_404(ProfileClaim, pk=pk, community=request.community)
    if request.POST.get("accept"):
        claim, token = actions.accept_claim(claim=found, by=request.user)
        try:
            letters.send_key(claim, url_in(request.community, "handed_over", token))
        except MailNotSent:
            actions.reopen_claim(claim=claim, by=request.user)
            raise
        messages.success(request, _("The key is on its way to %(email)s.") % {"email": claim.email})
    else:
        actions.decline_claim(claim=found, by=request.user)
    return redirect("manage_requests")


@for_those_who_may("members.manage")
@require_http_methods(["GET", "POST"])
def invitations(request: Request) -> HttpResponse:
    """Invite by link or by mail. A link is shown once: only its hash is kept."""
    giveable = queries.roles_giveable_by(
        request.viewer, request.viewer.permissions, queries.roles_of(request.community)
    )
    form = InvitationForm(request.POST or None, roles=giveable)
    context: dict[str, Any] = {"form": form, "new_address": ""}
    if request.method == "POST" and form.is_valid():
        context["new_address"] = _invite(request, form.cleaned_data)
        if not context["new_address"]:
            return redirect("manage_invitations")
        context["form"] = InvitationForm(roles=giveable)
    context["invitations"] = queries.live_invitations(request.community)
    return render(request, "communities/manage_invitations.html", context, status=422 if form.errors else 200)


def _invite(request: Request, asked: dict[str, Any]) -> str:
    """The address of a new link; empty if mails were sent instead."""
    here: Community = request.community
    terms = {"community": here, "by": request.user, "role": asked["role"], "days": asked["days"]}
    for email in asked["emails"]:
        invitation, token = actions.invite(email=email, **terms)
        letters.send_invitation(invitation, url_in(here, "invitation", token), by=request.user)
    if asked["emails"]:
        messages.success(request, _("The invitations are sent."))
        return ""
    _row, token = actions.invite(uses_max=asked["uses_max"] or 1, **terms)
    return url_in(here, "invitation", token)


@for_those_who_may("members.manage")
@require_POST
def revocation(request: Request, pk: int) -> HttpResponse:
    found = get_object_or_404(Invitation, pk=pk, community=request.community)
    actions.revoke_invitation(invitation=found, by=request.user)
    return redirect("manage_invitations")


def _membership(request: Request, pk: int) -> Membership:
    rows = Membership.objects.filter(community=request.community, pk=pk).select_related(
        "user", "role", "community"
    )
    found = rows.first()
    if found is None:
        raise Http404
    return found


def _may_manage(request: Request, membership: Membership) -> bool:
    viewer = request.viewer
    return viewer.may("members.manage") and (viewer.role == "owner" or viewer.rank > membership.role.rank)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
