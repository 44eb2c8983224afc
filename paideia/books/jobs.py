"""Each night: the statements of the days before, and what recurs of the revenue, month by month."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from django.db.models import F
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from paideia.books.actions import read_day
from paideia.books.actions.revenue import Month, store_months
from paideia.books.models import ProviderStatement
from paideia.books.terms import Term, first_of_months, terms_of
from paideia.commerce.models import Order
from paideia.commerce.providers import Capability, ProviderDown, available
from paideia.communities.models import Community
from paideia.lib.soon import soon

DAYS_BACK = 7  # a statement that was not to be had is asked for again so long
AGAIN = RetryStrategy(max_attempts=6, exponential_wait=60, retry_exceptions={ProviderDown})


@app.periodic(cron="20 4 * * *")
@app.task(name="books.read_statements", queueing_lock="books.read_statements")
def read_statements(timestamp: int) -> None:
    """Ask for every statement of the last days that is not here yet: a job for each community, provider and day, so
    that one that fails stops no other."""
    for community_id, provider, day in statements_due(datetime.fromtimestamp(timestamp, UTC).date()):
        name = f"books:{community_id}:{provider}:{day}"
        told = {"community_id": community_id, "provider": provider, "day": day.isoformat()}
        soon("books.read_statement", about=name, **told)


@app.task(name="books.read_statement", retry=AGAIN)
def read_statement(community_id: int, provider: str, day: str) -> None:
    """One provider's statement of one day for one community, compared with the books."""
    read_day(Community.objects.get(pk=community_id), provider, date.fromisoformat(day))


def statements_due(today: date) -> list[tuple[int, str, date]]:
    """Community, provider and day of each statement that should be here by now, the oldest day first."""
    days = [today - timedelta(days=back) for back in range(DAYS_BACK, 0, -1)]
    due = []
    for provider in available():
        if Capability.STATEMENTS not in provider.capabilities:
            continue
        sold = Order.objects.filter(provider=provider.key).values_list("community_id", flat=True)
        read = ProviderStatement.objects.filter(
            provider=provider.key,
            source=ProviderStatement.Source.API,
            covers_until__gte=F("covers_from") + timedelta(days=1),  # the day was over
        )
        here = {
            (one[0], one[1].astimezone(UTC).date()) for one in read.values_list("community_id", "covers_from")
        }
        for community_id in sold.order_by("community_id").distinct():
            due += [(community_id, provider.key, day) for day in days if (community_id, day) not in here]
    return sorted(due, key=lambda one: one[2])


@app.periodic(cron="50 4 * * *")
@app.task(name="books.reckon_revenue", queueing_lock="books.reckon_revenue")
def reckon_revenue(timestamp: int) -> None:
    """What recurs, for every community that sold a term."""
    sold = Order.objects.filter(paid_at__isnull=False).values_list("community_id", flat=True)
    for community in Community.objects.filter(pk__in=sold.distinct()).order_by("pk"):
        reckon(community)


def reckon(community: Community) -> None:
    """The MRR waterfall of every month until now, anew from all terms that were bought. Asked again, the same."""
    now = timezone.now()
    by_currency: dict[str, list[Term]] = defaultdict(list)
    for term in terms_of(community):
        by_currency[term.currency].append(term)
    months = {currency: _waterfall(community, terms, now) for currency, terms in by_currency.items()}
    store_months(community=community, months=months, reckoned_at=now)


def _waterfall(community: Community, terms: list[Term], now: datetime) -> list[Month]:
    import numpy as np

    from paideia.science.value.waterfall import mrr_waterfall

    begins = first_of_months(min(term.starts_at for term in terms), now, community.time_zone)
    edges = [begin.timestamp() for _month, begin in begins] + [now.timestamp()]
    ends = [term.ends_at.timestamp() if term.ends_at else np.inf for term in terms]
    found = mrr_waterfall(
        [term.payer_id for term in terms],
        [term.starts_at.timestamp() for term in terms],
        ends,
        [term.monthly for term in terms],
        edges=edges,
    )
    untils = [begin for _month, begin in begins[1:]] + [now]
    return [
        Month(
            month=month,
            until=until,
            opening=int(found.opening[place]),
            new=int(found.new[place]),
            returned=int(found.returned[place]),
            expansion=int(found.expansion[place]),
            contraction=int(found.contraction[place]),
            churn=int(found.churn[place]),
            closing=int(found.closing[place]),
            payers_opening=int(found.payers_opening[place]),
            payers_lost=int(found.payers_lost[place]),
        )
        for place, ((month, _begin), until) in enumerate(zip(begins, untils, strict=True))
    ]
