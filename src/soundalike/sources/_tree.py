"""A tree of named members: how every source sees a path, whether it is a ZIP, a folder or one file.

Names use `/`; a member's bytes are read only on demand.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from soundalike.errors import ExportError

CHUNK = 2 << 20  # bytes, the largest chunk of a member
WHOLE = 64 << 20  # bytes, the largest member that may be read at once

LITTER = "files that macOS added"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a tree: its name, its declared size in bytes, and a function that returns its bytes in order."""

    name: str
    size: int
    chunks: Callable[[], Iterator[bytes]]  # at most CHUNK bytes each; raises ExportError if damaged or unsafe

    def read(self) -> bytes:
        """All bytes. Raises ExportError if there are more than WHOLE."""
        if self.size > WHOLE:
            raise ExportError(
                f"{self.name!r} has {self.size:,} bytes, far more than such a file can have.",
                "Use the export exactly as it was sent to you.",
            )
        chunks = [chunk for chunk in self.chunks() if chunk]
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


@dataclass
class Tree:
    """The members of one path; `ignored` counts, by reason, files that are not among them. Use it in `with`."""

    path: Path
    members: list[Member] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Tree":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.resources.close()

    def add(self, name: str, size: int, chunks: Callable[[], Iterator[bytes]]) -> None:
        """Add a member, or count it as ignored if macOS put it there."""
        if is_litter(name):
            self.ignore(LITTER)
        else:
            self.members.append(Member(name, size, chunks))

    def ignore(self, reason: str) -> None:
        """Count a file that does not become a member."""
        self.ignored[reason] = self.ignored.get(reason, 0) + 1


def is_litter(name: str) -> bool:
    """Whether macOS, not the export, put this file there: `__MACOSX/`, `._*`, `.DS_Store`."""
    last = name.rpartition("/")[2]
    return last.startswith("._") or last == ".DS_Store" or name.startswith("__MACOSX/") or "/__MACOSX/" in name
