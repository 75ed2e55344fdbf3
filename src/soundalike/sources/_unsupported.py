"""Names exports that no source reads: those of other programs, archives inside archives, parts of split archives.

Looks at a tree's names and at the first bytes of a few files, and builds the error message that says what was found.
"""

import re
from dataclasses import dataclass

from soundalike.errors import ExportError
from soundalike.sources._file_kinds import kind_of_file
from soundalike.sources._tree import Member, Tree
from soundalike.text_encoding import decode

SPLIT = re.compile(r"(?i)\.(z[0-9]{2,3}|zip\.[0-9]{3,4})$")  # names of parts by Info-ZIP and WinZip, and by 7-Zip
JOIN = "Put all of its parts into one folder, unpack the first with 7-Zip, and give the folder that comes out."
INSTEAD = "Give a chat export; `soundalike import --formats` lists those that are read."
ON_PAGE = "Give a chat export: under “How do I get my export?” stands what each program gives."

_ARCHIVE = re.compile(r"(?i)\.(zip|7z|rar|tar|t?gz|xz|bz2|zst)$")
_ARCHIVES = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_FILES = 24  # that are looked into, those highest in the tree first
_HEAD = 1 << 14  # bytes read of each
_TEXT_FILE = re.compile(r"(?i)\.(json|jsonl|ndjson|txt|html?|csv|xml|db|js)$")


@dataclass(frozen=True, slots=True)
class _Format:
    """`names` is searched in the names of all files, `text` in the first bytes of some; either match is enough."""

    what: str
    names: str | None = None
    text: str | None = None
    do: str | None = None  # None: INSTEAD


_FORMATS = [
    _Format(
        "one message file out of a Discord data package",
        text=r'\A\s*\[?\s*\{\s*"ID"\s*:.{1,200}"Contents"\s*:|\A"?ID"?,"?Timestamp"?,"?Contents"?,"?Attachments',
        do="Give the whole package, a ZIP or folder: the channel is in the folder's name.",
    ),
    _Format(
        "a Discord data package without its messages",
        names=r"(^|/)events-\d+-\d+-of-\d+\.json$",
        text=r'\A\s*\{(?=.*"username"\s*:)(?=.*"discriminator"\s*:)(?!.*"guild"\s*:).*"(relationships|flags|email)"\s*:',
        do="Ask Discord for it again with Messages ticked.",
    ),
    _Format(
        "a Telegram export as HTML",
        text=r'<div class="page_wrap',
        do="Export again with Telegram Desktop (Settings, Advanced, Export Telegram data) and choose Machine-readable "
        "JSON as the format.",
    ),
    _Format(
        "an Instagram or Messenger export as HTML",
        names=r"(^|/)((inbox|archived_threads|filtered_threads|message_requests|e2ee_cutover)/[^/]+/)?message_\d+\.html$",
        do="Ask Meta for it again (Accounts Centre, Your information and permissions) and choose JSON as the format.",
    ),
    _Format(
        "an export of imessage-exporter as HTML",
        text=r"\A\s*(?:<!doctype html>\s*)?<html>.*\biMessage\b.*(?:message_part|timestamp)",
        do="Export again with -f txt, or give chat.db itself.",
    ),
    _Format(
        "one file of signal-export",
        text=r'\A\s*\{"date"\s*:\s*"[^"]*",\s*"sender"\s*:\s*"[^"]*",\s*"body"\s*:',
        do="Give the folder that it wrote: chat.md, beside this file, is what is read.",
    ),
    _Format(
        "the encrypted database of Signal Desktop",
        names=r"(^|/)sql/db\.sqlite$",
        do="Export as plain text in Signal instead (Settings, Chats), and give main.jsonl or its folder.",
    ),
    _Format(
        "a Google Hangouts archive",
        text=r'\A\s*\{\s*"conversations"\s*:\s*\[\s*\{\s*"conversation"\s*:',
        do="What is in Google Chat today can be asked for at takeout.google.com.",
    ),
    _Format(
        "a Google Voice export",
        names=r"(^|/)Voice/Calls/|(^|/)[^/\n]+ - \d{4}-\d\d-\d\dT\d\d_\d\d_\d\dZ\.html$",
    ),
    _Format(
        "a Google Takeout without Google Chat",
        names=r"(^|/)Takeout/",
        do="Ask Google for it again (takeout.google.com) with Google Chat ticked.",
    ),
    _Format(
        "an encrypted backup of WhatsApp",
        names=r"\.crypt\d{1,2}$",
        do="Export each chat in WhatsApp instead: open the chat, its menu, Export chat, Without media.",
    ),
    _Format(
        "an encrypted backup of Signal",
        names=r"(^|/)signal-[\d-]+\.backup$",
        do="Export as plain text in Signal instead (Settings, Chats), and give main.jsonl or its folder.",
    ),
    _Format("a Snapchat export", names=r"(^|/)(chat_history|snap_history)\.(json|html)$"),
    _Format("an archive of X (Twitter)", names=r"(^|/)direct-messages\.js$", text=r"\Awindow\.YTD\."),
]


