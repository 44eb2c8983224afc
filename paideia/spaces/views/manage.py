"""The team's pages about spaces."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.communities.doors import Request, for_those_who_may
from paideia.lib.refusal import Refused
from paideia.spaces import actions, queries
from paideia.spaces.forms import SpaceForm
from paideia.spaces.models import Space, SpaceRequest

manages_spaces = for_those_who_may("spaces.manage")


@manages_spaces
@require_safe
def spaces(request: Request) -> HttpResponse:
    return render(request, "spaces/manage_spaces.html", {"rows": queries.managed_spaces(request.viewer)})


@manages_spaces
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = SpaceForm(request.POST or None, gates=queries.gates_to_choose(request.viewer))
    if request.method == "POST" and form.is_valid():
        try:
            actions.create_space(viewer=request.viewer, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("manage_spaces")
    return render(request, "spaces/manage_space.html", {"form": form}, status=422 if form.errors else 200)


@manages_spaces
@require_http_methods(["GET", "POST"])
def space(request: Request, pk: int) -> HttpResponse:
    found = _found(request, pk)
    form = SpaceForm(request.POST or None, gates=queries.gates_to_choose(request.viewer), space=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_space(viewer=request.viewer, space=found, **_changes(form))
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The space is saved."))
            return redirect("manage_spaces")
    context = {
        "form": form,
        "space": found,
        "requests": queries.open_requests(found),
        "people": queries.circle_members(found),
    }
    return render(request, "spaces/manage_space.html", context, status=422 if form.errors else 200)


def _changes(form: SpaceForm) -> dict[str, Any]:
    fields = dict(form.cleaned_data)
    if not fields["slug"]:
        del fields["slug"]
    if fields["joining"] == Space.Joining.EVERYBODY and "gate" in fields:
        return {**fields, "change_gate": True}
    fields.pop("gate", None)
    return fields


@manages_spaces
@require_POST
def archive(request: Request, pk: int) -> HttpResponse:
    """Archive, or restore: `restore` says which."""
    act = actions.restore_space if request.POST.get("restore") else actions.archive_space
    act(viewer=request.viewer, space=_found(request, pk))
    return redirect("manage_spaces")


@manages_spaces
@require_POST
def order(request: Request) -> HttpResponse:
    """Move one space up or down, or give the whole order as `ids`."""
    ids = [row.pk for row in queries.managed_spaces(request.viewer)]
    if given := [int(pk) for pk in request.POST.getlist("ids") if pk.isdecimal() and len(pk) < 19]:
        ids = given
    moved, up = request.POST.get("space", ""), request.POST.get("way") == "up"
    if moved.isdecimal() and int(moved) in ids:
        place = ids.index(int(moved))
        other = max(place - 1, 0) if up else min(place + 1, len(ids) - 1)
        ids[place], ids[other] = ids[other], ids[place]
    actions.order_spaces(viewer=request.viewer, ids=ids)
    return redirect("manage_spaces")


@manages_spaces
@require_POST
def decision(request: Request, pk: int) -> HttpResponse:
    """Let somebody into a circle, or turn them down."""
    found = get_object_or_404(SpaceRequest, pk=pk, space__community=request.community)
    act = actions.accept_space_request if request.POST.get("accept") else actions.decline_space_request
    act(viewer=request.viewer, request=found)
    return redirect("manage_space", found.space_id)


def _found(request: Request, pk: int) -> Space:
    rows = Space.objects.select_related("gate", "plan", "community")
    return get_object_or_404(rows, pk=pk, community=request.community)
