"""Whole pages for strangers, kept in the process. Sound because the key holds the community's version, which the
database raises in the very transaction that changes anything a stranger may see (communities/touch.py)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from paideia.accounts.middleware import preferred_language
from paideia.lib.kept import Kept

# Pages also change with the clock: scheduled works appear.
pages: Kept[tuple[bytes, dict[str, str]]] = Kept(bytes_max=32 * 1024 * 1024, seconds_max=30)


class AnonymousPageCache:
    """Keeps what views marked with `lib.responses.same_for_strangers` answered to strangers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        community = getattr(request, "community", None)
        if community is None or request.method != "GET" or not _is_stranger(request):
            return self.get_response(request)
        key = (
            request.get_host(),
            request.is_secure(),
            request.get_full_path(),
            preferred_language(request),
            community.pk,
            community.version,
        )
        if kept := pages.get(key):
            response = HttpResponse(kept[0])
            for name, value in kept[1].items():
                response.headers[name] = value
            return response
        response = self.get_response(request)
        if (
            getattr(response, "same_for_strangers", False)
            and response.status_code == 200
            and not response.cookies
        ):
            pages.put(key, (response.content, dict(response.headers)), len(response.content))
        return response


def _is_stranger(request: HttpRequest) -> bool:
    cookies = request.COOKIES
    return (
        settings.SESSION_COOKIE_NAME not in cookies
        and "messages" not in cookies
        and "HX-Request" not in request.headers
    )
