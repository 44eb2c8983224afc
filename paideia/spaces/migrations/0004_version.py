"""The list of spaces stands on every page and hardly ever changes: it has a version of its own, so that it is not
asked for anew whenever anything else of the community does."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION spaces_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE communities_community SET spaces_version = spaces_version + 1
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.community_id ELSE NEW.community_id END;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER spaces_space_version AFTER INSERT OR UPDATE OR DELETE ON spaces_space
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spaces_version();
"""
BACK = "DROP TRIGGER spaces_space_version ON spaces_space; DROP FUNCTION spaces_version();"


class Migration(migrations.Migration):
    dependencies = [("spaces", "0003_requests_whole"), ("communities", "0005_spaces_version")]
    operations = [migrations.RunSQL(FUNCTION, BACK)]
