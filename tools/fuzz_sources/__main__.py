"""The command: `python -m tools.fuzz_sources --cases 10000 --seed 0 --source slack`."""

import argparse
import functools
import sys

from tools.fuzz_packages.__main__ import report
from tools.fuzz_packages.workers import run_all
from tools.fuzz_sources.cases import run


def main(arguments: list[str] | None = None) -> int:
    """Run the cases, print what became of them; 1 where there is a fault."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz_sources", description="Read damaged exports.")
    parser.add_argument("--cases", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the number of the first, to repeat one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--source", default="", help="examples whose name begins so, such as slack or slack/zip")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds that one case may take")
    given = parser.parse_args(arguments)
    again = f"python -m tools.fuzz_sources --seed {given.seed}" + (f" --source {given.source}" if given.source else "")
    cases = range(given.first, given.first + given.cases)
    work = functools.partial(run, source=given.source)
    return report(run_all(given.seed, cases, given.jobs, given.limit, work), given.cases, again)


if __name__ == "__main__":
    sys.exit(main())
