"""Many cases over several processes, each watched: a case that takes too long is a fault, and its process is ended."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tools.fuzz_packages.cases import FAULT, Ending

Run = Callable[[int, int, Path], Ending]  # seed, case, an empty folder

START = 600.0  # seconds that a process may take until its first case, on a machine that is busy with other things


@dataclass
class _Worker:
    """A process at `cases`; `started` is when it began the first of them."""

    cases: list[int]
    seed: int
    run: Run
    connection: Connection = field(init=False)
    process: multiprocessing.process.BaseProcess = field(init=False)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=_work, args=(self.run, self.seed, self.cases, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.started = time.monotonic() + START

    def end(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _work(run: Run, seed: int, cases: list[int], connection: Connection) -> None:
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as home:
        connection.send(None)  # ready
        for case in cases:
            connection.send(run(seed, case, Path(home) / "case"))
    connection.close()


def run_all(seed: int, cases: range, jobs: int, limit: float, run: Run) -> Iterator[Ending]:
    """The endings of `run`, as they come. `limit` is in seconds for one case."""
    os.environ["POLARS_MAX_THREADS"] = "1"  # read by the new processes: more threads only wait for one another here
    workers = [_Worker(list(cases[job::jobs]), seed, run) for job in range(jobs)]
    while workers:
        ready = wait([worker.connection for worker in workers], timeout=0.5)
        for worker in list(workers):
            ended = False
            if worker.connection in ready:
                try:
                    ending = worker.connection.recv()
                except EOFError:
                    ended = True
                else:
                    worker.started = time.monotonic()
                    if ending:
                        worker.cases.remove(ending.case) if worker.cases[0] != ending.case else worker.cases.pop(0)
                        yield ending
                    continue
            late = time.monotonic() - worker.started > limit
            if ended or late:
                workers.remove(worker)
                worker.end()
                if worker.cases:
                    why = f"no end within {limit:g} s" if late else f"the process died ({worker.process.exitcode})"
                    yield Ending(worker.cases.pop(0), "?", FAULT, why)
                if worker.cases:
                    workers.append(_Worker(worker.cases, seed, run))
