"""`python -m benchmarks` runs all; name some to run those."""

import sys
from collections.abc import Callable

from benchmarks import flood, friends, generate, import_, serve, sources, train

ALL: dict[str, Callable[[], None]] = {
    "import": import_.run,
    "sources": sources.run,
    "train": train.run,
    "generate": generate.run,
    "flood": flood.run,
    "serve": serve.run,
    "friends": friends.run,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        ALL[name]()
