"""Who the owner of WhatsApp chats is: the files do not say it, but some lines and names show it."""

from collections.abc import Sequence

from soundalike.sources._people import one_line
from soundalike.sources._whatsapp_chat import WhatsAppChat


def owner_of(chats: Sequence[WhatsAppChat]) -> str | None:
    """The owner's author key; None if nothing tells, or if the signs contradict one another.

    The signs, the strongest first: "You deleted this message" stands under the owner's name; the file of a chat of two
    is called after the other; of several chats, one person alone is in each.
    """
    for found in (_deleters(chats), _left_over(chats), _everywhere(chats)):
        if found:
            return next(iter(found)) if len(found) == 1 else None
    return None


def _deleters(chats: Sequence[WhatsAppChat]) -> set[str]:
    return {key for chat in chats for key in chat.deleters}


def _left_over(chats: Sequence[WhatsAppChat]) -> set[str]:
    """In each chat of two whose file names exactly one of them, the other."""
    found = set()
    for chat in chats:
        names = {key: name for key, name in chat.people.items() if key in chat.speakers}
        called = [key for key, name in names.items() if key == chat.channel or _is_called(chat, name)]
        if len(names) == 2 and len(called) == 1:
            found |= names.keys() - set(called)
    return found


def _is_called(chat: WhatsAppChat, name: str) -> bool:
    """Whether the chat has this name; a file whose name is not understood ends with it, or begins with it where it is
    called after the app too."""
    if chat.title is not None:
        return one_line(chat.title).casefold() == name.casefold()
    stem, called = f" {chat.stem.casefold()} ", f" {name.casefold()} "
    return stem.endswith(called) or (stem.startswith(called) and "whatsapp" in stem)


def _everywhere(chats: Sequence[WhatsAppChat]) -> set[str]:
    spoken = [chat.speakers for chat in chats if chat.speakers]
    if len({chat.channel for chat in chats if chat.speakers}) < 2:
        return set()
    return set.intersection(*spoken)
