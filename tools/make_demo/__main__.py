"""The command: `python -m tools.make_demo`."""

import argparse
from pathlib import Path

from soundalike.demo import EXPORT
from tools.make_demo.package import SEED, write_package


def main(arguments: list[str] | None = None) -> None:
    """Write the export, over the shipped one unless `--out` names another file."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_demo", description="Write the demo's export.")
    parser.add_argument("--out", type=Path, default=EXPORT, help="the ZIP to write")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    print(write_package(options.out, options.seed))


if __name__ == "__main__":
    main()
