"""Fits a conversation into the model's window, beside room for the reply.

Whole lines give way, the oldest first. The open line, which the reply continues, and if it is empty the line before it
always stay; of a line longer than half the window, its name and its end. A reply so long that these have no room is
refused.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from soundalike.engines.protocol import Tokenizer
from soundalike.errors import RecipeError
from soundalike.generation.guards import repeats_line
from soundalike.generation.sampling import Sampling
from soundalike.prompt_template import normalise, render, speaker_names

TOKEN_CHARACTERS = 32  # no more text is tokenized than a window of such long tokens would hold
FEWEST = 2  # tokens of a prompt: `begin` and one more

Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PromptBuilder:
    """Builds prompts for a window of so many tokens; `tagged` says whether lines bear names.

    Turns are (name, text), oldest first; the last one is the open line.
    """

    tokenizer: Tokenizer
    window: int
    tagged: bool

    def build(self, turns: Sequence[Turn], max_tokens: int) -> list[int]:
        """Token ids of the end of `turns` that fits beside a reply of `max_tokens`; else `RecipeError`."""
        recent, longest = self.recent(turns), self.longest_reply(turns)
        if max_tokens > longest:
            what = f"An answer of {max_tokens} tokens and its prompt do not fit the {self.window} tokens"
            raise RecipeError(f"{what} that the model reads at once.", f"Ask for at most {longest}.")
        return self._fitted(recent, self.window - max_tokens)

    def rebuild(self, turns: Sequence[Turn], max_tokens: int) -> list[int]:
        """The same for a reply that has begun, which is never refused: lines that must stay take its room."""
        return self._fitted(self.recent(turns), self.window - min(max_tokens, self.longest_reply(turns)))

    def longest_reply(self, turns: Sequence[Turn]) -> int:
        """The most tokens of a reply beside which the lines that must stay have room; at least 1."""
        needed = min(len(self._tokens(self._must_stay(turns))), max(FEWEST, self.window // 2))
        return max(1, self.window - needed)

    def recent(self, turns: Sequence[Turn]) -> list[Turn]:
        """The newest turns that could have room if every token were TOKEN_CHARACTERS long; at least those that stay."""
        fewest, room = len(self._must_stay(turns)), self.window * TOKEN_CHARACTERS
        kept = list[Turn]()
        for name, text in reversed(turns):
            room -= len(name) + len(text)
            if room < 0 and len(kept) >= fewest:
                break
            kept.append(self._shortened((name, text)))
        return kept[::-1]

    def _must_stay(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The open line, and if it is empty the line before it."""
        return [self._shortened(turn) for turn in turns[-1 if turns and turns[-1][1].strip() else -2 :]]

    def _shortened(self, turn: Turn) -> Turn:
        name, text = turn
        return name, text[-self.window * TOKEN_CHARACTERS :]

    def _fitted(self, turns: list[Turn], room: int) -> list[int]:
        """Token ids of as many of the last turns as fit `room` tokens; the lines that must stay are cut if need be."""
        fewest, sizes = len(self._must_stay(turns)), self._sizes(turns)
        first, total = 0, 1 + sum(sizes)
        while True:
            while total > room and len(turns) - first > fewest:
                total, first = total - sizes[first], first + 1
            tokens = self._tokens(turns[first:])
            if len(tokens) <= room:
                return tokens
            if len(turns) - first <= fewest:
                return self._cut(turns[first:], room)
            total = len(tokens)  # together the lines are a token or two longer than the sum of their sizes

    def _sizes(self, turns: Sequence[Turn]) -> list[int]:
        """Tokens of each line by itself; the last line is open."""
        lines = [render([turn], tagged=self.tagged) for turn in turns[:-1]]
        lines.append(render(turns[-1:], end=False, tagged=self.tagged))
        return [len(ids) for ids in self.tokenizer.encode(lines)]

    def _cut(self, turns: list[Turn], room: int) -> list[int]:
        """Token ids of these turns, the text of the first cut at its start so that they fit `room`."""
        (name, whole), *rest = turns
        text, tokens = normalise(whole), self._tokens(turns)
        while (over := len(tokens) - room) > 0 and text:
            spans = self.tokenizer.spans([text])[0]
            text = normalise(text[max(1, spans[over][0]) :]) if over < len(spans) else ""
            tokens = self._tokens([(name, text), *rest])
        return tokens

    def _tokens(self, turns: Sequence[Turn]) -> list[int]:
        text = render(turns, end=False, tagged=self.tagged)
        return [self.tokenizer.begin, *self.tokenizer.encode([text])[0]]


def names_at_line_heads(history: Sequence[Turn], owner: str) -> dict[str, str]:
    """Name in the history -> name at the head of a line, safe for the template and unlike the owner's."""
    return speaker_names((name, name, name == owner) for name in [owner, *(name for name, _ in history)])


def without_repetitions(history: Sequence[Turn], owner: str) -> Iterator[Turn]:
    """The turns without empty ones, and without the owner's lines that repeat a recent own line."""
    own_lines = list[str]()
    for name, text in history:
        own = name == owner
        if text.strip() and not (own and repeats_line(text, own_lines)):
            yield name, text
        if own:
            own_lines.append(text)


def with_template_tokens(sampling: Sampling, tokenizer: Tokenizer, names: Collection[str]) -> Sampling:
    """`sampling` that spares the template's tokens: newline, end, and at line heads `name:` for each of `names`."""
    newline, *heads = tokenizer.encode(["\n", *(f"\n{name}:" for name in sorted(names))])
    skip = tuple(tuple(ids[len(newline) :]) for ids in heads if ids[: len(newline)] == newline)
    return replace(sampling, dry_skip=skip, dry_spare=(tokenizer.end, *newline))
