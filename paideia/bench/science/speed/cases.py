"""What `--speed` measures."""

from paideia.bench.science.speed import events, readings, texts, ties
from paideia.bench.science.speed.case import Case

CASES = {
    "cohorts": Case(
        "cohort table, 10 million events",
        events.cohorts_ours,
        "pandas",
        events.cohorts_pandas,
        "pandas",
        aim=10,
    ),
    "funnel": Case(
        "funnel of four steps, 10 million events",
        events.funnel_ours,
        "pandas",
        events.funnel_pandas,
        "pandas",
        aim=10,
    ),
    "velocity": Case(
        "velocity features, 1.7 million payments",
        events.velocity_ours,
        "pandas rolling",
        events.velocity_pandas,
        "pandas",
        share=0.1,
    ),
    "duplicates": Case(
        "near-duplicates among 100,000 texts",
        texts.duplicates_ours,
        "datasketch",
        texts.duplicates_datasketch,
        "datasketch",
        share=0.1,
    ),
    "als": Case(
        "ALS, 64 factors, 5 rounds, 5 million readings",
        readings.als_ours,
        "implicit",
        readings.als_implicit,
        "implicit",
    ),
    "neighbours": Case(
        "item neighbours, 5 million readings",
        readings.neighbours_ours,
        "implicit",
        readings.neighbours_implicit,
        "implicit",
    ),
    "ease": Case(
        "EASE, 6,000 items", readings.ease_ours, "numpy, the published lines", readings.ease_textbook
    ),
    "page rank": Case(
        "PageRank, a million ties", ties.page_rank_ours, "networkx", ties.page_rank_networkx, "networkx"
    ),
    "leiden": Case(
        "Leiden, a million ties",
        ties.leiden_ours,
        "networkx Louvain",
        ties.louvain_networkx,
        "networkx",
        share=0.1,
    ),
    "celf": Case(
        "CELF, a million ties", ties.celf_ours, "networkx", ties.celf_networkx, "networkx", share=0.02
    ),
}
