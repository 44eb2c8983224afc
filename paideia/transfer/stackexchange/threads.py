"""What a list of threads shows of each: how many comments, and whose was the last."""

from django.db import connection

from ..keeping import Keeping
from ..report import Report
from .posts import post_key
from .rows import Post


def load_counts(keeping: Keeping, batch: list[Post], report: Report) -> None:
    """Count what stands below these questions. A thread whose numbers are right is not written."""
    threads = [kept.object_id for kept in keeping.find(post_key(post.id) for post in batch).values()]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH below AS (
                SELECT c.root_id, count(*) AS comments, max(d.published_at) AS last_at,
                       (array_agg(d.author_id ORDER BY d.published_at DESC, d.id DESC))[1] AS last_author
                FROM discussions_comment c JOIN content_document d ON d.id = c.document_id
                WHERE c.root_id = ANY(%s) AND d.removed_at IS NULL
                GROUP BY c.root_id
            )
            UPDATE discussions_thread t
            SET comments_count = b.comments, last_commenter_id = b.last_author,
                last_activity_at = greatest(t.last_activity_at, b.last_at)
            FROM below b
            WHERE t.document_id = b.root_id
              AND (t.comments_count, t.last_commenter_id, t.last_activity_at)
                  IS DISTINCT FROM (b.comments, b.last_author, greatest(t.last_activity_at, b.last_at))
            """,
            [threads],
        )
