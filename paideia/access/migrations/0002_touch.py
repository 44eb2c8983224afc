from django.db import migrations

from paideia.communities.touch import touch


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial"), ("communities", "0002_touch")]
    operations = [
        touch("access_plan"),
        touch("access_gate"),
    ]
