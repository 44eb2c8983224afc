"""A network of a million ties, beside networkx."""

from __future__ import annotations

from typing import Any

import numpy as np

from paideia.bench.science.speed.case import Work


def _ties(scale: float) -> tuple[np.ndarray, np.ndarray, int]:
    """A million ties of 200,000 people in groups of fifty, four of five within the group."""
    rng = np.random.default_rng(1)
    size, people = int(1_000_000 * scale), int(200_000 * scale) + 100
    source = rng.integers(0, people, size)
    near = np.minimum(source // 50 * 50 + rng.integers(0, 50, size), people - 1)
    target = np.where(rng.random(size) < 0.8, near, rng.integers(0, people, size))
    return source, target, people


def _made(scale: float, *, directed: bool) -> Any:
    from paideia.science.networks import graph

    source, target, people = _ties(scale)
    return graph(source, target, size=people, directed=directed)


def _drawn(scale: float, *, directed: bool) -> Any:
    """The same as a networkx graph."""
    import networkx

    made = _made(scale, directed=directed)
    drawn = networkx.DiGraph() if directed else networkx.Graph()
    drawn.add_nodes_from(range(made.size))
    drawn.add_weighted_edges_from(
        zip(made.source.tolist(), made.target.tolist(), made.weight.tolist(), strict=True)
    )
    return drawn


def page_rank_ours(scale: float) -> Work:
    from paideia.science.networks import page_rank

    made = _made(scale, directed=True)
    return lambda: page_rank(made)


def page_rank_networkx(scale: float) -> Work:
    import networkx

    drawn = _drawn(scale, directed=True)
    return lambda: networkx.pagerank(drawn, tol=1e-10 / len(drawn), max_iter=500)


def leiden_ours(scale: float) -> Work:
    from paideia.science.networks import communities

    made = _made(scale, directed=False)
    return lambda: communities(made, rounds=2).modularity


def louvain_networkx(scale: float) -> Work:
    """networkx has no Leiden of its own; its Louvain is the nearest."""
    import networkx

    drawn = _drawn(scale, directed=False)
    return lambda: networkx.community.louvain_communities(drawn, seed=1)


def celf_ours(scale: float) -> Work:
    from paideia.science.networks import influencers

    made = _made(scale, directed=False)
    return lambda: influencers(made, people=10, chance=0.1, worlds=50, rng=np.random.default_rng(1)).reached


def celf_networkx(scale: float) -> Work:
    """Lazy greedy on as many sampled worlds, each a networkx graph whose parts are searched."""
    import heapq

    import networkx

    drawn = _drawn(scale, directed=False)

    def work() -> Any:
        rng = np.random.default_rng(1)
        worlds: list[Any] = []
        reached: list[set[int]] = []
        for _ in range(50):
            live = networkx.Graph(edge for edge in drawn.edges if rng.random() < 0.1)
            live.add_nodes_from(drawn)
            worlds.append(live)
            reached.append(set())

        def gain(node: int) -> float:
            parts = (
                0 if node in done else len(networkx.node_connected_component(live, node))
                for live, done in zip(worlds, reached, strict=True)
            )
            return sum(parts) / len(worlds)

        queue = [(-gain(node), node, 0) for node in drawn]
        heapq.heapify(queue)
        chosen: list[int] = []
        while len(chosen) < 10:
            _, node, known_at = heapq.heappop(queue)
            if known_at < len(chosen):
                heapq.heappush(queue, (-gain(node), node, len(chosen)))
                continue
            chosen.append(node)
            for live, done in zip(worlds, reached, strict=True):
                done |= networkx.node_connected_component(live, node)
        return chosen

    return work
