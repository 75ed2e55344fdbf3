"""Consoles for generated text: any output encoding; wrapped at words on a terminal, unwrapped in a file or pipe."""

import codecs
import io
import re
import sys
from typing import IO, Any

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style

PLAIN = dict.fromkeys(map(chr, range(0x2588, 0x2590)), "#") | dict(zip("…‘’“”–—", ("...", *"''\"\"--"), strict=True))


def accept_every_character() -> None:
    """Make the standard streams replace characters that their encoding lacks, such as emoji on a cp1252 console."""
    codecs.register_error("plain", _plain)
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "plain"), (sys.stderr, "plain")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """A handler for `codecs.register_error`: bars become `#`, typographic marks plain ones, all else `?`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(character, "?") for character in error.object[error.start : error.end]), error.end


def make_console(file: IO[str] | None = None, **options: Any) -> Console:
    """A rich console that wraps lines only on a terminal; `options` go to `rich.console.Console`."""
    console = Console(file=file, highlight=False, **options)
    console.soft_wrap = not console.is_terminal
    return console


def spinner(console: Console) -> str:
    """The name of a spinner that the console's encoding can show."""
    return "dots" if console.encoding.startswith("utf") else "line"


class WordWriter:
    """Writes streamed text, wrapped at word boundaries on a terminal.

    A word is buffered until the blank after it, because only then is its length known. In a file or pipe each piece is
    written at once.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._word: list[tuple[str, Style | str | None]] = []
        self._column = 0

    def write(self, text: str, style: Style | str | None = None) -> None:
        """Write `text` in `style`; it may be part of a word."""
        if not self._console.is_terminal:
            self._console.out(text, highlight=False, end="")
            return
        for part in re.findall(r"\S+|\s", text):
            if not part.isspace():
                self._word.append((part, style))
                continue
            self.flush()
            self._console.out(part, style=style, highlight=False, end="")
            self._column = 0 if part == "\n" else self._column + 1

    def flush(self) -> None:
        """Write the buffered word."""
        width = cell_len("".join(part for part, _ in self._word))
        if self._column and self._column + width > self._console.width:
            self._console.out("", highlight=False)
            self._column = 0
        for part, style in self._word:
            self._console.out(part, style=style, highlight=False, end="")
        self._column += width
        self._word.clear()
