from django.db import migrations

from paideia.content.touch import touch_through_document


class Migration(migrations.Migration):
    dependencies = [("discussions", "0001_initial"), ("content", "0002_touch")]
    operations = [
        touch_through_document("discussions_thread", "document_id"),
        touch_through_document("discussions_acceptance", "thread_id"),
        touch_through_document("discussions_reaction", "document_id"),
    ]
