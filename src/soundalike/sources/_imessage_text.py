"""The text of one row of Apple's table `message`, and whether it is anybody's words."""

from soundalike.sources._worded_tapbacks import is_worded_tapback

_STRING = b"NSString"
_BEGINNING = b"\x01+"
_PLACES = str.maketrans("", "", "\ufffc\ufffd")  # of an attachment, and of what an app made (a game, a poll)
_FIRST_REACTION = 1000  # associated_message_type from which on a row is a tapback, a sticker on a message, or a poll
_APPLE_EPOCH = 978_307_200  # s from 1970 to 2001
_NANOSECONDS = 100_000_000_000  # larger dates are nanoseconds, as since macOS 10.13


def text_of(text: object, body: object) -> str:
    """The text: from attributedBody if that holds one, else from the column; without signs of attachments and apps."""
    found = attributed_text(body) if isinstance(body, bytes) else ""
    found = found or (text if isinstance(text, str) else "")
    return without_places(found)


def without_places(text: str) -> str:
    """The text without the signs that stand for attachments and for what apps made."""
    return text.translate(_PLACES).strip()


def attributed_text(body: bytes) -> str:
    """The string in an NSAttributedString as typedstream: behind the class name, its length in 1, 2 or 4 bytes."""
    at = body.find(_BEGINNING, body.find(_STRING) + len(_STRING)) if _STRING in body else -1
    if at < 0:
        return ""
    at += len(_BEGINNING)
    width = {0x81: 2, 0x82: 4}.get(body[at], 0) if at < len(body) else 0
    start = at + 1 + width
    length = int.from_bytes(body[at + 1 : start], "little") if width else body[at] if at < len(body) else 0
    return body[start : start + length].decode("utf-8", "replace")


def sent_at(date: object) -> int | None:
    """Milliseconds since 1970 from seconds or nanoseconds since 2001."""
    if not isinstance(date, int) or date == 0:
        return None
    milliseconds = date // 1_000_000 if abs(date) > _NANOSECONDS else date * 1000
    return milliseconds + _APPLE_EPOCH * 1000


def is_reaction(type_: object, text: str, service: object) -> bool:
    """Whether a row is a tapback; one that went to a phone that is no iPhone is a text of its own."""
    if isinstance(type_, int) and type_ >= _FIRST_REACTION:
        return True
    return service in ("SMS", "RCS") and is_worded_tapback(text)
