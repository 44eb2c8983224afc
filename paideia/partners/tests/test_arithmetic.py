"""Money is whole minor units: what is divided, taken off, taxed, given back and written out sums up to the last one.

The long form reckons a million cases: `--long`.
"""

import ast
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paideia.commerce.models import Coupon
from paideia.commerce.providers import amounts
from paideia.commerce.quoting.coupons import worth
from paideia.commerce.taxes import tax_on_top, tax_within
from paideia.partners.dividing import divide, part_of, standing
from paideia.partners.withholding import LABOUR_IN_CHINA, tax_on

PAIDEIA = Path(__file__).parents[2]
ROOMS = ("ledger", "commerce", "partners", "books")
CURRENCIES = ("CNY", "USD", "JPY", "KWD", "CLF")  # two digits behind the point, none, three, four
Case = Callable[[random.Random], None]


def an_amount(dice: random.Random) -> int:
    return dice.choice([dice.randrange(100), dice.randrange(10**6), dice.randrange(10**13)])


def shares(dice: random.Random) -> None:
    amount = an_amount(dice)
    weights = {key: dice.choice([0, 1, dice.randrange(10**6)]) for key in range(dice.randrange(1, 7))}
    parts, total = divide(amount, weights), sum(weights.values())
    assert sum(parts.values()) == (amount if total else 0)
    assert all(abs(parts[key] * total - amount * weight) < total for key, weight in weights.items() if total)


def refunds(dice: random.Random) -> None:
    """A commission as one part after the other of its order goes back: never more than what is kept."""
    whole, rate = an_amount(dice), dice.randrange(10_001)
    full, kept, before = part_of(whole, rate), whole, part_of(whole, rate)
    taken = 0
    for _ in range(3):
        kept -= dice.randint(0, kept)
        now = standing(full, kept, whole) if whole else 0
        assert 0 <= now <= min(before, kept)
        taken, before = taken + before - now, now
    assert taken + before == full


def coupons(dice: random.Random) -> None:
    value = price = an_amount(dice)
    off = 0
    for _ in range(dice.randrange(1, 5)):
        percent = dice.choice([None, dice.randint(1, 100)])
        coupon = Coupon(percent=percent, amount=None if percent else dice.randrange(1, 10**6))
        off, value = off + worth(coupon, value), value - worth(coupon, value)
        assert value >= 0
    assert off + value == price


def taxes(dice: random.Random) -> None:
    amount, rate = an_amount(dice), dice.randrange(10_001)
    inside, on_top = tax_within(amount, rate), tax_on_top(amount, rate)
    assert 0 <= inside <= amount
    assert 2 * abs(inside * (10_000 + rate) - amount * rate) <= 10_000 + rate  # half a unit at most
    assert 2 * abs(on_top * 10_000 - amount * rate) <= 10_000
    assert abs(tax_within(amount + on_top, rate) - on_top) <= 1


def payouts(dice: random.Random) -> None:
    amount = an_amount(dice)
    tax = tax_on(amount, LABOUR_IN_CHINA)
    assert (type(tax), 0 <= tax <= amount) == (int, True)
    assert tax <= tax_on(amount + 1, LABOUR_IN_CHINA) or amount in {400_000, 2_500_000, 6_250_000}


def texts(dice: random.Random) -> None:
    amount, currency = an_amount(dice), dice.choice(CURRENCIES)
    text = amounts.as_text(amount, currency)
    digits = amounts.digits_of(currency)
    assert text.replace(".", "").lstrip("0") == (str(amount) if amount else "")
    assert len(text.partition(".")[2]) == digits
    if digits <= 3:
        assert amounts.from_text(text, currency) == amount


CASES: tuple[Case, ...] = (shares, refunds, coupons, taxes, payouts, texts)


@pytest.mark.parametrize("many", [3_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_no_minor_unit_is_lost_or_made(many: int) -> None:
    dice = random.Random(many)
    for number in range(many):
        CASES[number % len(CASES)](dice)


def test_rounding_each_share_for_itself_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control that must break."""

    def each_for_itself(amount: int, weights: dict[int, int]) -> dict[int, int]:
        total = sum(weights.values()) or 1
        return {key: round(amount * weight / total) for key, weight in weights.items()}

    monkeypatch.setitem(globals(), "divide", each_for_itself)
    with pytest.raises(AssertionError):
        test_no_minor_unit_is_lost_or_made(3_000)


# No amount is reckoned with these.
NOT_MONEY = {
    "books/presentation.py": "growth, as shown",
    "commerce/actions/cards.py": "time",
    "commerce/actions/orders.py": "time",
    "commerce/actions/reminding.py": "time",
    "commerce/forms/invoices.py": "a rate, as shown",
    "commerce/invoice_pdf.py": "places on paper, and a rate, as shown",
    "commerce/providers/asking.py": "time",
    "commerce/providers/breaker.py": "time",
    "commerce/providers/paypal/gateway.py": "time",
    "commerce/providers/wechat/gateway.py": "time",
    "partners/forms.py": "a rate, as typed and shown",
    "partners/queries.py": "a rate, as shown",
}


def inexact(path: Path) -> Iterator[str]:
    """Where a file divides into fractions, or writes or makes a float."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"{path.relative_to(PAIDEIA)}:{node.lineno} divides"
        elif isinstance(node, ast.Constant) and type(node.value) is float:
            yield f"{path.relative_to(PAIDEIA)}:{node.lineno} {node.value}"
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"float", "round"}:
            yield f"{path.relative_to(PAIDEIA)}:{node.lineno} {node.func.id}"  # type: ignore[attr-defined]


def test_no_amount_is_ever_a_float() -> None:
    found = [
        place
        for room in ROOMS
        for path in sorted((PAIDEIA / room).rglob("*.py"))
        if not {"tests", "migrations"} & set(path.parts)
        for place in inexact(path)
    ]
    assert [place for place in found if place.partition(":")[0] not in NOT_MONEY] == []
    assert set(NOT_MONEY) <= {place.partition(":")[0] for place in found}


def test_a_float_in_the_code_of_money_would_be_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The control."""
    path = tmp_path / "spoiled.py"
    path.write_text("half = price / 2\nhalf = price * 0.5\nhalf = round(price, 1)\nhalf = price // 2\n")
    monkeypatch.setitem(globals(), "PAIDEIA", tmp_path)
    assert list(inexact(path)) == ["spoiled.py:1 divides", "spoiled.py:3 round", "spoiled.py:2 0.5"]
