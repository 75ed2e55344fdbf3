"""The message files of a package: opened one after the other, each accounted for.

Yields pieces that can be parsed. Once their counts are known, `account` says of every file that it had rows, or
counts it by the reason why it had none.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from soundalike import phrasing
from soundalike.messages import FILES, FILES_READ, NO_ROWS, Corpus, add_counts, empty
from soundalike.sources._discord_layout import Channel
from soundalike.sources._discord_messages import FileCounts
from soundalike.sources._discord_rows import RowPiece
from soundalike.sources._file_reading import unended_note
from soundalike.sources._file_splitter import split_csv, split_json
from soundalike.sources._tree import CHUNK, Member
from soundalike.text_encoding import MIXED, UTF_8, WINDOWS, Utf8Chunks

EMPTY_FILES = "message files that are empty"
UNREADABLE_FILES = "message files in which nothing could be read"


@dataclass
class MessageFiles:
    """Message files by number, the id of the channel of each, what was found in them, and which are blank or
    may be cut off."""

    files: list[Member]
    channels: list[str]
    counts: FileCounts = field(default_factory=FileCounts)
    blank: set[int] = field(default_factory=set)
    unended: set[int] = field(default_factory=set)  # CSV files whose last line has no end

    @classmethod
    def of(cls, channels: Sequence[Channel]) -> "MessageFiles":
        """All message files of these channels; if a message is in two, the first one's is kept."""
        pairs = [(member, channel.id) for channel in channels for member in channel.messages]
        return cls([member for member, _ in pairs], [channel for _, channel in pairs])

    def pieces(self) -> Iterator[RowPiece]:
        """Pieces of every file: a small one whole, a large one as UTF-8 in parts."""
        for number, member in enumerate(self.files):
            is_csv = member.name.lower().endswith(".csv")
            blank, end = True, b""
            for raw in [member.read()] if member.size <= CHUNK else self._parts(number, member, is_csv):
                end = raw.rstrip(b"\0")[-1:]
                if raw and not raw.isspace():
                    blank = False
                    yield RowPiece(number, raw, is_csv)
            if blank:
                self.blank.add(number)
            elif is_csv and end not in b"\r\n":
                self.unended.add(number)

    def _parts(self, number: int, member: Member, is_csv: bool) -> Iterator[bytes]:
        chunks = Utf8Chunks(member.chunks)
        yield from split_csv(chunks) if is_csv else split_json(chunks)
        if chunks.encoding == MIXED:
            self.counts.mended.add(number)
        elif chunks.encoding != UTF_8:
            self.counts.encodings[number] = chunks.encoding

    def account(self, rounded: set[int]) -> Corpus:
        """A corpus without messages: counts of the files by what was found in them, and notes for the owner."""
        numbers = range(len(self.files))
        without_rows = {number for number in numbers if not self.counts.rows.get(number)}
        unreadable = (without_rows & self.counts.mended) - self.blank
        counts = {EMPTY_FILES: len(self.blank), UNREADABLE_FILES: len(unreadable)}
        skipped: dict[str, int] = {}
        add_counts(skipped, counts | {NO_ROWS: len(without_rows) - sum(counts.values())})
        read = {FILES: len(self.files), FILES_READ: len(self.files) - len(without_rows)}
        return Corpus(empty(), read=read, skipped=skipped, notes=self._notes(rounded, unreadable))

    def _notes(self, rounded: set[int], unreadable: set[int]) -> list[str]:
        notes = []
        if rounded:
            notes.append(
                f"The message ids were rounded by another tool in {phrasing.count(len(rounded), 'message file')}, so "
                "messages there are told apart by channel, second and text; a package as Discord sent it has exact ids."
            )
        for encoding, files in sorted(Counter(self.counts.encodings.values()).items()):
            doubt = "; if its letters look wrong, use the package as Discord sent it" if encoding == WINDOWS else ""
            notes.append(
                f"Another tool saved {phrasing.count(files, 'message file')} as {encoding}, and so it was read{doubt}."
            )
        if mended := self.counts.mended - unreadable:
            notes.append(f"Some message files were damaged and mended as far as possible ({len(mended):,}).")
        if self.unended:
            notes.append(unended_note(len(self.unended)))
        if odd := self.counts.odd_times:
            notes.append(f"Some messages state another time than their ids do ({odd:,}); the ids were believed.")
        return notes
