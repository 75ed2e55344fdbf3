"""The contract of all engines: tests that run against each of ENGINES. A new engine adds one builder there."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from soundalike.clone.document import Document
from soundalike.engines import huggingface, llama, load, scoring
from soundalike.engines.markov import MarkovEngine
from soundalike.engines.protocol import Batch, Engine
from soundalike.generation.batch import BatchGenerator, Step, generate
from soundalike.generation.request import TokenRequest
from soundalike.generation.sampling import Sampling
from soundalike.training.numerics import VARIABLE
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Training
from tests.engines.helpers import tokens_of

WINDOW = 64
RATE = 1e-2
HOT = Sampling(temperature=1.5, dry_multiplier=0)
TEXT = "ada: hi sam\nsam: hello\n\tthere ada\nada: ok ✨\n"
OTHER = "bo: the boat is late: again\nada: it's fine.. we wait\n"


def without_compiler(base: str) -> Engine:
    """The Llama engine as it generates on a GPU, or where fused.c cannot be compiled."""
    engine = llama.load(base, None, Training(method="full"))
    engine.use_fused_decoder = False
    return engine


def with_mlx(base: str) -> Engine:
    """The default on Apple silicon; elsewhere it computes the same, slowly."""
    from soundalike.engines import mlx

    return mlx.load(base, None, Training(method="lora", rank=8, window=64))


Build = Callable[[str], Engine]
ENGINES: dict[str, Build] = {
    "markov": lambda base: MarkovEngine(),
    "llama-full": lambda base: load(base, None, Training(method="full")),
    "llama-without-c": without_compiler,
    "huggingface": lambda base: huggingface.load(base, None, Training(method="lora", rank=8, window=64)),
    "llama-lora": lambda base: load(base, None, Training(method="lora", rank=8)),
}
"""Name -> builder of a small untrained engine, the same each time, from the folder of a tiny base.

Tests train with windows of 64 tokens and a learning rate of 0.01."""
if find_spec("mlx_lm"):
    ENGINES["mlx"] = with_mlx


DTYPES = ("fp32", "bf16")
COMPUTED = [(name, dtype) for name in sorted(ENGINES) for dtype in (DTYPES[:1] if name == "markov" else DTYPES)]
"""(name, type of products) of every engine; a chain has no products."""


class Tolerance(NamedTuple):
    """How much two ways of computing the same number may differ."""

    loss: float  # relative
    generated: float  # log-probabilities by streams and by a forward pass, absolute
    scored: float  # log-probabilities of a text alone and beside others, absolute


TOLERANCES = {"fp32": Tolerance(1e-2, 3e-2, 1e-4), "bf16": Tolerance(3e-2, 1e-1, 1e-1)}


def built(name: str, dtype: str, base: str) -> Engine:
    """An engine that computes in `dtype`; PyTorch and MLX emulate bf16 where the processor lacks it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, dtype)
        return ENGINES[name](base)


def tolerance(engine: Engine) -> Tolerance:
    """For the type that an engine computes in."""
    return TOLERANCES[engine.numerics.compute if engine.numerics else "fp32"]


@pytest.fixture(params=COMPUTED, ids="-".join)
def build(request: pytest.FixtureRequest, base: str) -> Callable[[], Engine]:
    """A builder of an untrained engine."""
    name, dtype = request.param
    return lambda: built(name, dtype, base)


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest, base: str) -> Engine:
    """An engine that was trained a little on TEXT and OTHER; no test changes it."""
    return trained(ENGINES[request.param](base), TEXT, OTHER)


def batch_of(engine: Engine, *documents: Document, windows: int | None = None) -> Batch:
    batch = pack(list(encode(documents, engine.tokenizer, WINDOW)), WINDOW, seed=1)
    assert windows in (None, len(batch))
    return batch


def trained(engine: Engine, *texts: str, steps: int = 5) -> Engine:
    batch = batch_of(engine, *map(Document, texts))
    for _ in range(steps):
        engine.step(batch, RATE)
    return engine


def run(engine: Engine, prompts: list[list[int]], sampling: Sampling, max_tokens: int = 12) -> dict[int, list[Step]]:
    """The steps of each stream."""
    streams: dict[int, list[Step]] = {at: [] for at in range(len(prompts))}
    for steps in generate(engine, prompts, sampling, max_tokens):
        for step in steps:
            streams[step.stream].append(step)
    return streams


