"""`paideia bench science --speed`: seconds and peak memory beside other libraries, each in its own process."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from paideia.bench.science.memory import forget_peak, peak_mb
from paideia.bench.science.speed.case import Case
from paideia.bench.science.speed.cases import CASES

LIMIT_SECONDS = 1800
AGAIN_SECONDS = 10
WARM_SCALE = 0.0005


@dataclass(frozen=True, slots=True)
class Taken:
    """What one side took. `before_mb` is what stood in memory when the clock began: the input and libraries."""

    seconds: float
    peak_mb: float
    before_mb: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """A case at one size: ours, the other's, and how many times faster ours is; or why not."""

    case: str
    what: str
    scale: float
    ours: Taken | None
    other: str
    theirs: Taken | None
    times: float | None
    aim: float | None
    note: str = ""


def main(options: argparse.Namespace) -> int:
    """Measure every case, or (inside a process of its own) one side of one."""
    if options.speed_case:
        print(json.dumps(asdict(take(CASES[options.speed_case[0]], options.speed_case[1], options.scale))))
        return 0
    unknown = [name for name in options.case if name not in CASES]
    if unknown:
        print(f"no such case: {', '.join(unknown)}; there are {', '.join(CASES)}", file=sys.stderr)
        return 2
    ratios = []
    for name in options.case or CASES:
        for ratio in compare(name, options.scale):
            ratios.append(ratio)
            print(f"{ratio.what}: {_times(ratio) or ratio.note}", file=sys.stderr, flush=True)
    print(json.dumps([asdict(r) for r in ratios], indent=2) if options.json else table(ratios))
    missed = [r for r in ratios if (r.other and r.times is None) or (r.aim and r.times and r.times < r.aim)]
    return 1 if missed else 0


def compare(name: str, scale: float) -> list[Ratio]:
    """The case at this scale; where the other cannot follow, ours at full size and both at a smaller one."""
    case = CASES[name]
    if case.library and not find_spec(case.library):
        note = f"{case.library} is not installed: pip install {case.library}, or uv sync --group bench"
        return [
            Ratio(name, case.what, scale, _apart(name, "ours", scale), case.other, None, None, case.aim, note)
        ]
    found = []
    if case.share < 1:
        note = f"{case.other} would take too long here: compared at {case.share:g} of the size"
        alone = _apart(name, "ours", scale)
        found.append(Ratio(name, case.what, scale, alone, "", None, None, None, note))
    small = scale * case.share
    ours, theirs = _apart(name, "ours", small), _apart(name, "theirs", small)
    note = "" if ours and theirs else "did not finish"
    times = theirs.seconds / ours.seconds if ours and theirs else None
    return [*found, Ratio(name, case.what, small, ours, case.other, theirs, times, case.aim, note)]


def take(case: Case, who: str, scale: float) -> Taken:
    """Run small once, so that libraries are loaded; make the input ready; then run with the clock on.

    What takes less than `AGAIN_SECONDS` is run three times and the best counts: other programs only ever add.
    """
    make = case.ours if who == "ours" else case.theirs
    make(min(scale, WARM_SCALE))()
    work = make(scale)
    forget_peak()
    before = peak_mb()
    seconds: list[float] = []
    while not seconds or (len(seconds) < 3 and seconds[0] < AGAIN_SECONDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return Taken(min(seconds), peak_mb(), before)


def _apart(name: str, who: str, scale: float) -> Taken | None:
    command = [
        sys.executable,
        "-m",
        "paideia.bench.science",
        "--speed-case",
        name,
        who,
        "--scale",
        str(scale),
    ]
    # implicit's own threads and OpenBLAS's get in each other's way
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"} if CASES[name].library == "implicit" else None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, env=environment)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1:], file=sys.stderr)
        return None
    return Taken(**json.loads(done.stdout.strip().splitlines()[-1]))


HEADS = ("case", "size", "ours s", "ours MB", "beside", "its s", "its MB", "times faster", "aim", "")


def table(ratios: list[Ratio]) -> str:
    """The ratios as text in columns. MB is the peak beyond what stood in memory before."""
    lines: list[tuple[str, ...]] = [HEADS]
    for r in ratios:
        ours, theirs = _cells(r.ours), _cells(r.theirs)
        aim = "" if r.aim is None else f"≥ {r.aim:g}"
        lines.append((r.what, f"{r.scale:g}", *ours, r.other, *theirs, _times(r), aim, r.note))
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(taken: Taken | None) -> tuple[str, str]:
    return ("", "") if taken is None else (f"{taken.seconds:.2f}", f"{taken.peak_mb - taken.before_mb:.0f}")


def _times(ratio: Ratio) -> str:
    return f"{ratio.times:.1f}" if ratio.times else ""
