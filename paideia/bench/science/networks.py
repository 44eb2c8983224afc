"""Networks: orders, counts and modularity on published graphs, and lazy greedy beside plain greedy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paideia.bench.science.rows import Row, at_least, at_most, same
from paideia.bench.science.sources import Sources
from paideia.science.networks import Graph, communities, graph, influencers, page_rank, triangles

SMALL = {
    "karate club": "sna/club.txt",
    "dolphins": "sna/dolphin.txt",
    "football": "sna/football.txt",
    "Les Misérables": "sna/LesMiserables.txt",
}


def rows(data: Sources) -> Iterator[Row]:
    """Two large graphs and four small ones."""
    facebook, _ = named(data, "sna/facebook_combined.txt.xz", directed=False)
    yield Row("ego-Facebook PageRank", [same("first five", leading(facebook, None), "3437 107 1684 0 1912")])
    yield Row("ego-Facebook triangles", [same("triangles", triangles(facebook), 1612010)])
    found = communities(facebook)
    yield Row("ego-Facebook Leiden", [at_least("modularity", found.modularity, 0.83, digits=4)])
    votes, names = named(data, "sna/Wiki-Vote.txt.xz", directed=True)
    yield Row("Wiki-Vote PageRank", [same("first five", leading(votes, names), "4037 15 6634 2625 2398")])
    for name, file in SMALL.items():
        small, _ = named(data, file, directed=False)
        yield celf(name, small)


def celf(name: str, network: Graph, *, people: int = 5, chance: float = 0.1) -> Row:
    """Lazy and plain greedy on the same sampled worlds."""
    lazy, plain = (
        influencers(network, people=people, chance=chance, rng=np.random.default_rng(1), lazy=lazily)
        for lazily in (True, False)
    )
    return Row(
        f"{name} CELF",
        [
            at_least("reached, of greedy's", lazy.reached[-1] / plain.reached[-1], 0.99),
            at_most("evaluations, of greedy's", lazy.evaluations / plain.evaluations, 0.1),
        ],
        f"{network.size} people, {people} chosen, chance {chance}, 200 worlds",
    )


def named(data: Sources, file: str, *, directed: bool) -> tuple[Graph, np.ndarray]:
    """A graph of consecutive nodes, and the file's name of each."""
    ties = data.ties(file)
    names, ends = np.unique(ties, return_inverse=True)
    a, b = ends.reshape(ties.shape).T
    return graph(a, b, size=len(names), directed=directed), names


def leading(network: Graph, names: np.ndarray | None, count: int = 5) -> str:
    """The nodes of highest PageRank (damping .85), by name."""
    order = np.argsort(-page_rank(network), kind="stable")[:count]
    return " ".join(str(v) for v in (order if names is None else names[order]))
