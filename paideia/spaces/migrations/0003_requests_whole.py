from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("spaces", "0002_touch")]

    operations = [
        migrations.AddConstraint(
            model_name="spacerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(decided_at=None, accepted=None)
                | models.Q(decided_at__isnull=False, accepted__isnull=False),
                name="space_request_decided_whole",
            ),
        ),
    ]
