"""What is kept of texts that were read, and that prompts which begin alike are continued exactly."""

from pathlib import Path

import numpy as np
import pytest

from soundalike.engines import fused, fused_library, fused_weights, llama
from soundalike.engines.fused import FusedDecoder
from soundalike.engines.llama_decoder import LlamaDecoder
from soundalike.engines.prefix_cache import FEWEST, MOST_TEXTS, PrefixCache, longest_prefix
from tests.engines import tiny

needs_compiler = pytest.mark.skipif(not fused_library.available(), reason="no C compiler that has _Float16")


def text(length: int, seed: int) -> list[int]:
    return [0, *np.random.default_rng(seed).integers(2, 250, length - 1).tolist()]


def test_the_longest_common_beginning_is_found() -> None:
    """Not counting the last token, whose logits are wanted; less than FEWEST is nothing."""
    whole = text(60, 1)
    others = [(whole[:30] + text(20, 2), "thirty"), (whole[:50], "fifty"), (text(60, 3), "none")]
    assert longest_prefix(whole, others) == ("fifty", 50)
    assert longest_prefix(whole, [(whole, "itself")]) == ("itself", 59)
    assert longest_prefix(whole[:FEWEST], [(whole, "short")]) == (None, 0)


def test_the_least_recently_used_is_dropped() -> None:
    """By bytes and by number; a text takes the place of its own beginning."""
    cache: PrefixCache[str] = PrefixCache(100)
    cache.add(text(40, 1), "one", 40)
    cache.add(text(40, 2), "two", 40)
    assert cache.longest(text(40, 1)) == ("one", 39)
    cache.add(text(40, 3), "three", 40)
    assert cache.longest(text(40, 2)) is None and cache.longest(text(40, 1)) == ("one", 39)
    cache.add([*text(40, 1), 7, 8], "longer", 42)
    cache.add(text(20, 1), "shorter", 20)
    assert cache.longest([*text(40, 1), 7, 9]) == ("longer", 41)
    cache.add(text(30, 5), "too large", 101)
    assert cache.longest(text(30, 5)) is None
    many: PrefixCache[int] = PrefixCache(10**9)
    for number in range(MOST_TEXTS + 1):
        many.add(text(FEWEST + 1, number), number, 1)
    assert many.longest(text(FEWEST + 1, 0)) is None and many.longest(text(FEWEST + 1, 1)) is not None


@needs_compiler
def test_whole_caches_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of 40 tokens has a cache of 128 positions: two of three fit where there is room for two and a half."""
    adapter = llama.load(str(tiny.base(tmp_path))).adapter
    one = FusedDecoder(adapter).new_stream(text(40, 1)).cache.nbytes
    monkeypatch.setattr(fused, "PREFIX_BYTES", 5 * one // 2)
    decoder = FusedDecoder(adapter)
    streams = decoder.streams()
    streams.join([text(40, seed) for seed in range(3)])
    assert len(streams.logits) == 3
    streams.keep([])
    assert [decoder.prefixes.longest(text(40, seed)) is not None for seed in range(3)] == [False, True, True]


@needs_compiler
@pytest.mark.parametrize("large", [False, True], ids=["fp16", "8 bits"])
def test_a_prompt_that_begins_alike_has_the_same_logits(
    tmp_path: Path, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one that left, beside one that runs, and beside one of the same call; as many threads as there are."""
    if large:
        monkeypatch.setattr(fused_weights, "IN_CACHE", 0)
    adapter = llama.load(str(tiny.base(tmp_path, head_dim=64))).adapter
    decoder, begun = FusedDecoder(adapter), text(50, 1)
    decoder.threads = 2
    prompts = [begun, begun[:40] + [3, 4], begun + [9], text(30, 2)]
    for after in range(3):
        first = decoder.streams()
        if after == 1:
            first.join(prompts[:1])
            assert len(first.logits) == 1
            first.join(prompts[1:])
        else:
            first.join(prompts)
        if after == 2:
            first.keep([1, 2, 3])
        plain = LlamaDecoder(adapter).streams()
        plain.join(prompts[1:] if after == 2 else prompts)
        for streams in (first, plain):
            streams.advance([5] * len(streams.logits))
        assert first.logits == pytest.approx(plain.logits, abs=5e-2 if large else 5e-3)
        first.keep([])
    reading = decoder.new_stream(begun)
    assert (reading.length, reading.unread) == (49, 1)


@needs_compiler
def test_eight_bits_are_close_to_sixteen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a logit is a hundredth of the spread of logits, and a cache grows with its stream."""
    monkeypatch.setattr(fused_weights, "IN_CACHE", 0)
    adapter = llama.load(str(tiny.base(tmp_path, hidden_size=96, num_attention_heads=3))).adapter
    plain, fewer = LlamaDecoder(adapter).streams(), FusedDecoder(adapter).streams()
    for streams in (plain, fewer):
        streams.join([text(100, 1), text(3, 2)])
        for token in range(60):
            streams.advance([token + 2, token + 3])
    assert np.abs(fewer.logits - plain.logits).mean() < 0.02 * plain.logits.std()
