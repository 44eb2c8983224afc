"""What members are worth: RFM, BG/NBD, Pareto/NBD, Gamma-Gamma, and the MRR waterfall."""

from paideia.science.value.bgnbd import BgNbd, fit_bg_nbd
from paideia.science.value.likelihood import Fit
from paideia.science.value.pareto import ParetoNbd, fit_pareto_nbd
from paideia.science.value.purchases import Purchases, count_purchases, counted
from paideia.science.value.rfm import SEGMENTS, Rfm, rfm
from paideia.science.value.spend import GammaGamma, fit_gamma_gamma, lifetime_value, value_follows_frequency
from paideia.science.value.waterfall import Waterfall, mrr_waterfall

__all__ = [
    "SEGMENTS",
    "BgNbd",
    "Fit",
    "GammaGamma",
    "ParetoNbd",
    "Purchases",
    "Rfm",
    "Waterfall",
    "count_purchases",
    "counted",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_pareto_nbd",
    "lifetime_value",
    "mrr_waterfall",
    "rfm",
    "value_follows_frequency",
]