def tokens_drawn(engine: Engine, prompts: list[list[int]], sampling: Sampling) -> list[list[int]]:
    """The tokens of each stream."""
    return [[step.token for step in steps] for steps in run(engine, prompts, sampling).values()]


def test_it_is_an_engine(engine: Engine) -> None:
    """It has every method of the protocol."""
    assert isinstance(engine, Engine)


def test_the_tokenizer_loses_nothing(engine: Engine) -> None:
    """Decoding restores the text, spans cover it in order, and `begin` and `end` decode to nothing."""
    tokenizer = engine.tokenizer
    for text in (TEXT, OTHER, "", "  two  spaces\n\n"):
        (tokens,), (spans,) = tokenizer.encode([text]), tokenizer.spans([text])
        assert tokenizer.decode([tokenizer.begin, *tokens, tokenizer.end]) == text
        assert len(spans) == len(tokens)
        assert [start for start, _ in spans] == sorted(start for start, _ in spans)
        assert (spans[0][0], spans[-1][1]) == (0, len(text)) if text else not spans
        assert all(0 <= token < tokenizer.size for token in [*tokens, tokenizer.begin, tokenizer.end])


def test_learning_lowers_the_loss(build: Callable[[], Engine]) -> None:
    """A text that is trained on repeatedly becomes likelier."""
    engine = build()
    batch = batch_of(engine, Document(TEXT))
    losses = [engine.step(batch, RATE) for _ in range(15)]
    assert losses[-1] < 0.97 * losses[0]


def test_a_step_returns_the_mean_loss_before_it(build: Callable[[], Engine]) -> None:
    """`loss` of the same batch just before, divided by the sum of weights."""
    engine = trained(build(), OTHER, steps=2)
    batch = batch_of(engine, Document(TEXT))
    total, weight = engine.loss(batch)
    assert weight == pytest.approx(float(batch.weights.sum()))
    assert engine.step(batch, RATE) == pytest.approx(total / weight, rel=2 * tolerance(engine).loss)
    assert engine.loss(batch)[0] < total


def test_loss_is_weighted(build: Callable[[], Engine]) -> None:
    """A turn of weight 0 adds nothing, one of weight 0.5 half of its loss."""
    engine = trained(build(), OTHER, TEXT, steps=2)
    turns = ["ada: hi sam\n", "sam: hello\n\tthere ada\n", "ada: ok ✨\n"]
    sums = {}
    for weight in (0.0, 0.5, 1.0):
        weights = zip(turns, (1.0, weight, 1.0), strict=True)
        sums[weight] = engine.loss(batch_of(engine, Document(TEXT, list(weights))))[0]
    assert sums[0.0] < sums[0.5] < sums[1.0]
    assert sums[0.5] == pytest.approx((sums[0.0] + sums[1.0]) / 2, rel=tolerance(engine).loss)


def test_a_negative_weight_makes_tokens_less_likely(build: Callable[[], Engine]) -> None:
    """A step on such a text raises its loss; the loss of the step is over the weights without their signs."""
    engine = build()
    if engine.numerics is None:
        pytest.skip("a chain counts, and cannot count backwards")
    batch = batch_of(engine, Document(TEXT))
    before = engine.loss(batch)
    told = engine.step(replace(batch, weights=-batch.weights), RATE)
    assert told == pytest.approx(-before[0] / before[1], rel=tolerance(engine).loss)
    assert engine.loss(batch)[0] > before[0]


def test_a_batch_without_weights_changes_nothing(build: Callable[[], Engine]) -> None:
    """Its loss is 0, and the model stays as it was, the optimizer's momentum notwithstanding."""
    engine = trained(build(), TEXT, steps=2)
    batch = batch_of(engine, Document(OTHER))
    nothing = replace(batch, weights=np.zeros_like(batch.weights))
    before = engine.loss(batch)
    assert engine.loss(nothing) == (0.0, 0.0)
    assert engine.step(nothing, RATE) == 0.0
    assert engine.loss(batch) == before


def test_documents_do_not_influence_each_other(build: Callable[[], Engine]) -> None:
    """Two documents in one window have the loss of each in a window of its own."""
    engine = trained(build(), TEXT, OTHER, steps=3)
    small = "ada: hi\n", "bo: no\n"
    together = engine.loss(batch_of(engine, *map(Document, small), windows=1))
    apart = [engine.loss(batch_of(engine, Document(text))) for text in small]
    assert together[0] == pytest.approx(sum(loss for loss, _ in apart), rel=tolerance(engine).loss)


