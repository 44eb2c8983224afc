"""Text: spam, offensive language and sentiment, and levels of copying."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from paideia.bench.science.rows import Figure, Row, at_least, at_most
from paideia.bench.science.sources import Sources
from paideia.science.splits import random_folds
from paideia.science.text import LEVELS, fit_copy_judge, fit_text_classifier


def rows(data: Sources) -> Iterator[Row]:
    """Each as published: the same training part, the same measure."""
    yield spam(data)
    yield plagiarism(data)
    yield offensive(data)
    yield sentiment(data)


def spam(data: Sources) -> Row:
    """SMS Spam Collection: the first 30 % train (Almeida, Gómez Hidalgo & Yamakami 2011)."""
    messages = data.records("sms-spam/spam.csv", "latin-1")
    texts, labels = [m["v2"] for m in messages], [m["v1"] for m in messages]
    cut = int(0.3 * len(texts))
    model = fit_text_classifier(texts[:cut], labels[:cut], false_alarms_max=0.002)
    truth, said = np.array(labels[cut:]), np.array(model.label(texts[cut:]))
    is_spam = truth == "spam"
    return Row(
        "SMS spam",
        [
            _share("accuracy, %", truth == said, at_least, 97.8, reference=97.64),
            _share("ham blocked, %", said[~is_spam] == "spam", at_most, 0.3, reference=0.18),
            _share("spam caught, %", said[is_spam] == "spam", at_least, None, reference=83.10),
        ],
        "the first 30 % train; penalty and threshold by cross-validation inside them",
    )


def plagiarism(data: Sources) -> Row:
    """Clough & Stevenson (2011): each task judged by what was learnt from the others."""
    files = data.members("plagiarism-clough/tasks-a-c.tar.xz")
    names = {"non": "none", "heavy": "heavy revision", "light": "light revision", "cut": "cut and paste"}
    answers, origins, levels, tasks = [], [], [], []
    for line in files["file_information.csv"].splitlines()[1:]:
        file, task, level = line.strip().split(",")
        if level not in names:
            continue  # the sources themselves
        answers.append(files[file])
        origins.append(files[f"orig_task{task}.txt"])
        levels.append(names[level])
        tasks.append(task)
    said = [""] * len(answers)
    for task in sorted(set(tasks)):
        own = [k for k, t in enumerate(tasks) if t == task]
        rest = [k for k, t in enumerate(tasks) if t != task]
        judge = fit_copy_judge(*([column[k] for k in rest] for column in (answers, origins, levels)))
        for k, level in zip(
            own, judge.level([answers[k] for k in own], [origins[k] for k in own]), strict=True
        ):
            said[k] = level
    exact = np.array(said) == np.array(levels)
    coarse = (np.array(said) == LEVELS[0]) == (np.array(levels) == LEVELS[0])
    return Row(
        "plagiarism (Clough)",
        [
            _share("copied or not, %", coarse, at_least, 95.0),
            _share("of four levels, %", exact, at_least, 75.0),
        ],
        f"{len(answers)} answers, one task left out at a time",
    )


def offensive(data: Sources) -> Row:
    """COLD (Deng et al. 2022): train part to development part."""
    train, dev = (data.records(f"cold/{part}.csv.xz") for part in ("train", "dev"))
    model = fit_text_classifier([r["TEXT"] for r in train], [r["label"] for r in train])
    right = np.array(model.label([r["TEXT"] for r in dev])) == np.array([r["label"] for r in dev])
    return Row(
        "COLD offensive language",
        [_share("accuracy, %", right, at_least, 80.0, reference=79.7)],
        "train to dev; the reference is a TF-IDF model's on the test part (BERT's: 81)",
    )


def sentiment(data: Sources) -> Row:
    """waimai_10k, five folds."""
    reviews = data.records("zh-sentiment/waimai_10k.csv.xz")
    texts, labels = np.array([r["review"] for r in reviews]), np.array([r["label"] for r in reviews])
    right = np.zeros(len(texts), dtype=bool)
    for train, test in random_folds(len(texts), rng=np.random.default_rng(1), strata=labels):
        model = fit_text_classifier(texts[train].tolist(), labels[train].tolist())
        right[test] = np.array(model.label(texts[test].tolist())) == labels[test]
    return Row(
        "waimai sentiment",
        [_share("accuracy, %", right, at_least, 90.0, reference=90.0)],
        "5 folds; the reference is TF-IDF with logistic regression",
    )


def _share(
    measure: str,
    right: np.ndarray,
    direction: Callable[..., Figure],
    aim: float | None,
    *,
    reference: float | None = None,
) -> Figure:
    """A share in percent with Wilson's interval."""
    n, p, z = len(right), float(right.mean()), 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    interval = 100 * max(middle - reach, 0.0), 100 * min(middle + reach, 1.0)
    return direction(measure, 100 * p, aim, reference=reference, interval=interval, digits=2)
