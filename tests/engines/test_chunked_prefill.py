"""Long prompts are read in slices between the tokens of others, and what is believed after them stays the same."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundalike.engines import huggingface, llama, load
from soundalike.engines.chunked_prefill import PrefillQueue, SupportsChunkedPrefill
from soundalike.engines.markov import MarkovEngine
from soundalike.engines.protocol import Engine
from soundalike.generation.batch import BatchGenerator
from soundalike.generation.request import TokenRequest
from soundalike.generation.sampling import Sampling
from soundalike.training.recipe import Training
from tests.engines import tiny

MAX_POSITIONS = 384


def without_compiler(base: str) -> Engine:
    engine = llama.load(base, None, Training(method="full"))
    engine.use_fused_decoder = False
    return engine


ENGINES: dict[str, Callable[[str], Engine]] = {
    "fused": lambda base: load(base, None, Training(method="full")),
    "plain": without_compiler,
    "huggingface": lambda base: huggingface.load(base, None, Training(method="lora", rank=8, window=64)),
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A random base that reads some hundred tokens, as each engine runs it."""
    yield ENGINES[request.param](str(tiny.base(tmp_path_factory.mktemp("long"), max_positions=MAX_POSITIONS)))


def prompt(length: int, seed: int) -> list[int]:
    return [0, *np.random.default_rng(seed).integers(2, 250, length - 1).tolist()]


def beliefs(streams: Any) -> Any:
    return streams.logits - streams.logsumexp[:, None]


@pytest.mark.parametrize("lengths", [(300, 270), (129,), (MAX_POSITIONS + 50,)])
def test_slices_and_the_whole_are_believed_alike(engine: Engine, lengths: tuple[int, ...]) -> None:
    """Another stream goes on between the slices, and is not disturbed."""
    prompts, other = [prompt(length, seed) for seed, length in enumerate(lengths)], prompt(40, 9)
    whole, sliced = engine.streams(), engine.streams()
    assert isinstance(sliced, SupportsChunkedPrefill)
    prompts = prompts[: sliced.max_concurrent_prefills]
    for streams in (whole, sliced):
        streams.join([other])
    turns = 0
    for _ in sliced.prefill_chunks(prompts):
        turns += 1
        sliced.advance([turns])
    for turn in range(turns):
        whole.advance([turn + 1])
    whole.join(prompts)
    assert turns >= 1 and beliefs(sliced) == pytest.approx(beliefs(whole), abs=2e-2)
    for streams in (whole, sliced):
        streams.advance([7] * (1 + len(prompts)))
        streams.keep([0, len(prompts)])
    assert beliefs(sliced) == pytest.approx(beliefs(whole), abs=2e-2)


def drawn(batch: BatchGenerator, numbers: Sequence[int]) -> tuple[dict[int, list[int]], list[int]]:
    """The tokens of each stream, and the numbers in the order in which each drew its first."""
    tokens = {number: list[int]() for number in numbers}
    order = list[int]()
    while batch.running:
        for step in batch.step():
            if not tokens[step.stream]:
                order.append(step.stream)
            tokens[step.stream].append(step.token)
    return tokens, order


def test_who_asks_little_does_not_wait_for_who_asks_much(engine: Engine) -> None:
    """A short prompt that came last draws first, and all draw what they would have drawn alone."""
    prompts = [*[prompt(300, seed) for seed in range(3)], prompt(6, 5)]
    samplings = [Sampling(seed=3, streams=(number,), temperature=0) for number in range(4)]
    requests = [TokenRequest(*pair, 5) for pair in zip(prompts, samplings, strict=True)]
    chunked, whole = BatchGenerator(engine, chunked_prefill=True), BatchGenerator(engine)
    numbers = chunked.join(requests)
    told, order = drawn(chunked, numbers)
    assert order[0] == 3 and sorted(order) == numbers
    assert told == drawn(whole, whole.join(requests))[0]


def test_a_prompt_that_is_being_read_can_be_given_up(engine: Engine) -> None:
    """Alone or beside others; nothing is drawn for it, and the others draw on."""
    batch = BatchGenerator(engine, chunked_prefill=True)
    numbers = batch.join([TokenRequest(prompt(300, seed), Sampling(seed=1, temperature=0), 3) for seed in range(3)])
    reading = batch._prefill
    assert reading is not None
    reading._read_chunk()
    batch.leave([0])
    assert batch.running == [1, 2]
    told, _ = drawn(batch, numbers)
    assert not told[0] and len(told[1]) == len(told[2]) == 3
    batch.join([TokenRequest(prompt(300, 4), Sampling(seed=1), 3)])
    reading._read_chunk()
    batch.leave([3])
    assert batch.running == [] and batch.step() == []


class Counted:
    """Streams that note what they are asked to read."""

    max_concurrent_prefills = 1

    def __init__(self) -> None:
        self.read = list[int]()

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        self.read += [prompt[0] for prompt in prompts]

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        self.read += [prompt[0] for prompt in prompts]
        yield


def test_the_first_of_each_request_is_read_before_the_second_of_any() -> None:
    """Sixteen long prompts asked for at once do not stand before the one that somebody else asked for."""
    counted: Any = Counted()
    reading = PrefillQueue(counted)
    reading.add(range(16), [[number] * 500 for number in range(16)])
    reading.add([16], [[16] * 500])
    reading.add([17], [[17] * 5])
    while reading.pending:
        reading.process()
    assert counted.read == [17, 0, 16, *range(1, 16)]


def test_an_engine_without_slices_reads_whole(engine: Engine) -> None:
    """A chain has nothing to read."""
    chain = MarkovEngine()
    assert not isinstance(chain.streams(), SupportsChunkedPrefill)
    batch = BatchGenerator(chain, chunked_prefill=True)
    batch.join([TokenRequest([0] * 5_000, Sampling(seed=1), 2)])
    assert len(batch.step()) == 1


def test_the_base_that_comes_with_us_reads_its_window_in_slices(tmp_path: Path) -> None:
    """Each stream alone believes what it believed beside others: where slices end depends on nobody else."""
    engine = load("pocket")
    long, short = prompt(500, 1), prompt(10, 2)
    alone, beside = BatchGenerator(engine, chunked_prefill=True), BatchGenerator(engine, chunked_prefill=True)
    request = TokenRequest(long, Sampling(seed=7, streams=(1,)), 8)
    only, _ = drawn(alone, alone.join([request]))
    both, _ = drawn(beside, beside.join([TokenRequest(short, Sampling(seed=7, streams=(0,)), 8), request]))
    assert both[1] == only[0]
