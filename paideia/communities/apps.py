from django.apps import AppConfig


class CommunitiesConfig(AppConfig):
    name = "paideia.communities"
