"""No page asks the database more when there is more to show."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from paideia.content.actions import publish, save_article, save_column
from tests.cast import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(member: Any) -> Callable[[str], int]:
    client = sign_in(member)

    def count(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    return count


@pytest.mark.parametrize(
    "address", ["/c/agora/articles/", "/c/agora/columns/{column}/", "/c/agora/articles/{first}/"]
)
def test_pages_ask_as_much_for_thirty_articles_as_for_one(
    community: Any, mentor: Any, admin: Any, asked: Callable[[str], int], address: str
) -> None:
    column = publish(
        document=save_column(community=community, author=mentor, title="Column", source="x"), by=None
    )
    first = publish(
        document=save_article(
            community=community, author=mentor, title="A", source="x", column=column.column
        ),
        by=None,
    )
    address = address.format(column=column.pk, first=first.pk)
    one = asked(address)
    for number in range(29):
        author = (mentor, admin)[number % 2]
        article = save_article(
            community=community, author=author, title=str(number), source="x", column=column.column
        )
        publish(document=article, by=None)
    assert (asked(address), one <= 7) == (one, True)
