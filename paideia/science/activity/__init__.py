"""What activity is made of, what drives satisfaction, and where members and rates came from and went."""

from paideia.science.activity.change import Gap, RateChange, change_by_factor, mix_and_within, oaxaca_blinder
from paideia.science.activity.drivers import Drivers, Ordinal, drivers, fit_ordinal
from paideia.science.activity.movement import Movement, movement
from paideia.science.activity.regression import Linear, fit_linear

__all__ = [
    "Drivers",
    "Gap",
    "Linear",
    "Movement",
    "Ordinal",
    "RateChange",
    "change_by_factor",
    "drivers",
    "fit_linear",
    "fit_ordinal",
    "mix_and_within",
    "movement",
    "oaxaca_blinder",
]
