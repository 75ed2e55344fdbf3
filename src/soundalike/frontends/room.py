"""Several voices in one room with a person at the keyboard: one turn at a time, with the Discord bot's loop guards."""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import count
from random import Random

from rich.console import Console
from rich.text import Text

from soundalike.console import make_console
from soundalike.errors import UsageError
from soundalike.frontends.bot_loops import LoopGuard, LoopLimits, MessageInChannel, without_repeats
from soundalike.frontends.reply_text import visible
from soundalike.generation.voice import Voice
from soundalike.prompt_template import speaker_names

MAX_LINES = 60  # of the history; more than a voice reads
COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


class Room:
    """Voices and the conversation. `names` are theirs, in order; two voices of one owner are numbered.

    `now` returns seconds; `rng` decides who speaks if nobody is named.
    """

    def __init__(
        self,
        voices: Sequence[Voice],
        limits: LoopLimits | None = None,
        rng: Random | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if len(voices) < 2:
            raise UsageError("A room needs two voices.", "Name two clone folders: soundalike room me you")
        named = speaker_names((str(at), voice.owner, False) for at, voice in enumerate(voices))
        self.names = [named[str(at)] for at in range(len(voices))]
        self._voices = dict(zip(self.names, voices, strict=True))
        self._guards = {name: LoopGuard(name) for name in self.names}
        self._limits, self._rng, self._now = limits or LoopLimits(), rng or Random(), now
        self._lines: list[tuple[str, str]] = []
        self._last: MessageInChannel | None = None
        self._passed: set[str] = set()  # voices that had no reply to the last line
        self._ids = count()

    def add(self, name: str, text: str) -> None:
        """Add a line of a person, or of a voice under one of `names`."""
        message = MessageInChannel(str(next(self._ids)), name, name in self._voices, text, self._now())
        for guard in self._guards.values():
            guard.count(message, self._limits)
        self._last, self._passed = message, set()
        self._lines = [*self._lines, (name, text)][-MAX_LINES:]

    def turn(self) -> tuple[str, list[str]] | None:
        """Let one voice reply; returns its name and its lines, perhaps none, or None if it is the person's turn."""
        name = self.next_speaker()
        return None if name is None else (name, self.take(name, self._voices[name].reply(self.history(name))))

    def next_speaker(self) -> str | None:
        """The voice that is to reply now; None if it is the person's turn."""
        may = [name for name in self.names if self._may_speak(name)]
        return self._choose(may) if may else None

    def take(self, name: str, reply: Sequence[str]) -> list[str]:
        """Add what a voice replied, without its repetitions; returns what was added, perhaps nothing."""
        own = [text for who, text in self._lines if who == name]
        lines = without_repeats(reply, own)
        for line in lines:
            self.add(name, line)
        if not lines:
            self._passed.add(name)
        return lines

    def _may_speak(self, name: str) -> bool:
        last = self._last
        if last is None or last.author == name or name in self._passed:
            return False
        return self._guards[name].refusal(last, self._limits) is None

    def _choose(self, may: Sequence[str]) -> str:
        """A voice that the last line names, else any."""
        words = self._last.text.casefold() if self._last else ""
        named = [name for name in may if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", words)]
        return self._rng.choice(named or list(may))

    def history(self, name: str) -> list[tuple[str, str]]:
        """The history for the voice of this name: only its own lines bear its owner's name."""
        voice = self._voices[name]
        return [(voice.owner if who == name else voice.guest_name(who), text) for who, text in self._lines]


def person_name(company: Room, name: str) -> str:
    """`name` as the person bears it in the room: numbered if it is a voice's."""
    return speaker_names([*((one, one, False) for one in company.names), ("person", name, False)])["person"]


def room(
    voices: Sequence[Voice],
    name: str = "you",
    console: Console | None = None,
    read: Callable[[str], str] = input,
    rng: Random | None = None,
) -> None:
    """Hold a conversation with several voices until /quit, Ctrl-D or Ctrl-C at the prompt.

    After each line of the person they talk among themselves until a guard or Ctrl-C stops them; an empty line lets
    them continue.
    """
    with suppress(ImportError):
        import_module("readline")  # line editing for `input`, on systems that have it
    console = console or make_console()
    company = Room(voices, rng=rng)
    name = person_name(company, name)
    notice = f"These are models of {', '.join(company.names)}, and what they say is made up. /quit leaves."
    console.print(Text(notice, style="dim"))
    try:
        while (line := read(f"{name}: ").strip()) != "/quit":
            company.add(name, line)
            _talk(company, console)
    except (EOFError, KeyboardInterrupt):
        console.print()


def _talk(company: Room, console: Console) -> None:
    """Let voices reply until it is the person's turn, or Ctrl-C."""
    with suppress(KeyboardInterrupt):
        while turn := company.turn():
            name, lines = turn
            style = f"bold {COLOURS[company.names.index(name) % len(COLOURS)]}"
            for line in lines:
                console.print(Text(f"{name}: ", style=style).append(visible(line), style="not bold default"))
