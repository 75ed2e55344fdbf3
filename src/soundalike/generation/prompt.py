"""What a voice reads before it speaks: the end of a conversation that fits the window beside the answer.

The window is shared by prompt and answer. History is left out from its oldest line on; the owner's name at the head of
the open line, and the line before it or what that line holds already, always stay. Where an answer of the asked length
leaves too little room for them it is refused, not read without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from soundalike.engines.protocol import Tokenizer
from soundalike.errors import RecipeError
from soundalike.prompt_template import normalise, render

TOKEN_CHARACTERS = 32  # no more of a text is tokenized than a window of such long tokens holds
LEAST = 2  # tokens: `begin` and one more

Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Fits transcripts into a window of so many tokens; `tagged` says whether lines bear names."""

    tokenizer: Tokenizer
    window: int
    tagged: bool

    def read(self, turns: Sequence[Turn], answer: int) -> list[int]:
        """Token ids of the end of `turns`, the last of which stays open, beside `answer` tokens.

        `RecipeError` where so long an answer leaves no room for what must be read.
        """
        kept, most = self._kept(turns), self.most(turns)
        if answer > most:
            what = f"An answer of {answer} tokens and what is read before it do not fit the {self.window} tokens"
            raise RecipeError(f"{what} that the model reads at once.", f"Ask for at most {most}.")
        return self._fitted(kept, self.window - answer)

    def squeezed(self, turns: Sequence[Turn], answer: int) -> list[int]:
        """The same, but in whatever room what must be read needs: for an answer that has begun already."""
        return self._fitted(self._kept(turns), self.window - min(answer, self.most(turns)))

    def most(self, turns: Sequence[Turn]) -> int:
        """The tokens of the longest answer beside which what must be read of `turns` has room; at least 1.

        Of a line that is longer, only as much of its end must be read as makes half a window.
        """
        must = min(len(self._tokens(self._must(turns))), max(LEAST, self.window // 2))
        return max(1, self.window - must)

    def _must(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The open line, and where it is empty the line before it."""
        return [self._shortened(turn) for turn in turns[-1 if turns[-1][1].strip() else -2 :]]

    def within_reach(self, turns: Sequence[Turn]) -> list[Turn]:
        """The newest turns, as many as could have room if each of their tokens were as long as tokens are."""
        return self._kept(turns) if turns else []

    def _kept(self, turns: Sequence[Turn]) -> list[Turn]:
        """The newest turns: those that must be read and as many as could have room."""
        least, room = len(self._must(turns)), self.window * TOKEN_CHARACTERS
        kept = list[Turn]()
        for name, text in reversed(turns):
            room -= len(name) + len(text)
            if room < 0 and len(kept) >= least:
                break
            kept.append(self._shortened((name, text)))
        return kept[::-1]

    def _shortened(self, turn: Turn) -> Turn:
        """A turn without what of its text could not have room whatever follows."""
        name, text = turn
        return name, text[-self.window * TOKEN_CHARACTERS :]

    def _fitted(self, turns: list[Turn], room: int) -> list[int]:
        """Token ids of as many of the last turns as fit `room`, at least those that must be read, cut where need be."""
        least = len(self._must(turns))
        sizes = self._sizes(turns)
        first, total = 0, 1 + sum(sizes)
        while True:
            while total > room and len(turns) - first > least:
                total, first = total - sizes[first], first + 1
            tokens = self._tokens(turns[first:])
            if len(tokens) <= room:
                return tokens
            if len(turns) - first <= least:
                return self._cut(turns[first:], room)
            total = len(tokens)  # read together the lines are a token or two longer than each by itself

    def _sizes(self, turns: Sequence[Turn]) -> list[int]:
        """Tokens of each line by itself, the last of them open."""
        lines = [render([turn], tagged=self.tagged) for turn in turns[:-1]]
        lines.append(render(turns[-1:], end=False, tagged=self.tagged))
        return [len(ids) for ids in self.tokenizer.encode(lines)]

    def _cut(self, turns: list[Turn], room: int) -> list[int]:
        """Token ids of these turns with the text of the first cut at its start, so that they fit `room`."""
        (name, given), *rest = turns
        text, tokens = normalise(given), self._tokens(turns)
        while (over := len(tokens) - room) > 0 and text:
            spans = self.tokenizer.spans([text])[0]
            text = normalise(text[max(1, spans[over][0]) :]) if over < len(spans) else ""
            tokens = self._tokens([(name, text), *rest])
        return tokens

    def _tokens(self, turns: Sequence[Turn]) -> list[int]:
        text = render(turns, end=False, tagged=self.tagged)
        return [self.tokenizer.begin, *self.tokenizer.encode([text])[0]]
