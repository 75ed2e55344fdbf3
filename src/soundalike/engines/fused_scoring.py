"""How likely texts are, through fused.c: what several texts begin with alike is read once.

The scores are those of the weights that speak: fp16, or 8 bits in a large model.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from soundalike.engines.fused import FusedDecoder
from soundalike.engines.fused_streams import LogitsBuffer, Stream
from soundalike.engines.scoring import Logprobs, families, shared_tokens

TOKENS_AT_ONCE = 512  # read in one pass, with logits after each: 16 MB for pocket, 100 MB for 49,152 tokens

Texts = Sequence[Sequence[int]]


def logprobs_of(decoder: FusedDecoder, texts: Texts) -> list[Logprobs]:
    """For each text (tokens,): the log-probability in nats of each token given those before it; the first is 0."""
    found = [np.zeros(len(text), np.float32) for text in texts]
    some = [family for family in families(texts) if texts[family[0]]]
    shared = [shared_tokens(texts, family) for family in some]
    for pack in _packs(shared):
        _score(decoder, texts, [(some[at], shared[at]) for at in pack], found)
    return found


def _score(decoder: FusedDecoder, texts: Texts, group: Sequence[tuple[list[int], int]], found: list[Logprobs]) -> None:
    """Read what the texts of each family share, then the rest of each text."""
    trunks = [decoder.new_text(texts[family[0]][:shared]) for family, shared in group]
    branches: list[tuple[int, Stream]] = []
    for (family, shared), trunk, after in zip(group, trunks, decoder.forward_all(trunks), strict=True):
        of_trunk = _logprobs(after, trunk.tokens[1:])
        for number in family:
            found[number][1:shared] = of_trunk
            if rest := texts[number][shared:]:
                found[number][shared] = _logprobs(after.take(slice(shared - 1, shared)), rest[:1])[0]
                branches.append((number, trunk))
    for pack in _packs([len(texts[number]) - trunk.length for number, trunk in branches]):
        some = branches[pack.start : pack.stop]
        read = [decoder.branch(trunk, texts[number][trunk.length :]) for number, trunk in some]
        for (number, trunk), after in zip(some, decoder.forward_all(read), strict=True):
            found[number][trunk.length + 1 :] = _logprobs(after, texts[number][trunk.length + 1 :])


def _packs(sizes: Sequence[int]) -> Iterator[range]:
    """Ranges of neighbours that have at most TOKENS_AT_ONCE together; a larger one is alone."""
    first, total = 0, 0
    for at, size in enumerate(sizes):
        if at > first and total + size > TOKENS_AT_ONCE:
            yield range(first, at)
            first, total = at, 0
        total += size
    if first < len(sizes):
        yield range(first, len(sizes))


def _logprobs(after: LogitsBuffer, tokens: Sequence[int]) -> Logprobs:
    """(tokens,): row i of `after` predicts token i."""
    rows = np.arange(len(tokens))
    made: Logprobs = after.logits[rows, np.asarray(tokens, np.int64)] - after.logsumexp[: len(tokens)]
    return made
