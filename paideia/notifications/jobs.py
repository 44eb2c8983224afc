"""Sending the mails that are owed."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from paideia.notifications.mails import compose
from paideia.notifications.models import Mail
from paideia.notifications.rights import why_not

log = logging.getLogger(__name__)

BATCH = 50
CLAIM_MINUTES = 10  # after this a claimed mail counts as lost with its worker, and is sent by another


def wake_sender() -> None:
    """Have owed mails sent after the caller's transaction, once for all callers of a moment."""
    try:
        with transaction.atomic():
            send_mails.configure(queueing_lock="send_mails").defer()
    except AlreadyEnqueued:
        pass


@app.periodic(cron="* * * * *")
@app.task(name="notifications.send_mails_each_minute", pass_context=False)
def send_mails_each_minute(timestamp: int) -> None:
    send_owed()


@app.task(name="notifications.send_mails")
def send_mails() -> None:
    send_owed()


def send_owed() -> int:
    """Send what is owed, until nothing is left. Returns how many mails went out.

    A mail is claimed, sent, then marked: a worker killed between the last two sends it a second time later,
    never not at all.
    """
    sent = 0
    while claimed := _claim():
        for mail in claimed:
            sent += _send(mail)
    return sent


def _claim() -> list[Mail]:
    now = timezone.now()
    with transaction.atomic():
        owed = Mail.objects.filter(sent_at=None, dropped_because="").exclude(
            claimed_at__gt=now - timedelta(minutes=CLAIM_MINUTES)
        )
        ids = list(
            owed.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:BATCH]
        )
        Mail.objects.filter(pk__in=ids).update(claimed_at=now)
    related = ("user", "notification__community", "notification__actor")
    return list(Mail.objects.filter(pk__in=ids).select_related(*related).order_by("pk"))


def _send(mail: Mail) -> int:
    if reason := why_not(mail):
        Mail.objects.filter(pk=mail.pk).update(dropped_because=reason)
        return 0
    try:
        compose(mail).send()
    except Exception:  # one address must not hold up the others; it is tried again when its claim has run out
        log.exception("mail %s was not sent", mail.pk)
        return 0
    Mail.objects.filter(pk=mail.pk).update(sent_at=timezone.now())
    return 1
