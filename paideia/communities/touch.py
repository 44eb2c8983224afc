"""`Community.version` grows whenever something an anonymous page may show changes.

The database does it, at commit, once a transaction, so that no writer can forget and no writer waits for long.
A room adds `touch(table)` to its migration for each table that carries `community_id`.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION community_touch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
    stamp text;
BEGIN
    IF TG_TABLE_NAME = 'communities_community' THEN changed := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN changed := OLD.community_id;
    ELSE changed := NEW.community_id;
    END IF;
    stamp := pg_current_xact_id()::text || ':' || changed;
    IF current_setting('paideia.touched', true) IS DISTINCT FROM stamp THEN
        PERFORM set_config('paideia.touched', stamp, true);
        UPDATE communities_community SET version = version + 1 WHERE id = changed;
    END IF;
    RETURN NULL;
END $$;
"""


def touch(table: str) -> migrations.RunSQL:
    """A migration step: rows of `table` (with `community_id`) bump their community's version at commit."""
    return migrations.RunSQL(
        f"CREATE CONSTRAINT TRIGGER {table}_touch AFTER INSERT OR UPDATE OR DELETE ON {table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION community_touch()",
        f"DROP TRIGGER {table}_touch ON {table}",
    )
