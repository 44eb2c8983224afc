"""Tables without `community_id` that hang on a document bump its community's version through it
(see communities/touch.py)."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION content_touch_document() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
    stamp text;
    old_or_new jsonb;
BEGIN
    old_or_new := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    SELECT community_id INTO changed FROM content_document WHERE id = (old_or_new ->> TG_ARGV[0])::bigint;
    stamp := pg_current_xact_id()::text || ':' || changed;
    IF changed IS NOT NULL AND current_setting('paideia.touched', true) IS DISTINCT FROM stamp THEN
        PERFORM set_config('paideia.touched', stamp, true);
        UPDATE communities_community SET version = version + 1 WHERE id = changed;
    END IF;
    RETURN NULL;
END $$;
"""


def touch_through_document(table: str, column: str = "document_id") -> migrations.RunSQL:
    """A migration step: rows of `table` bump the version of the community of the document in `column`."""
    return migrations.RunSQL(
        f"CREATE CONSTRAINT TRIGGER {table}_touch AFTER INSERT OR UPDATE OR DELETE ON {table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        f"EXECUTE FUNCTION content_touch_document('{column}')",
        f"DROP TRIGGER {table}_touch ON {table}",
    )
