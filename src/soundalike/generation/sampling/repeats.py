"""DRY: what the end of a text would repeat, and what that costs the token that carries the repeat on.

With it OpenAI's penalties on tokens that were generated already, which need the same history.
"""

from collections import Counter, deque
from collections.abc import Sequence

from soundalike.generation.sampling.knobs import Sampling

DRY_LONGEST = 50  # p-e-w's own bound on a match; without it base ** length leaves the floats
DRY_RANGE = 1024  # tokens of a prompt that DRY looks back on


class Repeats:
    """What one stream has read and drawn, and each earlier place that its end repeats.

    DRY ("don't repeat yourself", p-e-w, text-generation-webui pull request 5677): where the last n tokens also
    stand earlier, the token that followed them there is the one that would carry the repeat on, and its logit
    loses multiplier * base ** (n - allowed_length) once n reaches allowed_length. The original starts matching
    anew at a newline, a colon, a quote or a star, and so never sees a whole line said again and again; here
    nothing breaks a match. `dry_skip` holds the `name:` that opens every line: counted, it would lengthen
    every match, and breaking on it would be the newline's mistake again, so it is read through.

    One `append` costs as much as its token has earlier places, whatever the length of the history.

    What is appended counts as generated for `presence_penalty` and `frequency_penalty`; the prompt does not.
    """

    __slots__ = ("_counts", "_matches", "_multiplier", "_places", "_sampling", "_skips", "_tokens", "_trail")

    def __init__(self, tokens: Sequence[int], sampling: Sampling) -> None:
        self._sampling = sampling
        self._counts: Counter[int] | None = None
        self._multiplier = sampling.dry_multiplier
        self._tokens: list[int] = []
        self._places: dict[int, list[int]] = {}
        self._matches: dict[int, int] = {}  # place -> how many tokens up to there equal those up to the end
        self._skips: dict[int, list[list[int]]] = {}
        for sequence in sorted(sampling.dry_skip, key=len, reverse=True):
            self._skips.setdefault(sequence[-1], []).append(list(sequence))
        longest = max(map(len, sampling.dry_skip), default=0)
        self._trail: deque[dict[int, int]] = deque(maxlen=longest)
        for token in tokens[-DRY_RANGE:]:
            self.append(token)
        if sampling.penalises:
            self._counts = Counter()

    def append(self, token: int) -> None:
        """Take in the stream's next token."""
        if not self._multiplier and not self._sampling.penalises:
            return
        if self._counts is not None and token not in self._sampling.dry_spare:
            self._counts[token] += 1
        matches, places = self._matches, self._places.setdefault(token, [])
        self._trail.append(matches)
        self._matches = {at: matches.get(at - 1, 0) + 1 for at in places}
        places.append(len(self._tokens))
        self._tokens.append(token)
        for sequence in self._skips.get(token, ()):
            if len(self._trail) >= len(sequence) and self._tokens[-len(sequence) :] == sequence:
                self._forget(len(sequence))
                break

    def _forget(self, count: int) -> None:
        for token in self._tokens[-count:]:
            self._places[token].pop()
            if self._counts and self._counts[token]:
                self._counts[token] -= 1
        del self._tokens[-count:]
        self._matches = [self._trail.pop() for _ in range(count)][-1]

    def penalties(self) -> dict[int, float]:
        """What each token's logit loses now, in nats; below 0 where it gains."""
        losses = self._dry() if self._multiplier else {}
        if self._counts:
            once, each = self._sampling.presence_penalty, self._sampling.frequency_penalty
            for token, count in self._counts.items():
                if count:
                    losses[token] = losses.get(token, 0.0) + once + each * count
        return losses

    def _dry(self) -> dict[int, float]:
        knobs, longest = self._sampling, dict[int, int]()
        for at, length in self._matches.items():
            if length >= knobs.dry_allowed_length:
                token = self._tokens[at + 1]
                longest[token] = max(longest.get(token, 0), min(length, DRY_LONGEST))
        return {
            token: self._multiplier * knobs.dry_base ** (length - knobs.dry_allowed_length)
            for token, length in longest.items()
            if token not in knobs.dry_spare
        }
