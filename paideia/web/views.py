"""The pages that are made of many rooms: a community's front page, its spaces, the operator's start, small switches."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import get_script_prefix, reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from paideia.access.requests import Request
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.books.queries import to_do as money_to_do
from paideia.content.models import Document
from paideia.content.paging import page_after
from paideia.content.presentation import cards
from paideia.discussions.queries import thread_rows
from paideia.lib.kept import fragment
from paideia.lib.responses import same_for_strangers
from paideia.spaces.models import Space
from paideia.web import queries

YEAR_SECONDS = 365 * 24 * 3600


@require_GET
@same_for_strangers
def home(request: Request) -> HttpResponse:
    """A community's front page: a shop window for strangers, what is new and next for members."""
    viewer: Viewer = request.viewer
    context: dict[str, Any] = {"feed": feed_html(viewer)}
    if not viewer.is_member:
        context["figures"] = queries.figures(viewer.community)
    else:
        own = queries.own(viewer)
        context |= {"under_way": own.under_way, "steps": own.steps}
    return render(request, "web/home.html", context)


def feed_html(viewer: Viewer) -> str:
    """The feed, drawn once for everybody who sees alike."""
    key = (
        "feed",
        viewer.community.pk,
        viewer.community.version,
        viewer.sight,
        translation.get_language(),
        timezone.get_current_timezone_name(),
        get_script_prefix(),
    )

    def draw() -> str:
        anyone = viewer.unnamed()
        found = queries.feed(anyone)
        return render_to_string(
            "web/_feed.html",
            {"works": cards(anyone, found.works), "threads": found.threads},
        )

    return fragment(key, draw).fill(lambda name, number: "")


@require_GET
@same_for_strangers
def space(request: Request, slug: str) -> HttpResponse:
    """A space: its purpose and what is in it, by kind."""
    found = get_object_or_404(
        Space.objects.select_related("gate", "plan"), community=request.community, slug=slug, archived_at=None
    )
    viewer: Viewer = request.viewer
    is_open = viewer.can_open(found.gate_id)
    if not is_open and found.gate_id not in (*viewer.preview_gates, *viewer.title_gates):
        raise Http404
    context: dict[str, Any] = {"space": found, "is_open": is_open}
    if found.kind in (Space.Kind.ARTICLES, Space.Kind.COURSES):
        kinds = (
            [Document.Kind.ARTICLE, Document.Kind.COLUMN]
            if found.kind == Space.Kind.ARTICLES
            else [Document.Kind.COURSE]
        )
        listed = Document.objects.listed_to(viewer).filter(space=found, kind__in=kinds)
        listed = listed.select_related("author", "article__cover", "course__cover")
        page = page_after(listed.defer("source", "html", "text", "preview_html"), request.GET.get("after"))
        context |= {"cards": cards(viewer, page.rows), "after": page.after}
    elif is_open:
        unanswered = request.GET.get("show") == "unanswered"
        rows, older = thread_rows(
            viewer, space=found, before=request.GET.get("before", ""), unanswered=unanswered
        )
        context |= {"rows": rows, "older": older, "unanswered": unanswered}
    return render(request, "web/space.html", context)


@require_GET
@same_for_strangers
def about(request: Request) -> HttpResponse:
    """What the community is about, and its house rules."""
    return render(request, "web/about.html", {"figures": queries.figures(request.community)})


@require_GET  # changes nothing but the asker's own view, and must work for strangers, who have no token
def language(request: Request) -> HttpResponse:
    """Another language, for strangers in a cookie, for people in their settings."""
    chosen = request.GET.get("language", "")
    response = HttpResponseRedirect(_next(request))
    if chosen in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=YEAR_SECONDS,
            samesite="Lax",
            secure=settings.SECURE,
        )
    return response


@login_required
@require_POST
def theme_choice(request: Request) -> HttpResponse:
    chosen = request.POST.get("theme", "")
    if chosen in User.Theme.values:
        User.objects.filter(pk=request.user.pk).update(theme=chosen)
    return HttpResponse(status=204)


@login_required
@never_cache
@require_GET
def own_places(request: Request) -> HttpResponse:
    """What else is a member's own here. The menu asks for it when it opens; without a script it is a page."""
    template = "web/_shell/own_places.html" if "HX-Request" in request.headers else "web/own_places.html"
    return render(request, template, {"places": queries.own_places(request.viewer)})


@login_required
@require_GET
def manage(request: Request) -> HttpResponse:
    """The operator's start: what asks for attention now."""
    if not request.viewer.may("members.view") and not request.viewer.may("content.write"):
        raise Http404
    money = money_to_do(request.viewer) if request.viewer.may("money.view") else None
    context = {"today": queries.today(request.viewer), "to_do": money}
    return render(request, "web/manage_today.html", context)


@require_GET
def health(request: Request) -> JsonResponse:
    """For load balancers: answers when the database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def _next(request: Request) -> str:
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return reverse("home")
