"""`paideia manage audit`: whether the chain of privileged and money actions is whole (docs/running.md)."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from paideia.activity.auditing import findings, head


class Command(BaseCommand):
    help = "Check the chain of what was done with a privilege or with money, and say its last hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kept", help="number:hash that this command said before", default="")

    def handle(self, *args: object, **options: str) -> None:
        number, _colon, digest = options["kept"].partition(":")
        kept = (int(number), digest) if number.isdecimal() else None
        wrong = list(findings(kept=kept))
        for one in wrong:
            self.stderr.write(one)
        if wrong:
            raise CommandError(f"{len(wrong)} findings")
        last, hash_ = head()
        self.stdout.write(f"{last} records, all as they were written. Keep this elsewhere: {last}:{hash_}")
