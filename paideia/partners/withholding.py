"""Tax that is withheld from payouts, by bands of the amount."""

from collections.abc import Sequence
from dataclasses import dataclass

from paideia.partners.dividing import WHOLE


@dataclass(frozen=True, slots=True)
class Band:
    """Amounts above `above`: (amount - exempt) x rate - off. Minor units; the rate in basis points."""

    above: int
    exempt: int
    rate: int
    off: int = 0


# 劳务报酬所得: withheld from what a person is paid for services in China (State Taxation Administration, notice 61 of
# 2018): 800 yuan free up to 4,000 yuan, a fifth free above; then 20 %, 30 % less 2,000, 40 % less 7,000. Rates are of
# the whole amount, so a fifth free and 20 % is 16 %. Amounts in fen.
LABOUR_IN_CHINA = (
    Band(above=0, exempt=80_000, rate=2000),
    Band(above=400_000, exempt=0, rate=1600),
    Band(above=2_500_000, exempt=0, rate=2400, off=200_000),
    Band(above=6_250_000, exempt=0, rate=3200, off=700_000),
)


def tax_on(amount: int, bands: Sequence[Band]) -> int:
    """What is withheld from a payout of this amount, in whole minor units, rounded down; 0 without bands."""
    reached = [band for band in bands if amount > band.above]
    if not reached:
        return 0
    band = max(reached, key=lambda one: one.above)
    return min(max(max(amount - band.exempt, 0) * band.rate // WHOLE - band.off, 0), amount)
