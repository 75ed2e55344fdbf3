"""What one WhatsApp message says: its text, or the reason why it has none of its author's.

An iPhone puts U+200E before whatever the app itself wrote: whole messages, and what follows a caption. On Android one
pair of angle brackets around a whole message, or at its end, is the app's. Words are compared only for what is left.
"""

import re
from dataclasses import dataclass

from soundalike.messages import BY_THE_APP, DELETED, STICKER, VOICE_MESSAGE, WITHOUT_TEXT
from soundalike.sources import _whatsapp_phrases as phrases
from soundalike.sources._people import SOMEONE, is_address
from soundalike.sources._whatsapp_lines import MARKS

_MARKS = re.compile(f"[{MARKS}]")
_MENTION = re.compile("(?:@?\u2068|@\u202a)([^\u2069\u202c\n]{1,60})[\u2069\u202c]")
_NUMBER = re.compile(r"@\+?\d{7,15}\b")
_APP_BRACKETS = re.compile("\u200e<[^<>\n]{1,120}>")
_APP_ENDING = re.compile("(?<=.) ?\u200e[^\u200e\n.!?]{2,40}\\.?$", re.DOTALL)
_OPTION = re.compile(r"^[^\s\d:：][^\n\d:：]{1,19}[:：] ?.*\(\d+ ?[^()\n\d]{1,20}\)$", re.MULTILINE)
_PLACE = re.compile(
    r"[^\n:：]{2,30}[:：] ?https?://(?:www\.|m\.)?(?:maps\.google\.\w+|google\.\w+/maps|foursquare\.com|maps\.app)\S*"
)
_FILE = re.compile(
    r"(?:(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d+\.\w{2,5}(?: \([^()\n]{2,40}\))?"
    rf"|[^\n]{{1,120}}\.\w{{2,5}} \((?:{'|'.join(map(re.escape, phrases.ATTACHED))})\))(?:\n|$)",
    re.IGNORECASE,
)
_MARKED_FILE = re.compile("\u200e[^\n]{1,120}\\.\\w{2,5} \\([^()\n]{2,40}\\)(?:\n|$)")
_CALLED_AT = re.compile(r"(?: \S{1,4})? \d{1,2}[:.]\d{2}(?: ?[ap]\.? ?m\.?)?$")
_CALL_DETAIL = re.compile(
    r", (?:\d{1,3} [^\W\d_]{1,7}\.?(?: \d{1,3} [^\W\d_]{1,7}\.?)?|no answer|(?:tap|click) to call back|focus mode"
    r"|answered on other device)$"
)
_DOCUMENT = re.compile(r"[^\n]{1,120}\.\w{2,5}(?: ?•[^\n•]{0,30})*")
_DOCUMENT_LINE = re.compile(r"\A[^\n]{1,120}\.\w{2,5}(?: ?•[^\n•]{0,30})+\n\s*")  # above what was written about it
_WHOLE_BRACKETS = re.compile(r"<[^<>\n]{3,60}>$|<(?=[^<>\n]*[^<>\n!-~])[^<>\n]{3,60}>\n")
_EDITED = re.compile(r"<(?=[^<>\n]*[^<>\n!-~])[^<>\n]{5,60}>$")
_VOICE = re.compile(r"\bPTT-\d{8}-WA\d|\d-AUDIO-\d|^(?:audio|áudio) \w+$", re.IGNORECASE)
_STICKER = re.compile(r"\bSTK-\d{8}-WA\d|\d-STICKER-\d|^sticker \w+$", re.IGNORECASE)
_SHORT = 40  # characters of a placeholder; longer ones are sentences about the chat


@dataclass(frozen=True, slots=True)
class Said:
    """The text of a message, or None and the reason; whether the message shows that its author is the owner."""

    text: str | None
    reason: str = ""
    by_owner: bool = False


def said(body: str, is_ios: bool) -> Said:
    """What stands after `Name: `, lines separated by newlines."""
    bare = _MARKS.sub("", body).strip()
    phrase = bare.strip("<>").rstrip(".。").strip().casefold().replace("’", "'")
    if not phrase:
        return Said(None, WITHOUT_TEXT)
    if phrase in phrases.DELETED_BY_OWNER:
        return Said(None, DELETED, by_owner=True)
    if phrase in phrases.DELETED_BY_OTHERS or phrase.startswith(phrases.DELETED_BY_ADMIN):
        return Said(None, DELETED)
    if _is_call(phrase, body.startswith("\u200e")):
        return Said(None, BY_THE_APP)
    if _is_nothing(bare, phrase):
        return Said(None, WITHOUT_TEXT)
    text = None if phrase in phrases.OMITTED else _without_app_text(body, is_ios)
    if not text and (word := _sent(bare)):
        return Said(word)
    if text is None:
        short = len(bare) <= _SHORT and not bare.endswith((".", "。"))
        return Said(None, WITHOUT_TEXT if short or "<" in bare else BY_THE_APP)
    return Said(text) if text else Said(None, WITHOUT_TEXT)


def _sent(bare: str) -> str:
    """What stands for a voice message or a sticker, of which the app wrote a line; empty for anything else."""
    return VOICE_MESSAGE if _VOICE.search(bare) else STICKER if _STICKER.search(bare) else ""


def _is_call(phrase: str, marked: bool) -> bool:
    """Whether the message is about a call. Without a mark, only if it is nothing else."""
    return _CALL_DETAIL.sub("", _CALLED_AT.sub("", phrase)) in phrases.CALLS or (
        marked and re.split("[,.]| at ", phrase)[0].strip() in phrases.CALLS
    )


def _is_nothing(bare: str, phrase: str) -> bool:
    """Whether a notice, a place or a poll stands in place of a text."""
    if phrase == "null" or phrase.startswith(phrases.NOT_THERE[1:]):
        return True
    return bool(_PLACE.fullmatch(bare)) or len(_OPTION.findall(bare)) >= 2


def _without_app_text(body: str, is_ios: bool) -> str | None:
    """The text without what the app added; None if an iPhone's mark says that all of it is the app's."""
    text = _APP_BRACKETS.sub("", _MARKED_FILE.sub("", body, count=1) if _MARKED_FILE.match(body) else body)
    attached = text != body
    if is_ios and text.startswith("\u200e") and not attached:
        return None
    if is_ios and (shorter := _APP_ENDING.sub("", text)) != text:
        text, attached = shorter, True
    text = _tidy(text)
    if start := _WHOLE_BRACKETS.match(text) or _FILE.match(text):
        text, attached = text[start.end() :], attached or start.re is _FILE
    text = _EDITED.sub("", text.rstrip()).strip()
    if not attached:
        return text
    return "" if _DOCUMENT.fullmatch(text) else _DOCUMENT_LINE.sub("", text)


def _tidy(text: str) -> str:
    """The text with mentions as `@name`, without invisible marks."""
    text = _MENTION.sub(lambda found: f"@{SOMEONE if is_address(found[1]) else found[1].lstrip('~ ')}", text)
    return _NUMBER.sub(f"@{SOMEONE}", _MARKS.sub("", text))
