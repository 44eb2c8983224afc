"""The social network: who moves whom, who belongs together, who is alone, and who only applauds each other."""

from paideia.science.networks.graph import Graph, graph
from paideia.science.networks.groups import (
    Communities,
    Introductions,
    Ring,
    communities,
    introductions,
    isolates,
    modularity,
    rings,
    triangles,
)
from paideia.science.networks.growth import Fabric, Growth, fabric, growth
from paideia.science.networks.influence import (
    Bridges,
    Influencers,
    betweenness,
    bridges,
    influencers,
    page_rank,
    spread,
)

__all__ = [
    "Bridges",
    "Communities",
    "Fabric",
    "Graph",
    "Growth",
    "Influencers",
    "Introductions",
    "Ring",
    "betweenness",
    "bridges",
    "communities",
    "fabric",
    "graph",
    "growth",
    "influencers",
    "introductions",
    "isolates",
    "modularity",
    "page_rank",
    "rings",
    "spread",
    "triangles",
]
