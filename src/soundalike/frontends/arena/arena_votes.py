"""Judges and their votes: a line each in arena-votes.jsonl of the clone folder, on disk before it is thanked for.

The file holds no text and no name, only random ids of judges, and ids of pairs.
"""

import os
from dataclasses import asdict, dataclass, field
from errno import ENOSPC
from pathlib import Path

import orjson

from soundalike.clone.folder import disk_errors
from soundalike.clone.report_names import ARENA_VOTES
from soundalike.errors import CloneError

FILE = ARENA_VOTES


@dataclass(frozen=True, slots=True)
class ArenaJudge:
    """Somebody who votes; `acquaintance`: they said that they know the owner."""

    id: str
    acquaintance: bool
    at: str


@dataclass(frozen=True, slots=True)
class ArenaVote:
    """Which reply the judge of the id `judge` took for the owner's: the clone's (`fooled`) or the real one.

    `clone_first` tells whether the clone's stood first, `voice` the hash of the adapter that wrote it.
    """

    judge: str
    pair: str
    clone_first: bool
    fooled: bool
    voice: str
    at: str


@dataclass
class ArenaVotes:
    """All judges by their id, and all votes by judge and pair: the first of each counts."""

    path: Path
    judges: dict[str, ArenaJudge] = field(default_factory=dict)
    votes: dict[tuple[str, str], ArenaVote] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "ArenaVotes":
        """What the file holds, nothing where there is none; `CloneError` for a damaged line.

        A last line without its end is left out: a process was killed before the vote was thanked for.
        """
        made = cls(path)
        lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
        for number, line in enumerate(lines, start=1):
            try:
                made._keep(_parsed(line))
            except (ValueError, TypeError) as error:
                raise CloneError(f"{path}, line {number}, is damaged: {error}.", "Delete that line.") from error
        return made

    def mend(self) -> None:
        """Cut off a last line without its end, before anything is added; for the one process that adds."""
        if self.path.is_file() and (data := self.path.read_bytes()) and not data.endswith(b"\n"):
            os.truncate(self.path, data.rfind(b"\n") + 1)

    def add(self, entry: ArenaJudge | ArenaVote) -> None:
        """Keep an entry, on disk first; `CloneError` where it cannot be written, and the file is as it was."""
        data = orjson.dumps(asdict(entry)) + b"\n"
        with disk_errors(self.path), self.path.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                if file.write(data) != len(data):
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise
        self._keep(entry)

    def _keep(self, entry: ArenaJudge | ArenaVote) -> None:
        if isinstance(entry, ArenaJudge):
            self.judges.setdefault(entry.id, entry)
        else:
            self.votes.setdefault((entry.judge, entry.pair), entry)


def _parsed(line: bytes) -> ArenaJudge | ArenaVote:
    """One line; `ValueError` or `TypeError` where it holds neither."""
    row = orjson.loads(line)
    if not isinstance(row, dict):
        raise ValueError("it is not an object")
    return ArenaVote(**row) if "pair" in row else ArenaJudge(**row)
