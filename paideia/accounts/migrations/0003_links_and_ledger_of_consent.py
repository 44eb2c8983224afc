from django.db import migrations, models

# Rate limits must hold across processes, so their cache is a table; `createcachetable` finds it made.
CACHE = """
CREATE TABLE IF NOT EXISTS config_cache (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS config_cache_expires ON config_cache (expires);
"""

# A consent is evidence: it is never changed, and goes only with the person it is about.
APPEND_ONLY = """
CREATE FUNCTION consent_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'consents are never changed: write a new one' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER consent_is_kept BEFORE UPDATE ON accounts_consent
    FOR EACH ROW EXECUTE FUNCTION consent_is_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_unread_count")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="link_serial",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunSQL(CACHE, migrations.RunSQL.noop),
        migrations.RunSQL(
            APPEND_ONLY, "DROP TRIGGER consent_is_kept ON accounts_consent; DROP FUNCTION consent_is_kept();"
        ),
    ]
