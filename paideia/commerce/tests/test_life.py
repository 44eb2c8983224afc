"""An order lives by the table: docs, code and a reference model agree, and what is not in it is refused."""

import random
from pathlib import Path

import pytest

from paideia.commerce.life import STEPS, IllegalStep, advance, may_become
from paideia.commerce.models import Order

DOCS = Path(__file__).parents[3] / "docs" / "orders.md"
State = Order.State


def test_the_docs_show_the_table() -> None:
    shown = DOCS.read_text().split("<!-- steps -->")[1].split("<!-- /steps -->")[0]
    rows = [
        f"| {before} | {after} | {why} |" for before, nexts in STEPS.items() for after, why in nexts.items()
    ]
    assert shown.strip().splitlines() == ["| from | to | when |", "| --- | --- | --- |", *rows]


def test_the_table_speaks_of_every_state_and_reaches_it() -> None:
    assert set(STEPS) == set(State)
    reached, ahead = {State.CREATED}, [State.CREATED]
    while ahead:
        ahead = [State(after) for state in ahead for after in STEPS[state] if after not in reached]
        reached |= set(ahead)
    assert reached == set(State)


@pytest.mark.parametrize("before", State.values)
@pytest.mark.parametrize("after", State.values)
def test_a_step_is_taken_or_refused(order: Order, before: str, after: str) -> None:
    order.state, order.paid_at = before, None
    if before not in ("created", "awaiting", "failed", "expired"):
        order.paid_at = order.created_at
    order.save()
    fields = {} if after in ("created", "awaiting", "failed", "expired") else {"paid_at": order.created_at}
    if after in STEPS[State(before)]:
        advance(order, after, **fields)
    else:
        assert not may_become(order, after)
        with pytest.raises(IllegalStep):
            advance(order, after, refunded=1, **fields)
    order.refresh_from_db()
    assert (order.state, order.refunded) == (after if after in STEPS[State(before)] else before, 0)


def test_random_walks_never_leave_the_table() -> None:
    dice, state = random.Random(1), State.CREATED
    for _ in range(2000):
        to = dice.choice(State.values)
        order = Order(state=state)
        assert may_become(order, to) == (to in STEPS[state])
        state = State(to) if to in STEPS[state] else state
