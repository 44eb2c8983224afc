"""What the database refuses of statements, lines, differences and fee terms."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from paideia.books.models import Difference, FeeTerms, ProviderStatement, StatementLine

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 10, tzinfo=UTC)


def statement(community, **other):
    fields = {"provider": "sandbox", "source": "api", "name": "x", "covers_from": DAY, "lines_count": 0}
    return ProviderStatement.objects.create(
        community=community, **{**fields, "covers_until": DAY + timedelta(days=1), **other}
    )


def line(row, **other):
    fields = {"kind": "charge", "line_id": "t1", "amount": 1, "currency": "CNY", "at": DAY}
    return StatementLine.objects.create(
        statement=row, community=row.community, provider="sandbox", **{**fields, **other}
    )


def difference(community, **other):
    fields = {"kind": "double", "subject": "x", "entry": "order:1:sale"}
    return Difference.objects.create(community=community, provider="sandbox", **{**fields, **other})


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


@pytest.mark.parametrize(
    "wrong",
    [{"covers_until": DAY}, {"digest": "ab"}, {"source": "file"}],
    ids=["no time", "a day with a digest", "a file without one"],
)
def test_a_statement_that_cannot_be(community, wrong):
    refused(lambda: statement(community, **wrong))


def test_a_day_and_a_file_are_kept_once(community):
    statement(community)
    refused(lambda: statement(community))
    file = {"source": "file", "digest": "ab"}
    statement(community, **file)
    refused(lambda: statement(community, **file, covers_from=DAY - timedelta(days=1)))


@pytest.mark.parametrize("wrong", [{"currency": "cny"}, {"occurrence": 0}, {"amount": -1}])
def test_a_line_that_cannot_be(community, wrong):
    row = statement(community)
    refused(lambda: line(row, **wrong))


def test_a_line_is_kept_once_whichever_statement_it_is_in(community):
    line(statement(community))
    other = statement(community, covers_from=DAY + timedelta(hours=1))
    refused(lambda: line(other))
    line(other, occurrence=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "explained"},
        {"state": "resolved"},
        {"state": "resolved", "resolved_at": DAY},
        {"resolution": "done"},
        {"entry": ""},
    ],
    ids=["by nothing", "without time and note", "without a note", "open with a note", "of nothing"],
)
def test_a_difference_that_cannot_be(community, wrong):
    refused(lambda: difference(community, **wrong))


def test_a_difference_of_one_kind_of_one_thing_is_listed_once(community):
    difference(community)
    refused(lambda: difference(community))
    difference(community, kind="amount")


@pytest.mark.parametrize("wrong", [{"share_millionths": 1_000_001}, {"currency": "x"}, {"fixed": -1}])
def test_fee_terms_that_cannot_be(community, wrong):
    fields = {"provider": "sandbox", "currency": "CNY", "share_millionths": 6000, "fixed": 0}
    refused(lambda: FeeTerms.objects.create(community=community, **{**fields, **wrong}))
