"""Who stays: cohorts, funnels, survival curves, and who will leave and why."""

from paideia.science.classifier import (
    Classifier,
    Encoder,
    Reason,
    encoder,
    fit_classifier,
    known_before,
    suspicious_columns,
)
from paideia.science.measures import Assessment, assess
from paideia.science.retention.cohorts import Cohorts, Funnel, cohorts, funnel, periods
from paideia.science.retention.survival import Cox, LogRank, Survival, fit_cox, kaplan_meier, log_rank
from paideia.science.splits import forward_splits, group_folds, leave_one_group_out, random_folds

__all__ = [
    "Assessment",
    "Classifier",
    "Cohorts",
    "Cox",
    "Encoder",
    "Funnel",
    "LogRank",
    "Reason",
    "Survival",
    "assess",
    "cohorts",
    "encoder",
    "fit_classifier",
    "fit_cox",
    "forward_splits",
    "funnel",
    "group_folds",
    "kaplan_meier",
    "known_before",
    "leave_one_group_out",
    "log_rank",
    "periods",
    "random_folds",
    "suspicious_columns",
]
