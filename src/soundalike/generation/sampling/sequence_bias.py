"""Sequences of tokens that are made less likely, as `sequence_bias` does in transformers."""

from collections.abc import Mapping, Sequence


class SequenceBias:
    """Lowers the logit of the last token of a sequence where the stream ends with the tokens before it.

    `nats` maps sequences of one or more token ids to nats above 0. Of several sequences that end with the same token,
    the one that is lowered most counts.
    """

    def __init__(self, nats: Mapping[tuple[int, ...], float]) -> None:
        self._after: dict[tuple[int, ...], dict[int, float]] = {}
        for sequence, lowered in nats.items():
            self._after.setdefault(sequence[:-1], {})[sequence[-1]] = lowered
        self._lengths = sorted({len(before) for before in self._after})

    def __bool__(self) -> bool:
        return bool(self._after)

    def penalties(self, tokens: Sequence[int]) -> dict[int, float]:
        """Token -> nats by which its logit is lowered after `tokens`."""
        found: dict[int, float] = {}
        for length in self._lengths:
            if length > len(tokens):
                break
            for token, nats in self._after.get(tuple(tokens[len(tokens) - length :]), {}).items():
                found[token] = max(nats, found.get(token, 0.0))
        return found