def test_logprobs_are_the_loss_token_by_token(build: Callable[[], Engine]) -> None:
    """Their sum is the loss of the document, and that of the first token is 0."""
    engine = trained(build(), TEXT, steps=3)
    logprobs = engine.logprobs([*tokens_of(engine, TEXT), engine.tokenizer.end])
    assert logprobs.dtype == np.float32 and logprobs[0] == 0
    loss = engine.loss(batch_of(engine, Document(TEXT)))[0]
    assert -float(logprobs.sum()) == pytest.approx(loss, rel=tolerance(engine).loss)


def test_many_texts_are_scored_as_each_alone(build: Callable[[], Engine]) -> None:
    """Other texts and their order do not matter; texts of one token or none are included."""
    engine = trained(build(), TEXT, OTHER, steps=3)
    texts = [[], *(tokens_of(engine, text) for text in ("", TEXT, "bo:", OTHER, TEXT[:20], "ada: hi"))]
    alone = [np.zeros(0, np.float32), np.zeros(1, np.float32), *map(engine.logprobs, texts[2:])]
    for many in (
        scoring.loglikelihood_rolling(engine, texts, 200),
        scoring.loglikelihood_rolling(engine, texts[::-1], 200)[::-1],
    ):
        assert [len(logprobs) for logprobs in many] == [len(text) for text in texts]
        assert np.concatenate(many) == pytest.approx(np.concatenate(alone), abs=tolerance(engine).scored)


def test_a_continuation_keeps_to_its_limits(engine: Engine) -> None:
    """Every stream draws one token per step, at most 12, and none after its end."""
    prompts = [tokens_of(engine, text) for text in ("ada:", "bo:", "ada: hi")]
    running = {0, 1, 2}
    for count, steps in enumerate(generate(engine, prompts, Sampling(seed=1), 12), start=1):
        drawn = [step.stream for step in steps]
        assert set(drawn) == running
        assert len(set(drawn)) == len(drawn) and count <= 12
        assert all(0 <= step.token < engine.tokenizer.size and step.logprob <= 1e-3 for step in steps)
        running = {step.stream for step in steps if step.token != engine.tokenizer.end}


@pytest.mark.parametrize(
    "build",
    [*((name, "fp32") for name in sorted(ENGINES)), ("llama-full", "bf16"), ("llama-without-c", "bf16")],
    indirect=True,
    ids="-".join,
)
def test_the_end_is_drawn_where_it_was_learned(build: Callable[[], Engine]) -> None:
    """Greedy decoding completes a document that was learned by heart, the end-of-text token included.

    Low-rank factors over a random base hardly learn (160 steps take the loss from 5.57 to 5.0 nats in either type of
    products), so they are tested in fp32 only. Where all weights are trained, the test passes in both types.
    """
    engine = trained(build(), TEXT, steps=160)
    steps = run(engine, [tokens_of(engine, TEXT[:-1])], Sampling(temperature=0, dry_multiplier=0))[0]
    assert steps[-1].token == engine.tokenizer.end
    assert engine.tokenizer.decode([step.token for step in steps]) == TEXT[-1]


def test_steps_have_the_models_log_probability(build: Callable[[], Engine]) -> None:
    """It is that of `logprobs` for the text so far, whatever the sampling."""
    engine = trained(build(), TEXT, OTHER)
    prompts = [tokens_of(engine, "ada:"), tokens_of(engine, "bo: the boat")]
    for at, steps in run(engine, prompts, Sampling(temperature=1.5, top_k=9, seed=3), 6).items():
        scored = engine.logprobs([*prompts[at], *(step.token for step in steps)])
        assert [step.logprob for step in steps] == pytest.approx(
            scored[len(prompts[at]) :].tolist(), abs=tolerance(engine).generated
        )


def test_a_seed_repeats_and_streams_are_independent(engine: Engine) -> None:
    """The same seed draws the same tokens, and a stream alone draws what it drew beside streams of other lengths."""
    prompts = [tokens_of(engine, text) for text in ("ada:", TEXT, "bo: the boat is")]
    first, again = (tokens_drawn(engine, prompts, replace(HOT, seed=5)) for _ in range(2))
    assert first == again and len(set(map(tuple, first))) > 2
    for at, beside_others in enumerate(first):
        assert tokens_drawn(engine, [prompts[at]], replace(HOT, seed=5, streams=(at,))) == [beside_others]


