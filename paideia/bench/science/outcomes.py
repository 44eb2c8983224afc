"""Retention and learning: who leaves, who passes, and whose next answer is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from paideia.bench.science.rows import Figure, Row, at_least, at_most
from paideia.bench.science.sources import Sources
from paideia.science.classifier import fit_classifier
from paideia.science.learning import Answers, answers, fit_answer_model
from paideia.science.measures import Assessment, assess
from paideia.science.splits import Split, group_folds, leave_one_group_out, random_folds

REFERENCE = {2: 0.714, 4: 0.780, 6: 0.803}


def churn(data: Sources) -> Iterator[Row]:
    """Telco, five folds, both classifiers."""
    frame: Any = data.frame("saas-telco/Telco-Customer-Churn.csv.xz")
    left = (frame["Churn"] == "Churned").to_numpy().astype(np.int64)
    charged = frame["TotalCharges"].astype(str).str.strip().replace("", "nan").astype(float)
    frame = frame.drop(columns=["customerID", "Churn"]).assign(TotalCharges=charged)
    folds = random_folds(len(left), rng=np.random.default_rng(1), strata=left)
    for kind in ("boosted", "logistic"):
        judged = assess(left, _held_out(frame, left, folds, kind=kind))
        yield Row(
            f"Telco churn, {kind}",
            [
                _auc(judged, 0.845 if kind == "boosted" else None, 0.845),
                at_most("Brier", judged.brier, None, digits=4),
                at_most("calibration error", judged.calibration_error, None, digits=4),
            ],
            "5 folds; the reference is a logistic regression's",
        )


def passing(data: Sources) -> Iterator[Row]:
    """OULAD: pass or not from what is known after two, four and six weeks."""
    for week, reference in REFERENCE.items():
        columns, failed, student, presentation = enrolments(data, week)
        splits = {
            "5 folds": group_folds(student, rng=np.random.default_rng(1)),
            "presentation left out": leave_one_group_out(presentation),
        }
        for name, folds in splits.items():
            judged = assess(failed, _held_out(columns, failed, folds, groups=student))
            yield Row(
                f"OULAD week {week}, {name}",
                [
                    _auc(judged, reference, reference),
                    at_most("calibration error", judged.calibration_error, None),
                ],
                "no student on both sides"
                if name == "5 folds"
                else "four semesters, each foreseen from the other three, students apart",
            )


def enrolments(data: Sources, week: int) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """Columns known at the end of the week, failed or withdrawn, student, and semester of each enrolment."""
    info: Any = data.frame("oulad/studentInfo.csv.xz")
    clicks: Any = data.frame(f"oulad/features_week_{week}.csv.xz")
    rows = info.merge(clicks.drop(columns=["Week", "Days"]), on="id_student", how="left")
    keys = ["id_student", "code_module", "code_presentation"]
    registered: Any = data.frame("oulad/studentRegistration.csv.xz")
    rows = rows.merge(registered[[*keys, "date_registration"]], on=keys, how="left")
    rows = rows.merge(_handed_in(data, week), on=keys, how="left")
    failed = rows["final_result"].isin(["Fail", "Withdrawn"]).to_numpy().astype(np.int64)
    columns = rows.drop(columns=["id_student", "code_presentation", "final_result"])
    return columns, failed, rows["id_student"].to_numpy(), rows["code_presentation"].to_numpy()


def _handed_in(data: Sources, week: int) -> Any:
    """For each enrolment what was handed in by then: number, mean mark, and days before the deadline."""
    done: Any = data.frame(f"oulad/assessment_week_{week}.csv.xz")
    planned: Any = data.frame("oulad/assessments.csv.xz")
    done = done.merge(planned, on="id_assessment")
    done["early"] = done["date"] - done["date_submitted"]
    groups = done.groupby(["id_student", "code_module", "code_presentation"])
    return groups.agg(
        handed_in=("score", "size"), mark=("score", "mean"), mark_least=("score", "min"), early=("early", "mean"),
        banked=("is_banked", "max"),
    ).reset_index()  # fmt: skip


def tracing(data: Sources) -> Iterator[Row]:
    """ASSISTments 2009: the answers of a fifth of the students, each from what came before it."""
    log = answered(data)
    order = np.random.default_rng(1).permutation(np.unique(log.student))
    held_out, rest = log.of(order[: len(order) // 5]), log.of(order[len(order) // 5 :])
    for kind in ("logistic", "boosted"):
        judged = assess(held_out.right, fit_answer_model(rest, kind=kind).probability(held_out))
        yield Row(
            f"ASSISTments 2009, {kind}",
            [
                _auc(judged, 0.76, 0.73),
                at_most("cross-entropy", judged.cross_entropy, None, digits=4),
                at_most("calibration error", judged.calibration_error, None, digits=4),
            ],
            f"{len(order) // 5} students held out of {len(order)}; the reference is a logistic model on counts, "
            "deep ones reach .81",
        )


def answered(data: Sources) -> Answers:
    """The answer log: three lines a student (count, skills, right or wrong)."""
    lines = [
        line.strip().strip(",")
        for line in data.text("kt-assist/assist2009_updated_train.csv.xz").splitlines()
    ]
    lines = [line for line in lines if line]
    skills = [[int(v) for v in line.split(",")] for line in lines[1::3]]
    right = [[int(v) for v in line.split(",")] for line in lines[2::3]]
    student = np.repeat(np.arange(len(skills)), [len(s) for s in skills])
    return answers(student, np.concatenate(skills), np.concatenate(right))


def _auc(judged: Assessment, aim: float | None, reference: float) -> Figure:
    interval = judged.auc_low, judged.auc_high
    return at_least("AUC", judged.auc, aim, reference=reference, interval=interval, digits=4)


def _held_out(
    columns: Any,
    outcome: np.ndarray,
    folds: Sequence[Split],
    *,
    groups: np.ndarray | None = None,
    kind: Any = "boosted",
) -> np.ndarray:
    """The probability of each row from a model that has not seen it, nor anybody of its group."""
    p = np.empty(len(outcome))
    for train, test in folds:
        if groups is not None:
            train = train[~np.isin(groups[train], groups[test])]
        own = None if groups is None else groups[train]
        model = fit_classifier(columns.iloc[train], outcome[train], kind=kind, groups=own)
        p[test] = model.probability(columns.iloc[test])
    return p
