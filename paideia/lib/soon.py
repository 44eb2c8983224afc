"""Work for a worker, asked for by the name of its job: who asks need not know the jobs, which know everything."""

from contextlib import suppress
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def soon(job: str, *, about: str, **arguments: Any) -> None:
    """Let a worker do it once this transaction is committed: "commerce.send_refund". `about` names what it is done
    to: asked again before it has begun, it is done once, and never twice at the same time."""
    with (
        suppress(AlreadyEnqueued),
        transaction.atomic(),
    ):  # a refused row must not end the caller's transaction
        app.configure_task(job, lock=about, queueing_lock=about).defer(**arguments)
