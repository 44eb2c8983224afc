"""The hourly audit of all books."""

import logging

from procrastinate.contrib.django import app

from paideia.ledger.queries import Finding, audit

log = logging.getLogger(__name__)


class BooksAreWrong(Exception):
    """The audit found something. The job fails, so that it stays in the operator's sight."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(
            "; ".join(f"{one.audit}: community {one.community_id}, {one.what}" for one in findings[:20])
        )
        self.findings = findings


@app.periodic(cron="23 * * * *")
@app.task(name="ledger.audit", queueing_lock="ledger.audit")
def audit_books(timestamp: int) -> None:
    """Raise BooksAreWrong, and say so in the log, when any community's books are."""
    if findings := audit():
        for one in findings:
            log.critical("ledger: %s", one)
        raise BooksAreWrong(findings)
