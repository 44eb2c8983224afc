"""Sequence models: a recurrent and a self-attentive network that read a history and predict the next item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from paideia.science.checks import between, library, positive
from paideia.science.errors import EmptyInput
from paideia.science.ranking.histories import Histories
from paideia.science.ranking.scorer import Scores

Kind = Literal["gru", "attention"]


@dataclass(frozen=True, slots=True)
class SequenceModel:
    """A fitted network, kept as plain arrays."""

    kind: Kind
    catalogue: int
    width: int
    layers: int
    heads: int
    reach: int
    """Items of a history that are read, the latest."""
    weights: dict[str, NDArray[np.float32]]
    losses: tuple[float, ...]
    """Mean cross-entropy of the next item in each epoch, in nats."""

    def scores(self, histories: Histories) -> Scores:
        """Members × items: logits of the next item."""
        torch = library("torch", extra="torch")
        network = _network(self, torch)
        network.load_state_dict({name: torch.from_numpy(w) for name, w in self.weights.items()})
        network.eval()
        with torch.no_grad():
            state = network(torch.from_numpy(_padded(histories, self.reach)))[:, -1]
            logits = state @ network.items.weight[1:].T
        return np.asarray(logits.numpy())


def fit_sequence(
    histories: Histories,
    *,
    kind: Kind = "attention",
    width: int = 64,
    layers: int = 2,
    heads: int = 1,
    reach: int = 50,
    dropout: float = 0.4,
    epochs: int = 30,
    batch: int = 128,
    rate: float = 1e-3,
    threads: int = 1,
    seed: int,
    tell: Callable[[int, float], None] | None = None,
) -> SequenceModel:
    """Train to predict each next item with softmax over the whole catalogue.

    gru: GRU4Rec (Hidasi, Karatzoglou, Baltrunas & Tikk 2016). attention: SASRec (Kang & McAuley 2018), causal
    self-attention with learnt positions. Both with the full cross-entropy instead of sampled negatives,
    which ranks better (Klenitskiy & Vasilev 2023), tied item embeddings and Adam. `tell(epoch, loss)` hears
    of progress. More `threads` help on an idle machine and hurt on a busy one. Needs the extra `torch`.

    Raises `EmptyInput`.
    """
    if not (histories.lengths >= 2).any():
        raise EmptyInput("no history has two items: there is no next one to learn")
    for value, name in (
        (width, "width"),
        (layers, "layers"),
        (reach, "reach"),
        (epochs, "epochs"),
        (batch, "batch"),
    ):
        positive(value, name)
    between(dropout, "dropout", 0, 0.95)
    torch = library("torch", extra="torch")
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    plan = SequenceModel(kind, histories.catalogue, width, layers, heads, reach, {}, ())
    network = _network(plan, torch, dropout)
    rows = torch.from_numpy(_padded(histories.choose(np.flatnonzero(histories.lengths >= 2)), reach + 1))
    optimiser = torch.optim.Adam(network.parameters(), lr=rate, betas=(0.9, 0.98))
    losses = []
    for epoch in range(epochs):
        total, count = 0.0, 0
        network.train()
        for chosen in torch.randperm(len(rows)).split(batch):
            loss, items = _loss(network, rows[chosen], torch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            total, count = total + float(loss.detach()) * items, count + items
        losses.append(total / count)
        if tell is not None:
            tell(epoch, losses[-1])
    weights = {name: w.detach().numpy().copy() for name, w in network.state_dict().items()}
    return SequenceModel(kind, histories.catalogue, width, layers, heads, reach, weights, tuple(losses))


def _loss(network: Any, rows: Any, torch: Any) -> tuple[Any, int]:
    """Cross-entropy over the positions that have a past and a next item; columns that are all padding are
    cut off.
    """
    first = int((rows > 0).any(dim=0).float().argmax())
    rows = rows[:, first:]
    source, target = rows[:, :-1], rows[:, 1:]
    real = (source > 0) & (target > 0)
    logits = network(source)[real] @ network.items.weight[1:].T
    return torch.nn.functional.cross_entropy(logits, target[real] - 1), int(real.sum())


def _padded(histories: Histories, reach: int) -> NDArray[np.int64]:
    """The last `reach` items of each history plus 1, right-aligned; 0 is padding."""
    rows = np.zeros((len(histories), reach), dtype=np.int64)
    late = histories.ages < reach
    rows[histories.members[late], reach - 1 - histories.ages[late]] = histories.items[late] + 1
    return rows


def _network(plan: SequenceModel, torch: Any, dropout: float = 0.0) -> Any:
    nn = torch.nn

    class Network(nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        """Item embeddings, a body that mixes the past, and a state for each position."""

        def __init__(self) -> None:
            super().__init__()
            self.items = nn.Embedding(plan.catalogue + 1, plan.width, padding_idx=0)
            nn.init.normal_(self.items.weight, std=plan.width**-0.5)
            self.drop = nn.Dropout(dropout)
            if plan.kind == "gru":
                self.body = nn.GRU(plan.width, plan.width, plan.layers, batch_first=True)
            else:
                self.positions = nn.Embedding(plan.reach, plan.width)
                layer = nn.TransformerEncoderLayer(
                    plan.width, plan.heads, 2 * plan.width, dropout, "gelu", batch_first=True, norm_first=True
                )
                self.body = nn.TransformerEncoder(layer, plan.layers, enable_nested_tensor=False)
            self.norm = nn.LayerNorm(plan.width)

        def forward(self, rows: Any) -> Any:
            """States (members, positions, width) for item numbers from 1, 0 for padding."""
            x = self.drop(self.items(rows))
            if plan.kind == "gru":
                return self.norm(self.body(x)[0])
            length = rows.shape[1]
            places = torch.arange(plan.reach - length, plan.reach)
            ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
            # padding may attend to itself only, so that no row of the mask is empty
            hidden = ahead[None] | ((rows == 0)[:, None, :] & ~torch.eye(length, dtype=torch.bool)[None])
            hidden = hidden.repeat_interleave(plan.heads, dim=0)
            return self.norm(self.body(x + self.positions(places), mask=hidden))

    return Network()
