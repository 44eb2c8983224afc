"""A grant is history: after it was given it can only be revoked, once, or end earlier."""

from django.db import migrations

LAW = """
CREATE FUNCTION access_grant_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.plan_id, NEW.user_id, NEW.starts_at, NEW.source, NEW.key, NEW.is_trial, NEW.given_at)
        IS DISTINCT FROM (OLD.id, OLD.plan_id, OLD.user_id, OLD.starts_at, OLD.source, OLD.key, OLD.is_trial, OLD.given_at)
    THEN
        RAISE EXCEPTION 'a grant is only revoked or shortened' USING ERRCODE = 'restrict_violation';
    END IF;
    IF coalesce(NEW.ends_at, 'infinity') > coalesce(OLD.ends_at, 'infinity') THEN
        RAISE EXCEPTION 'a grant is not prolonged: give another' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_because)
        IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_because) THEN
        RAISE EXCEPTION 'a revoked grant stays revoked' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_grant_history BEFORE UPDATE ON access_grant
    FOR EACH ROW EXECUTE FUNCTION access_grant_history();
"""
UNDO = """
DROP TRIGGER access_grant_history ON access_grant;
DROP FUNCTION access_grant_history();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_causes_and_whole_rows")]
    operations = [migrations.RunSQL(LAW, UNDO)]
