"""What commerce refuses, each with what the person can do about it."""

from django.utils.translation import gettext as _

from paideia.lib.refusal import Conflict, Invalid, NotAllowed, NotFound


class NotPermitted(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("Your role does not allow this. Ask an owner of the community."))


class SignInFirst(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("Sign in or create an account to buy this."))


class JoinFirst(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("This community decides who comes in. Join it first, then come back to buy."))


class BuyerSuspended(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("You are suspended from this community and cannot buy here. Ask its team."))


class OfferGone(NotFound):
    def __init__(self) -> None:
        super().__init__(_("This offer has ended. Choose another one."))


class HeldForGood(Conflict):
    def __init__(self) -> None:
        super().__init__(_("You have this for good already: there is nothing to pay."))


class NoTrial(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("There is no trial of this for you."))


class SubscribedAlready(Conflict):
    def __init__(self) -> None:
        super().__init__(_("You have this already, and it renews itself. Look at your membership."))


class NotRunning(Conflict):
    def __init__(self) -> None:
        super().__init__(
            _("This has ended, or changed meanwhile. Look at your membership for how it stands.")
        )


class PaidToTheEnd(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("Instalments are paid to the end. Ask the team if you cannot."))


class NoRetention(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("There is no offer for you to stay, or you have taken it before."))


class TooManyOrders(Conflict):
    def __init__(self) -> None:
        super().__init__(_("You have many unpaid orders. Pay one of them or wait an hour, then try again."))


class WrongOffer(Invalid):
    """What the team asked an offer to be makes no sense."""


class WrongWish(Invalid):
    """A purchase that the offer does not allow in this way."""


class WrongCoupon(WrongWish):
    """A coupon that does not exist, or not for this purchase, or no more."""


class WrongRefund(Invalid):
    """A refund that cannot be: too much, too late, of what was not paid."""


class WrongCode(Invalid):
    """A code, gift or seat that is not there, or not any more."""


class NoSeatLeft(Conflict):
    """More people than seats."""


class TooSoon(Conflict):
    """News about a payment that has not been told yet. Whoever brought it should bring it again."""

    def __init__(self) -> None:
        super().__init__(_("The payment that this is about is not known yet. Tell it again later."))


class SoldOut(Conflict):
    def __init__(self) -> None:
        super().__init__(_("All places are taken. Should a payment not be made in time, one becomes free."))


class NotOnSale(Conflict):
    """An offer whose time of sale has not begun, or is over."""


class NothingToSettle(Exception):
    """A charge that cannot settle its order. `outcome` is what the notice says of it; nothing was changed."""

    outcome = ""


class PaidOtherwise(NothingToSettle):
    """Another amount or currency than was agreed."""

    outcome = "mismatched"


class AlreadyPaid(NothingToSettle):
    """The order was settled by another charge: this one was paid twice."""

    outcome = "paid_twice"


class ChargeTaken(NothingToSettle):
    """The charge settled another order."""

    outcome = "charge_taken"


class HeldElsewhere(NothingToSettle):
    """A late payment for an order whose coupon or credit was used elsewhere meanwhile."""

    outcome = "too_late"


class NoLongerThere(NothingToSettle):
    """A late payment for what is sold out or over by now."""

    outcome = "gone"
