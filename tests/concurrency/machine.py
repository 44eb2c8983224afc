"""A seed is a programme: rounds of up to eight deeds at the same moment, with time passing between them. After each
round every law is looked at. What fails is made shorter before it is told."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import time_machine

from paideia.activity.models import Fact
from paideia.commerce import providers
from paideia.commerce import readers as papers
from paideia.lib.refusal import Refused
from paideia.partners import readers as partners
from tests.concurrency.bank import Bank
from tests.concurrency.deeds import DEEDS, WEIGHTS
from tests.concurrency.deeds.register import tell
from tests.concurrency.hands import HANDS, Hands
from tests.concurrency.laws import broken, surprises, unlike_the_bank, unlike_the_twin
from tests.concurrency.town import Town, found
from tests.concurrency.twin import Twin

BEGINS = datetime(2027, 1, 30, 8, tzinfo=UTC)
HEARD = {"order.settled", "order.refunded", "order.disputed", "dispute.closed", "refund.failed"}
Step = tuple[str, int, int, int]
SAME = (
    "refund",
    "redeem",
    "claim",
    "use_card",
    "pay",
    "come_back",
    "seat",
    "send_all",
    "renew_due",
    "decide",
)
AGAINST = (  # what gets in each other's way
    ("refund", "refund"),
    ("refund_card", "use_card"),
    ("refund", "claim"),
    ("pay", "come_back"),
    ("buy_and_pay", "let_expire"),
    ("refund", "dispute"),
    ("send", "bank_finishes"),
    ("bank_refunds", "buy_and_pay"),
    ("pay", "return_stray"),
    ("ask_for_money", "refund"),
    ("pass_on", "reckon"),
    ("seat", "refund"),
    ("buy_seats", "seat"),
    ("leave", "renew_due"),
    ("change", "refund"),
    ("join_group", "finish_groups"),
    ("decide", "send"),
    ("leave", "pay"),
    ("revoke_codes", "redeem"),
)


@dataclass(frozen=True)
class Round:
    passes: timedelta  # before it
    mood: int  # of the bank
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"after {self.passes}, mood {self.mood}: {', '.join(f'{n}({a}, {b}, {c})' for n, a, b, c in self.steps)}"


@dataclass
class Outcome:
    """What was wrong, if anything, after which rounds; and how much was done."""

    wrong: list[str] = field(default_factory=list)
    rounds: Sequence[Round] = ()
    steps: int = 0
    refused: int = 0
    seed: int = 0

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}, {self.steps} steps", *map(str, self.rounds), *self.wrong])


OPENING = (  # so that there is something of everything
    (
        "buy_seats",
        "give",
        "buy_card",
        "join_group",
        "buy_and_pay",
        "buy_and_pay",
        "buy_and_pay",
        "hand_out_card",
    ),
    ("subscribe", "subscribe", "subscribe", "buy_abroad", "redeem", "trial", "give", "buy_seats"),
)


def programme(seed: int, rounds: int, only: Sequence[str] = ()) -> list[Round]:
    """What happens under a seed: the same each time. `only` these deeds, after the opening."""
    chance = Random(seed)
    opening = [Round(timedelta(0), 1, _steps(chance, names)) for names in OPENING]
    return [*opening, *(_round(chance, only) for _ in range(rounds - len(OPENING)))]


def _round(chance: Random, only: Sequence[str]) -> Round:
    minutes = chance.choice([0, 0, 1, 5, 40, 70, 600, 1500, 1500, 5000, 14000])
    kind, target = chance.random(), chance.randrange(1000)
    if only:
        names = chance.choices(only, k=HANDS)
    elif kind < 0.2:
        names = [chance.choice(SAME)] * HANDS
    elif kind < 0.5:
        names = list(chance.choice(AGAINST)) * (HANDS // 2)
    else:
        names = chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=HANDS)
    steps = _steps(chance, names, target if kind < 0.5 or only else None)
    return Round(timedelta(minutes=minutes), chance.randrange(60), steps)


def _steps(chance: Random, names: Sequence[str], target: int | None = None) -> tuple[Step, ...]:
    """Each with three numbers; most of them with the same first one, where there is a `target`."""
    return tuple(
        (
            name,
            target if target is not None and chance.random() < 0.7 else chance.randrange(1000),
            chance.randrange(1000),
            chance.randrange(1000),
        )
        for name in names
    )


class Machine:
    def __init__(self, hands: Hands, make: type[Twin] = Twin) -> None:
        self.hands, self.make = hands, make

    def run(self, rounds: Sequence[Round], seed: int = 0) -> Outcome:
        """Live through the rounds in a town of their own, up to the first that breaks a law."""
        bank = Bank()
        with time_machine.travel(BEGINS, tick=False) as clock, _paying_at(bank):
            town, outcome = found(bank, BEGINS + timedelta(days=50)), Outcome(seed=seed)
            moments = _Moments(town)
            for number, one in enumerate(rounds):
                clock.shift(one.passes)
                bank.mood = one.mood
                results = self.hands.at_once([_deed(town, step) for step in one.steps])
                outcome.steps += len(one.steps)
                outcome.refused += sum(isinstance(result, Exception) for result in results)
                named = [(step[0], result) for step, result in zip(one.steps, results, strict=True)]
                outcome.wrong = surprises(named) or self._look(town, moments)
                if outcome.wrong:
                    outcome.rounds = rounds[: number + 1]
                    break
            if not outcome.wrong:
                outcome.rounds, outcome.wrong = rounds, self._rest(town, clock, moments)
            town.leave_behind()
        return outcome

    def _rest(self, town: Town, clock: Any, moments: "_Moments") -> list[str]:
        """Everything comes to its end: then the books say of the money what the bank says."""
        for _ in range(3):
            clock.shift(timedelta(days=1, hours=1))
            DEEDS["send_all"](town, 0, 0, 0)
            while town.bank.finish(0, fails=False) or town.bank.decide(0, won=False):
                pass
            for news in list(town.bank.told):
                with suppress(Refused):
                    tell(town, news)
        return self._look(town, moments) + list(unlike_the_bank(town))

    def _look(self, town: Town, moments: "_Moments") -> list[str]:
        facts = moments.pass_by()
        heard = [fact for fact in facts if fact.verb in HEARD]
        partners.commissions(heard)
        papers.invoices(heard)
        moments.pass_by()
        return broken(town) + unlike_the_twin(town, moments.when, datetime.now(UTC), self.make)

    def shorten(self, failed: Outcome, *, seconds: float = 60, tries: int = 2) -> Outcome:
        """Leave out rounds, then steps, as long as it still fails. Hands are never twice as fast, so each is tried
        more than once."""
        best, until = failed, time.monotonic() + seconds
        for candidates in (_without_rounds, _without_steps):
            found_one = True
            while found_one and time.monotonic() < until:
                found_one = False
                for rounds in candidates(best.rounds):
                    if time.monotonic() > until:
                        break
                    again = next(
                        (one for one in (self.run(rounds, failed.seed) for _ in range(tries)) if one.wrong),
                        None,
                    )
                    if again is not None:
                        best, found_one = again, True
                        break
        return best


class _Moments:
    """When each fact of a town was written, on the clock of the test."""

    def __init__(self, town: Town) -> None:
        self.community, self.known, self.last = town.community.pk, dict[int, datetime](), 0

    def pass_by(self) -> list[Fact]:
        facts = list(Fact.objects.filter(community_id=self.community, id__gt=self.last).order_by("id"))
        self.known |= dict.fromkeys([fact.id for fact in facts], datetime.now(UTC))
        self.last = facts[-1].id if facts else self.last
        return facts

    def when(self, fact_id: int) -> datetime:
        return self.known[fact_id]


def _deed(town: Town, step: Step) -> Callable[[], object]:
    name, *numbers = step
    return lambda: DEEDS[name](town, *numbers)


@contextmanager
def _paying_at(bank: Bank) -> Iterator[None]:
    before: Any = providers.available
    providers.available = lambda: [bank]  # type: ignore[list-item]
    try:
        yield
    finally:
        providers.available = before


def _without_rounds(rounds: Sequence[Round]) -> Iterator[Sequence[Round]]:
    """Halves first, then smaller parts. The last one stays: that is where it broke."""
    size = len(rounds) // 2
    while size:
        for start in range(0, len(rounds) - 1, size):
            yield [*rounds[:start], *rounds[min(start + size, len(rounds) - 1) :]]
        size //= 2


def _without_steps(rounds: Sequence[Round]) -> Iterator[Sequence[Round]]:
    for number, one in enumerate(rounds):
        for place in range(len(one.steps) if len(one.steps) > 1 else 0):
            steps = one.steps[:place] + one.steps[place + 1 :]
            yield [*rounds[:number], Round(one.passes, one.mood, steps), *rounds[number + 1 :]]
