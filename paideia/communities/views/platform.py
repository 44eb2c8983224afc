"""The platform's own pages: the shelf of communities, and founding one."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from paideia.communities import actions, queries
from paideia.communities.addresses import origin, path_in
from paideia.communities.doors import Request
from paideia.communities.forms import FoundingForm
from paideia.communities.refusals import AddressTaken
from paideia.lib.refusal import NotAllowed

FOUNDED_A_DAY_MAX = 10


@require_safe
def home(request: Request) -> HttpResponse:
    """Communities that anybody may look into, and one's own."""
    page = queries.public_communities(request.GET.get("after", ""))
    mine = queries.communities_of(request.user) if request.user.is_authenticated else []
    context = {
        "page": page,
        "shelf": [(row, _address(row)) for row in page.rows],
        "mine": [(row, _address(row)) for row in mine],
        "site_name": settings.SITE_NAME,
    }
    return render(request, "communities/platform.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def founding(request: Request) -> HttpResponse:
    """Found a community and go to set it up."""
    if not settings.FOUNDING_OPEN and not request.user.is_staff:
        raise NotAllowed(_("On this site only those who run it found communities."))
    if queries.founded_today(request.user) >= FOUNDED_A_DAY_MAX:
        raise NotAllowed(_("You have founded enough communities for one day. Go on tomorrow."))
    form = FoundingForm(request.POST or None, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        try:
            community = actions.create_community(by=request.user, **form.cleaned_data)
        except AddressTaken as refusal:
            form.add_error("slug", refusal.message)
        else:
            return redirect(path_in(community, "manage_community"))
    return render(request, "communities/founding.html", {"form": form}, status=422 if form.errors else 200)


def _address(community: object) -> str:
    path = path_in(community, "home")  # type: ignore[arg-type]
    return origin(community) + path if community.host else path  # type: ignore[arg-type, attr-defined]
