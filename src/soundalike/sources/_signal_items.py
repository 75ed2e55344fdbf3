"""People, chats and messages of Signal's export, from frames as Protobuf writes them in JSON.

Numbers of 64 bits are strings, values that are the default are left out, bytes are base64 (libsignal, `backup.proto`).
"""

from dataclasses import dataclass, field
from typing import Any

from soundalike.messages import BOTS, BY_THE_APP, DELETED, STICKER, UNKNOWN, VOICE_MESSAGE, WITHOUT_TEXT
from soundalike.sources._people import SOMEONE, hashed, is_address, one_line
from soundalike.sources._rows import RowCollector
from soundalike.sources._signal_long_texts import LongTexts

_MENTION = "\ufffc"
_DELETED = ("remoteDeletedMessage", "adminDeletedMessage")
_NAMES = (
    ("nickname", "given", "family"),
    ("", "systemNickname", ""),
    ("", "systemGivenName", "systemFamilyName"),
    ("", "profileGivenName", "profileFamilyName"),
)

Frame = dict[str, Any]


@dataclass
class SignalBook:
    """Recipients by number: author key and name; chats by number: key, title, kind; names by account for mentions."""

    source: str
    long_texts: LongTexts
    recipients: dict[str, tuple[str, str]] = field(default_factory=dict)
    groups: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    news: set[str] = field(default_factory=set)  # recipients that are Signal's own channel of news
    chats: dict[str, tuple[str, str | None, str]] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    further: dict[str, set[str]] = field(default_factory=dict)  # all names by author key
    spoke: dict[str, str] = field(default_factory=dict)
    used: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    owner_name: str = UNKNOWN
    reactions: int = 0
    cut_off: int = 0  # texts of which only the beginning is in the export

    @property
    def owner(self) -> str:
        """The owner's author key."""
        return f"{self.source}:me"

    def add_account(self, account: Frame) -> None:
        """Keep the owner's name; nothing else of the account."""
        self.owner_name = _full_name(account, "givenName", "familyName") or UNKNOWN

    def add_recipient(self, recipient: Frame) -> None:
        """A person, a group, the owner or Signal itself."""
        number = str(recipient.get("id"))
        if "releaseNotes" in recipient:
            self.news.add(number)
        elif "self" in recipient:
            self.recipients[number] = (self.owner, self.owner_name)
        elif contact := _dict(recipient, "contact"):
            self.recipients[number] = self._contact(number, contact)
        elif group := _dict(recipient, "group"):
            title = _dict(_dict(_dict(group, "snapshot"), "title"), "title") or _dict(group, "snapshot").get("title")
            title = title.get("title") if isinstance(title, dict) else title
            name = one_line(title) if isinstance(title, str) else ""
            self.groups[number] = (f"{self.source}:{hashed(str(group.get('masterKey', number)))}", name or None)

    def _contact(self, number: str, contact: Frame) -> tuple[str, str]:
        found = (_full_name(_dict(contact, where) if where else contact, *keys) for where, *keys in _NAMES)
        names = [name for name in found if name and not is_address(name)]
        account = contact.get("aci") or contact.get("pni") or contact.get("e164") or f"recipient {number}"
        key, name = f"{self.source}:{hashed(str(account))}", next(iter(names), SOMEONE)
        self.accounts[str(account)] = name
        self.further[key] = set(names)
        return key, name

    def add_chat(self, chat: Frame) -> None:
        """A chat with a person, a group or oneself."""
        number, recipient = str(chat.get("id")), str(chat.get("recipientId"))
        if recipient in self.groups:
            self.chats[number] = (*self.groups[recipient], "group")
            return
        key, name = self.recipients.get(recipient, (f"{self.source}:chat {one_line(number)}", SOMEONE))
        title = "Note to Self" if key == self.owner else None if name == SOMEONE else name
        self.chats[number] = (key, title, "dm")

    def add_item(self, rows: RowCollector, item: Frame) -> None:
        """Add one message, or count why not."""
        content = _dict(item, "standardMessage")
        self.reactions += sum(len(found) for found in map(_reactions, item.values()))
        reason = BOTS if str(item.get("authorId")) in self.news else _reason(item)
        if reason:
            rows.skip(reason)
            return
        author, name = self._author(item)
        number = str(item.get("chatId"))
        channel, title, kind = self.chats.get(number, (f"{self.source}:chat {one_line(number)}", None, "unknown"))
        sent = _number(item.get("dateSent"))
        id_ = None if sent is None else _id(channel, author, sent)
        if rows.add(channel, author, sent, self._text(item), id_=id_, reply_to=self._reply_to(channel, content)):
            self.spoke[author] = name
            self.used[channel] = (title, kind)

    def _author(self, item: Frame) -> tuple[str, str]:
        if "outgoing" in item:
            return self.owner, self.owner_name
        number = str(item.get("authorId"))
        return self.recipients.get(number, (f"{self.source}:recipient {one_line(number)}", SOMEONE))

    def _text(self, item: Frame) -> str:
        """The text of a message, the emoji of a sticker if it has one, or the answer to a story."""
        if sticker := _dict(_dict(item, "stickerMessage"), "sticker"):
            return _str(sticker, "emoji") or STICKER
        if story := _dict(item, "directStoryReplyMessage"):
            return self._worded(_dict(_dict(story, "textReply"), "text")) or _str(story, "emoji")
        message = _dict(item, "standardMessage")
        return self._worded(self._whole(message)) or (VOICE_MESSAGE if _is_spoken(message) else "")

    def _whole(self, message: Frame) -> Frame:
        """The text of a message; of a long one, that in a file."""
        text = _dict(message, "text")
        if "longText" not in message:
            return text
        whole = self.long_texts.whole(_str(text, "body"), _dict(message, "longText"))
        self.cut_off += whole is None
        return text if whole is None else {**text, "body": whole}

    def _worded(self, text: Frame) -> str:
        """The body with names in place of mentions, which are signs in it, in the order of their ranges."""
        body, ranges = _str(text, "body"), text.get("bodyRanges")
        if _MENTION not in body or not isinstance(ranges, list):
            return body
        mentions = [one for one in ranges if isinstance(one, dict) and one.get("mentionAci")]
        for one in sorted(mentions, key=lambda one: _number(one.get("start", 0)) or 0):
            body = body.replace(_MENTION, f"@{self.accounts.get(str(one['mentionAci']), SOMEONE)}", 1)
        return body

    def _reply_to(self, channel: str, content: Frame) -> str | None:
        """The key of the quoted message, which is known by its time and author."""
        quote = _dict(content, "quote")
        sent = _number(quote.get("targetSentTimestamp"))
        if sent is None:
            return None
        number = str(quote.get("authorId"))
        author = self.recipients.get(number, (f"{self.source}:recipient {one_line(number)}", SOMEONE))[0]
        return _id(channel, author, sent)


