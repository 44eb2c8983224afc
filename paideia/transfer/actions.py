"""Handing in an export, and bringing it in by a job."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from paideia.access.viewer import Viewer, look
from paideia.lib.refusal import NotAllowed, Refused
from paideia.lib.soon import soon
from paideia.lib.text import clean_line

from .errors import BadImport
from .models import Delivery
from .progress import Progress
from .run import Wishes, import_path, path_name


def hand_in(
    *, viewer: Viewer, kind: str, file: File, name: str = "", articles: bool = False, publish: bool = True,
    dry_run: bool = False,
) -> Delivery:  # fmt: skip
    """Keep an export and have it imported by a job. Needs transfer.run."""
    _must(viewer)
    file_name = Path(file.name or "export").name
    key = default_storage.save(f"imports/{viewer.community.pk}/{token_hex(16)}", file)
    with transaction.atomic():
        delivery = Delivery.objects.create(
            community=viewer.community,
            by=viewer.user,
            kind=kind,
            name=clean_line(name)[:80] or path_name(file_name),
            storage_key=key,
            wishes={"articles": articles, "publish": publish, "dry_run": dry_run},
        )
        _defer(delivery)
    return delivery


@transaction.atomic
def resume(*, viewer: Viewer, delivery: Delivery) -> Delivery:
    """Go on with an import that failed half-way, from where it stopped. Needs transfer.run."""
    _must(viewer)
    row = Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
    if row.state == "failed" and row.storage_key:
        row.failed_because = ""
        row.save(update_fields=["failed_because"])
        _defer(row)
    return row


def bring_in(delivery_id: int) -> None:
    """Import a delivery; what the job does. Repeating it goes on where it stopped; a finished one stays.

    The right of whoever handed it in is asked again now. A bad export ends it, with the reason for people; any
    other error leaves the file, so that it can be resumed.
    """
    delivery = (
        Delivery.objects.select_related("community", "by").filter(pk=delivery_id, finished_at=None).first()
    )
    if delivery is None or not delivery.storage_key:
        return
    with override(delivery.community.language):
        try:
            _must(look(delivery.community, delivery.by))
            report = _imported(delivery)
        except (BadImport, Refused) as error:
            _end(delivery, failed_because=str(error))
        except Exception as error:
            Delivery.objects.filter(pk=delivery.pk).update(
                failed_because=str(error)[:2000] or repr(error)[:2000]
            )
            raise
        else:
            _end(delivery, report=report, finished_at=timezone.now(), failed_because="")


def _imported(delivery: Delivery) -> dict[str, Any]:
    wishes = Wishes(
        name=delivery.name,
        articles=delivery.wishes["articles"],
        publish=delivery.wishes["publish"],
        author=delivery.by,
    )
    with tempfile.TemporaryDirectory(prefix="paideia-delivery-") as folder:
        path = Path(folder) / "export"
        with default_storage.open(delivery.storage_key) as stored, path.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
        report = import_path(
            delivery.kind,
            path,
            community_slug=delivery.community.slug,
            progress=_teller(delivery),
            dry_run=delivery.wishes["dry_run"],
            wishes=wishes,
        )
    return report.as_json()


def _teller(delivery: Delivery) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        shown = {
            "step": progress.step,
            "done": progress.done,
            "total": progress.total,
            "seconds_left": round(progress.remaining_seconds),
        }
        Delivery.objects.filter(pk=delivery.pk).update(progress=shown)

    return tell


def _end(delivery: Delivery, **fields: Any) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(storage_key="", **fields)
    default_storage.delete(delivery.storage_key)


def _must(viewer: Viewer) -> None:
    if not viewer.may("transfer.run"):
        raise NotAllowed(_("Your role does not include importing."))


def _defer(delivery: Delivery) -> None:
    soon("transfer.bring_in_delivery", about=f"delivery:{delivery.pk}", delivery_id=delivery.pk)
