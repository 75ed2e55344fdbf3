"""Parses one attempt at a reply while it is generated: text of tokens in, lines that passed the guards out."""

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import NamedTuple

from soundalike.generation.guards import Finding, GuardContext, GuardCounts, Guards, lines_before
from soundalike.prompt_template import parse, render

CHECK_EVERY = 8  # tokens after which the growing line is checked although no word has ended
LONGEST_OPENING = 2_000  # characters of an opening that the guards look at, which they do at every word


class TokenText(NamedTuple):
    """The text that one token adds, perhaps none, and its natural-log probability under the model itself.

    `top_logprobs` are the (text, logprob) of the likeliest tokens, best first, as many as were requested. A token with
    `ends` is the end of the text. An unknown log-probability is NaN.
    """

    text: str
    logprob: float
    top_logprobs: tuple[tuple[str, float], ...] = ()
    ends: bool = False


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """A line of a reply, or a part of one, that may be released.

    `tokens` are those that make it up; empty if they were not requested or if a guard changed the line. With
    `continues` it is more of a line of which a part was released before.
    """

    text: str
    tokens: tuple[TokenText, ...] = ()
    continues: bool = False


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """What is the same in every attempt at a reply.

    The reply ends before any of the texts in `stop` and after `max_lines`. `keep_partial` keeps a last line that the
    token limit cut off. With `tokens` every line lists its tokens.
    """

    owner: str
    tagged: bool
    guards: Guards
    max_lines: int | None = None
    stop: Sequence[str] = ()
    keep_partial: bool = False
    tokens: bool = False


