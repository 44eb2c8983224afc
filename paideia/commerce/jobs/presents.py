"""Mailing gifts and gift cards when their time has come, and ending cards that nobody redeemed."""

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from paideia.accounts.mail import MailNotSent
from paideia.commerce import letters
from paideia.commerce.actions.cards import EXPIRE_AT_ONCE_MAX, expire_cards
from paideia.commerce.actions.gifts import GIVEN_STATES, note_sent
from paideia.commerce.models import Gift, GiftCard, Seat
from paideia.commerce.soon import deliver_card_soon, deliver_gift_soon, is_due

RETRY = RetryStrategy(max_attempts=8, exponential_wait=5, retry_exceptions={MailNotSent})


@app.periodic(cron="* * * * *")
@app.task(name="commerce.deliver_presents", queueing_lock="commerce.deliver_presents")
def deliver_presents(timestamp: int) -> None:
    """Each minute: what is to be mailed by now, also what a stopped process left behind."""
    now = timezone.now()
    gifts = Gift.objects.filter(deliver_at__lte=now, delivered_at=None, cancelled_at=None, claimed_at=None)
    for gift in gifts.filter(order__state__in=GIVEN_STATES):
        deliver_gift_soon(gift)
    cards = GiftCard.objects.filter(deliver_at__lte=now, delivered_at=None, revoked_at=None, redeemed_at=None)
    for card in cards:
        deliver_card_soon(card)


@app.periodic(cron="17 * * * *")
@app.task(name="commerce.expire_cards", queueing_lock="commerce.expire_cards")
def end_cards(timestamp: int) -> None:
    """Once an hour."""
    while expire_cards() == EXPIRE_AT_ONCE_MAX:
        pass


@app.task(name="commerce.deliver_gift", retry=RETRY)
def deliver_gift(order_id: int) -> None:
    """Mail a gift once: a worker killed between sending and noting it mails it a second time, never not at all."""
    gift = Gift.objects.select_related("order__community", "order__buyer", "order__offer").get(pk=order_id)
    wanted = gift.delivered_at is None and gift.cancelled_at is None and gift.claimed_at is None
    if wanted and gift.order.state in GIVEN_STATES and is_due(gift):
        letters.send_gift(gift)
        note_sent(gift)


@app.task(name="commerce.deliver_card", retry=RETRY)
def deliver_card(card_id: int) -> None:
    """Mail a card, as a gift is."""
    card = GiftCard.objects.select_related("community", "given_by", "order").get(pk=card_id)
    wanted = card.delivered_at is None and card.revoked_at is None and card.redeemed_at is None
    if wanted and (card.order is None or card.order.state in GIVEN_STATES) and is_due(card):
        letters.send_card(card)
        GiftCard.objects.filter(pk=card_id).update(delivered_at=timezone.now())


@app.task(name="commerce.invite_to_seat", retry=RETRY)
def invite_to_seat(seat_id: int) -> None:
    """Mail the link to a seat, unless it was reclaimed or taken meanwhile."""
    seat = Seat.objects.select_related("pool__community", "pool__manager").get(pk=seat_id)
    if seat.reclaimed_at is None and seat.taken_at is None and seat.pool.closed_at is None:
        letters.send_seat(seat)
