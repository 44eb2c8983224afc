"""An imported course comes out at once and whole, without telling anybody by mail."""

from __future__ import annotations

from django.utils import timezone

from paideia.activity.actions import Happening, record_many
from paideia.content.models import Document

from ..report import Report
from .outline import course_key, lesson_key
from .plan import Plan


def load_publications(plans: list[Plan], report: Report) -> None:
    """Publish what is still a draft here, but for what was hidden in the old system."""
    for plan in plans:
        if plan.publish:
            shown = [lesson_key(lesson.external_id) for lesson in plan.course.lessons() if not lesson.draft]
            publish_imported(plan, [course_key(), *shown])


def publish_imported(plan: Plan, keys: list[str]) -> None:
    """Let the works with these keys be seen from now on. Those that were published before, and perhaps taken
    back since, stay as they are."""
    rows = {key: kept.object_id for key, kept in plan.keeping.find(keys).items()}
    were_out = plan.keeping.find(f"{key}:out" for key in rows)
    fresh = {key: pk for key, pk in rows.items() if f"{key}:out" not in were_out}
    drafts = Document.objects.filter(pk__in=fresh.values(), published_at=None, removed_at=None)
    never_out = list(drafts.order_by("pk"))
    plan.keeping.remember("publication", ((f"{key}:out", pk, "") for key, pk in fresh.items()))
    now = timezone.now()
    Document.objects.filter(pk__in=[d.pk for d in never_out]).update(published_at=now, announced_at=now)
    record_many(
        Happening(
            f"{document.kind}.published",
            document.community_id,
            document.author_id,
            "document",
            document.pk,
            now,
            {"imported": True},
        )
        for document in never_out
    )
