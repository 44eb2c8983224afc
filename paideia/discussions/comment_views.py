"""Comments below documents, reactions, and what can be done with one comment."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paideia.access.requests import Request
from paideia.content.addresses import path_of
from paideia.content.models import Document
from paideia.discussions import actions, queries
from paideia.discussions.forms import CommentForm
from paideia.discussions.models import Comment, Thread
from paideia.discussions.reactions import counts_of, react
from paideia.discussions.shown import SIGNS, Absent, author_of, comment_html, talk_html
from paideia.lib.responses import same_for_strangers


@require_http_methods(["GET", "POST"])
@same_for_strangers
def comments(request: Request, pk: int) -> HttpResponse:
    """GET: what is said below a document, as a fragment for its page or as a page by itself. POST: say something."""
    form = CommentForm(request.POST) if request.method == "POST" else None
    if form and request.user.is_authenticated and form.is_valid():
        return _said(request, pk, form)
    visible = Document.objects.visible_to(request.viewer).select_related("thread", "space", "gate")
    root = get_object_or_404(visible.defer("source", "text", "html", "preview_html"), pk=pk)
    question = _is_question(root)
    if form:
        return _unsaid(request, root, form)
    context = {
        "root": root,
        "is_question": question,
        "talk": talk_html(request.viewer, root, is_question=question, after=request.GET.get("after", "")),
        "reply_to": _reply_to(request, root),
        "work_url": path_of(root),
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "discussions/_comments.html" if fragment else "discussions/comments.html", context)


def _unsaid(request: Request, root: Document, form: CommentForm) -> HttpResponse:
    """The form again, with what is wrong; strangers are asked who they are first."""
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_login')}?next={_page_of(root)}")
    context = {"root": root, "is_question": _is_question(root), "form": form, "work_url": path_of(root)}
    htmx = bool(request.headers.get("HX-Request"))
    template = "discussions/_reply_form.html" if htmx else "discussions/comments.html"
    return render(request, template, context, status=422)


def _said(request: Request, pk: int, form: CommentForm) -> HttpResponse:
    """Post what is in a valid form. Whether there is something to comment on is the action's question."""
    parent = None
    if form.cleaned_data["parent"]:
        rows = queries.comments_open_to(request.viewer).select_related("document", "parent")
        parent = get_object_or_404(rows, pk=form.cleaned_data["parent"], root=pk)
    made = actions.post_comment(
        viewer=request.viewer,
        root=Document(pk=pk),
        source=form.cleaned_data["source"],
        parent=parent,
        is_answer=form.cleaned_data["answer"],
    )
    if request.headers.get("HX-Request"):
        return HttpResponse(comment_html(queries.Node(made, {}, False), is_question=_is_question(made.root)))
    return redirect(f"{_page_of(made.root)}#c{made.pk}")


