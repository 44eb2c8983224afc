"""Gift cards: bought or given, redeemed as credit, and what becomes of those that nobody redeems."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.saying import said_of
from paideia.commerce.actions.orders import AWAITING_MAX, ORDER_LIFE, new_number
from paideia.commerce.buyers import let_in, must_be_here, must_be_welcome
from paideia.commerce.codes import new_code, plain_code
from paideia.commerce.models import PRICE_MAX, CardTerms, GiftCard, Offer, Order, OrderLine
from paideia.commerce.providers import provider_of
from paideia.commerce.quoting import GiftWish
from paideia.commerce.refusals import NotPermitted, TooManyOrders, WrongCode, WrongWish
from paideia.commerce.returning import same_site
from paideia.commerce.soon import deliver_card_soon
from paideia.communities.models import Community
from paideia.ledger.actions import Move, account, post
from paideia.ledger.models import Account
from paideia.ledger.queries import balance

UNPAID = (Order.State.CREATED, Order.State.AWAITING)
EXPIRE_AT_ONCE_MAX = 500
GIVEN = ("world:giving", "cards")  # what the team gave away: below zero by as much
UNREDEEMED = ("house", "expired_cards")  # what was paid for cards that nobody redeemed in time


@transaction.atomic
def save_card_terms(*, viewer: Viewer, currency: str, amounts: list[int], valid_months: int) -> CardTerms:
    """Say which cards are on sale; no amounts: none. Needs money.manage. Raises WrongWish."""
    if not viewer.may("money.manage"):
        raise NotPermitted()
    if any(type(one) is not int or not 1 <= one <= PRICE_MAX for one in amounts) or len(amounts) > 12:
        raise WrongWish(_("Give up to twelve amounts, each above zero."))
    if not 0 <= valid_months <= 120:
        raise WrongWish(_("A card is valid for 1 to 120 months, or 0: for good."))
    names = ("currency", "amounts", "valid_months")
    before = said_of(CardTerms.objects.filter(community=viewer.community).first(), *names)
    terms, _made = CardTerms.objects.update_or_create(
        community=viewer.community,
        defaults={
            "currency": currency,
            "amounts": sorted(set(amounts)),
            "valid_months": valid_months,
        },
    )
    record(
        "cards.changed",
        community=viewer.community,
        actor=viewer.user,
        amounts=terms.amounts,
        currency=currency,
        before=before,
        after=said_of(terms, *names),
    )
    return terms


@transaction.atomic
def place_card(
    *, viewer: Viewer, amount: int, provider: str, present: GiftWish | None = None, return_to: str = ""
) -> Order:
    """Order a card of one of the amounts on sale. The same again while unpaid is the same order. Raises WrongWish,
    SignInFirst, BuyerSuspended, JoinFirst, TooManyOrders, NotFound (provider)."""
    buyer, present = must_be_welcome(viewer), present or GiftWish()
    User.objects.select_for_update(no_key=True).get(pk=buyer.pk)
    terms = CardTerms.objects.filter(community=viewer.community).first()
    if terms is None or amount not in terms.amounts:
        raise WrongWish(_("Choose one of the amounts."))
    key = provider_of(provider).key
    email = present.recipient_email.strip().lower()
    waiting = Order.objects.filter(buyer=buyer, community=viewer.community, state__in=UNPAID)
    same = waiting.filter(
        kind=Order.Kind.CARD,
        provider=key,
        total=amount,
        currency=terms.currency,
        gift_card__recipient_email=email,
        gift_card__message=present.message.strip()[:500],
        gift_card__deliver_at=present.deliver_at,
        expires_at__gt=timezone.now() + ORDER_LIFE / 4,
    ).first()
    if same is not None:
        return same
    if waiting.count() >= AWAITING_MAX:
        raise TooManyOrders()
    order = _write(viewer.community, buyer, amount, terms.currency, key, return_to)
    GiftCard.objects.create(
        community=viewer.community,
        code=new_code(),
        amount=amount,
        currency=terms.currency,
        order=order,
        given_by=buyer,
        recipient_email=email,
        message=present.message.strip()[:500],
        deliver_at=present.deliver_at,
    )
    return order


@transaction.atomic
def give_card(
    *,
    viewer: Viewer,
    amount: int,
    currency: str,
    email: str = "",
    message: str = "",
    expires_at: datetime | None = None,
) -> GiftCard:
    """A card from the house, mailed at once where there is an address. Needs money.manage. Raises WrongWish."""
    if not viewer.may("money.manage"):
        raise NotPermitted()
    if type(amount) is not int or not 1 <= amount <= PRICE_MAX:
        raise WrongWish(_("Give an amount above zero."))
    now = timezone.now()
    assert viewer.user is not None  # who may manage money is somebody
    if expires_at is not None and expires_at <= now:
        raise WrongWish(_("This card would have expired already."))
    card = GiftCard.objects.create(
        community=viewer.community,
        code=new_code(),
        amount=amount,
        currency=currency,
        given_by=viewer.user,
        recipient_email=email.strip().lower(),
        message=message.strip()[:500],
        deliver_at=now if email else None,
        expires_at=expires_at,
    )
    _move(card, _account(card, GIVEN), _account(card, card.account), amount, "given")
    record(
        "card.given",
        community=viewer.community,
        actor=viewer.user,
        object=card,
        amount=amount,
        currency=currency,
        before=None,
        after=said_of(card, "amount", "currency", "expires_at"),
    )
    deliver_card_soon(card)
    return card


@transaction.atomic
def redeem_card(*, viewer: Viewer, code: str) -> GiftCard:
    """Move all that is on a card to the person's credit. Who redeems it again gets the same answer. Raises
    WrongCode, SignInFirst, BuyerSuspended, JoinFirst."""
    user = must_be_welcome(viewer)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    card = locked_card(code)
    if card is None or card.community_id != viewer.community.pk or not _is_paid(card):
        raise WrongCode(_("There is no such code. Check each letter."))
    if card.redeemed_by_id == user.pk:
        return card
    amount = must_be_good(card)
    card.redeemed_by, card.redeemed_at = user, timezone.now()
    card.save(update_fields=["redeemed_by", "redeemed_at"])
    let_in(card.community, user)
    _move(
        card, _account(card, card.account), _account(card, (f"user:{user.pk}", "credit")), amount, "redeemed"
    )
    record(
        "card.redeemed",
        community=card.community_id,
        actor=user,
        object=card,
        amount=amount,
        currency=card.currency,
    )
    return card


@transaction.atomic
def revoke_card(*, viewer: Viewer, card: GiftCard) -> GiftCard:
    """Take back a card of the house that nobody redeemed. One that was bought is refunded instead. Needs
    money.manage. Raises WrongCode. Safe to repeat."""
    must_be_here(viewer, card)
    if not viewer.may("money.manage"):
        raise NotPermitted()
    row = GiftCard.objects.select_for_update(of=("self",)).select_related("community").get(pk=card.pk)
    if row.order_id is not None:
        raise WrongCode(_("This card was bought. Refund its order to take it back."))
    if row.redeemed_at is not None:
        raise WrongCode(_("This card was redeemed: its amount is the person's."))
    if row.revoked_at is None:
        _end(row)
        record(
            "card.revoked",
            community=row.community_id,
            actor=viewer.user,
            object=row,
            before={"amount": row.amount, "revoked": False},
            after={"amount": 0, "revoked": True},
        )
    return row


def expire_cards() -> int:
    """Move what is on cards that ran out to where docs/ledger.md says. Returns how many there were."""
    with transaction.atomic():
        over = GiftCard.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            expires_at__lte=timezone.now(), redeemed_at=None, revoked_at=None
        )
        cards = list(over.select_related("community").order_by("pk")[:EXPIRE_AT_ONCE_MAX])
        for card in cards:
            _end(card)
            record("card.expired", community=card.community_id, object=card)
    return len(cards)


def locked_card(code: str) -> GiftCard | None:
    """The card, held for this transaction: the second to come finds it redeemed."""
    held = GiftCard.objects.select_for_update(of=("self",)).select_related("community", "order")
    return held.filter(code=plain_code(code)).first()


def must_be_good(card: GiftCard) -> int:
    """What is on a card. Raises WrongCode for one that cannot be redeemed any more."""
    if card.redeemed_at is not None:
        raise WrongCode(_("This code was used already."))
    if card.expires_at is not None and card.expires_at <= timezone.now():
        raise WrongCode(_("This code has expired."))
    amount = balance(card.community, *card.account, card.currency)
    if card.revoked_at is not None or not amount:
        raise WrongCode(_("This code was withdrawn. Ask whoever gave it to you."))
    return amount


def _is_paid(card: GiftCard) -> bool:
    """Whether the card is there at all: one that waits to be paid is not, nor one whose payment is disputed."""
    bought = card.order
    return bought is None or bought.state in (
        *(Order.State.PAID, Order.State.PARTLY_REFUNDED, Order.State.REFUNDED),
    )


def _end(card: GiftCard) -> None:
    card.revoked_at = timezone.now()
    card.save(update_fields=["revoked_at"])
    if left := balance(card.community, *card.account, card.currency):
        target = UNREDEEMED if card.order_id else GIVEN
        _move(card, _account(card, card.account), _account(card, target), left, "ended")


def _account(card: GiftCard, name: tuple[str, str]) -> Account:
    return account(card.community, *name, card.currency)


def _move(card: GiftCard, source: Account, target: Account, amount: int, cause: str) -> None:
    post([Move(source, target, amount, f"card:{card.pk}:{cause}", {"card": card.pk})])


def _write(
    community: Community, buyer: User, amount: int, currency: str, provider: str, return_to: str
) -> Order:
    now = timezone.now()
    order = Order.objects.create(
        community=community,
        buyer=buyer,
        kind=Order.Kind.CARD,
        number=new_number(),
        total=amount,
        currency=currency,
        term=Offer.Term.LIFETIME,
        provider=provider,
        return_to=same_site(return_to),
        created_at=now,
        expires_at=now + ORDER_LIFE,
    )
    OrderLine.objects.create(order=order, kind=OrderLine.Kind.PRICE, amount=amount)
    record(
        "order.placed",
        community=community,
        actor=buyer,
        object=order,
        number=order.number,
        kind=order.kind,
        offer=order.title,
        offer_id=None,
        total=amount,
        credit=0,
        currency=currency,
    )
    return order
