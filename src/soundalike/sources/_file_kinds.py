"""What a file that is no chat export seems to be, by its first bytes or by what lies in it."""

import re

from soundalike.errors import ExportError
from soundalike.sources._tree import Tree
from soundalike.text_encoding import decode

_HEAD = 1 << 12  # bytes that are looked at
_BYTES = [
    (rb"%PDF-", "a PDF"),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|II\*\0|MM\0\*|RIFF....WEBP", "a picture"),
    (rb"ID3|OggS|fLaC|\xff[\xf2-\xfb]|#!AMR|RIFF....WAVE", "a sound"),
    (rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ", "a film or a sound"),
    (rb"\xd0\xcf\x11\xe0", "a document of an old Microsoft Office"),
    (rb"SQLite format 3\0", "a database of another program"),
    (rb"bplist", "a property list of Apple's"),
]
_TEXT = [
    (r"\s*\Z", "empty"),
    (r"BEGIN:VCALENDAR", "a calendar"),
    (r"BEGIN:VCARD", "contacts"),
    (r"From \S+ .{10,60}\n|(?:Received|Return-Path|Delivered-To|MIME-Version): ", "e-mail"),
    (r"\s*(?:<!doctype html|<html)", "a web page"),
    (r"\s*<\?xml", "XML of another program"),
    (r"\{\\\\rtf", "a text with formatting (RTF)"),
    (r"\s*[\[{]\s*(?:[\"\[{\]}]|-?\d)", "JSON of another program"),
]
_INSIDE = [
    (r"word/document\.xml", "a Word document"),
    (r"xl/workbook\.xml", "an Excel table"),
    (r"ppt/presentation\.xml", "slides"),
    (r"META-INF/container\.xml", "a book (EPUB)"),
    (r"AndroidManifest\.xml", "an Android app"),
    (r"META-INF/manifest\.xml", "a document of LibreOffice"),
]


def kind_of_file(tree: Tree) -> str | None:
    """The kind of a tree that is one file, or of an archive that is a document; None if nothing tells."""
    names = {member.name for member in tree.members}
    inside = next((kind for name, kind in _INSIDE if any(re.fullmatch(name, one) for one in names)), None)
    if inside or len(tree.members) != 1 or tree.members[0].name != tree.path.name:
        return inside
    try:
        head = next(iter(tree.members[0].chunks()), b"")[:_HEAD]
    except ExportError:
        return None
    found = next((kind for magic, kind in _BYTES if re.match(magic, head, re.DOTALL)), None)
    text = decode(head)[0]
    return found or next((kind for pattern, kind in _TEXT if re.match(pattern, text, re.IGNORECASE)), None)
