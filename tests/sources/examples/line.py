"""Chats as LINE saves them: one in English, and a ZIP with one in Japanese."""

from pathlib import Path

from tests.sources.examples import Builder
from tests.sources.packages import write_zip

ENGLISH = """[LINE] Chat history with Laura
Saved on: 2024/01/03 12:00

2024/01/01(Mon)
12:00\tLaura\thello
12:01\tMira K\t"several
lines of ""soup""

and peas"
12:01\tLaura\t[Sticker]
12:02\tLaura\t[Photo]
12:03\tMira K\t☎ Call time 1:23
12:04\tLaura unsent a message.

2024/01/02(Tue)
09:00\tMira K\tmorning: all
"""
JAPANESE = """[LINE] Lauraとのトーク履歴\r
保存日時：2024/01/03 12:00\r
\r
2024/01/01(月)\r
午後1:05\tLaura\tこんにちは\r
午前12:06\tMira K\tはい\r
"""


def _english(folder: Path) -> Path:
    (folder / "[LINE] Chat with Laura.txt").write_text(ENGLISH, encoding="utf-8-sig")
    return folder / "[LINE] Chat with Laura.txt"


EXAMPLES: dict[str, Builder] = {
    "english": _english,
    "zip": lambda folder: write_zip(folder / "line.zip", {"[LINE] Laura.txt": JAPANESE.encode()}),
}
