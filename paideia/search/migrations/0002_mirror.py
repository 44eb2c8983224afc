"""Each entry carries what decides who may see its document, so that a search reads one table. The database keeps it
so: an entry takes these columns from its document whenever it is written, and is written when they change there.

A removed document has no `shown_at`, so that it is found no more even before its entry is gone.
"""

from django.db import migrations, models

MIRROR = """
CREATE FUNCTION search_mirror() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT d.community_id, d.kind, d.gate_id, d.author_id,
        CASE WHEN d.removed_at IS NULL THEN d.published_at END
    INTO NEW.community_id, NEW.kind, NEW.gate_id, NEW.author_id, NEW.shown_at
    FROM content_document d WHERE d.id = NEW.document_id;
    RETURN NEW;
END $$;
CREATE TRIGGER search_entry_mirror BEFORE INSERT OR UPDATE ON search_entry
FOR EACH ROW EXECUTE FUNCTION search_mirror();

CREATE FUNCTION search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_entry SET indexed_revision = indexed_revision WHERE document_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER search_entry_follow
AFTER UPDATE OF community_id, kind, gate_id, author_id, published_at, removed_at ON content_document
FOR EACH ROW WHEN ((OLD.community_id, OLD.kind, OLD.gate_id, OLD.author_id, OLD.published_at, OLD.removed_at)
    IS DISTINCT FROM (NEW.community_id, NEW.kind, NEW.gate_id, NEW.author_id, NEW.published_at, NEW.removed_at))
EXECUTE FUNCTION search_follow();

UPDATE search_entry SET indexed_revision = indexed_revision;
"""
BACK = """
DROP TRIGGER search_entry_follow ON content_document;
DROP FUNCTION search_follow();
DROP TRIGGER search_entry_mirror ON search_entry;
DROP FUNCTION search_mirror();
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial"), ("content", "0003_rendering_and_schedule")]

    operations = [
        migrations.AddField("entry", "kind", models.CharField(default="", editable=False, max_length=10)),
        migrations.AddField("entry", "gate_id", models.BigIntegerField(editable=False, null=True)),
        migrations.AddField("entry", "author_id", models.BigIntegerField(editable=False, null=True)),
        migrations.AddField("entry", "shown_at", models.DateTimeField(editable=False, null=True)),
        migrations.RunSQL(MIRROR, BACK),
    ]
