from django.db import migrations

from paideia.communities.touch import touch
from paideia.content.touch import FUNCTION, touch_through_document


class Migration(migrations.Migration):
    dependencies = [("content", "0001_initial"), ("communities", "0002_touch")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION content_touch_document()"),
        touch("content_document"),
        touch_through_document("content_article"),
        touch_through_document("content_column"),
    ]
