from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("search", "0002_mirror")]

    operations = [
        migrations.RemoveIndex("entry", "search_preview"),
        migrations.RemoveIndex("entry", "search_body"),
        migrations.AddIndex("entry", GinIndex(fields=["preview"], name="search_preview", fastupdate=False)),
        migrations.AddIndex("entry", GinIndex(fields=["body"], name="search_body", fastupdate=False)),
    ]
