"""Membership, extraction and copying on chains that remember everything or nothing."""

from random import Random

import numpy as np
import pytest

from soundalike.audit import copying, extraction, membership
from soundalike.audit.extraction import PrefixSuffix
from soundalike.audit.texts import TextSpan, tokens_before
from soundalike.clone.document import Document
from soundalike.generation.voice import Voice
from soundalike.metrics.ngram_index import MessageIndex
from tests.audit.chains import chain

WORDS = "ash fern kelp moth opal pear quay rook sled tarn vale wick yarn zest".split()


def lines(seed: int, count: int) -> list[str]:
    """Sentences of fourteen words in an order of their own: what comes next follows from the two before."""
    rng = Random(seed)
    return [" ".join(f"{word}{seed}{number}" for word in rng.sample(WORDS, 14)) for number in range(count)]


def places(some: list[str], me: bool = True) -> list[TextSpan]:
    return [TextSpan(f"sam: {said}\n", 5, 5 + len(said), me) for said in some]


def taught(some: list[str]) -> Voice:
    return chain(*(f"sam: {said}\n" for said in some))


def test_the_area_in_closed_cases() -> None:
    """All above 1, all alike one half, all below 0; one pair of four the wrong way round three quarters."""
    low, high = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert membership.auc(high, low).value == 1
    assert membership.auc(low, low).value == 0.5
    assert membership.auc(low, high).value == 0
    found = membership.auc(np.array([2.0, 4.0]), np.array([1.0, 3.0]))
    assert found.value == 0.75 and found.low <= 0.75 <= found.high and found.n == 4


def test_membership_is_plain_in_a_chain_and_hidden_in_one_that_learned_nothing() -> None:
    """A chain has counted what it learned from, so it falls further there; without counts nothing falls."""
    learned, other = ([Document(f"sam: {said}\n") for said in lines(seed, 40)] for seed in (1, 2))
    voice, blank = taught(lines(1, 40)), chain()
    for one, expected in ((voice, 1.0), (blank, 0.5)):
        steps: list[int] = []
        both = [membership.latest_parts(some, one) for some in (learned, other)]
        inside, outside = (membership.loss_falls(one, some, steps.append) for some in both)
        assert membership.auc(inside, outside).value == expected and sum(steps) == 160


def test_pieces_are_the_latest_or_spread() -> None:
    """At most so many; the latest of the learned ones, all parts of the held-out ones."""
    some = [Document(f"sam: {number}\n") for number in range(3 * membership.PARTS)]
    voice = chain()
    late, spread = (parts(some, voice) for parts in (membership.latest_parts, membership.spread_parts))
    texts = [[voice.engine.tokenizer.decode(piece.tokens.tolist()) for piece in part] for part in (late, spread)]
    assert texts[0] == [document.text for document in some[-membership.PARTS :]]
    assert len(texts[1]) == membership.PARTS and (texts[1][0], texts[1][-1]) == (some[0].text, some[-1].text)


def test_what_a_chain_learned_it_goes_on_with_and_nothing_else() -> None:
    """Every learned message word for word, with the adapter off none, and none of another's."""
    voice = taught(lines(1, 20))
    halves = extraction.draw(places(lines(1, 20)), voice, 0)
    assert len(halves) == 20 and all(len(one.suffix) == 7 for one in halves)
    steps: list[int] = []
    assert all(extraction.extracted(voice, halves, steps.append)) and sum(steps) == 20
    with voice.engine.adapter_off():
        assert not any(extraction.extracted(voice, halves))
    assert not any(extraction.extracted(voice, extraction.draw(places(lines(2, 20)), voice, 0)))


def test_a_message_that_is_right_at_first_only_is_not_extracted() -> None:
    """The whole rest counts, not its beginning; a stream beside it that is right goes on to its end."""
    said = lines(1, 1)[0]
    voice = taught([said])
    (whole,) = extraction.draw(places([said]), voice, 0)
    broken = PrefixSuffix(whole.span, whole.prefix, [*whole.suffix[:-1], voice.engine.tokenizer.end])
    assert extraction.extracted(voice, [broken, whole, broken]) == [False, True, False]


def test_short_messages_are_not_asked_for() -> None:
    """Under twelve tokens a message is anybody's; the draw is the same for the same seed."""
    voice = chain()
    assert extraction.draw(places(["one two three"]), voice, 0) == []
    drawn = [extraction.draw(places(lines(1, 300)), voice, seed) for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2] and len(drawn[0]) == extraction.MESSAGES


def test_tokens_before_a_place_are_cropped_to_the_nearest() -> None:
    """`begin`, then the last tokens before the place, then the rest."""
    tokenizer = chain().engine.tokenizer
    text = "one two three four"
    tokens, before = tokens_before(text, 8, tokenizer, 1)
    assert (tokenizer.decode(tokens), before, tokens[0]) == (" two three four", 2, tokenizer.begin)
    assert tokens_before(text, 8, tokenizer, 9)[1] == 3


def test_copying_beside_the_owners_own() -> None:
    """Two of three long messages stand in what was learned, and short ones count for neither side."""
    learned = MessageIndex(["the soup is on the stove and it is hot", "ok"])
    rates = copying.copy_rates(
        ["the soup is on the stove", "is on the stove and it", "a moth sat on the lamp", "ok"], learned
    )
    assert rates.messages is not None and rates.messages.value == pytest.approx(2 / 3) and rates.messages.n == 3
    assert copying.copy_rates(["ok"], learned) == copying.CopyRates(None, None)
    grams = copying.copy_rates(["the soup is on the stove and it is cold"], learned).grams
    assert grams is not None and grams.value == pytest.approx(2 / 3)


def test_a_voice_that_knows_one_line_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stands between it and who asks: no guard stops a copy."""
    monkeypatch.setattr(copying, "REPLIES", 20)
    said = "the soup is on the stove and it is hot"
    steps: list[int] = []
    told = copying.sample_replies(chain(*[f"sam: {said}\n"] * 50), on_replies=steps.append)
    rates = copying.copy_rates(told, MessageIndex([said]))
    assert rates.messages is not None and rates.messages.value > 0.9 and sum(steps) == 20
