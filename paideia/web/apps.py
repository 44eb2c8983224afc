from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "paideia.web"

    def ready(self) -> None:
        from paideia.web import sources  # noqa: F401  says what it knows of
