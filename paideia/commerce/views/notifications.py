"""The door for providers' notifications."""

import logging

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from paideia.commerce import actions
from paideia.commerce.models import Order
from paideia.commerce.providers import BadNotification, News, Nothing, Provider, ProviderDown, provider_of
from paideia.commerce.providers.doors import decline, thank
from paideia.communities.models import Community
from paideia.lib.refusal import NotFound, Refused

_log = logging.getLogger(__name__)


@csrf_exempt  # providers carry no cookie; their signature is what is checked
@require_POST
def notifications(request: HttpRequest, provider: str) -> HttpResponse:
    """Take in one notification, and answer as its provider expects. 2xx: it was taken in, now or before. 4xx: it is
    not from the provider, or not fit; nothing was written. 503: the provider should tell again."""
    try:
        chosen = provider_of(provider)
        said = chosen.read_notification(request)
        community = _community(request, chosen, said)
        notice = actions.accept(community=community, provider=chosen.key, said=said)
    except (BadNotification, NotFound) as refusal:
        return decline(provider, refusal.message, refusal.status)
    except (ProviderDown, Refused) as reason:  # what it said had to be asked about, and was not answered
        _log.warning("a notification of %s waits: %s", provider, type(reason).__name__)
        return decline(provider, "Tell again later.", 503)
    except DataError:  # genuine, and yet nothing that a row can hold
        _log.exception("a notification of %s cannot be kept", provider)
        return decline(provider, "The message cannot be kept.", 422)
    return thank(provider, notice.outcome if notice is not None else "nothing")


def _community(request: HttpRequest, provider: Provider, said: News) -> Community:
    """Whose order it is about. Real providers have one account for the whole installation and may know one address
    only; the sandbox has an account for each community."""
    here: Community = request.community  # type: ignore[attr-defined]
    if provider.key == "sandbox" or isinstance(said, Nothing):
        return here
    orders = Order.objects.filter(provider=provider.key).select_related("community")
    by_number = orders.filter(number=said.order_number) if said.order_number else orders.none()
    by_charge = orders.filter(charge_id=said.charge_id) if said.charge_id else orders.none()
    found = by_number.first() or by_charge.first()
    return found.community if found is not None else here
