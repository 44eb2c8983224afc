from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("communities", "0004_claims_used_when_accepted")]

    operations = [
        migrations.AddField(
            "community", "spaces_version", models.PositiveBigIntegerField(default=1, editable=False)
        ),
    ]
