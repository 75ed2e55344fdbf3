"""Work on many pieces at once: for work that lets go of the interpreter, as Polars and zlib do."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

MAX_PENDING = 2  # pieces in the threads' hands while the next one is made

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")


def ordered_parallel_map(work: Callable[[_Piece], _Result], pieces: Iterable[_Piece]) -> Iterator[_Result]:
    """Results in the pieces' order; only a few pieces and results exist at a time. One piece alone needs no thread."""
    coming = iter(pieces)
    first = list(islice(coming, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(max_workers=MAX_PENDING) as pool:
        for piece in chain(first, coming):
            waiting.append(pool.submit(work, piece))
            if len(waiting) > MAX_PENDING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
