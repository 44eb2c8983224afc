"""Mail to one person: text and HTML from the same words, in the person's language."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from paideia.accounts.models import User


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
    """Send a letter. The caller has activated the reader's language (`language_of`). `place` signs it."""
    subject = " ".join(letter.subject.split())
    message = EmailMultiAlternatives(
        subject, letter.text + f"\n-- \n{place}\n", settings.DEFAULT_FROM_EMAIL, [to]
    )
    context = {"letter": letter, "place": place, "language": translation.get_language()}
    message.attach_alternative(render_to_string("accounts/mail.html", context), "text/html")
    message.send()


def language_of(user: User | None) -> str:
    """The language to write to somebody in: their own choice, else the one of the page that caused the mail."""
    return (user.language if user else "") or translation.get_language() or settings.LANGUAGE_CODE
