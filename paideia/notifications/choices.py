"""Which notifications also come by mail. People choose by kind; these are the first choices."""

from paideia.accounts.models import User
from paideia.notifications.models import Notification

Kind = Notification.Kind
BY_MAIL = {
    Kind.ANSWER,
    Kind.REPLY,
    Kind.MENTION,
    Kind.ACCEPTED,
    Kind.ORDER,
    Kind.MEMBER,
    Kind.COMMENT,
    Kind.TERM,
    Kind.EARNING,
}
ALWAYS = {Kind.ORDER, Kind.BILLING}  # a receipt is owed, and so is the word that something is charged


def wants_mail(user: User, kind: str) -> bool:
    if kind in ALWAYS:
        return True
    return bool(user.preferences.get("mail", {}).get(kind, kind in BY_MAIL))
