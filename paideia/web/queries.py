"""What the home page and the space pages put together from the rooms below."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Q

from paideia.access.viewer import Viewer
from paideia.activity.models import SetAside
from paideia.communities.models import Community, JoinRequest, Membership
from paideia.content.models import Document
from paideia.courses.models import Enrolment
from paideia.discussions.models import Thread
from paideia.discussions.queries import ROW, UNREAD

WORKS, THREADS = 6, 20
WORK_KINDS = [Document.Kind.ARTICLE, Document.Kind.COURSE, Document.Kind.COLUMN]


@dataclass(frozen=True, slots=True)
class Feed:
    """The shared part of the home page: the same for everybody with the same sight."""

    works: list[Document]
    threads: list[Thread]
    unanswered: list[Thread]


def feed(viewer: Viewer) -> Feed:
    """Newest works that may be listed and newest talk that may be read. Three queries."""
    works = (
        Document.objects.listed_to(viewer)
        .filter(kind__in=WORK_KINDS)
        .defer("source", "html", "text", "preview_html")
    )
    threads = Thread.objects.filter(
        viewer.open_q("document__"), document__removed_at=None, document__published_at__lte=viewer.now
    )
    threads = threads.select_related(*ROW).defer(*UNREAD)
    newest = threads.order_by("-last_activity_at", "-pk")[:THREADS]
    unanswered = threads.filter(is_question=True, comments_count=0).order_by("-last_activity_at", "-pk")[:5]
    related = ("author", "article__cover", "course__cover")
    return Feed(
        list(works.select_related(*related).order_by("-published_at", "-pk")[:WORKS]),
        list(newest),
        list(unanswered),
    )


def under_way(viewer: Viewer) -> Enrolment | None:
    """The course this member was last in and has not finished."""
    if viewer.user is None:
        return None
    found = Enrolment.objects.filter(
        user=viewer.user,
        completed_at=None,
        course__document__community=viewer.community,
        last_lesson__isnull=False,
    )
    return found.select_related("course__document", "last_lesson__document").order_by("-pk").first()


def figures(community: Community) -> dict[str, Any]:
    """A community in numbers, for its front page. One query."""
    members = Q(memberships__left_at=None)
    row = Community.objects.filter(pk=community.pk).aggregate(members=Count("memberships", filter=members))
    return {"members": row["members"]}


def first_steps(viewer: Viewer) -> list[str]:
    """What a new member has not done yet, of the first steps: "profile", "read", "say". One query."""
    if viewer.user is None:
        return []
    taken = Enrolment.objects.filter(user=viewer.user, course__document__community=viewer.community)
    said = Document.objects.filter(author=viewer.user, community=viewer.community)
    member = (
        Membership.objects.filter(pk=viewer.membership_id or 0, joined_at__gt=viewer.now - timedelta(days=30))
        .annotate(has_read=Exists(taken), has_said=Exists(said))
        .first()
    )
    if member is None:
        return []
    done = {"profile": bool(viewer.user.bio), "read": member.has_read, "say": member.has_said}
    return [step for step, is_done in done.items() if not is_done]


@dataclass(frozen=True, slots=True)
class Today:
    """What asks for an operator's attention, and how the last seven days went beside the seven before."""

    requests: int
    unanswered: int
    drafts: int
    set_aside: int
    weeks: dict[str, tuple[int, int]]  # figure -> (last seven days, the seven before)


def today(viewer: Viewer) -> Today:
    """Only of the viewer's community, and only what their permissions cover."""
    community = viewer.community
    threads = Thread.objects.filter(viewer.open_q("document__"), document__removed_at=None)
    return Today(
        requests=JoinRequest.objects.filter(community=community, decided_at=None).count()
        if viewer.may("members.manage")
        else 0,
        unanswered=threads.filter(is_question=True, comments_count=0).count(),
        drafts=Document.objects.editable_by(viewer).filter(published_at=None, kind__in=WORK_KINDS).count(),
        set_aside=SetAside.objects.count() if viewer.may("roles.edit") else 0,
        weeks=_weeks(viewer),
    )


WEEKS = """
SELECT figure, count(*) FILTER (WHERE at > %(now)s - interval '7 days'),
       count(*) FILTER (WHERE at <= %(now)s - interval '7 days')
FROM (
    SELECT 'joined' AS figure, occurred_at AS at FROM activity_fact
    WHERE community_id = %(community)s AND verb = 'member.joined' AND occurred_at > %(now)s - interval '14 days'
    UNION ALL
    SELECT 'said', occurred_at FROM activity_fact
    WHERE community_id = %(community)s AND verb IN ('comment.posted', 'thread.opened')
      AND occurred_at > %(now)s - interval '14 days'
    UNION ALL
    SELECT 'lessons', occurred_at FROM activity_fact
    WHERE community_id = %(community)s AND verb = 'lesson.completed' AND occurred_at > %(now)s - interval '14 days'
    UNION ALL
    SELECT 'sales', occurred_at FROM activity_fact
    WHERE community_id = %(community)s AND verb = 'order.settled' AND occurred_at > %(now)s - interval '14 days'
) AS happened GROUP BY figure
"""


def _weeks(viewer: Viewer) -> dict[str, tuple[int, int]]:
    weeks = {"joined": (0, 0), "said": (0, 0), "lessons": (0, 0), "sales": (0, 0)}
    with connection.cursor() as cursor:
        cursor.execute(WEEKS, {"community": viewer.community.pk, "now": viewer.now})
        weeks |= {figure: (last, before) for figure, last, before in cursor.fetchall()}
    if not viewer.may("money.view"):
        weeks.pop("sales")
    return weeks
