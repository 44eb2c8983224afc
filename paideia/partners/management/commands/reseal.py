"""`paideia manage reseal`: after another secret key was set (docs/running.md)."""

from django.core.management.base import BaseCommand

from paideia.partners.actions.payouts import reseal_payouts


class Command(BaseCommand):
    help = (
        "Seal the accounts of all payouts with the secret key of today, so that older keys can be taken out."
    )

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{reseal_payouts()} payouts are sealed with the key of today.")
