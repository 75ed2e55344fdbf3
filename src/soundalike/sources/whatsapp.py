"""Reads chats that WhatsApp's "Export chat" wrote: `_chat.txt` of an iPhone, `WhatsApp Chat with X.txt` of Android.

A text, a ZIP or a folder with any number of them. The export is written for people, in the language and the customs of
the phone: `_whatsapp_lines` finds the headers, `_whatsapp_dates` decides the order of day and month, `_whatsapp_body`
tells text from what the app wrote, `_whatsapp_chat` joins the lines of one file, `_whatsapp_owner` finds out who the
owner is. Every file is read twice, because one chat may show the order of the dates in another.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from soundalike.messages import Corpus, add_counts, empty
from soundalike.sources import _local_time
from soundalike.sources._file_reading import Advance, FileReading, text_lines
from soundalike.sources._heads import head
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree
from soundalike.sources._whatsapp_chat import WhatsAppChat, chat_title, read_chat
from soundalike.sources._whatsapp_dates import DateOrder, decide
from soundalike.sources._whatsapp_lines import Header, find_headers, parse_header
from soundalike.sources._whatsapp_owner import owner_of

NAME = "whatsapp"
LOOKED_FOR = "a WhatsApp chat (the ZIP or the text that Export chat makes)"
MEDIA = "photos, voice messages and other files beside the chat"

_TEXT = re.compile(r"(?i)\.txt$")
_UNIT = 60_000  # ms; an Android phone tells minutes only
_FIRST_LINES = 3


@dataclass(frozen=True, slots=True)
class _Dates:
    """What one file shows of its dates: its spelling, an example, and the order."""

    shape: tuple[object, ...]
    example: str
    order: DateOrder


def recognise(tree: Tree) -> bool:
    """Whether a text begins with header lines as WhatsApp writes them."""
    return any(_is_chat(member) for member in tree.members)


def _is_chat(member: Member) -> bool:
    """Whether one of the first lines that are not blank is a header with something after it."""
    if not _TEXT.search(member.name):
        return False
    lines = [line for line in head(member).splitlines() if line.strip()][:_FIRST_LINES]
    return any(found is not None and bool(found.rest.strip()) for found in map(parse_header, lines))


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all chats in the tree; progress in bytes. Raises ExportError if a file is damaged or far too long."""
    files = [member for member in tree.members if _is_chat(member)]
    dates = _orders([_dates(find_headers(text_lines(member))) for member in files])
    reading, rows = FileReading(files, on_progress), RowCollector(NAME, _UNIT)
    orders, chats = iter(dates), list[WhatsAppChat]()

    def read_file(member: Member, _: Advance) -> Iterator[None]:
        rows.restart()
        lines = reading.lines(member)
        if known := next(orders):
            chats.append(read_chat(rows, lines, find_headers(lines), known.order, chat_title(tree.path, member.name)))
        yield

    yield from reading.full_batches(rows, read_file)
    skipped = reading.skipped
    add_counts(skipped, {MEDIA: len(tree.members) - len(files)})
    owner = owner_of(chats)
    people = {key: name for chat in chats for key, name in chat.people.items()}
    authors = authors_frame(people, {owner} if owner else set())
    channels = channels_frame({chat.channel: (chat.title, chat.kind) for chat in chats})
    yield Corpus(empty(), authors, channels, reading.read, skipped, reading.notes + _notes(chats, dates))
    reading.finish()


def _dates(headers: list[Header]) -> _Dates | None:
    return _Dates(headers[0].shape, headers[0].written, decide(headers)) if headers else None


def _orders(dates: list[_Dates | None]) -> list[_Dates | None]:
    """The orders of all files. One that does not tell takes that of the others with its spelling if they agree."""
    orders: dict[tuple[object, ...], set[str]] = {}
    for one in dates:
        if one and one.order.sure:
            orders.setdefault(one.shape, set()).add(one.order.order)
    return [_as_others(one, orders.get(one.shape, set())) if one else None for one in dates]


def _as_others(one: _Dates, orders: set[str]) -> _Dates:
    if one.order.sure or len(orders) != 1:
        return one
    return _Dates(one.shape, one.example, DateOrder(next(iter(orders)), "other chats beside it tell", True))


def _notes(chats: list[WhatsAppChat], dates: list[_Dates | None]) -> list[str]:
    notes = [_local_time.NOTE] if chats else []
    known = [one for one in dates if one and one.shape[2] == "/" or one and not one.order.sure]
    counts = Counter((one.order.order, one.order.why) for one in known)
    for (order, why), count in counts.items():
        example = next(one.example for one in known if (one.order.order, one.order.why) == (order, why))
        where = "a WhatsApp chat" if count == 1 else f"{count} WhatsApp chats"
        notes.append(f"Dates such as {example} in {where} were read as {order}: {why}.")
    for word in sorted({chat.unknown_half for chat in chats if chat.unknown_half}):
        notes.append(
            f"What “{word}” behind a time means is not known here: in the afternoon, times may be 12 hours early."
        )
    if before := sum(chat.before for chat in chats):
        notes.append(f"Text before the first message of a WhatsApp chat belongs to none and was left out ({before:,}).")
    return notes
