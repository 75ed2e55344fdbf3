"""Sides of a comparison, run in turn, each round in a fresh process; medians and ratios in a table.

A side is a command that prints one line of JSON with a figure. Machines drift while one measures: sides
alternate, and the ratio is the median of the rounds' ratios, not a ratio of far-apart minutes.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

# As on a person's machine, where what was compiled once stays compiled.
_AS_INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Side:
    """`command` is run in a fresh process; its figure is what it prints under `key`, or its wall seconds."""

    name: str
    command: Sequence[str]
    key: str | None = None

    def run(self) -> float:
        """Its figure."""
        return self.figures()[self.key or "seconds"]

    def figures(self) -> dict[str, float]:
        """All that it prints, or its wall seconds."""
        started = time.perf_counter()
        done = subprocess.run(self.command, capture_output=True, text=True, check=False, env=_AS_INSTALLED)
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.stderr.write(done.stderr[-4_000:])
            raise SystemExit(f"{self.name} failed with exit code {done.returncode}")
        if self.key is None:
            return {"seconds": seconds}
        return {name: float(value) for name, value in json.loads(done.stdout.strip().splitlines()[-1]).items()}


def compare(
    title: str, unit: str, sides: Sequence[Side], rounds: int, also: Sequence[str] = (), warmup: bool = True
) -> dict[str, list[float]]:
    """Print medians, spreads, and each side's ratio to the first; and medians of the figures called `also`."""
    if warmup:
        for side in sides:
            side.run()
    runs: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            runs[side.name].append(side.figures())
    figures = {side.name: [run[side.key or "seconds"] for run in runs[side.name]] for side in sides}
    first = figures[sides[0].name]
    columns = ("side", unit, "least to most", f"{sides[0].name} over it", *also)
    table = Table(*columns, title=f"{title}, {rounds} rounds")
    for name, found in figures.items():
        ratio = statistics.median(a / b for a, b in zip(first, found, strict=True))
        medians = {key: statistics.median(run[key] for run in runs[name]) for key in also if key in runs[name][0]}
        more = [_short(medians[key]) if key in medians else "" for key in also]
        spread = f"{_short(min(found))} to {_short(max(found))}"
        table.add_row(name, _short(statistics.median(found)), spread, f"{ratio:.2f}", *more)
    Console(width=120).print(table)
    return figures


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
