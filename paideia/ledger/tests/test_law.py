"""The database itself refuses, whatever SQL the application's own role may send."""

import pytest
from django.db import DatabaseError, connection, transaction

from paideia.communities.models import Community
from paideia.ledger.actions import Move, account, post
from paideia.ledger.models import Account, Transfer
from paideia.ledger.queries import audit, balance
from tests.cast import person


@pytest.fixture
def world(community: Community) -> Account:
    return account(community, "world:sandbox", "charges", "CNY")


@pytest.fixture
def sales(community: Community, world: Account) -> Account:
    house = account(community, "house", "sales", "CNY")
    post([Move(world, house, 5000, "first")])
    return house


@pytest.fixture
def elsewhere(db: None) -> Account:
    from paideia.communities.actions import create_community

    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    return account(other, "house", "sales", "CNY")


OPEN = (
    "INSERT INTO ledger_account (community_id, owner, kind, currency, may_go_negative, balance, created_at) "
    "SELECT community_id, 'user:1', 'wallet', {currency}, {negative}, {balance}, now() "
    "FROM ledger_account LIMIT 1"
)
INSERT = (
    "INSERT INTO ledger_transfer (source_id, target_id, amount, key, posted_at, occurred_at, detail) VALUES "
)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE ledger_transfer SET amount = 1",
        "UPDATE ledger_transfer SET amount = 1 WHERE false",
        "DELETE FROM ledger_transfer",
        "TRUNCATE ledger_transfer",
        "TRUNCATE ledger_transfer CASCADE",
        "TRUNCATE ledger_account CASCADE",
        "DELETE FROM ledger_account",
        "UPDATE ledger_account SET balance = 10000000 WHERE id = {house}",
        "UPDATE ledger_account SET may_go_negative = true WHERE id = {house}",
        "UPDATE ledger_account SET currency = 'USD' WHERE id = {house}",
        "UPDATE ledger_account SET owner = 'user:1' WHERE id = {house}",
        OPEN.format(currency="'CNY'", negative="false", balance=100),
        OPEN.format(currency="'CNY'", negative="true", balance=0),
        OPEN.format(currency="'gold'", negative="false", balance=0),
        INSERT + "({house}, {world}, 0, 'x', now(), now(), '{{}}')",
        INSERT + "({house}, {world}, -5, 'x', now(), now(), '{{}}')",
        INSERT + "({house}, {house}, 5, 'x', now(), now(), '{{}}')",
        INSERT + "({house}, {world}, 5001, 'x', now(), now(), '{{}}')",
        INSERT + "({house}, {world}, 5, 'first', now(), now(), '{{}}')",
        INSERT + "({house}, {elsewhere}, 5, 'x', now(), now(), '{{}}')",
        INSERT + "({house}, {dollars}, 5, 'x', now(), now(), '{{}}')",
        INSERT + "({house}, 0, 5, 'x', now(), now(), '{{}}'); SET CONSTRAINTS ALL IMMEDIATE",
        INSERT + "({house}, {world}, 5, 'x', now() - interval '1 second', now(), '{{}}')",
        INSERT + "({house}, {world}, 5, 'x', now() + interval '1 hour', now(), '{{}}')",
        INSERT + "({world}, {house}, 9223372036854775807, 'x', now(), now(), '{{}}')",
        INSERT + "({house}, {world}, 5, 'first', now(), now(), '{{}}') "
        "ON CONFLICT (key) DO UPDATE SET amount = EXCLUDED.amount",
        "SET LOCAL session_replication_role = replica",
        "SET SESSION session_replication_role = 'local'",
        "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
        "SELECT set_config('session_replication_role', 'replica', true)",
        "COPY ledger_transfer FROM PROGRAM 'true'",
    ],
)
def test_the_database_refuses(world: Account, sales: Account, elsewhere: Account, attack: str) -> None:
    dollars = account(world.community, "house", "sales", "USD")
    ids = {"house": sales.pk, "world": world.pk, "elsewhere": elsewhere.pk, "dollars": dollars.pk}
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack.format(**ids))
    assert list(Transfer.objects.values_list("key", "amount")) == [("first", 5000)]
    assert balance(world.community, "house", "sales", "CNY") == 5000
    assert audit() == []


def test_a_transfer_that_on_conflict_drops_moves_nothing(world: Account, sales: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT + "(%s, %s, 5, 'first', now(), now(), '{}') ON CONFLICT DO NOTHING", [sales.pk, world.pk]
        )
    assert balance(world.community, "house", "sales", "CNY") == 5000
    assert audit() == []


def test_the_role_of_the_application_is_no_superuser(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False)
