"""Mails to people who may have no account: gifts, gift cards, seats. In the community's language."""

from django.utils import translation
from django.utils.translation import gettext as _

from paideia.accounts.mail import Letter, send
from paideia.commerce.models import Gift, GiftCard, Seat
from paideia.communities.addresses import url_in
from paideia.lib import formatting


def send_gift(gift: Gift) -> None:
    """The link to a gift. Raises MailNotSent."""
    order = gift.order
    community = order.community
    with translation.override(community.language):
        words = {"person": order.buyer.shown_name, "offer": order.title, "name": community.name}
        letter = Letter(
            subject=_("%(person)s has a present for you at %(name)s") % words,
            paragraphs=[
                _("%(person)s gives you “%(offer)s” at %(name)s.") % words,
                *([gift.message] if gift.message else []),
                _("Its time begins when you open it. The link works once."),
            ],
            button=(_("Open the present"), url_in(community, "gift", gift.token)),
        )
        send(letter, to=gift.recipient_email, place=community.name)


def send_card(card: GiftCard) -> None:
    """A card and its code. Raises MailNotSent."""
    community = card.community
    with translation.override(community.language):
        giver = card.given_by.shown_name if card.order_id else community.name
        amount = formatting.money(card.amount, card.currency)
        words = {"person": giver, "amount": amount, "name": community.name, "code": card.code}
        ends = formatting.date(card.expires_at)
        letter = Letter(
            subject=_("%(person)s gives you %(amount)s to spend at %(name)s") % words,
            paragraphs=[
                _("%(person)s gives you a gift card of %(amount)s at %(name)s.") % words,
                *([card.message] if card.message else []),
                _("Its code is %(code)s.") % words,
                *([_("It can be redeemed until %(day)s.") % {"day": ends}] if ends else []),
            ],
            button=(_("Redeem it"), f"{url_in(community, 'redeem')}?code={card.code}"),
        )
        send(letter, to=card.recipient_email, place=community.name)


def send_seat(seat: Seat) -> None:
    """An invitation to take a seat. Raises MailNotSent."""
    pool = seat.pool
    community = pool.community
    with translation.override(community.language):
        words = {"person": pool.manager.shown_name, "pool": pool.name, "name": community.name}
        letter = Letter(
            subject=_("%(person)s has a seat for you at %(name)s") % words,
            paragraphs=[
                _("%(person)s gives you a seat of “%(pool)s” at %(name)s. It costs you nothing.") % words,
                _("The link is for you alone. If you do not want the seat, you need do nothing."),
            ],
            button=(_("Take the seat"), url_in(community, "seat", seat.token)),
        )
        send(letter, to=seat.email, place=community.name)
