"""The door for providers' notifications."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from paideia.commerce import actions
from paideia.commerce.providers import BadNotification, provider_of
from paideia.lib.refusal import NotFound


@csrf_exempt  # providers carry no cookie; their signature is what is checked
@require_POST
def notifications(request: HttpRequest, provider: str) -> JsonResponse:
    """Take in one notification. 2xx: it was taken in, now or before. 4xx: it is not from the provider; nothing
    was written. Anything else makes the provider try again."""
    try:
        chosen = provider_of(provider)
        said = chosen.read_notification(request)
    except (BadNotification, NotFound) as refusal:
        return JsonResponse({"error": refusal.message}, status=refusal.status)
    notice = actions.accept(community=request.community, provider=chosen.key, said=said)  # type: ignore[attr-defined]
    return JsonResponse({"outcome": notice.outcome if notice is not None else "nothing"})