def _reason(item: Frame) -> str | None:
    """Why an item is nobody's words; None if it may be."""
    if "directionless" in item or "updateMessage" in item:
        return BY_THE_APP
    if any(what in item for what in _DELETED):
        return DELETED
    spoken = any(what in item for what in ("standardMessage", "stickerMessage", "directStoryReplyMessage"))
    return None if spoken else WITHOUT_TEXT


def _id(channel: str, author: str, sent: int) -> str:
    return f"{channel}/{sent}-{author.partition(':')[2]}"


def _reactions(content: object) -> list[object]:
    found = content.get("reactions") if isinstance(content, dict) else None
    return found if isinstance(found, list) else []


def _is_spoken(message: Frame) -> bool:
    """Whether a voice message is attached."""
    found = message.get("attachments")
    return isinstance(found, list) and any(
        isinstance(one, dict) and one.get("flag") == "VOICE_MESSAGE" for one in found
    )


def _dict(of: Frame, key: str) -> Frame:
    found = of.get(key)
    return found if isinstance(found, dict) else {}


def _str(of: Frame, key: str) -> str:
    found = of.get(key)
    return found if isinstance(found, str) else ""


def _number(value: object) -> int | None:
    """A number of 64 bits, written as a string or as a number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _full_name(of: Frame, given: str, family: str) -> str:
    return one_line(f"{_str(of, given)} {_str(of, family) if family else ''}")