def unsupported_error(tree: Tree) -> ExportError:
    """The error for a tree that no source recognises."""
    if SPLIT.search(tree.path.name):
        return ExportError(f"{tree.path} is one part of a split ZIP.", JOIN)
    if found := _format(tree):
        what = f"{tree.path} is {found.what}, which is not read here."
        return ExportError(what, found.do) if found.do else ExportError(what, INSTEAD, ON_PAGE)
    if kind := kind_of_file(tree):
        return ExportError(f"{tree.path} seems to be {kind}, and no chat export.", INSTEAD, ON_PAGE)
    if packed := _archive_format(tree):
        return ExportError(f"{tree.path} is a {packed} archive.", "Unpack it, and give the folder that comes out.")
    if inside := nested_archives(tree):
        what = f"{tree.path} holds no chat export that is known here, but an archive ({_listed(inside)})."
        split = any(SPLIT.search(name) for name in inside)
        return ExportError(what, JOIN if split else "If that is the export, unpack it, or give it itself.")
    if not tree.members:
        return ExportError(f"{tree.path} is empty.", INSTEAD, ON_PAGE)
    return ExportError(f"{tree.path} is no chat export that is known here.", INSTEAD, ON_PAGE)


def nested_archives(tree: Tree) -> list[str]:
    """The names of members that are archives; none of them is opened."""
    return [member.name for member in tree.members if _ARCHIVE.search(member.name) or SPLIT.search(member.name)]


def nested_archives_note(tree: Tree) -> list[str]:
    """A sentence about archives inside a tree that a source recognised; empty if there are none."""
    inside = [name for name in nested_archives(tree) if name != tree.path.name]
    if not inside:
        return []
    them, is_, it = ("them", "are exports", "they") if len(inside) > 1 else ("it", "is an export", "it")
    where = tree.path.name or tree.path
    return [f"{where} also holds {_listed(inside)}, not opened: give {them} as well if {it} {is_} of yours."]


def _listed(names: list[str]) -> str:
    shown = ", ".join(name.encode("utf-8", "replace").decode() for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _format(tree: Tree) -> _Format | None:
    names = "\n".join(member.name for member in tree.members)
    uppermost = sorted(filter(_is_text, tree.members), key=lambda member: (member.name.count("/"), member.name))
    heads = [_head(member) for member in uppermost[:_FILES]]
    for format_ in _FORMATS:
        if format_.names and re.search(format_.names, names, re.IGNORECASE | re.MULTILINE):
            return format_
        if format_.text and any(re.search(format_.text, head, re.DOTALL) for head in heads):
            return format_
    return None


def _is_text(member: Member) -> bool:
    return bool(_TEXT_FILE.search(member.name))


def _head(member: Member) -> str:
    """The first bytes as text; empty if they cannot be read."""
    try:
        first = next(iter(member.chunks()), b"")
    except ExportError:
        return ""
    return decode(first)[0] if first.startswith(b"SQLite format 3") else decode(first[:_HEAD])[0]


def _archive_format(tree: Tree) -> str | None:
    """The archive format of a tree that is a single file; None if it is no archive."""
    if len(tree.members) != 1 or tree.members[0].name != tree.path.name:
        return None
    head = next(iter(tree.members[0].chunks()), b"")
    if head[257:262] == b"ustar":
        return "tar"
    return next((kind for magic, kind in _ARCHIVES.items() if head.startswith(magic)), None)
