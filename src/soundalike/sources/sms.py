"""Reads text messages as the Android app SMS Backup & Restore writes them: XML, one file or a folder of them.

The format is described at synctech.com.au/sms-backup-restore/fields-in-xml-backup-files. Backups are cumulative, so
equal messages of several files are one. Numbers become hashes; names are those of the contacts.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from soundalike.errors import ExportError
from soundalike.messages import (
    BOTS,
    ONLY_REACTIONS,
    UNKNOWN,
    UNREADABLE_ROWS,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._file_reading import FileReading, reported_chunks
from soundalike.sources._heads import heads
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._sms_xml import NULL, SmsParser, SmsRecord, known
from soundalike.sources._tree import Member, Tree
from soundalike.sources._worded_tapbacks import is_worded_tapback
from soundalike.text_encoding import Utf8Chunks

NAME = "sms"
LOOKED_FOR = "a backup of text messages (XML of SMS Backup & Restore)"
NOT_SENT = "messages that were not sent (drafts, failed ones)"
OTHERS = "other files beside the backup"

_OWNER = f"{NAME}:me"
_XML = re.compile(r"(?i)\.xml$")
_BEGINNING = re.compile(r"(?s)\A\s*(?><\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?:\[.*?\])?>\s*)*+<smses\b")
_RECEIVED, _SENT = "1", "2"  # sms type, mms msg_box
_FROM = "137"  # type of the sender among an mms's addresses
_MACHINE = re.compile(r"\+?\d{1,6}|(?=.*[A-Za-z])[^@]+")  # short codes, and words instead of a number
_LAST_DIGITS = 9  # of a number, by which its spellings are one; a country's code and a leading zero stand before them
_MILLISECONDS = 100_000_000_000  # smaller times are seconds
_INSERTED = "insert-address-token"  # stands for the phone's own number


def recognise(tree: Tree) -> bool:
    """Whether an XML file's first element is `smses`."""
    return any(_BEGINNING.match(text) for _, text in heads(tree, _XML))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all backups; progress in bytes. Raises ExportError if one is unsafe, or broken from its first line."""
    files = [member for member, text in heads(tree, _XML, None) if _BEGINNING.match(text)]
    reading = FileReading(files, on_progress)
    backup = _Backup()

    yield from reading.batches(backup.read)
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: len(tree.members) - len(files)})
    spoken = {key: backup.name(key) for key in sorted(backup.spoke)}
    channels = channels_frame({key: (backup.title(people), _kind(people)) for key, people in backup.channels.items()})
    authors, notes = authors_frame(spoken, {_OWNER}), reading.notes + backup.notes
    yield Corpus(empty(), authors, channels, reading.read, skipped, notes)
    reading.finish()


def _kind(people: list[str]) -> str:
    return "group" if len(people) > 1 else "dm"


class _Talk(NamedTuple):
    """What messages with the same addresses share: the channel, the people in it, and who sent what was received."""

    channel: str
    people: list[str]
    sender: str
    by_machine: bool  # whether a program sent what was received


class _Backup:
    """Reads files one after the other; knows who spoke, names by author key, and the people of each channel."""

    def __init__(self) -> None:
        self.rows = RowCollector(NAME)
        self.names: dict[str, str] = {}
        self._talks: dict[tuple[str, str, str], _Talk] = {}  # by addresses, names and sender as written
        self.spoke: set[str] = set()
        self.channels: dict[str, list[str]] = {}
        self.notes: list[str] = []

    def name(self, key: str) -> str:
        """The display name of an author."""
        return UNKNOWN if key == _OWNER else self.names.get(key, SOMEONE)

    def title(self, people: list[str]) -> str | None:
        """The names of a channel's people; None if none is known."""
        names = [self.names[key] for key in people if key in self.names]
        return ", ".join(names) or None

    def read(self, member: Member, advance: Callable[[int], None]) -> Iterator[Corpus]:
        """Batches of one file. Of a file that breaks off, what was read stays, and the rest is counted."""
        parser = SmsParser(Utf8Chunks(lambda: reported_chunks(member, advance)))
        count = 0
        for records in parser:
            count += len(records)
            for record in records:
                self._add(record)
            if len(self.rows) >= BATCH:
                yield self.rows.batch()
        if parser.broken:
            if not count:
                raise ExportError(f"{member.name} is a damaged backup ({parser.broken}).", "Make the backup again.")
            self.rows.skip(UNREADABLE_ROWS, max(1, (parser.stated or 0) - count))
            self.notes.append(
                f"A backup of text messages is damaged ({parser.broken}); what follows there was not read."
            )
        yield self.rows.batch()

    def _add(self, record: SmsRecord) -> None:
        values = record.values
        way = values.get("type" if record.kind == "sms" else "msg_box")
        if way not in (_RECEIVED, _SENT):
            self.rows.skip(NOT_SENT)
            return
        written = values.get("address", ""), values.get("contact_name", ""), _sender(record)
        talk = self._talks.get(written) or self._new_talk(*written)
        if way == _RECEIVED and talk.by_machine:
            self.rows.skip(BOTS)
            return
        author, channel = _OWNER if way == _SENT else talk.sender, talk.channel
        sent, text = _milliseconds(values.get("date", "")), _text(record)
        if is_worded_tapback(text):
            self.rows.skip(ONLY_REACTIONS)
            return
        if self.rows.add(channel, author, sent, text, id_=_id(channel, author, sent, text)):
            self.spoke.add(author)
            self.channels[channel] = talk.people

    def _new_talk(self, address: str, names: str, sender: str) -> _Talk:
        addresses = [one for one in address.split("~") if one not in ("", NULL, _INSERTED)]
        self._learn_names(addresses, "" if names == NULL else names)
        people = sorted({_key(one) for one in addresses}) or [f"{NAME}:{SOMEONE}"]
        from_ = sender or (addresses[0] if addresses else "")
        talk = self._talks[address, names, sender] = _Talk(
            people[0] if len(people) == 1 else f"{NAME}:{hashed(' '.join(people))}",
            people,
            _key(from_) if from_ else people[0],
            bool(_MACHINE.fullmatch(from_)),
        )
        return talk

    def _learn_names(self, addresses: list[str], names: str) -> None:
        """Names of one or several people, in the order of their addresses."""
        shown = [names] if len(addresses) == 1 else names.split(", ")
        for address, name in zip(addresses, shown if len(shown) == len(addresses) else [], strict=False):
            name = one_line(name)
            if name and name != "(Unknown)" and not is_address(name):
                self.names.setdefault(_key(address), name)


