"""Who members are: groups of like members, how many there are, what is unusual in each, and a name for it."""

from paideia.science.personas.choice import Choice, adjusted_rand, choose_clusters, persistence, silhouette
from paideia.science.personas.clusters import Personas, fit_personas
from paideia.science.personas.features import Feature, Standard, standardise
from paideia.science.personas.portraits import Portrait, Trait, portraits

__all__ = [
    "Choice",
    "Feature",
    "Personas",
    "Portrait",
    "Standard",
    "Trait",
    "adjusted_rand",
    "choose_clusters",
    "fit_personas",
    "persistence",
    "portraits",
    "silhouette",
    "standardise",
]
