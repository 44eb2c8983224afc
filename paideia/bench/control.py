"""The control that page speeds are ratios to: a plain Django view without middleware that lists 60 rows (id, name,
HTML, date through the `date` filter) from one raw query through a template, about 20 kB."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "paideia.bench.control_settings"
application = get_wsgi_application()