def test_streams_can_be_stopped(engine: Engine) -> None:
    """A stream whose index is sent into the generator draws no more; the others draw what they would have drawn."""
    prompts, sampling = [tokens_of(engine, "ada:")] * 3, replace(HOT, seed=2)
    whole = run(engine, prompts, sampling)
    stream = generate(engine, prompts, sampling, 12)
    first = next(stream)
    rest = [stream.send({0, 2}), *stream]
    assert [step.stream for step in first] == [0, 1, 2]
    assert all([step.stream for step in steps] == [1] for steps in rest)
    assert [first[1].token, *(steps[0].token for steps in rest)] == [step.token for step in whole[1]]


def test_streams_join_and_leave_at_any_token(engine: Engine) -> None:
    """A stream that joins late, beside others that leave, draws what it would have drawn alone."""
    first, late = tokens_of(engine, "ada:"), tokens_of(engine, TEXT[:20])
    (alone,) = tokens_drawn(engine, [late], replace(HOT, seed=9, streams=(7,)))
    batch, drawn = BatchGenerator(engine), list[int]()
    batch.join([TokenRequest(first, replace(HOT, seed=4, streams=(stream,)), 40) for stream in range(3)])
    for _ in range(3):
        batch.step()
    (number,) = batch.join([TokenRequest(late, replace(HOT, seed=9, streams=(7,)), 12)])
    batch.leave({0})
    while number in batch.running:
        steps = batch.step()
        drawn += [step.token for step in steps if step.stream == number]
        batch.leave({1})
    assert number == 3 and drawn == alone


def test_stopping_every_stream_ends_the_generator(engine: Engine) -> None:
    """No further step is computed."""
    stream = generate(engine, [tokens_of(engine, "ada:")], Sampling(seed=2), 12)
    next(stream)
    with pytest.raises(StopIteration):
        stream.send({0})


def test_without_the_adapter_it_is_the_base(build: Callable[[], Engine]) -> None:
    """In `adapter_off` texts and drawn tokens are as likely as before training; after it, as after training."""
    engine = build()
    tokens = tokens_of(engine, TEXT)
    before = engine.logprobs(tokens)
    trained(engine, TEXT)
    after = engine.logprobs(tokens)
    with engine.adapter_off():
        assert engine.logprobs(tokens) == pytest.approx(before, abs=1e-2)
        steps = run(engine, [tokens[:5]], Sampling(seed=1, temperature=1.0), 4)[0]
        scored = engine.logprobs([*tokens[:5], *(step.token for step in steps)])
        assert [step.logprob for step in steps] == pytest.approx(scored[5:].tolist(), abs=tolerance(engine).generated)
    assert engine.logprobs(tokens) == pytest.approx(after, abs=1e-6)
    assert after.sum() > before.sum()
    steps = run(engine, [tokens[:5]], Sampling(seed=1, temperature=1.0), 4)[0]
    scored = engine.logprobs([*tokens[:5], *(step.token for step in steps)])
    assert [step.logprob for step in steps] == pytest.approx(scored[5:].tolist(), abs=tolerance(engine).generated)


def test_an_adapter_survives_saving(build: Callable[[], Engine], tmp_path: Path) -> None:
    """For a new engine that loads it, a text is as likely."""
    engine = trained(build(), TEXT, OTHER)
    tokens = tokens_of(engine, TEXT)
    engine.save(tmp_path / "adapter")
    restored = build()
    restored.load(tmp_path / "adapter")
    assert restored.logprobs(tokens) == pytest.approx(engine.logprobs(tokens), abs=tolerance(engine).generated)


def test_training_resumes_exactly(build: Callable[[], Engine]) -> None:
    """From the state alone, which is named arrays, a new engine has the same losses to the bit."""
    engine = build()
    first, second = batch_of(engine, Document(TEXT)), batch_of(engine, Document(OTHER))
    engine.step(first, RATE)
    state = {name: np.array(value) for name, value in engine.state().items()}
    assert all(isinstance(value, np.ndarray) for value in engine.state().values())
    restored = build()
    restored.load_state(state)
    assert [engine.step(second, RATE) for _ in range(3)] == [restored.step(second, RATE) for _ in range(3)]
