"""Mail to one person: text and HTML from the same words, in the person's language."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.lib.refusal import Refused

log = logging.getLogger(__name__)


class MailNotSent(Refused):
    """The mail server did not take a mail. What was done before stands; it can be asked for again."""

    status = 503

    def __init__(self) -> None:
        super().__init__(_("The mail could not be sent. Try again in a few minutes."))


@dataclass(frozen=True)
class Letter:
    """What a mail says. `button`: its label and full address."""

    subject: str
    paragraphs: Sequence[str]
    button: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        parts = list(self.paragraphs)
        if self.button:
            parts.insert(1, f"{self.button[0]}:\n{self.button[1]}")
        return "\n\n".join(parts) + "\n"


def send(letter: Letter, *, to: str, place: str) -> None:
    """Send a letter. The caller has activated the reader's language (`language_of`). `place` signs it. Raises
    MailNotSent."""
    subject = " ".join(letter.subject.split())
    message = EmailMultiAlternatives(
        subject, letter.text + f"\n-- \n{place}\n", settings.DEFAULT_FROM_EMAIL, [to]
    )
    context = {"letter": letter, "place": place, "language": translation.get_language()}
    message.attach_alternative(render_to_string("accounts/mail.html", context), "text/html")
    try:
        message.send()
    except (SMTPException, OSError) as error:
        log.exception("A mail was not sent: %s", subject)
        raise MailNotSent() from error


def language_of(user: User | None) -> str:
    """The language to write to somebody in: their own choice, else the one of the page that caused the mail."""
    return (user.language if user else "") or translation.get_language() or settings.LANGUAGE_CODE
