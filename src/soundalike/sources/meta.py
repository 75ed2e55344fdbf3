"""Reads messages of Instagram and of Messenger (Facebook) in the JSON of Meta's "Download your information".

Threads lie in `messages/inbox/<thread>/message_1.json` and in the folders beside `inbox`, about 10,000 messages a file,
the newest first. Encrypted chats of Messenger are exported alone, one file a thread, with other keys.
"""

import re
from collections.abc import Callable, Iterator

import orjson

from soundalike.messages import UNREADABLE_ROWS, Corpus, add_counts, empty
from soundalike.sources._file_reading import FileReading
from soundalike.sources._heads import head, heads
from soundalike.sources._meta_owner import is_account_file, own_names, owners
from soundalike.sources._meta_threads import MetaThread, decoded, thread_key, thread_name
from soundalike.sources._rows import BATCH, RowCollector, authors_frame, channels_frame
from soundalike.sources._tree import Member, Tree

NAME = "meta"
LOOKED_FOR = "an Instagram or Messenger export in JSON"
OTHERS = "photos and other files of the account, never opened"

_JSON = re.compile(r"(?i)\.json$")
_PART = re.compile(r"(?i)(?:^|/)message_(\d{1,9})\.json$")
_SIGNS = re.compile(
    r'(?s)\A\s*\{\s*"(?:participants|messages|threadName)"\s*:.*'
    r'(?:"(?:sender_name|senderName)"\s*:|"timestamp_ms"\s*:|"threadName"\s*:)'
)
_THREAD_PATH = re.compile(rb'"thread_path"\s*:\s*("(?:[^"\\]|\\.){1,400}")')
_END = 1 << 14  # bytes; what stands behind the messages is shorter
_OPENING = r'\{\s*"(?:sender_name|senderName|isUnsent)"\s*:'


def recognise(tree: Tree) -> bool:
    """Whether a file lies and begins as the messages of a thread do."""
    in_place = (member for member in tree.members if _PART.search(member.name) and thread_name(member.name))
    return any(_SIGNS.match(head(member)) for member in _first(in_place)) or any(
        _SIGNS.match(text) for _, text in heads(tree, _JSON)
    )


def _first(members: Iterator[Member]) -> list[Member]:
    found = next(members, None)
    return [found] if found else []


def _files(tree: Tree) -> list[Member]:
    """All files of threads, in the order of threads and parts."""
    found = [
        member
        for member in tree.members
        if _JSON.search(member.name)
        and not is_account_file(member)
        and ((_PART.search(member.name) and thread_name(member.name)) or _SIGNS.match(head(member)))
    ]
    return sorted(found, key=lambda member: (member.name.rpartition("/")[0], _number(member), member.name))


def _number(member: Member) -> int:
    part = _PART.search(member.name)
    return int(part[1]) if part else 0


def read(tree: Tree, on_progress: Callable[[int, int], None]) -> Iterator[Corpus]:
    """Batches of all threads; progress in bytes. Raises ExportError if a file is damaged below its text."""
    files = _files(tree)
    reading = FileReading(files, on_progress)
    rows, threads = RowCollector(NAME), dict[str, MetaThread]()

    yield from reading.batches(lambda member, _: _read_file(reading, member, rows, threads))
    others = sum(not is_account_file(member) for member in tree.members) - len(files)
    skipped = reading.skipped
    add_counts(skipped, {OTHERS: others})
    people = {key: name for thread in threads.values() for key, name in thread.people.items()}
    channels = {key: (thread.title, thread.kind) for key, thread in threads.items() if thread.people}
    authors = authors_frame(people, owners(list(threads.values()), own_names(NAME, tree)))
    yield Corpus(empty(), authors, channels_frame(channels), reading.read, skipped, reading.notes)
    reading.finish()


def _thread_in(member: Member) -> str | None:
    """The name of the thread as the end of a file tells it, where no folder does."""
    end = b""
    for chunk in member.chunks():
        end = (end + chunk)[-_END:]
    found = _THREAD_PATH.findall(end)
    try:
        return decoded(orjson.loads(found[-1])).rpartition("/")[2] or None if found else None
    except orjson.JSONDecodeError:
        return None


def _read_file(
    reading: FileReading, member: Member, rows: RowCollector, threads: dict[str, MetaThread]
) -> Iterator[Corpus]:
    """Batches of one file. Fills `threads` by key. Parts of one thread share no message, copies of it all of them."""
    rows.restart()
    name = thread_name(member.name) or _thread_in(member)
    for part in reading.json_parts(member, [("messages",)], _OPENING):
        key = thread_key(NAME, name, part.head)
        thread = threads.setdefault(key, MetaThread(key))
        thread.add_head(NAME, part.head)
        for message in part.elements:
            thread.add(rows, message)
        if part.lost:
            rows.skip(UNREADABLE_ROWS, part.lost)
        if len(rows) >= BATCH:
            yield rows.batch()
    yield rows.batch()
