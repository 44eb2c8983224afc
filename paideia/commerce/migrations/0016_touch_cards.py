from django.db import migrations

from paideia.communities.touch import touch


class Migration(migrations.Migration):
    dependencies = [("commerce", "0015_disputes_claim"), ("communities", "0002_touch")]
    operations = [
        touch("commerce_cardterms"),
    ]
