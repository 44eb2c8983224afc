"""发票: asked for by the buyer, issued elsewhere by the team, handed over here."""

import re
from hashlib import sha256
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.commerce.models import FapiaoRequest, InvoiceTerms, Order
from paideia.commerce.refusals import NotPermitted
from paideia.lib.refusal import Conflict, Invalid, NotFound

FOLDER = "fapiao"
BYTES_MAX = 5 * 1024 * 1024
# By their bytes: PDF; OFD, which is a zip; XML.
BEGINNINGS = {b"%PDF-": "pdf", b"PK\x03\x04": "ofd", b"<?xml": "xml"}
TAX_NUMBER = re.compile(r"[0-9A-Z]{15,20}")
State = FapiaoRequest.State


@transaction.atomic
def ask_for_fapiao(*, viewer: Viewer, order: Order, title: str, tax_number: str, email: str) -> FapiaoRequest:
    """Ask for the 发票 of one's own paid order; again after a refusal, or to correct what waits."""
    if order.community_id != viewer.community.pk or order.buyer_id != viewer.user_id:
        raise NotFound("")
    if not InvoiceTerms.objects.filter(community=viewer.community, gives_fapiao=True).exists():
        raise Invalid(_("This community gives no fapiao."))
    row = Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order.pk)
    if row.paid_at is None or row.refunded == row.value:
        raise Invalid(_("A fapiao is for what was paid and not refunded."))
    tax_number = tax_number.replace(" ", "").upper()
    if tax_number and not TAX_NUMBER.fullmatch(tax_number):
        raise Invalid(_("A tax number has 15 to 20 letters and digits."))
    found = FapiaoRequest.objects.filter(order=row).first() or FapiaoRequest(order=row)
    if found.state == State.ISSUED:
        raise Conflict(_("It is issued already. Ask the team if it is wrong."))
    found.title, found.tax_number, found.email = title.strip()[:160], tax_number, email.strip()
    found.state, found.reason, found.asked_at = State.ASKED, "", timezone.now()
    found.answered_at = found.answered_by = None
    found.full_clean(exclude=["order", "answered_by"])
    found.save()
    _record("fapiao.requested", found, viewer)
    return found


@transaction.atomic
def issue_fapiao(
    *, viewer: Viewer, request: FapiaoRequest, number: str, file: "UploadedFile[Any] | None" = None
) -> FapiaoRequest:
    """Say its number, and hand over its file if there is one: PDF, OFD or XML."""
    row = _asked(viewer, request)
    if not number.strip():
        raise Invalid(_("Write the number of the fapiao."))
    row.number, row.state = number.strip()[:40], State.ISSUED
    row.file = _stored(row, file) if file is not None else ""
    _answer(row, viewer)
    return row


@transaction.atomic
def refuse_fapiao(*, viewer: Viewer, request: FapiaoRequest, reason: str) -> FapiaoRequest:
    row = _asked(viewer, request)
    if not reason.strip():
        raise Invalid(_("Say why, so that they can put it right."))
    row.reason, row.state = reason.strip()[:300], State.REFUSED
    _answer(row, viewer)
    return row


def _asked(viewer: Viewer, request: FapiaoRequest) -> FapiaoRequest:
    if not viewer.may("money.manage"):
        raise NotPermitted()
    row = (
        FapiaoRequest.objects.select_for_update(of=("self",))
        .filter(pk=request.pk, order__community=viewer.community)
        .select_related("order")
        .first()
    )
    if row is None:
        raise NotFound("")
    if row.state != State.ASKED:
        raise Conflict(_("This was decided meanwhile. Look again."))
    return row


def _answer(row: FapiaoRequest, viewer: Viewer) -> None:
    row.answered_at, row.answered_by = timezone.now(), viewer.user
    row.save()
    _record("fapiao.answered", row, viewer)


def _stored(row: FapiaoRequest, file: "UploadedFile[Any]") -> str:
    """Kept under its digest, before the row that names it."""
    if (file.size or 0) > BYTES_MAX:
        raise Invalid(_("The file is larger than 5 MB."))
    body = file.read()
    suffix = next((kind for begins, kind in BEGINNINGS.items() if body.startswith(begins)), "")
    if not suffix:
        raise Invalid(_("A fapiao is a PDF, OFD or XML file."))
    key = f"{FOLDER}/{row.order.community_id}/{sha256(body).hexdigest()[:40]}.{suffix}"
    return key if default_storage.exists(key) else str(default_storage.save(key, ContentFile(body)))


def _record(verb: str, row: FapiaoRequest, viewer: Viewer) -> None:
    record(
        verb,
        community=row.order.community_id,
        actor=viewer.user,
        object=row,
        buyer=row.order.buyer_id,
        number=row.order.number,
        offer=row.order.title,
        state=row.state,
        reason=row.reason,
        before={"state": State.ASKED} if verb == "fapiao.answered" else None,
        after={"state": row.state, "number": row.number},
    )
