"""Mails: words in the receiver's language, as text and as HTML."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from paideia.communities.addresses import origin, url_in
from paideia.notifications.models import Mail
from paideia.notifications.wording import sentence


def compose(mail: Mail) -> EmailMultiAlternatives:
    """The message of an owed mail."""
    told = mail.notification
    community = told.community if told else None
    language = mail.user.language or (community.language if community else settings.LANGUAGE_CODE)
    with translation.override(language):
        words = sentence(told) if told else ""
        context = {
            "mail": mail,
            "told": told,
            "user": mail.user,
            "community": community,
            "sentence": words,
            "address": (origin(community) if community else settings.BASE_URL) + (told.url if told else "/"),
            "choices": url_in(community, "notification_choices") if community else settings.BASE_URL,
            "LANGUAGE_CODE": language,
        }
        text = render_to_string(f"notifications/mail/{mail.template}.txt", context)
        html = render_to_string(f"notifications/mail/{mail.template}.html", context)
    message = EmailMultiAlternatives(
        subject=" ".join(words.split())[:150],
        body=text,
        to=[mail.user.email or ""],  # `why_not` has seen that there is one
        headers={"List-Unsubscribe": f"<{context['choices']}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(html, "text/html")
    return message
