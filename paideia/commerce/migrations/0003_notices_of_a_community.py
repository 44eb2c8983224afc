from django.db import migrations


class Migration(migrations.Migration):
    """Notices belong to a community. Nothing was sold before they did, so the table is made anew by 0004."""

    dependencies = [("commerce", "0002_touch")]
    operations = [migrations.DeleteModel("Notice")]
