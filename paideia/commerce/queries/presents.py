"""What was given and can be taken."""

from paideia.access.viewer import Viewer
from paideia.commerce.actions.gifts import GIVEN_STATES
from paideia.commerce.codes import plain_code
from paideia.commerce.models import CardTerms, Gift, GiftCard
from paideia.ledger.models import Account
from paideia.lib.refusal import NotFound


def gift_by_token(viewer: Viewer, token: str) -> Gift:
    """The gift behind a link, with its order, once it is paid. Its token is the right to see it."""
    found = Gift.objects.filter(order__community=viewer.community, token=token)
    gift = found.select_related("order__offer", "order__buyer", "order__community", "claimed_by").first()
    if gift is None or gift.order.paid_at is None:
        raise NotFound("")
    return gift


def is_there(gift: Gift) -> bool:
    """Whether it can still be taken."""
    return gift.claimed_at is None and gift.cancelled_at is None and gift.order.state in GIVEN_STATES


def is_card(code: str) -> bool:
    """Whether this is the code of a gift card; what may be done with it is asked when it is redeemed."""
    return GiftCard.objects.filter(code=plain_code(code)).exists()


def card_terms(viewer: Viewer) -> CardTerms:
    """Which cards are on sale. Raises NotFound where none are."""
    terms = CardTerms.objects.filter(community=viewer.community).first()
    if terms is None or not terms.amounts or not viewer.may_enter:
        raise NotFound("")
    return terms


def credits_of(viewer: Viewer) -> list[tuple[int, str]]:
    """What the viewer has to spend here: amounts in minor units and their currencies."""
    if viewer.user is None:
        return []
    found = Account.objects.filter(
        community=viewer.community, owner=f"user:{viewer.user.pk}", kind="credit", balance__gt=0
    )
    return list(found.order_by("currency").values_list("balance", "currency"))
