"""Penalties on the next token of a stream: DRY against repeated sequences, OpenAI's two, and a `SequenceBias`."""

from collections import Counter, deque
from collections.abc import Sequence

from soundalike.generation.sampling.parameters import Sampling
from soundalike.generation.sampling.sequence_bias import SequenceBias

DRY_LONGEST = 50  # the original's bound on the length of a match; without it base ** length overflows
DRY_RANGE = 1024  # tokens of the prompt that DRY looks at


class TokenHistory:
    """The tokens of one stream, and the earlier positions that its end repeats.

    DRY ("don't repeat yourself", p-e-w, text-generation-webui pull request 5677): where the last n tokens also occur
    earlier, the token that followed them there would continue the repetition, and its logit is lowered by
    multiplier * base ** (n - allowed_length) once n reaches allowed_length. The original starts matching anew at a
    newline, a colon, a quote or a star, and so never sees a whole line repeated; here nothing ends a match. `dry_skip`
    holds the `name:` at the head of every line, which is left out of the history: it would lengthen every match.

    `append` costs time in proportion to the earlier occurrences of its token, whatever the length of the history.

    Appended tokens count as generated for `presence_penalty` and `frequency_penalty`; the prompt does not. `bias` sees
    both, without the `name:` at the head of a line.
    """

    __slots__ = (
        "_bias",
        "_counts",
        "_matches",
        "_multiplier",
        "_positions",
        "_sampling",
        "_skips",
        "_tokens",
        "_trail",
    )

    def __init__(self, tokens: Sequence[int], sampling: Sampling, bias: SequenceBias | None = None) -> None:
        self._sampling, self._bias = sampling, bias
        self._counts: Counter[int] | None = None
        self._multiplier = sampling.dry_multiplier
        self._tokens: list[int] = []
        self._positions: dict[int, list[int]] = {}
        self._matches: dict[int, int] = {}  # position -> number of tokens up to it that equal those up to the end
        self._skips: dict[int, list[list[int]]] = {}
        for sequence in sorted(sampling.dry_skip, key=len, reverse=True):
            self._skips.setdefault(sequence[-1], []).append(list(sequence))
        longest = max(map(len, sampling.dry_skip), default=0)
        self._trail: deque[dict[int, int]] = deque(maxlen=longest)  # the matches before each of the last tokens
        for token in tokens[-DRY_RANGE:]:
            self.append(token)
        if sampling.penalises:
            self._counts = Counter()

    def append(self, token: int) -> None:
        """Add the stream's next token."""
        if not (self._multiplier or self._sampling.penalises or self._bias):
            return
        if self._counts is not None and token not in self._sampling.dry_spare:
            self._counts[token] += 1
        matches, positions = self._matches, self._positions.setdefault(token, [])
        self._trail.append(matches)
        self._matches = {at: matches.get(at - 1, 0) + 1 for at in positions}
        positions.append(len(self._tokens))
        self._tokens.append(token)
        for sequence in self._skips.get(token, ()):
            if len(self._trail) >= len(sequence) and self._tokens[-len(sequence) :] == sequence:
                self._remove(len(sequence))
                break

    def _remove(self, count: int) -> None:
        """Remove the last tokens."""
        for token in self._tokens[-count:]:
            self._positions[token].pop()
            if self._counts and self._counts[token]:
                self._counts[token] -= 1
        del self._tokens[-count:]
        self._matches = [self._trail.pop() for _ in range(count)][-1]

    def penalties(self) -> dict[int, float]:
        """Token -> nats by which its logit is lowered now; negative where it is raised."""
        penalties = self._dry() if self._multiplier else {}
        if self._counts:
            presence, frequency = self._sampling.presence_penalty, self._sampling.frequency_penalty
            for token, count in self._counts.items():
                if count:
                    penalties[token] = penalties.get(token, 0.0) + presence + frequency * count
        for token, nats in self._bias.penalties(self._tokens).items() if self._bias else ():
            if token not in self._sampling.dry_spare:
                penalties[token] = penalties.get(token, 0.0) + nats
        return penalties

    def _dry(self) -> dict[int, float]:
        sampling, longest = self._sampling, dict[int, int]()
        for position, length in self._matches.items():
            if length >= sampling.dry_allowed_length:
                token = self._tokens[position + 1]
                longest[token] = max(longest.get(token, 0), min(length, DRY_LONGEST))
        return {
            token: self._multiplier * sampling.dry_base ** (length - sampling.dry_allowed_length)
            for token, length in longest.items()
            if token not in sampling.dry_spare
        }
