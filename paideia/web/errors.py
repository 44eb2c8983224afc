"""Pages for what went wrong. They say what to do, and nothing about what exists."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    context = {
        "title": _("There is nothing here"),
        "message": _(
            "The address is wrong, the page is gone, or it is not for you to see. Sign in if you have not."
        ),
    }
    return _answer(request, context, 404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    context = {"title": _("This is not allowed"), "message": _("Your role does not allow this.")}
    return _answer(request, context, 403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    context = {"title": _("This request makes no sense to us"), "message": _("Go back and try again.")}
    return _answer(request, context, 400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {
        "title": _("The form was too old"),
        "message": _(
            "Go back, load the page again and send it once more. What you wrote is kept by the browser."
        ),
    }
    return _answer(request, context, 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Leans on nothing: no database, no session, no template."""
    text = _("Something broke on our side. It was written down; try again in a moment.")
    return HttpResponse(f"<!doctype html><meta charset=utf-8><title>500</title><p>{text}</p>", status=500)


def _answer(request: HttpRequest, context: dict[str, str], status: int) -> HttpResponse:
    return render(request, "web/error.html", {**context, "status": status}, status=status)
