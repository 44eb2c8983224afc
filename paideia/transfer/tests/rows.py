"""What stands in the tables: compared before and after an import, or between two."""

from django.db import connection

from paideia.transfer.models import ImportedObject

LEFT_ASIDE = {"transfer_importrun", "communities_community", "django_session", "procrastinate_jobs"}


def every_row() -> dict[str, list[tuple[object, ...]]]:
    """Each table's rows by their transaction, place and id: equal only if nothing at all was written."""
    with connection.cursor() as cursor:
        tables = [
            table
            for table in connection.introspection.table_names(cursor)
            if table.partition("_")[0]
            in (
                "accounts",
                "activity",
                "communities",
                "content",
                "courses",
                "discussions",
                "spaces",
                "transfer",
            )
            and table not in LEFT_ASIDE
        ]
        return {table: _rows(cursor, table) for table in tables}


def _rows(cursor, table: str) -> list[tuple[object, ...]]:
    cursor.execute(f'SELECT xmin::text, ctid::text FROM "{table}" ORDER BY 1, 2')
    return cursor.fetchall()


def what_came(slug: str) -> dict[str, list[tuple[object, ...]]]:
    """What a community holds by imports, by outside ids and not by ours, so that two can be compared."""
    with connection.cursor() as cursor:
        return {name: _fetched(cursor, query, slug) for name, query in _QUERIES.items()}


def _fetched(cursor, query: str, slug: str) -> list[tuple[object, ...]]:
    cursor.execute(query, {"slug": slug})
    return cursor.fetchall()


def nothing_came() -> bool:
    return not ImportedObject.objects.exists()


_HERE = "(SELECT id FROM communities_community WHERE slug = %(slug)s)"
_QUERIES = {
    "kept": f"""
        SELECT external_id, object_kind, digest FROM transfer_importedobject
        WHERE community_id = {_HERE} ORDER BY 1
    """,
    "people": f"""
        SELECT u.handle, u.name, u.bio, u.is_active, u.claimable_from, u.date_joined, m.joined_at, m.left_at
        FROM accounts_user u JOIN communities_membership m ON m.user_id = u.id
        WHERE u.claimable_from <> '' AND m.community_id = {_HERE} ORDER BY u.claimable_from
    """,
    "documents": f"""
        SELECT o.external_id, d.kind, d.title, d.source, d.tags,
               replace(d.html, '/c/' || %(slug)s || '/', '/'), d.score, d.revision, d.created_at,
               d.edited_at, u.handle, d.author_name,
               (SELECT count(*) FROM content_revision r WHERE r.document_id = d.id),
               t.is_question, t.comments_count, t.last_activity_at, t.closed_at, l.handle,
               c.is_answer, c.depth, parent.external_id, root.external_id
        FROM transfer_importedobject o JOIN content_document d ON d.id = o.object_id
        LEFT JOIN accounts_user u ON u.id = d.author_id
        LEFT JOIN discussions_thread t ON t.document_id = d.id
        LEFT JOIN accounts_user l ON l.id = t.last_commenter_id
        LEFT JOIN discussions_comment c ON c.document_id = d.id
        LEFT JOIN transfer_importedobject parent
            ON parent.object_id = c.parent_id AND parent.object_kind = 'answer'
        LEFT JOIN transfer_importedobject root ON root.object_id = c.root_id AND root.object_kind = 'thread'
        WHERE o.community_id = {_HERE} AND o.object_kind IN ('thread', 'answer', 'comment')
        ORDER BY 1
    """,
    "reactions": f"""
        SELECT o.external_id, r.kind, r.at, count(*) FROM discussions_reaction r
        JOIN transfer_importedobject o
            ON o.object_id = r.document_id AND o.object_kind IN ('thread', 'answer', 'comment')
        WHERE o.community_id = {_HERE} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """,
    "facts": f"""
        SELECT verb, occurred_at, detail ->> 'kind', count(*) FROM activity_fact
        WHERE detail ->> 'imported' = 'true' AND community_id = {_HERE} AND verb <> 'space.created'
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """,
}
