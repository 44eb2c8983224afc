"""Each statement that writes facts rings the bell for readers, ten times a second and connection at most.

A commit that notifies waits for others that do: the limit keeps that away from busy writers. The time of the last
ring is a setting of the session, and a rollback takes it back together with the ring.
"""

from django.db import migrations

BELL = """
CREATE FUNCTION activity_fact_ring() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rung text := current_setting('paideia.rung_at', true);
BEGIN
    IF rung IS NULL OR rung = '' OR clock_timestamp() - rung::timestamptz > interval '100 milliseconds' THEN
        PERFORM set_config('paideia.rung_at', clock_timestamp()::text, false);
        PERFORM pg_notify('activity_fact', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER activity_fact_bell AFTER INSERT ON activity_fact
    FOR EACH STATEMENT EXECUTE FUNCTION activity_fact_ring();
"""
UNDO = """
DROP TRIGGER activity_fact_bell ON activity_fact;
DROP FUNCTION activity_fact_ring();
"""


# Partitions made by 0002 while it did not yet do so itself, and the default one.
WHOLE = """
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'activity_fact'::regclass LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER activity_fact_no_truncate BEFORE TRUNCATE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION activity_fact_refuse()', partition);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("activity", "0002_fact_table")]
    operations = [migrations.RunSQL(BELL, UNDO), migrations.RunSQL(WHOLE, migrations.RunSQL.noop)]
