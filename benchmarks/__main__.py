"""`python -m benchmarks` runs all; name some to run those."""

import sys

from benchmarks import generate, import_, train

ALL = {"import": import_.run, "train": train.run, "generate": generate.run}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        ALL[name]()
