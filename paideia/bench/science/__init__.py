"""`paideia bench science`: the algorithms beside published figures, on data that others made.

One table: ours, its 95 % interval where there is a sample, the reference, the aim, and what it cost. Settings are
chosen inside the training part only. The data lies in the folder that PAIDEIA_DATA names (by default ../shared/data
beside the project); what is not there is said and left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from paideia.bench.science.groups import GROUPS, answer, run_all
from paideia.bench.science.rows import as_json, table
from paideia.bench.science.sources import sources


def main(argv: list[str]) -> int:
    """Run the bench; 0 if every group could be measured and every aim is met."""
    options = _parser().parse_args(argv)
    if options.inside:
        return answer(options.inside)
    if options.pictures:
        from paideia.bench.science.pictures import draw_all

        return draw_all(options.pictures)
    if options.coverage:
        return _coverage(options.seeds, options.json)
    if options.speed or options.speed_case:
        from paideia.bench.science.speed.compare import main as speed

        return speed(options)
    folder = sources().folder
    names = options.only or list(GROUPS)
    if not folder.is_dir() and set(names) - {"growth"}:
        print(
            f"{folder} is not there: set PAIDEIA_DATA to the folder of reference data, or run --only growth, "
            "which needs none",
            file=sys.stderr,
        )
        return 2
    rows = run_all(names, jobs=options.jobs)
    print(
        json.dumps([as_json(row) for row in rows], indent=2, ensure_ascii=False)
        if options.json
        else table(rows)
    )
    complete = all(row.figures for row in rows)
    return 0 if complete and not any(f.met is False for row in rows for f in row.figures) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="paideia bench science", description=__doc__)
    add = parser.add_argument
    add(
        "--only",
        nargs="+",
        choices=list(GROUPS),
        metavar="NAME",
        help=f"some groups only: {', '.join(GROUPS)}",
    )
    add("--json", action="store_true", help="the rows as JSON")
    add("--jobs", type=int, default=2, help="groups measured at a time (default 2)")
    add("--pictures", type=Path, metavar="FOLDER", help="write the pictures of the documentation as SVG")
    add("--coverage", action="store_true", help="how often intervals hold the truth on planted data")
    add("--seeds", type=int, default=50, help="with --coverage: planted data sets for each interval")
    add("--speed", action="store_true", help="seconds and memory beside other libraries")
    add("--scale", type=float, default=1.0, help="with --speed: share of the full size")
    add("--case", nargs="+", default=[], metavar="NAME", help="with --speed: some cases only")
    add("--speed-case", nargs=2, metavar=("CASE", "WHO"), help=argparse.SUPPRESS)
    add("--inside", choices=list(GROUPS), help=argparse.SUPPRESS)
    return parser


def _coverage(seeds: int, as_text: bool) -> int:
    from paideia.bench.coverage import coverage

    rows = coverage(seeds)
    if as_text:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    heads = list(dict.fromkeys(key for row in rows for key in row))
    lines = [heads, *([_cell(row.get(key, "")) for key in heads] for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
