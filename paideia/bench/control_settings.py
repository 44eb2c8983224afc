"""Settings of the control: the same database and pool, nothing else."""

from paideia.config.settings import ALLOWED_HOSTS, DATABASES, SECRET_KEY

__all__ = ["ALLOWED_HOSTS", "DATABASES", "SECRET_KEY"]

ROOT_URLCONF = "paideia.bench.control_view"
USE_TZ = True
TIME_ZONE = "UTC"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {
                        "rows.html": "<!doctype html><title>rows</title><ul>{% for id, name, html, at in rows %}"
                        '<li id="r{{ id }}"><b>{{ name }}</b> {{ html|safe }} <time>{{ at|date:"Y-m-d H:i" }}</time>'
                        "</li>{% endfor %}</ul>"
                    },
                )
            ]
        },
    }
]
