from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "paideia.ledger"
