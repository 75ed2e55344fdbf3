"""An ordered map over threads, for work that releases the interpreter's lock, as that of Polars and zlib does."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

MAX_PENDING = 2  # items in the threads while the next one is prepared

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def ordered_parallel_map(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Results of `work` in the order of `items`, which are taken only a little ahead of the results.

    An exception in `work` is raised at its result. A single item is computed without a thread.
    """
    remaining = iter(items)
    first = list(islice(remaining, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    pending: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(max_workers=MAX_PENDING) as pool:
        for item in chain(first, remaining):
            pending.append(pool.submit(work, item))
            if len(pending) > MAX_PENDING:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
