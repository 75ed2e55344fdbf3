"""Long prompts are read in chunks between the tokens of other streams, with the same logits after them."""

from collections.abc import Callable, Iterator, Sequence
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
    """Each engine with a random base of 384 positions."""
    yield ENGINES[request.param](str(tiny.base(tmp_path_factory.mktemp("long"), max_positions=MAX_POSITIONS)))


def prompt(length: int, seed: int) -> list[int]:
    return [0, *np.random.default_rng(seed).integers(2, 250, length - 1).tolist()]


def logprobs(streams: Any) -> Any:
    return streams.logits - streams.logsumexp[:, None]


@pytest.mark.parametrize("lengths", [(300, 270), (129,), (MAX_POSITIONS + 50,)])
def test_chunks_and_whole_prompts_have_the_same_logits(engine: Engine, lengths: tuple[int, ...]) -> None:
    """So has another stream that draws between the chunks."""
    prompts, other = [prompt(length, length) for length in lengths], prompt(40, 9)
    whole, chunked = engine.streams(), engine.streams()
    assert isinstance(chunked, SupportsChunkedPrefill)
    prompts = prompts[: chunked.max_concurrent_prefills]
    for streams in (whole, chunked):
        streams.join([other])
    chunks = 0
    for _ in chunked.prefill_chunks(prompts):
        chunks += 1
        chunked.advance([chunks])
    for number in range(chunks):
        whole.advance([number + 1])
    whole.join(prompts)
    assert chunks >= 1 and logprobs(chunked) == pytest.approx(logprobs(whole), abs=2e-2)
    for streams in (whole, chunked):
        streams.advance([7] * (1 + len(prompts)))
        streams.keep([0, len(prompts)])
    assert logprobs(chunked) == pytest.approx(logprobs(whole), abs=2e-2)


def drawn(batch: BatchGenerator, numbers: Sequence[int]) -> tuple[dict[int, list[int]], list[int]]:
    """The tokens of each stream, and the streams in the order in which they drew their first token."""
    tokens = {number: list[int]() for number in numbers}
    order = list[int]()
    while batch.running:
        for step in batch.step():
            if not tokens[step.stream]:
                order.append(step.stream)
            tokens[step.stream].append(step.token)
    return tokens, order


def test_a_short_prompt_does_not_wait_for_long_ones(engine: Engine) -> None:
    """It draws first though it came last, and all draw what they would have drawn without chunks."""
    prompts = [*[prompt(300, seed) for seed in range(3)], prompt(6, 5)]
    samplings = [Sampling(seed=3, streams=(number,), temperature=0) for number in range(4)]
    requests = [TokenRequest(*pair, 5) for pair in zip(prompts, samplings, strict=True)]
    chunked, whole = BatchGenerator(engine, chunked_prefill=True), BatchGenerator(engine)
    numbers = chunked.join(requests)
    tokens, order = drawn(chunked, numbers)
    assert order[0] == 3 and sorted(order) == numbers
    assert tokens == drawn(whole, whole.join(requests))[0]


def test_a_prompt_that_is_being_read_can_be_cancelled(engine: Engine) -> None:
    """Alone or together with others; nothing is drawn for it, and the others draw all their tokens."""
    batch = BatchGenerator(engine, chunked_prefill=True)
    greedy = Sampling(seed=1, temperature=0)
    numbers = batch.join([TokenRequest(prompt(300, seed), greedy, 3) for seed in (20, 21, 22)])
    queue = batch._prefill
    assert queue is not None
    queue._read_chunk()
    batch.leave([0])
    assert batch.running == [1, 2]
    tokens, _ = drawn(batch, numbers)
    assert not tokens[0] and len(tokens[1]) == len(tokens[2]) == 3
    batch.join([TokenRequest(prompt(300, 23), Sampling(seed=1), 3)])
    queue._read_chunk()
    batch.leave([3])
    assert batch.running == [] and batch.step() == []


class RecordingStreams:
    """Streams that record the first token of each prompt that they read."""

    max_concurrent_prefills = 1

    def __init__(self) -> None:
        self.read = list[int]()

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        self.read += [prompt[0] for prompt in prompts]

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        self.read += [prompt[0] for prompt in prompts]
        yield


def test_the_first_of_each_request_is_read_before_the_second_of_any() -> None:
    """Sixteen long prompts of one request do not delay the one of another by more than a prompt."""
    streams: Any = RecordingStreams()
    queue = PrefillQueue(streams)
    queue.add(range(16), [[number] * 500 for number in range(16)])
    queue.add([16], [[16] * 500])
    queue.add([17], [[17] * 5])
    while queue.pending:
        queue.process()
    assert streams.read == [17, 0, 16, *range(1, 16)]


def test_an_engine_without_chunks_reads_whole_prompts() -> None:
    """A chain has nothing to compute for a prompt."""
    chain = MarkovEngine()
    assert not isinstance(chain.streams(), SupportsChunkedPrefill)
    batch = BatchGenerator(chain, chunked_prefill=True)
    batch.join([TokenRequest([0] * 5_000, Sampling(seed=1), 2)])
    assert len(batch.step()) == 1


def test_pocket_draws_the_same_beside_other_streams() -> None:
    """Where the chunks of a prompt end does not depend on other streams."""
    engine = load("pocket")
    long, short = prompt(500, 1), prompt(10, 2)
    alone, beside = BatchGenerator(engine, chunked_prefill=True), BatchGenerator(engine, chunked_prefill=True)
    request = TokenRequest(long, Sampling(seed=7, streams=(1,)), 8)
    only, _ = drawn(alone, alone.join([request]))
    both, _ = drawn(beside, beside.join([TokenRequest(short, Sampling(seed=7, streams=(0,)), 8), request]))
    assert both[1] == only[0]
