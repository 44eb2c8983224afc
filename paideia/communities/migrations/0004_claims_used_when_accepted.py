from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("communities", "0003_profile_claims")]

    operations = [
        migrations.RemoveConstraint(model_name="profileclaim", name="profile_claim_used_when_accepted"),
        migrations.AddConstraint(
            model_name="profileclaim",
            constraint=models.CheckConstraint(  # decided_at too: a check of NULL alone would let it pass
                condition=models.Q(used_at=None) | models.Q(decided_at__isnull=False, accepted=True),
                name="profile_claim_used_when_accepted",
            ),
        ),
    ]
