"""Numbers as authors of problems write them: `600`, `1/3`, `6.02*10^23`, `sqrt(2)`, `[5, 7)`."""

import ast
import math
import operator
import re
from collections.abc import Callable

_CONSTANTS = {"pi": math.pi, "e": math.e}
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "exp": math.exp,
    "ln": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "abs": abs,
}
_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
LENGTH_MAX = 200
POWER_MAX = 400


def number(text: str) -> float:
    """The value of a constant expression. Raises ValueError for anything else, variables included."""
    if len(text) > LENGTH_MAX:
        raise ValueError(text[:40])
    try:
        value = float(_value(ast.parse(text.strip().replace("^", "**"), mode="eval").body))
    except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
        raise ValueError(text[:40]) from error
    if not math.isfinite(value):
        raise ValueError(text[:40])
    return value


def interval(text: str) -> tuple[float, float] | None:
    """The ends of `[a, b]`, `(a, b)` or a mixture; None where the text is no interval."""
    match = re.fullmatch(r"\s*[\[(](.+),(.+)[\])]\s*", text)
    if not match:
        return None
    low, high = number(match[1]), number(match[2])
    if low > high:
        raise ValueError(text[:40])
    return low, high


def tolerance(text: str, *, of: float) -> float:
    """`5` is absolute, `1%` a part of the value."""
    text = text.strip()
    margin = number(text[:-1]) / 100 * abs(of) if text.endswith("%") else number(text)
    return abs(margin)


def _value(node: ast.AST) -> float:
    match node:
        case ast.Constant(value=int() | float() as constant) if not isinstance(constant, bool):
            return float(constant)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            base, other = _value(left), _value(right)
            if isinstance(op, ast.Pow) and abs(other) > POWER_MAX:
                raise ValueError
            return _OPERATORS[type(op)](base, other)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument))
    raise ValueError(ast.dump(node)[:40])
