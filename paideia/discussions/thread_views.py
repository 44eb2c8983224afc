"""Pages of threads."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paideia.access.requests import Request
from paideia.communities.models import Membership
from paideia.content.addresses import path_of
from paideia.content.queries import is_open
from paideia.discussions import actions, queries
from paideia.discussions.forms import ThreadForm
from paideia.discussions.models import Thread
from paideia.discussions.shown import author_of, talk_html
from paideia.lib.responses import same_for_strangers
from paideia.spaces.models import Space
from paideia.spaces.queries import spaces_for


@require_GET
@same_for_strangers
def threads(request: Request) -> HttpResponse:
    """Everything that is talked about, newest activity first."""
    tag, unanswered = request.GET.get("tag", "")[:40], request.GET.get("show") == "unanswered"
    rows, older = queries.thread_rows(
        request.viewer, before=request.GET.get("before", ""), tag=tag, unanswered=unanswered
    )
    return render(
        request,
        "discussions/threads.html",
        {"rows": rows, "older": older, "tag": tag, "unanswered": unanswered},
    )


@require_GET
@same_for_strangers
def thread(request: Request, pk: int) -> HttpResponse:
    viewer, after = request.viewer, request.GET.get("after", "")
    rows = queries.threads_listed_to(viewer).select_related("document__author", "document__space")
    found = get_object_or_404(
        queries.reacted(rows, viewer).defer("document__source", "document__text"), pk=pk
    )
    found.document.reacted = found.reacted  # `talk_html` need not ask again
    if not is_open(viewer, found.document):
        return redirect("why", pk)
    context = {
        "thread": found,
        "document": found.document,
        "author": author_of(found.document),
        "talk": talk_html(viewer, found.document, is_question=found.is_question, after=after),
        "may_edit": actions.may_edit(viewer, found.document),
        "may_remove": actions.may_remove(viewer, found.document),
        "may_moderate": viewer.may("discussions.moderate"),
        "after": after,
    }
    return render(request, "discussions/thread.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def thread_new(request: Request, slug: str) -> HttpResponse:
    space = _space(request, slug)
    form = ThreadForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = actions.open_thread(
            viewer=request.viewer,
            space=space,
            title=form.cleaned_data["title"],
            source=form.cleaned_data["source"],
            tags=form.cleaned_data["tags"],
        )
        return redirect("thread", made.pk)
    status = 422 if form.errors else 200
    return render(request, "discussions/thread_form.html", {"form": form, "space": space}, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def thread_edit(request: Request, pk: int) -> HttpResponse:
    found = _thread(request, pk)
    document = found.document
    initial = {
        "title": document.title,
        "source": document.source,
        "tags": ", ".join(document.tags),
        "revision": document.revision,
    }
    form = ThreadForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.edit_thread(
            viewer=request.viewer,
            thread=found,
            title=form.cleaned_data["title"],
            source=form.cleaned_data["source"],
            tags=form.cleaned_data["tags"],
            note=form.cleaned_data["note"],
            expected_revision=form.cleaned_data["revision"] or document.revision,
        )
        return redirect("thread", pk)
    context = {"form": form, "space": document.space, "thread": found}
    return render(request, "discussions/thread_form.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def removal(request: Request, pk: int) -> HttpResponse:
    found = _thread(request, pk)
    actions.remove_thread(viewer=request.viewer, thread=found, reason=request.POST.get("reason", "")[:200])
    messages.success(request, _("The thread was removed."))
    return redirect("space", found.document.space.slug) if found.document.space else redirect("threads")


@login_required
@require_POST
def closure(request: Request, pk: int) -> HttpResponse:
    actions.close_thread(
        viewer=request.viewer, thread=_thread(request, pk), closed=request.POST.get("closed") == "1"
    )
    return redirect("thread", pk)


@login_required
@require_POST
def pin(request: Request, pk: int) -> HttpResponse:
    actions.pin_thread(
        viewer=request.viewer, thread=_thread(request, pk), pinned=request.POST.get("pinned") == "1"
    )
    return redirect("thread", pk)


@login_required
@require_http_methods(["GET", "POST"])
def move(request: Request, pk: int) -> HttpResponse:
    found = _thread(request, pk)
    if request.method == "POST":
        actions.move_thread(
            viewer=request.viewer, thread=found, space=_space(request, request.POST.get("space", ""))
        )
        return redirect("thread", pk)
    return render(
        request, "discussions/thread_move.html", {"thread": found, "places": spaces_for(request.viewer)}
    )


@require_GET
@same_for_strangers
def member_threads(request: Request, handle: str) -> HttpResponse:
    """What a member opened and wrote: a fragment of their profile and a page by itself."""
    membership = get_object_or_404(
        Membership.objects.select_related("user"), community=request.community, user__handle__iexact=handle
    )
    opened = queries.threads_open_to(request.viewer).filter(document__author=membership.user)
    said = queries.comments_open_to(request.viewer).filter(document__author=membership.user)
    context = {
        "person": membership.user,
        "rows": list(opened.select_related(*queries.ROW).defer(*queries.UNREAD).order_by("-pk")[:10]),
        "comments": list(said.select_related("document", "root").order_by("-pk")[:10]),
        "path_of": path_of,
    }
    template = (
        "discussions/_member_threads.html"
        if request.headers.get("HX-Request")
        else "discussions/member_threads.html"
    )
    return render(request, template, context)


def _thread(request: Request, pk: int) -> Thread:
    rows = queries.threads_open_to(request.viewer).select_related("document__author", "document__space__gate")
    return get_object_or_404(rows, pk=pk)


def _space(request: Request, slug: str) -> Space:
    space = get_object_or_404(Space.objects.select_related("gate"), community=request.community, slug=slug)
    if not request.viewer.can_open(space.gate_id):
        from django.http import Http404

        raise Http404
    return space