def _sender(record: SmsRecord) -> str:
    """The sender that a received message names beside its addresses; empty if it names none."""
    if not record.addresses:
        return ""
    found = [known(one, "address") for one in record.addresses if one.get("type") == _FROM]
    return found[0] if found and found[0] != _INSERTED else ""


@lru_cache(4096)
def _key(address: str) -> str:
    """The author key. A number is the same with the country's code and without, so its last digits are what counts."""
    digits = "".join(filter(str.isdigit, address)) if is_address(address) and "@" not in address else ""
    return f"{NAME}:{hashed(digits[-_LAST_DIGITS:] if len(digits) > _LAST_DIGITS else address)}"


def _text(record: SmsRecord) -> str:
    """The body, or the texts among the parts in their order."""
    if record.kind == "sms":
        return known(record.values, "body")
    return "\n".join(filter(None, (known(one, "text") for one in record.parts if one.get("ct") == "text/plain")))


def _milliseconds(date: str) -> int | None:
    if not (date.isascii() and date.isdigit() and len(date) < 19):
        return None
    sent = int(date)
    return sent if sent > _MILLISECONDS else sent * 1000


def _id(channel: str, author: str, sent: int | None, text: str) -> str:
    """An id that the same message has in every backup; a message repeated in the same millisecond is one."""
    row = f"{author}\0{sent}\0{text}".encode("utf-8", "replace")
    return f"{channel}/{blake2b(row, digest_size=8).hexdigest()}"
