"""One reply while it is being written: drawn tokens in, messages out.

Knows the template's turn ends and the guards, and says when nothing more is wanted. It neither draws nor
decides what becomes of a draft that a guard stopped: that is the voice's.
"""

from collections.abc import Sequence

from soundalike.guards import first_repeat, loop_start
from soundalike.packing import Tokenizer
from soundalike.transcript import parse

CONTEXT_TOKENS = 4  # tokens before a new one that its spelling can depend on
PARTIAL = "\ufffd"  # what a decoder gives for a character of which not all bytes have come
LONGEST_CHARACTER = 4  # bytes of UTF-8, so tokens at most


class Spelling:
    """Tokens to text one at a time: the pieces, joined, are the decoded whole."""

    def __init__(self, tokenizer: Tokenizer, before: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._spelled = list(before[-CONTEXT_TOKENS:])
        self._text = tokenizer.decode(self._spelled)
        self._waiting: list[int] = []

    def add(self, token: int) -> str:
        """The text that is certain now; "" while a character is incomplete."""
        self._waiting.append(token)
        text = self._tokenizer.decode([*self._spelled, *self._waiting])
        if text.endswith(PARTIAL) and len(self._waiting) < LONGEST_CHARACTER:
            return ""
        piece = text[len(self._text) :].replace(PARTIAL, "")
        self._spelled, self._waiting = self._waiting, []
        self._text = self._tokenizer.decode(self._spelled)
        return piece


def read_turn(text: str, owner: str, tagged: bool) -> tuple[list[str], bool]:
    """(messages, whether the turn is over) from what was written so far after `owner:`.

    A line that opens with `owner:` is a further message of the burst; one that cannot become that is somebody
    else's and ends the turn. While it may still become either, it is neither. Untagged lines are all messages.
    """
    if not tagged:
        return [line for _, line in parse(text, tagged=False)], False
    messages: list[str] = []
    turns = parse(f"{owner}:{text}")
    for at, (name, line) in enumerate(turns):
        if name != owner:
            undecided = not name and at + 1 == len(turns) and f"{owner}:".startswith(line)
            return messages, not undecided
        messages.append(line)
    return messages, False


class Draft:
    """One attempt at one reply.

    `said` are the owner's earlier lines, oldest first. `stopped_by` names the guard that stopped the draft, as
    `Interventions` does, or is empty.
    """

    def __init__(
        self, spelling: Spelling, end: int, owner: str, tagged: bool, lines: int, said: Sequence[str] = ()
    ) -> None:
        self.tokens = 0
        self.stopped_by = ""
        self._spelling, self._end = spelling, end
        self._owner, self._tagged, self._lines, self._said = owner, tagged, lines, said
        self._text = ""
        self._messages: list[str] = []
        self._over = False

    def take(self, token: int) -> bool:
        """Take in a drawn token; True where the draft is over and nothing after it is wanted."""
        self.tokens += 1
        if token == self._end:
            self._over = True
            return True
        piece = self._spelling.add(token)
        self._text += piece
        self._messages, self._over = read_turn(self._text, self._owner, self._tagged)
        self._over = self._over or len(self._messages) > self._lines
        if any(map(str.isspace, piece)) or self.tokens % 8 == 0:  # a word has ended, or none does for long
            self._guard(self._messages[:-1])
        return self._over or bool(self.stopped_by)

    def close(self) -> None:
        """No more tokens come: a last message that was cut off goes, unless it is all there is."""
        if self.stopped_by:
            return
        whole = self._over or self._text.endswith("\n")
        self._messages = self._messages[: self._lines]
        if not whole and len(self._messages) > 1:
            self._messages.pop()
        self._guard(self._messages)

    def _guard(self, lines: Sequence[str]) -> None:
        """Stop at a loop in all that is written, or at a repeat among `lines`, which are complete.

        What then stays is one round of the loop, or all before a line said twice in this reply; a line of an
        earlier reply stays too.
        """
        start = loop_start("\n".join(self._messages))
        if start is not None:
            self._stop("looped", _before(self._messages, start))
        elif (at := first_repeat(lines)) is not None:
            self._stop("repeated", lines[:at])
        elif (at := first_repeat(lines, self._said)) is not None:
            self._stop("echoed", lines[: at + 1])

    def _stop(self, guard: str, kept: Sequence[str]) -> None:
        self.stopped_by, self._messages = guard, list(kept)

    @property
    def messages(self) -> list[str]:
        """What can be sent."""
        return [text for message in self._messages if (text := message.strip())]


def _before(messages: Sequence[str], end: int) -> list[str]:
    """The messages up to character `end` of them all joined by newlines."""
    kept = []
    for message in messages:
        if end <= 0:
            break
        kept.append(message[:end])
        end -= len(message) + 1
    return kept
