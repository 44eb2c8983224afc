from django.db import migrations

from paideia.communities.touch import FUNCTION, touch

ITSELF = """
CREATE CONSTRAINT TRIGGER communities_community_touch AFTER UPDATE ON communities_community
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.version = NEW.version) EXECUTE FUNCTION community_touch()
"""


class Migration(migrations.Migration):
    dependencies = [("communities", "0001_initial")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION community_touch()"),
        migrations.RunSQL(ITSELF, "DROP TRIGGER communities_community_touch ON communities_community"),
        touch("communities_membership"),
    ]
