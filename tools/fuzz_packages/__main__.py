"""The command: `python -m tools.fuzz_packages --cases 100000 --seed 0 --jobs 2`."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable

from tools.fuzz_packages.cases import FAULT, READ, REFUSED, Ending, run
from tools.fuzz_packages.workers import run_all

SHOWN = 20  # faults


def main(arguments: list[str] | None = None) -> int:
    """Run the cases, print what became of them; 1 where there is a fault."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz_packages", description="Import damaged packages.")
    parser.add_argument("--cases", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the number of the first, to repeat one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds that one case may take")
    given = parser.parse_args(arguments)
    cases = range(given.first, given.first + given.cases)
    endings = run_all(given.seed, cases, given.jobs, given.limit, run)
    return report(endings, given.cases, f"python -m tools.fuzz_packages --seed {given.seed}")


def report(endings: Iterable[Ending], cases: int, again: str) -> int:
    """Print faults as they come, each with `again`, the command that repeats it, and a table; 1 if there are any."""
    counts: Counter[tuple[str, str]] = Counter()
    faults: list[Ending] = []
    start = time.monotonic()
    for ending in endings:
        counts[ending.kind, ending.how] += 1
        if ending.how == FAULT:
            faults.append(ending)
            if len(faults) <= SHOWN:
                print(
                    f"fault: {ending.kind}: {ending.why}\n  again: {again} --first {ending.case} --cases 1", flush=True
                )
        if counts.total() % 10_000 == 0:
            print(f"{counts.total():,} cases, {len(faults):,} faults, {time.monotonic() - start:.0f} s", flush=True)
    print(table(counts))
    seconds = time.monotonic() - start
    print(
        f"{counts.total():,} cases in {seconds:.0f} s ({counts.total() / seconds:.0f} a second): {len(faults):,} faults"
    )
    return 1 if faults or counts.total() < cases else 0


def table(counts: Counter[tuple[str, str]]) -> str:
    """How many cases of each kind of damage ended how."""
    kinds = sorted({kind for kind, _ in counts})
    width = max([28, *(len(kind) + 2 for kind in kinds)])
    lines = [f"{'damage':{width}}{READ:>10}{REFUSED:>10}{FAULT:>10}"]
    lines += [
        f"{kind:{width}}" + "".join(f"{counts[kind, how]:>10,}" for how in (READ, REFUSED, FAULT)) for kind in kinds
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