@require_GET
@same_for_strangers
def comment(request: Request, pk: int) -> HttpResponse:
    """One comment with what can be done with it; the way into its thread."""
    found = _comment(request, pk)
    context: dict[str, Any] = {
        "comment": found,
        "document": found.document,
        "author": author_of(found.document),
        "root": found.root,
        "root_url": _page_of(found.root),
        "may_edit": actions.may_edit(request.viewer, found.document),
        "may_remove": actions.may_remove(request.viewer, found.document),
        "may_accept": found.is_answer
        and (found.root.author_id == request.viewer.user_id or request.viewer.may("discussions.moderate")),
        "accepted": hasattr(found, "acceptance"),
        "counts": counts_of([pk]).get(pk, {}),
        "signs": SIGNS,
        "hole": _pressed(request, pk),
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(
        request, "discussions/_comment_menu.html" if fragment else "discussions/comment.html", context
    )


@login_required
@require_http_methods(["GET", "POST"])
def comment_edit(request: Request, pk: int) -> HttpResponse:
    found = _comment(request, pk)
    initial = {"source": found.document.source, "revision": found.document.revision}
    form = CommentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.edit_comment(
            viewer=request.viewer,
            comment=found,
            source=form.cleaned_data["source"],
            expected_revision=form.cleaned_data["revision"] or found.document.revision,
        )
        return redirect(f"{_page_of(found.root)}#c{pk}")
    context = {"form": form, "comment": found, "root_url": _page_of(found.root), "root": found.root}
    return render(request, "discussions/comment_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def removal(request: Request, pk: int) -> HttpResponse:
    found = _comment(request, pk)
    actions.remove_comment(viewer=request.viewer, comment=found, reason=request.POST.get("reason", "")[:200])
    messages.success(request, _("The comment was removed."))
    return redirect(f"{_page_of(found.root)}#comments")


@login_required
@require_POST
def acceptance(request: Request, pk: int) -> HttpResponse:
    found = _comment(request, pk)
    actions.accept_answer(viewer=request.viewer, comment=found)
    return redirect(f"{_page_of(found.root)}#c{pk}")


@require_POST
def reactions(request: Request, pk: int) -> HttpResponse:
    """Give a sign or take it back; answers with the bar as it stands now."""
    document = get_object_or_404(
        Document.objects.visible_to(request.viewer).only("pk", "score", "kind"), pk=pk
    )
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_login')}?next={_back(request)}")
    react(viewer=request.viewer, document=document, kind=request.POST.get("kind", ""))
    if not request.headers.get("HX-Request"):
        return redirect(f"{_back(request)}#c{pk}")
    document.refresh_from_db(fields=["score"])
    context = {
        "id": pk,
        "score": document.score,
        "counts": counts_of([pk]).get(pk, {}),
        "votes": request.GET.get("votes") == "1",
        "signs": SIGNS,
        "signed_in": True,
        "all": document.kind != Document.Kind.COMMENT,
        "hole": _pressed(request, pk),
    }
    return render(request, "discussions/_bar.html", context)


@login_required
@require_POST
def watching(request: Request, pk: int) -> HttpResponse:
    document = get_object_or_404(Document.objects.visible_to(request.viewer), pk=pk)
    muted = request.POST.get("muted") == "1"
    actions.watch(viewer=request.viewer, document=document, muted=muted)
    messages.success(
        request, _("You will hear no more of this.") if muted else _("You will be told what is added here.")
    )
    return redirect(_page_of(document))


def _pressed(request: Request, pk: int) -> Callable[[str, int], str]:
    """Whether a sign is the viewer's own, as `aria-pressed` says it."""
    mine = queries.reactions_of(request.viewer, [pk])
    return lambda name, number: "true" if (number, name) in mine else "false"


def _comment(request: Request, pk: int) -> Comment:
    rows = queries.comments_open_to(request.viewer)
    return get_object_or_404(
        rows.select_related("document__author", "document__gate", "document__space", "root"), pk=pk
    )


def _is_question(root: Document) -> bool:
    thread: Thread | None = getattr(root, "thread", None)
    return bool(thread and thread.is_question)


def _page_of(root: Document) -> str:
    """Where the talk about a document is read: a thread is its own page, other works have one beside them."""
    return path_of(root) if root.kind == Document.Kind.THREAD else reverse("comments", args=[root.pk])


def _reply_to(request: Request, root: Document) -> dict[str, Any] | None:
    wanted = request.GET.get("reply", "")
    if not wanted.isdecimal() or len(wanted) > 18 or not request.user.is_authenticated:
        return None
    found = (
        queries.comments_open_to(request.viewer)
        .select_related("document__author")
        .filter(pk=int(wanted), root=root)
    )
    parent = found.first()
    return {"id": parent.pk, "author": author_of(parent.document) or Absent(0, "")} if parent else None


def _back(request: Request) -> str:
    """The page a form was sent from, if it is one of ours."""
    sent_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(sent_from, {request.get_host()}, request.is_secure()):
        return sent_from.split("#")[0]
    return reverse("home")
