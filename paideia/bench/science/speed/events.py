"""Large tables of events and payments: cohorts, funnels and velocity, beside pandas."""

from __future__ import annotations

from typing import Any

import numpy as np

from paideia.bench.science.speed.case import Work


def _events(scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ten million events of a million members over 52 weeks, in order of time."""
    rng = np.random.default_rng(1)
    size, members = int(10_000_000 * scale), int(1_000_000 * scale) + 1
    week = np.sort(rng.integers(0, 52, size))
    return rng.integers(0, members, size), week, np.sort(rng.integers(0, 52 * 604_800, size))


def cohorts_ours(scale: float) -> Work:
    from paideia.science.retention import cohorts

    member, week, _ = _events(scale)
    return lambda: cohorts(member, week).active


def cohorts_pandas(scale: float) -> Work:
    import pandas

    member, week, _ = _events(scale)
    frame = pandas.DataFrame({"member": member, "week": week})

    def work() -> Any:
        first = frame.groupby("member")["week"].transform("min")
        aged = frame.assign(cohort=first, age=frame["week"] - first)
        return aged.groupby(["cohort", "age"])["member"].nunique().unstack(fill_value=0).to_numpy()

    return work


def _steps(scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    member, _, second = _events(scale)
    step = np.random.default_rng(2).choice([-1, 0, 1, 2, 3], len(member), p=[0.4, 0.25, 0.15, 0.12, 0.08])
    return member, second, step


def funnel_ours(scale: float) -> Work:
    from paideia.science.retention import funnel

    member, second, step = _steps(scale)
    return lambda: funnel(member, second, step, steps=4).reached


def funnel_pandas(scale: float) -> Work:
    import pandas

    member, second, step = _steps(scale)
    frame = pandas.DataFrame({"member": member, "second": second, "step": step})

    def work() -> Any:
        reached, gaps, before = [], [], None
        for k in range(4):
            rows = frame[frame["step"] == k]
            if before is not None:
                rows = rows.merge(before, left_on="member", right_index=True)
                rows = rows[rows["second"] >= rows["before"]]
            first = rows.groupby("member")["second"].min().rename("before")
            gaps.append(0.0 if before is None else (first - before.reindex(first.index)).median())
            reached.append(len(first))
            before = first
        return np.array(reached)

    return work


def _payments(scale: float) -> tuple[np.ndarray, ...]:
    """1.7 million payments of 5,000 customers at 10,000 terminals over 183 days, as in the handbook."""
    rng = np.random.default_rng(1)
    size = int(1_700_000 * scale)
    second = np.sort(rng.integers(0, 183 * 86_400, size)) + 17_622 * 86_400
    customer, terminal = rng.integers(0, 5000, size), rng.integers(0, 10_000, size)
    return customer, terminal, second, rng.gamma(2, 25, size).round(2), (rng.random(size) < 0.008).astype(int)


def velocity_ours(scale: float) -> Work:
    from paideia.science.risk import velocity

    paid = _payments(scale)
    return lambda: velocity(*paid).rows


def velocity_pandas(scale: float) -> Work:
    """The handbook's own way: rolling windows by customer and by terminal."""
    import pandas

    customer, terminal, second, amount, fraud = _payments(scale)
    frame = pandas.DataFrame(
        {"customer": customer, "terminal": terminal, "amount": amount, "fraud": fraud},
        index=pandas.to_datetime(second, unit="s"),
    )

    def windows(rows: Any) -> Any:
        found = {}
        for days in (1, 7, 30):
            rolled = rows["amount"].rolling(f"{days}D")
            found[f"count_{days}"], found[f"mean_{days}"] = rolled.count(), rolled.mean()
        return pandas.DataFrame(found)

    def risks(rows: Any) -> Any:
        found = {}
        delay = rows["fraud"].rolling("7D")
        many, bad = delay.count(), delay.sum()
        for days in (1, 7, 30):
            rolled = rows["fraud"].rolling(f"{days + 7}D")
            count = rolled.count() - many
            found[f"count_{days}"], found[f"risk_{days}"] = count, ((rolled.sum() - bad) / count).fillna(0)
        return pandas.DataFrame(found)

    def work() -> Any:
        by_customer = frame.groupby("customer", group_keys=False)[["amount"]].apply(windows)
        by_terminal = frame.groupby("terminal", group_keys=False)[["fraud"]].apply(risks)
        return len(by_customer) + len(by_terminal)

    return work
