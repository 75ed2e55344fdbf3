"""WhatsApp chats of an iPhone and of Android phones: as a text, a ZIP with media, and a folder of chats."""

from pathlib import Path

from tests.sources.examples import Builder
from tests.sources.packages import write_folder, write_zip

IOS = """\u200e[13.06.23, 21:25:15] Laura: \u200eMessages and calls are end-to-end encrypted.
[13.06.23, 21:25:16] Laura: morning
[13.06.23, 21:25:17] Bo: two
lines
\u200e[14.06.23, 9:05:00] Laura: look \u200eimage omitted
\u200e[14.06.23, 9:06:00] Bo: \u200eYou deleted this message.
[14.06.23, 9:07:00] Laura: ok \u200e<This message was edited>
"""
ANDROID = """6/13/23, 9:25 PM - Messages and calls are end-to-end encrypted. Tap to learn more.
6/13/23, 9:25 PM - Laura: morning
6/13/23, 9:25 PM - Bo: two
lines
6/13/23, 9:26 PM - Laura: <Media omitted>
6/14/23, 10:00 AM - Bo: IMG-20230614-WA0001.jpg (file attached)
my soup
6/14/23, 10:01 AM - Laura: This message was deleted
"""
GROUP = """13/06/2023, 21:25 - Mia created group "Soup: hot"
13/06/2023, 21:25 - Mia: hello all
13/06/2023, 21:26 - ~\u202fRolf: who is this
13/06/2023, 21:26 - \u202a+49 170 1234567\u202c: me
13/06/2023, 21:27 - Bo: @\u2068Mia\u2069 hi
"""


def _single(folder: Path) -> Path:
    path = folder / "WhatsApp Chat with Laura.txt"
    path.write_text(ANDROID, encoding="utf-8")
    return path


EXAMPLES: dict[str, Builder] = {
    "android": _single,
    "ios-zip": lambda folder: write_zip(
        folder / "WhatsApp Chat - Laura.zip", {"_chat.txt": IOS.encode(), "00000012-PHOTO.jpg": b"\xff\xd8"}
    ),
    "folder": lambda folder: write_folder(
        folder / "chats",
        {"WhatsApp Chat with Laura.txt": ANDROID.encode(), "WhatsApp Chat with Soup.txt": GROUP.encode()},
    ),
}
