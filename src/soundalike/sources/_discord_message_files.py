"""The message files of a package: opened one after the other, and accounted for one by one.

Takes channels, gives pieces that can be parsed; told what came of them, gives the account: a file that was opened held
rows, or is counted by the reason why not.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from soundalike.messages import FILES, FILES_READ, Corpus, add_counts, empty
from soundalike.sources._discord_layout import Channel
from soundalike.sources._discord_messages import FileCounts
from soundalike.sources._discord_rows import RowPiece
from soundalike.sources._encoding import MIXED, UTF_8, WINDOWS, Utf8Chunks
from soundalike.sources._file_splitter import split_csv, split_json
from soundalike.sources._tree import CHUNK, Member

EMPTY_FILES = "message files that are empty"
NO_ROWS = "message files without a message in them"
UNREADABLE_FILES = "message files in which nothing could be read"


@dataclass
class MessageFiles:
    """Message files by number, each with its channel's id, and what was found in them."""

    files: list[Member]
    channels: list[str]
    tally: FileCounts = field(default_factory=FileCounts)
    blank: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, channels: Sequence[Channel]) -> "MessageFiles":
        """All message files of these channels, those first whose words win where a message is in two."""
        pairs = [(member, channel.id) for channel in channels for member in channel.messages]
        return cls([member for member, _ in pairs], [channel for _, channel in pairs])

    def pieces(self) -> Iterator[RowPiece]:
        """Every file: a small one as it is, a large one as UTF-8 and cut."""
        for number, member in enumerate(self.files):
            is_csv = member.name.lower().endswith(".csv")
            blank = True
            for raw in [member.read()] if member.size <= CHUNK else self._cut(number, member, is_csv):
                if raw and not raw.isspace():
                    blank = False
                    yield RowPiece(number, raw, is_csv)
            if blank:
                self.blank.add(number)

    def _cut(self, number: int, member: Member, is_csv: bool) -> Iterator[bytes]:
        chunks = Utf8Chunks(member.chunks)
        yield from split_csv(chunks) if is_csv else split_json(chunks)
        if chunks.encoding == MIXED:
            self.tally.mended.add(number)
        elif chunks.encoding != UTF_8:
            self.tally.encodings[number] = chunks.encoding

    def account(self, rounded: set[int]) -> Corpus:
        """No rows: the files by what became of them, and what the owner should know of them."""
        silent = {number for number in range(len(self.files)) if not self.tally.rows.get(number)}
        unreadable = (silent & self.tally.mended) - self.blank
        counts = {EMPTY_FILES: len(self.blank), UNREADABLE_FILES: len(unreadable)}
        skipped: dict[str, int] = {}
        add_counts(skipped, counts | {NO_ROWS: len(silent) - sum(counts.values())})
        read = {FILES: len(self.files), FILES_READ: len(self.files) - len(silent)}
        return Corpus(empty(), read=read, skipped=skipped, notes=self._notes(rounded, unreadable))

    def _notes(self, rounded: set[int], unreadable: set[int]) -> list[str]:
        told = []
        if rounded:
            told.append(
                f"The message ids were rounded by another tool in {_files(rounded)}, so messages there are told apart "
                "by channel, second and text; a package as Discord sent it has exact ids."
            )
        for encoding, count in sorted(Counter(self.tally.encodings.values()).items()):
            doubt = "; if its letters look wrong, use the package as Discord sent it" if encoding == WINDOWS else ""
            told.append(f"Another tool saved {_files(range(count))} as {encoding}, and so it was read{doubt}.")
        if mended := self.tally.mended - unreadable:
            told.append(f"Some message files were damaged and mended as far as possible ({len(mended):,}).")
        if odd := self.tally.odd_times:
            told.append(f"Some messages state another time than their ids do ({odd:,}); the ids were believed.")
        return told


def _files(which: Sequence[int] | set[int]) -> str:
    return f"{len(which):,} message file{'' if len(which) == 1 else 's'}"
