"""Chats as signal-export writes them, in a folder and in a ZIP."""

from tests.sources.examples import Builder
from tests.sources.packages import Files, write_folder, write_zip

LAURA = """[2024-01-01 12:00:05] Laura: hello  
[2024-01-01 12:01:00] Me: > hello

hi, of
two lines  (- Laura: 👍, Me: 🐸 -)
[2024-01-01 12:02:00] Laura: ![soup.jpg](./media/2024-01-01_soup.jpg)  
[2024-01-01 12:03] Laura: my soup ![soup.jpg](./media/soup.jpg)
"""
POND = "[2024-01-02 12:00:05] Bo: a: b\n[2024-01-02 12:00:06] Laura: c\n[2024-01-02 12:00:06] Me: d\n"
FILES: Files = {
    "signal/Laura/chat.md": LAURA.encode(),
    "signal/Laura/media/soup.jpg": b"\xff\xd8",
    "signal/Frog Pond/chat.md": POND.encode(),
}

EXAMPLES: dict[str, Builder] = {
    "folder": lambda folder: write_folder(folder / "export", FILES),
    "zip": lambda folder: write_zip(folder / "export.zip", FILES),
}
