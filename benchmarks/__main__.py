"""`python -m benchmarks` runs all; name some to run those."""

import sys
from collections.abc import Callable
from functools import partial

from benchmarks import flood, friends, generate, import_, serve, sources, train

ALL: dict[str, Callable[[], object]] = {
    "import": import_.run,
    "sources": sources.run,
    "train": train.run,
    "train-smollm2": partial(train.run, "smollm2"),
    "generate": generate.run,
    "generate-smollm2": partial(generate.run, "smollm2"),
    "flood": flood.run,
    "serve": serve.run,
    "friends": friends.run,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        ALL[name]()
