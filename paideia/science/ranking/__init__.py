"""What to read next: recommenders, how to judge them, better lists, and learning by showing."""

from paideia.science.ranking.bandits import LinUcb, OffPolicy, Thompson, lin_ucb, off_policy, thompson
from paideia.science.ranking.blend import Blend, fit_blend
from paideia.science.ranking.content import Content, fit_content, rare_first
from paideia.science.ranking.evaluation import (
    ListQuality,
    Ranks,
    bootstrap_mean,
    judge_lists,
    leave_one_out,
    rank_next,
    split_in_time,
)
from paideia.science.ranking.factors import Factors, fit_als
from paideia.science.ranking.histories import Histories, histories, histories_from_events
from paideia.science.ranking.linear import ItemWeights, fit_ease, fit_next_item
from paideia.science.ranking.markov import GraphWalk, MarkovChain, fit_graph_walk, fit_markov
from paideia.science.ranking.neighbours import (
    ItemNeighbours,
    MemberNeighbours,
    fit_item_neighbours,
    fit_member_neighbours,
    top_products,
)
from paideia.science.ranking.popularity import Popularity, fit_popularity
from paideia.science.ranking.reranking import calibrated, dpp, miscalibration, mmr
from paideia.science.ranking.scorer import Scorer, recommend
from paideia.science.ranking.sequence import SequenceModel, fit_sequence

__all__ = [
    "Blend",
    "Content",
    "Factors",
    "GraphWalk",
    "Histories",
    "ItemNeighbours",
    "ItemWeights",
    "LinUcb",
    "ListQuality",
    "MarkovChain",
    "MemberNeighbours",
    "OffPolicy",
    "Popularity",
    "Ranks",
    "Scorer",
    "SequenceModel",
    "Thompson",
    "bootstrap_mean",
    "calibrated",
    "dpp",
    "fit_als",
    "fit_blend",
    "fit_content",
    "fit_ease",
    "fit_graph_walk",
    "fit_item_neighbours",
    "fit_markov",
    "fit_member_neighbours",
    "fit_next_item",
    "fit_popularity",
    "fit_sequence",
    "histories",
    "histories_from_events",
    "judge_lists",
    "leave_one_out",
    "lin_ucb",
    "miscalibration",
    "mmr",
    "off_policy",
    "rank_next",
    "rare_first",
    "recommend",
    "split_in_time",
    "thompson",
    "top_products",
]
