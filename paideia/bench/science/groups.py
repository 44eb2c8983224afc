"""The groups of rows, each measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module

from paideia.bench.science.memory import forget_peak, peak_mb
from paideia.bench.science.rows import Row, as_json, from_json
from paideia.bench.science.sources import MissingSource, Sources, sources

GROUPS = {
    "growth": "growth:rows",
    "value": "value:rows",
    "networks": "networks:rows",
    "churn": "outcomes:churn",
    "tracing": "outcomes:tracing",
    "risk": "risk:rows",
    "text": "text:rows",
    "passing": "outcomes:passing",
    "ranking": "ranking:rows",
}
LONGEST_FIRST = ("passing", "ranking")


def run_all(names: list[str], *, jobs: int) -> list[Row]:
    """The rows of these groups in the order of `GROUPS`, `jobs` of them measured at a time."""
    chosen = [name for name in GROUPS if name in names]
    begun = sorted(chosen, key=lambda name: name not in LONGEST_FIRST)
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        running = {name: pool.submit(_apart, name) for name in begun}
        return [row for name in chosen for row in running[name].result()]


def answer(name: str) -> int:
    """Inside the process: print each row as a line of JSON as soon as it is there."""
    for row in measured(name, sources()):
        print(json.dumps(as_json(row)), flush=True)
    return 0


def measured(name: str, data: Sources) -> Iterator[Row]:
    """The rows of a group with their seconds and peak memory; a missing file ends it with a row that says so."""
    module, function = GROUPS[name].split(":")
    make: Callable[[Sources], Iterator[Row]] = getattr(
        import_module(f"paideia.bench.science.{module}"), function
    )
    found = make(data)
    while True:
        forget_peak()
        began = time.perf_counter()
        try:
            row = next(found, None)
        except MissingSource as missing:
            yield Row(name, note=str(missing), group=name)
            return
        if row is None:
            return
        yield replace(row, group=name, seconds=time.perf_counter() - began, peak_mb=peak_mb())


def _apart(name: str) -> list[Row]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "paideia.bench.science", "--inside", name]
    done = subprocess.run(command, capture_output=True, text=True)
    rows = [from_json(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        rows.append(Row(name, note=last, group=name))
    return rows
