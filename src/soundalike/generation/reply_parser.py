"""One attempt at a reply while it is being written: drawn tokens in, lines out.

Knows the template's turn ends and asks the guards, and says when nothing more is wanted. It neither draws nor
decides whether a draft that a guard stopped is drawn again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix

from soundalike.engines.protocol import Tokenizer
from soundalike.generation.batch_generator import Step
from soundalike.generation.guards import Finding, GuardContext, GuardCounts, Guards, lines_before
from soundalike.generation.word_continuation import PARTIAL
from soundalike.prompt_template import parse

CONTEXT_TOKENS = 4  # tokens before a new one that its spelling can depend on
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


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """What one reply is to be: in whose name, of how many lines, held against what.

    `opening` is what stands already after the first `owner:`; of its last line the reply is the rest. Before any of
    `stops` the reply ends. `broken` keeps a last line that the token limit cut off, `pieces` asks what each token adds.
    """

    owner: str
    tagged: bool
    lines: int | None
    guards: Guards
    scene: GuardContext = GuardContext()
    stops: Sequence[str] = ()
    opening: str = ""
    broken: bool = False
    pieces: bool = False


@dataclass(frozen=True, slots=True)
class TokenText:
    """What one drawn token adds to a text, perhaps nothing, and its natural-log probability under the raw model.

    `likeliest` are the (text, logprob) of as many tokens as were asked for, best first.
    """

    text: str
    logprob: float
    likeliest: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One line of a reply as it may leave; `pieces`, where asked for, unless the guards changed the line.

    One that `goes_on` is the rest, or more, of a line whose beginning has left.
    """

    text: str
    pieces: tuple[TokenText, ...] = ()
    goes_on: bool = False


class ReplyParser:
    """One attempt at one reply.

    A line in `cleared` is whole, has passed every guard and is mended: it may leave. `found` is what a guard stopped
    the draft for, or None; `cut_off` says that the tokens were used up before its end.
    """

    def __init__(self, tokenizer: Tokenizer, before: Sequence[int], terms: ReplyOptions) -> None:
        self.tokens = 0
        self.found: Finding | None = None
        self.cut_off = False
        self.cleared: list[ReplyLine] = []
        self.interventions = GuardCounts()
        self._tokenizer, self._spelling, self._terms = tokenizer, Spelling(tokenizer, before), terms
        self._text = terms.opening
        lines, _ = read_turn(terms.opening, terms.owner, terms.tagged)
        self._skipped = max(0, len(lines) - 1)  # lines of the opening that are whole
        self._lines = lines[self._skipped :] or [""]
        self._head = self._lines[0]  # of the first line, what is not the reply's
        self._pieces: list[tuple[int, TokenText]] = []
        self._over = False
        self._begun, self._more = "", False  # what of the first line may leave; whether a word has ended since

    def take(self, step: Step) -> bool:
        """Take in a drawn token; True where the draft is over and nothing after it is wanted."""
        self.tokens += 1
        if step.token == self._tokenizer.end:
            self._over = True
        else:
            self._read(step)
        return self._over or bool(self.found)

    def _read(self, step: Step) -> None:
        piece, before = self._spelling.add(step.token), self._lines
        self._text += piece
        lines, self._over = read_turn(self._text, self._terms.owner, self._terms.tagged)
        self._lines = lines[self._skipped :] or [""]
        if self._terms.pieces:
            self._note(step, "\n".join(before), "\n".join(self._lines))
        if self._terms.stops:
            self._stop()
        limit = self._terms.lines
        if limit is not None and len(self._lines) > limit:
            self._over, self._lines = True, self._lines[:limit]
        if len(self._lines) > len(before):
            self._clear(len(self._lines) - 1)
        ended = any(map(str.isspace, piece))
        self._more |= ended
        if ended or self.tokens % 8 == 0:  # a word has ended, or none does for long
            self._watch()

    def _note(self, step: Step, before: str, after: str) -> None:
        likeliest = tuple((self._tokenizer.decode([token]), logprob) for token, logprob in step.likeliest)
        if added := after[len(before) :]:
            self._pieces.append((len(self._lines) - 1, TokenText(added, step.logprob, likeliest)))

    def _stop(self) -> None:
        """End before the first of the texts that end a reply."""
        shown = "\n".join(self._lines)
        places = [at for stop in self._terms.stops if (at := shown.find(stop, len(self._head))) >= 0]
        if places:
            self._over, self._lines = True, lines_before(self._lines, min(places)) or [""]

    def _watch(self) -> None:
        if not self.found and not self._over:
            self.found = self._terms.guards.growing(self._lines, len(self._head))

    def begun(self) -> str:
        """The words of the reply's first line, while it grows, that no guard could take back: they may leave.

        Later lines leave whole, because one that the token limit cuts off is left out; so do lines that tell pieces.
        """
        if self.cleared or self._terms.scene.left or self._terms.pieces:
            return ""
        if self._more and len(self._lines) == 1 and not (self._over or self.found):
            self._begun, self._more = self._settled(), False
        return self._begun

    def _settled(self) -> str:
        stop = max(map(len, self._terms.stops), default=1)
        line = self._lines[0][: len(self._lines[0]) + 1 - stop]  # the rest may be the beginning of a stop
        text = line[: self._terms.guards.settled(line, self._terms.scene, len(self._head))]
        return text[len(self._head) :] if self._head else text.lstrip()

    def close(self) -> None:
        """No more tokens come: a last line that was cut off goes, unless it is all there is."""
        if self.found:
            return
        self.cut_off = not (self._over or self._text.endswith("\n"))
        if self.cut_off and len(self._lines) > 1 and not self._terms.broken:
            self._lines = self._lines[:-1]
        self._clear(len(self._lines))

    def _clear(self, whole: int) -> None:
        """Ask the guards about lines that have become whole, in their order, and mend those that pass."""
        while not self.found and len(self.cleared) < min(whole, len(self._lines)):
            line = self._lines[len(self.cleared)]
            self.found = self._judged(line)
            if not self.found:
                self._leave(line)

    def _judged(self, line: str) -> Finding | None:
        before = [cleared.text for cleared in self.cleared]
        start = 0 if before else len(self._head)
        return self._terms.guards.whole([*before, line], self._terms.scene, start)

    def _leave(self, line: str) -> None:
        row, guards = len(self.cleared), self._terms.guards
        text, ended = guards.mend(line, self._terms.scene, self.interventions)
        pieces = tuple(piece for at, piece in self._pieces if at == row) if text == line else ()
        head = commonprefix([self._head, text]) if row == 0 else ""  # shorter than it was where that was masked too
        self.cleared.append(ReplyLine(text[len(head) :].rstrip() if self._head and not row else text.strip(), pieces))
        if ended:
            self._over, self._lines = True, self._lines[: row + 1]

    def settle(self) -> None:
        """Make the best of a draft that was stopped and is not drawn again: clear what may stay all the same."""
        kept = self.found.kept if self.found else []
        for line in kept[len(self.cleared) :]:
            again = self._judged(line)
            if again and again.guard != "echoed":
                return
            self._leave(line)