class ReplyParser:
    """One attempt at a reply, which continues `opening`, a line of the owner's that is already there.

    Lines in `cleared` are whole, have passed every guard and are redacted: they may be released. `finding` is what a
    guard stopped the attempt for. `truncated` says that the tokens were used up before its end. `rows` has for each
    token the number of the line that it adds to, None if it adds nothing that is seen: the end, a line break, a name.
    """

    def __init__(self, options: ReplyOptions, context: GuardContext, opening: str = "") -> None:
        self.token_count = 0
        self.finding: Finding | None = None
        self.truncated = False
        self.cleared: list[ReplyLine] = []
        self.counts = GuardCounts()
        self.rows: list[int | None] = []
        self._options, self._context = options, context
        self._text = _after_owner(opening[-LONGEST_OPENING:], options)
        self._lines = read_turn(self._text, options.owner, options.tagged)[0] or [""]
        self._opening = self._lines[0]  # the part of the first line that is not generated
        self._tokens: list[tuple[int, TokenText]] = []  # (row, token)
        self._over = False
        self._partial, self._word_ended = ReplyLine(""), False

    def add(self, token: TokenText) -> bool:
        """Take a generated token; True if the attempt is over and needs no more."""
        self.token_count += 1
        if token.ends:
            self._over = True
            self._note(token)
        else:
            self._extend(token)
        return self._over or bool(self.finding)

    def _extend(self, token: TokenText) -> None:
        before = self._lines
        self._text += token.text
        lines, self._over = read_turn(self._text, self._options.owner, self._options.tagged)
        self._lines = lines or [""]
        self._note(token._replace(text="\n".join(self._lines)[len("\n".join(before)) :]))
        self._apply_stop()
        self._apply_max_lines()
        if len(self._lines) > len(before):
            self._clear(len(self._lines) - 1)
        word_ended = any(map(str.isspace, token.text))
        self._word_ended |= word_ended
        if (word_ended or self.token_count % CHECK_EVERY == 0) and not self.finding and not self._over:
            self.finding = self._options.guards.check_growing(self._lines, len(self._opening))

    def _note(self, token: TokenText) -> None:
        self.rows.append(len(self._lines) - 1 if token.text.strip() else None)
        if self._options.tokens:
            self._tokens.append((len(self._lines) - 1, token))

    def _apply_stop(self) -> None:
        if not self._options.stop:
            return
        shown = "\n".join(self._lines)
        starts = [at for stop in self._options.stop if (at := shown.find(stop, len(self._opening))) >= 0]
        if starts:
            self._over, self._lines = True, lines_before(self._lines, min(starts)) or [""]

    def _apply_max_lines(self) -> None:
        """Lines that were released before this attempt count; one more is always allowed."""
        if self._options.max_lines is not None:
            most = max(1, self._options.max_lines - len(self._context.released))
            if len(self._lines) > most:
                self._over, self._lines = True, self._lines[:most]

    def partial(self) -> ReplyLine:
        """The part of the first line, while it grows, that no guard could take back; it may be released.

        Later lines are released whole, because one that the token limit cuts off is left out.
        """
        if self.cleared or self._context.released:
            return ReplyLine("")
        if self._word_ended and len(self._lines) == 1 and not (self._over or self.finding):
            self._partial, self._word_ended = self._settled(), False
        return self._partial

    def _settled(self) -> ReplyLine:
        longest_stop = max(map(len, self._options.stop), default=1)
        line = self._lines[0][: len(self._lines[0]) + 1 - longest_stop]  # the rest may be the beginning of a stop
        end = self._options.guards.settled(line, self._context, len(self._opening))
        generated, tokens = line[len(self._opening) : end], tuple[TokenText, ...]()
        if self._options.tokens:
            tokens = _tokens_within([token for _, token in self._tokens], len(generated))
            generated = "".join(token.text for token in tokens)
        return ReplyLine(generated if self._opening else generated.lstrip(), tokens)

    def close(self) -> None:
        """No more tokens follow: clear what remains, without a last line that was cut off unless it is the only one."""
        if self.finding:
            return
        self.truncated = not (self._over or self._text.endswith("\n"))
        if self.truncated and len(self._lines) > 1 and not self._options.keep_partial:
            self._lines = self._lines[:-1]
        self._clear(len(self._lines))

    def _clear(self, whole: int) -> None:
        """Check the lines that have become whole, in their order, and redact those that pass."""
        while not self.finding and len(self.cleared) < min(whole, len(self._lines)):
            line = self._lines[len(self.cleared)]
            self.finding = self._check(line)
            if not self.finding:
                self._add_cleared(line)

    def _check(self, line: str) -> Finding | None:
        before = [cleared.text for cleared in self.cleared]
        if before:
            before[0] = self._opening + before[0]
        return self._options.guards.check_line([*before, line], self._context, 0 if before else len(self._opening))

    def _add_cleared(self, line: str) -> None:
        row = len(self.cleared)
        text, ends = self._options.guards.redact(line, self._context, self.counts)
        tokens = tuple(token for at, token in self._tokens if at == row) if text == line else ()
        opening = commonprefix([self._opening, text]) if row == 0 else ""  # a part of it may be redacted too
        shown = text[len(opening) :].rstrip() if self._opening and not row else text.strip()
        self.cleared.append(ReplyLine(shown, tokens))
        if ends:
            self._over, self._lines = True, self._lines[: row + 1]

    def clear_kept_lines(self) -> None:
        """Make the best of a stopped attempt that is the last: clear the lines that may stay all the same."""
        keep = self.finding.keep_lines if self.finding else []
        for line in keep[len(self.cleared) :]:
            finding = self._check(line)
            if finding and finding.guard != "echoed":
                return
            self._add_cleared(line)


def read_turn(text: str, owner: str, tagged: bool) -> tuple[list[str], bool]:
    """(messages, whether the turn is over) of the text so far after `owner:`.

    A line that starts with `owner:` is another message of the burst; one that cannot become that is somebody else's and
    ends the turn. While it may still become either, it is left out. Untagged lines are all messages.
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


def _after_owner(opening: str, options: ReplyOptions) -> str:
    """The open line in the template, without `owner:`."""
    line = render([(options.owner, opening)], end=False, tagged=options.tagged)
    return line.removeprefix(f"{options.owner}:") if options.tagged else line


def _tokens_within(tokens: Sequence[TokenText], length: int) -> tuple[TokenText, ...]:
    """The first tokens whose texts together are at most `length` characters."""
    kept = list[TokenText]()
    for token in tokens:
        length -= len(token.text)
        if length < 0:
            break
        kept.append(token)
    return tuple(kept)
