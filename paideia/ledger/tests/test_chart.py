"""The tables of docs/ledger.md name every account and every key that the code names."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from paideia.ledger.tests.chart import chart

HOUSE = Path(__file__).parents[2]
CONSTANTS = {"HOUSE": "house", "OWNERS": "world:owners"}
POST = {
    "Move",
    "move",
    "_move",
    "take_from_income",
    "from_sales",
    "sales_to_earnings",
    "to_earnings",
    "from_earnings",
    "give_points",
}
OWNERS = ("house", "world:", "user:", "order:", "card:", "group:")
ROOTS = (
    "order:",
    "refund:",
    "dispute:",
    "card:",
    "charge:",
    "commission:",
    "payout:",
    "statement:",
    "reward:",
    "fee:",
)


def sources() -> list[Path]:
    found = (
        path for path in HOUSE.rglob("*.py") if "tests" not in path.parts and "migrations" not in path.parts
    )
    return [path for path in found if path.relative_to(HOUSE).parts[0] != "bench"]


def text_of(node: ast.expr) -> str | None:
    """A name as it is written, with "1" for what is filled in; None for what only running tells."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)
    return CONSTANTS.get(node.id) if isinstance(node, ast.Name) else None


def accounts_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Owner and kind, wherever two texts of that look stand side by side: in a call of account, in a tuple."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            parts = node.args
        elif isinstance(node, ast.Tuple):
            parts = node.elts
        else:
            continue
        for one, next_one in pairwise(parts):
            owner, kind = text_of(one), text_of(next_one)
            if (
                owner
                and kind
                and owner.startswith(OWNERS)
                and (owner == "house" or ":" in owner)
                and kind.isidentifier()
            ):
                yield owner, kind


def keys_in(tree: ast.AST) -> Iterator[str]:
    """Whole keys in the functions that post. One whose last part is filled in by a caller is looked at where it is
    posted: after each test of money."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and called(node) in POST]
        if not calls:
            continue
        others = {
            id(word.value)
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and called(node) not in POST
            for word in node.keywords
            if word.arg == "key"
        }  # keys of grants
        for node in ast.walk(function):
            if id(node) in others:
                continue
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
                text = text_of(node) or ""
                if text.startswith(ROOTS) and text.count(":") > 1:
                    yield text


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_every_account_that_the_code_names_is_in_the_chart():
    named = {name for path in sources() for name in accounts_in(ast.parse(path.read_text(encoding="utf-8")))}
    assert sorted(name for name in named if not chart().has_account(*name)) == []
    assert {("house", "sales"), ("world:1", "charges"), ("user:1", "credit"), ("order:1", "refunds")} <= named


def test_every_key_that_the_code_names_is_in_the_chart():
    named = {key for path in sources() for key in keys_in(ast.parse(path.read_text(encoding="utf-8")))}
    assert sorted(key for key in named if not chart().has_key(key)) == []
    assert {"refund:1:agreed", "dispute:1:opened", "payout:1:asked"} <= named


@pytest.mark.parametrize(
    ("source", "accounts", "keys"),
    [
        ('account(c, "house", "slush", "CNY")', [("house", "slush")], []),
        ('NAME = ("world:giving", "bribes")', [("world:giving", "bribes")], []),
        ('def act(o):\n    move(a, b, 1, f"order:{o.pk}:gift")', [], ["order:1:gift"]),
        (
            'def act(o):\n    key, d = f"refund:{o.pk}:twice", {}\n    post([Move(a, b, 1, key, d)])',
            [],
            ["refund:1:twice"],
        ),
    ],
)
def test_the_scan_sees_what_is_not_in_the_chart(source, accounts, keys):
    tree = ast.parse(source)
    assert [name for name in accounts_in(tree) if not chart().has_account(*name)] == accounts
    assert [key for key in keys_in(tree) if not chart().has_key(key)] == keys


def test_tails_may_follow_any_key_and_one_another():
    assert chart().has_key("commission:3:1:held:advance")
    assert not chart().has_key("commission:3:1:bonus")
    assert not chart().has_key("")
