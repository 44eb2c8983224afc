"""The science bench: what it reads, how it judges, what it prints, and what it says where data is missing."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from paideia.bench.science import main
from paideia.bench.science.groups import GROUPS, measured
from paideia.bench.science.networks import celf, leading
from paideia.bench.science.networks import named as graph_named
from paideia.bench.science.outcomes import answered
from paideia.bench.science.pictures import draw_all
from paideia.bench.science.ranking import choose, compare, read, split
from paideia.bench.science.rows import (
    Figure,
    Row,
    as_json,
    at_least,
    at_most,
    from_json,
    published,
    same,
    table,
)
from paideia.bench.science.sources import MissingSource, Sources
from paideia.bench.science.value import purchases
from paideia.science.ranking import fit_markov


def _put(folder: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = text.encode(encoding)
    path.write_bytes(lzma.compress(raw) if name.endswith(".xz") else raw)


def test_an_aim_is_met_exactly_and_a_published_figure_to_its_digits():
    assert at_least("AUC", 0.8446, 0.845).met is False
    assert at_least("AUC", 0.8451, 0.845).met is True
    assert at_most("share", 0.304, 0.3, digits=2).met is False
    assert published("r", 0.24261, 0.243).met is True
    assert published("r", 0.2436, 0.243).met is False
    assert same("order", "1 2", "1 2").met is True and same("order", "2 1", "1 2").met is False
    assert Figure("AUC", 0.9).met is None


ROW = Row(
    "planted",
    [at_least("AUC", 0.9, 0.8, reference=0.7, interval=(0.85, 0.95)), at_most("Brier", 0.2, None)],
    "five folds",
    "group",
    1.25,
    99.6,
)


def test_rows_survive_being_written_as_json():
    assert from_json(json.loads(json.dumps(as_json(ROW)))) == ROW


def test_the_table_has_a_line_for_each_figure_and_says_what_was_not_measured():
    lines = table([ROW, Row("risk", note="a file is not there", group="risk")]).splitlines()
    assert [line.split() for line in lines[:1]] == [
        ["group", "case", "measure", "ours", "95", "%", "reference", "aim", "s", "MB"]
    ]
    assert " ".join(lines[2].split()) == "group planted AUC 0.900 0.850 – 0.950 0.700 ≥ 0.800 met 1.2 100"
    assert lines[3].split() == ["Brier", "0.200"]
    assert " ".join(lines[4].split()) == "risk risk not measured 0.0 0"
    assert lines[-2:] == ["group · planted: five folds", "risk · risk: a file is not there"]


def test_without_the_data_it_says_what_to_set(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PAIDEIA_DATA", str(tmp_path / "nowhere"))
    assert main([]) == 2
    assert capsys.readouterr().err == (
        f"{tmp_path / 'nowhere'} is not there: set PAIDEIA_DATA to the folder of reference data, or run "
        "--only growth, which needs none\n"
    )


@pytest.mark.parametrize("group", sorted(set(GROUPS) - {"growth"}))
def test_a_group_whose_file_is_missing_says_which(group, tmp_path):
    rows = list(measured(group, Sources(tmp_path)))
    assert [row.figures for row in rows] == [[]] and rows[0].group == group
    assert rows[0].note.startswith(f"{tmp_path}/") and rows[0].note.endswith(
        "is not there: set PAIDEIA_DATA to the folder of reference data"
    )


def test_purchases_are_read_in_days_and_cut_at_the_end_of_calibration(tmp_path):
    _put(
        tmp_path,
        "cdnow/CDNOW_sample.txt",
        " 00004 0001 19970101  2   29.33\n 00004 0001 19970115  2   10.00\n 00004 0001 19971212  2   26.48\n",
    )
    bought = purchases(Sources(tmp_path))
    assert bought.repeats.tolist() == [1] and bought.recency.tolist() == [2.0]
    assert bought.repeat_value.tolist() == [10.0]


def test_graphs_are_read_without_their_heads_and_named_as_in_the_file(tmp_path):
    _put(tmp_path, "sna/x.txt.xz", "from to\n30 7\n7 30\n5 7\n")
    network, names = graph_named(Sources(tmp_path), "sna/x.txt.xz", directed=True)
    assert network.size == 3 and leading(network, names, 2) == "7 30"
    ring = "".join(f"{k} {(k + 1) % 20}\n{k} {(k + 7) % 20}\n" for k in range(20))
    _put(tmp_path, "sna/ring.txt", ring)
    row = celf("ring", graph_named(Sources(tmp_path), "sna/ring.txt", directed=False)[0])
    assert [f.met for f in row.figures] == [True, True]
    assert from_json(json.loads(json.dumps(as_json(row)))) == row


def test_answers_are_read_three_lines_a_student_and_held_out_by_student(tmp_path):
    rng = np.random.default_rng(1)
    lines = []
    for _ in range(60):
        ability = rng.normal(0, 1.5)
        skills = rng.integers(0, 3, 20)
        right = (rng.random(20) < 1 / (1 + np.exp(-ability - skills + 1))).astype(int)
        lines += ["20", ",".join(map(str, skills)), ",".join(map(str, right)) + ","]
    _put(tmp_path, "kt-assist/assist2009_updated_train.csv.xz", "\n".join(lines))
    data = Sources(tmp_path)
    assert len(answered(data)) == 1200 and len(np.unique(answered(data).student)) == 60
    found = list(measured("tracing", data))
    assert [row.case for row in found] == ["ASSISTments 2009, logistic", "ASSISTments 2009, boosted"]
    assert all(row.figures[0].ours > 0.6 and row.seconds > 0 and row.peak_mb > 10 for row in found)


def _walks(members: int = 400) -> str:
    """Everybody walks round a circle of 40 items, one or two steps at a time."""
    rng = np.random.default_rng(2)
    lines = []
    for member in range(members):
        steps = rng.integers(0, 40) + np.cumsum(rng.choice([1, 2], 8, p=[0.8, 0.2]))
        lines.append(" ".join(map(str, [member, *(steps % 40 + 1)])))
    return "\n".join(lines)


def test_the_last_item_is_the_test_and_the_last_but_one_validation():
    held = split(read("1 5 6 7 8\n2 1 2\n3 4 3 2"))
    assert held.test.tolist() == [7, 1] and held.validation.tolist() == [6, 2]
    assert [held.past.of(k).tolist() for k in (0, 1)] == [[4, 5], [3]]
    assert [held.until.of(k).tolist() for k in (0, 1)] == [[4, 5, 6], [3, 2]]


def test_settings_are_chosen_without_looking_at_the_test_item():
    held = split(read(_walks()))
    model, settings = choose(held, fit_markov, [{"skips": 1}, {"skips": 6}], [0.5, 0.9])
    blind = split(read(_walks()))
    object.__setattr__(blind, "test", np.zeros_like(blind.test))
    assert choose(blind, fit_markov, [{"skips": 1}, {"skips": 6}], [0.5, 0.9])[1] == settings
    assert held.quality(model) > 0.5


def test_every_model_and_the_blend_are_ranked(monkeypatch):
    from paideia.bench.science import ranking

    few = {name: (fit, choices[:1], fadings[:1]) for name, (fit, choices, fadings) in ranking.MODELS.items()}
    monkeypatch.setattr(ranking, "MODELS", few)
    monkeypatch.setattr(ranking, "find_spec", lambda name: None)
    rows = {row.case.split(", ", 1)[1]: row for row in compare("circle", split(read(_walks())))}
    assert list(rows) == [
        "popularity", "item neighbours", "graph walk", "Markov", "ALS", "EASE", "EASE with recency", "next item",
        "blend", "sequence models", "blend, refitted",
    ]  # fmt: skip
    assert rows["sequence models"].note == "torch is not installed: pip install 'paideia[torch]'"
    ndcg = {name: row.figures[1].ours for name, row in rows.items() if row.figures}
    assert ndcg["popularity"] < 0.5 < ndcg["Markov"] and ndcg["blend"] > 0.7


def test_pictures_are_written_for_the_pages_that_draw_one(tmp_path, capsys):
    pages = tmp_path / "pages"
    _put(pages, "one.md", '```python\npicture = "<svg/>"\n```\n')
    _put(pages, "README.md", "no picture\n")
    assert draw_all(tmp_path / "out", pages) == 0
    assert (tmp_path / "out" / "one.svg").read_text() == "<svg/>"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["one.svg"]
    assert draw_all(tmp_path / "out", tmp_path / "nowhere") == 2
    assert "holds no pages" in capsys.readouterr().err


def test_a_missing_file_is_named():
    with pytest.raises(MissingSource, match="set PAIDEIA_DATA"):
        Sources(Path("/nowhere")).text("a.txt")


def test_speed_runs_each_side_apart_and_says_what_is_not_installed(monkeypatch, capsys):
    from paideia.bench.science.speed import compare as speed

    assert main(["--speed", "--case", "cohorts", "--scale", "0.002", "--json"]) in (0, 1)
    ratio = json.loads(capsys.readouterr().out)[0]
    assert ratio["case"] == "cohorts" and ratio["times"] == pytest.approx(
        ratio["theirs"]["seconds"] / ratio["ours"]["seconds"]
    )
    assert ratio["ours"]["peak_mb"] >= ratio["ours"]["before_mb"] > 10
    monkeypatch.setattr(speed, "find_spec", lambda name: None)
    monkeypatch.setattr(speed, "_apart", lambda *where: speed.Taken(1.0, 20.0, 10.0))
    (absent,) = speed.compare("als", 0.001)
    assert absent.note == "implicit is not installed: pip install implicit, or uv sync --group bench"
    assert "1.00" in speed.table([absent]) and main(["--speed", "--case", "nothing"]) == 2


@pytest.mark.parametrize("name", ["cohorts", "funnel", "page rank"])
def test_both_sides_of_a_case_find_the_same(name):
    from paideia.bench.science.speed.cases import CASES

    case = CASES[name]
    if case.library:
        pytest.importorskip(case.library)
    ours, theirs = case.ours(0.001)(), case.theirs(0.001)()
    if isinstance(theirs, dict):
        theirs = [theirs[k] for k in range(len(theirs))]
        assert ours == pytest.approx(theirs, abs=1e-6)
    else:
        assert np.array_equal(ours, theirs)
