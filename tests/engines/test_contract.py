"""What every engine must do, whatever it is made of. A new engine adds one builder to LEARNERS."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

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

WINDOW = 64
RATE = 1e-2
HOT = Sampling(temperature=1.5, dry_multiplier=0)
TEXT = "ada: hi sam\nsam: hello\n\tthere ada\nada: ok ✨\n"
OTHER = "bo: the boat is late: again\nada: it's fine.. we wait\n"


def without_compiler(base: str) -> Engine:
    """The PyTorch engine as it decodes where fused.c cannot be compiled, or on a GPU."""
    engine = llama.load(base, None, Training(method="full"))
    engine.use_fused_decoder = False
    return engine


def with_mlx(base: str) -> Engine:
    """MLX itself: on Apple silicon it is the default, elsewhere it must only compute the same."""
    from soundalike.engines import mlx

    return mlx.load(base, None, Training(method="lora", rank=8, window=64))


Build = Callable[[str], Engine]
LEARNERS: dict[str, Build] = {
    "markov": lambda base: MarkovEngine(),
    "torch-full": lambda base: load(base, None, Training(method="full")),
    "torch-plain": without_compiler,
    "huggingface": lambda base: huggingface.load(base, None, Training(method="lora", rank=8, window=64)),
    "torch-lora": lambda base: load(base, None, Training(method="lora", rank=8)),
}
"""Name -> builder of a small untrained engine, the same each time, given the folder of a tiny base model;
windows are 64 tokens, the rate 0.01."""
if find_spec("mlx_lm"):
    LEARNERS["mlx"] = with_mlx


BOTH = ("fp32", "bf16")
COMPUTED = [(name, dtype) for name in sorted(LEARNERS) for dtype in (BOTH[:1] if name == "markov" else BOTH)]
"""(name, type of products) of all that learn: a chain has none."""
CLOSE = {"fp32": (1e-2, 3e-2, 1e-4), "bf16": (3e-2, 1e-1, 1e-1)}
"""Type of products -> how near two ways to the same loss are, relatively; two to a token's log-probability, one of them
through a decoder; and two passes over it beside other texts."""


def built(name: str, dtype: str, base: str) -> Engine:
    """An engine that learns, computing in `dtype`; PyTorch and MLX emulate bf16 where the processor lacks it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, dtype)
        return LEARNERS[name](base)


def closeness(engine: Engine) -> tuple[float, float, float]:
    """Of CLOSE, for the types that an engine computes in."""
    return CLOSE[engine.numerics.compute if engine.numerics else "fp32"]


@pytest.fixture(params=COMPUTED, ids="-".join)
def build(request: pytest.FixtureRequest, base: str) -> Callable[[], Engine]:
    """Of an engine that learns."""
    name, dtype = request.param
    return lambda: built(name, dtype, base)


@pytest.fixture(scope="module", params=sorted(LEARNERS))
def taught(request: pytest.FixtureRequest, base: str) -> Engine:
    """One that has learned a little of TEXT and OTHER; nobody changes it."""
    return trained(LEARNERS[request.param](base), TEXT, OTHER)


def batch_of(engine: Engine, *documents: Document, windows: int | None = None) -> Batch:
    batch = pack(list(encode(documents, engine.tokenizer, WINDOW)), WINDOW, seed=1)
    assert windows in (None, len(batch))
    return batch


def tokens_of(engine: Engine, text: str) -> list[int]:
    return [engine.tokenizer.begin, *engine.tokenizer.encode([text])[0]]


def trained(engine: Engine, *texts: str, steps: int = 5) -> Engine:
    batch = batch_of(engine, *map(Document, texts))
    for _ in range(steps):
        engine.step(batch, RATE)
    return engine


def run(engine: Engine, prompts: list[list[int]], sampling: Sampling, most: int = 12) -> dict[int, list[Step]]:
    """All steps by stream."""
    streams: dict[int, list[Step]] = {at: [] for at in range(len(prompts))}
    for steps in generate(engine, prompts, sampling, most):
        for step in steps:
            streams[step.stream].append(step)
    return streams


def spoken(engine: Engine, prompts: list[list[int]], sampling: Sampling) -> list[list[int]]:
    """The tokens of each stream."""
    return [[step.token for step in steps] for steps in run(engine, prompts, sampling).values()]


def test_it_is_an_engine(taught: Engine) -> None:
    """It has every method of the protocol."""
    assert isinstance(taught, Engine)


def test_the_tokenizer_loses_nothing(taught: Engine) -> None:
    """Template text comes back whole, spans cover it in order, and begin and end are no text."""
    tokenizer = taught.tokenizer
    for text in (TEXT, OTHER, "", "  two  spaces\n\n"):
        (tokens,), (spans,) = tokenizer.encode([text]), tokenizer.spans([text])
        assert tokenizer.decode([tokenizer.begin, *tokens, tokenizer.end]) == text
        assert len(spans) == len(tokens)
        assert [start for start, _ in spans] == sorted(start for start, _ in spans)
        assert (spans[0][0], spans[-1][1]) == (0, len(text)) if text else not spans
        assert all(0 <= token < tokenizer.size for token in [*tokens, tokenizer.begin, tokenizer.end])


def test_learning_lowers_the_loss(build: Callable[[], Engine]) -> None:
    """A text read again and again becomes likelier."""
    engine = build()
    batch = batch_of(engine, Document(TEXT))
    losses = [engine.step(batch, RATE) for _ in range(15)]
    assert losses[-1] < 0.97 * losses[0]


def test_a_step_gives_the_mean_loss_from_before_it(build: Callable[[], Engine]) -> None:
    """What `step` gives is what `loss` says of the same batch just before."""
    engine = trained(build(), OTHER, steps=2)
    batch = batch_of(engine, Document(TEXT))
    total, weight = engine.loss(batch)
    assert weight == pytest.approx(float(batch.weights.sum()))
    assert engine.step(batch, RATE) == pytest.approx(total / weight, rel=2 * closeness(engine)[0])
    assert engine.loss(batch)[0] < total


def test_loss_counts_by_weight(build: Callable[[], Engine]) -> None:
    """A turn of weight 0 adds nothing, one of weight 0.5 half of its loss."""
    engine = trained(build(), OTHER, TEXT, steps=2)
    turns = ["ada: hi sam\n", "sam: hello\n\tthere ada\n", "ada: ok ✨\n"]
    sums = {}
    for weight in (0.0, 0.5, 1.0):
        weights = zip(turns, (1.0, weight, 1.0), strict=True)
        sums[weight] = engine.loss(batch_of(engine, Document(TEXT, list(weights))))[0]
    assert sums[0.0] < sums[0.5] < sums[1.0]
    assert sums[0.5] == pytest.approx((sums[0.0] + sums[1.0]) / 2, rel=closeness(engine)[0])


def test_documents_never_see_each_other(build: Callable[[], Engine]) -> None:
    """Two documents in one window lose as much as each in a window of its own."""
    engine = trained(build(), TEXT, OTHER, steps=3)
    small = "ada: hi\n", "bo: no\n"
    together = engine.loss(batch_of(engine, *map(Document, small), windows=1))
    apart = [engine.loss(batch_of(engine, Document(text))) for text in small]
    assert together[0] == pytest.approx(sum(loss for loss, _ in apart), rel=closeness(engine)[0])


def test_logprobs_are_the_loss_token_by_token(build: Callable[[], Engine]) -> None:
    """Their sum is the loss of the document, and the first token, which nothing precedes, has 0."""
    engine = trained(build(), TEXT, steps=3)
    given = engine.logprobs([*tokens_of(engine, TEXT), engine.tokenizer.end])
    assert given.dtype == np.float32 and given[0] == 0
    assert -float(given.sum()) == pytest.approx(
        engine.loss(batch_of(engine, Document(TEXT)))[0], rel=closeness(engine)[0]
    )


def test_many_texts_are_scored_as_each_alone(build: Callable[[], Engine]) -> None:
    """Whatever stands beside a text, in whatever order, its tokens are as likely; one and no tokens are texts too."""
    engine = trained(build(), TEXT, OTHER, steps=3)
    texts = [[], *(tokens_of(engine, text) for text in ("", TEXT, "bo:", OTHER, TEXT[:20], "ada: hi"))]
    alone = [np.zeros(0, np.float32), np.zeros(1, np.float32), *map(engine.logprobs, texts[2:])]
    for many in (
        scoring.loglikelihood_rolling(engine, texts, 200),
        scoring.loglikelihood_rolling(engine, texts[::-1], 200)[::-1],
    ):
        assert [len(given) for given in many] == [len(text) for text in texts]
        assert np.concatenate(many) == pytest.approx(np.concatenate(alone), abs=closeness(engine)[2])


def test_a_continuation_keeps_to_its_limits(taught: Engine) -> None:
    """Every stream draws at most so many tokens, none after its end, and one at a time."""
    prompts = [tokens_of(taught, text) for text in ("ada:", "bo:", "ada: hi")]
    running = {0, 1, 2}
    for count, steps in enumerate(generate(taught, prompts, Sampling(seed=1), 12), start=1):
        drawn = [step.stream for step in steps]
        assert set(drawn) == running
        assert len(set(drawn)) == len(drawn) and count <= 12
        assert all(0 <= step.token < taught.tokenizer.size and step.logprob <= 1e-3 for step in steps)
        running = {step.stream for step in steps if step.token != taught.tokenizer.end}


@pytest.mark.parametrize(
    "build",
    [*((name, "fp32") for name in sorted(LEARNERS)), ("torch-full", "bf16"), ("torch-plain", "bf16")],
    indirect=True,
    ids="-".join,
)
def test_the_end_is_drawn_where_it_was_learned(build: Callable[[], Engine]) -> None:
    """A document learned by heart is generated to its end, and the end-of-text token itself is returned.

    Factors over a random base hardly learn (160 steps take the loss from 5.57 to 5.0 nats in either type of products),
    so that another seed or rate may say something else; where all weights move, it holds for both types.
    """
    says_its_end(trained(build(), TEXT, steps=160))


def says_its_end(engine: Engine) -> None:
    steps = run(engine, [tokens_of(engine, TEXT[:-1])], Sampling(temperature=0, dry_multiplier=0))[0]
    assert steps[-1].token == engine.tokenizer.end
    assert engine.tokenizer.decode([step.token for step in steps]) == TEXT[-1]


def test_steps_carry_the_raw_logprob(build: Callable[[], Engine]) -> None:
    """A step's log-probability is what `logprobs` gives for the text so far, whatever the sampling."""
    engine = trained(build(), TEXT, OTHER)
    prompts = [tokens_of(engine, "ada:"), tokens_of(engine, "bo: the boat")]
    for at, steps in run(engine, prompts, Sampling(temperature=1.5, top_k=9, seed=3), 6).items():
        said = engine.logprobs([*prompts[at], *(step.token for step in steps)])
        assert [step.logprob for step in steps] == pytest.approx(
            said[len(prompts[at]) :].tolist(), abs=closeness(engine)[1]
        )


def test_a_seed_repeats_and_streams_stand_alone(taught: Engine) -> None:
    """The same seed gives the same tokens, and a stream alone draws as it did beside others of other lengths."""
    prompts = [tokens_of(taught, text) for text in ("ada:", TEXT, "bo: the boat is")]
    first, again = (spoken(taught, prompts, replace(HOT, seed=5)) for _ in range(2))
    assert first == again and len(set(map(tuple, first))) > 2
    for at, among in enumerate(first):
        assert spoken(taught, [prompts[at]], replace(HOT, seed=5, streams=(at,))) == [among]


def test_streams_can_be_stopped(taught: Engine) -> None:
    """A stream whose index is sent draws no more, the others go on as they would have."""
    prompts, sampling = [tokens_of(taught, "ada:")] * 3, replace(HOT, seed=2)
    whole = run(taught, prompts, sampling)
    stream = generate(taught, prompts, sampling, 12)
    first = next(stream)
    rest = [stream.send({0, 2}), *stream]
    assert [step.stream for step in first] == [0, 1, 2]
    assert all([step.stream for step in steps] == [1] for steps in rest)
    assert [first[1].token, *(steps[0].token for steps in rest)] == [step.token for step in whole[1]]


def test_streams_join_and_leave_at_any_token(taught: Engine) -> None:
    """A stream that joins late, beside others that leave, draws what it would have drawn alone."""
    first, late = tokens_of(taught, "ada:"), tokens_of(taught, TEXT[:20])
    (alone,) = spoken(taught, [late], replace(HOT, seed=9, streams=(7,)))
    batch, drawn = BatchGenerator(taught), list[int]()
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


def test_stopping_every_stream_ends_it(taught: Engine) -> None:
    """Nothing is drawn for nobody."""
    stream = generate(taught, [tokens_of(taught, "ada:")], Sampling(seed=2), 12)
    next(stream)
    with pytest.raises(StopIteration):
        stream.send({0})


def test_without_the_adapter_it_is_the_base(build: Callable[[], Engine]) -> None:
    """Inside `adapter_off` it knows what it knew before training, for texts and for draws; after it, all again."""
    engine = build()
    tokens = tokens_of(engine, TEXT)
    before = engine.logprobs(tokens)
    trained(engine, TEXT)
    after = engine.logprobs(tokens)
    with engine.adapter_off():
        assert engine.logprobs(tokens) == pytest.approx(before, abs=1e-2)
        steps = run(engine, [tokens[:5]], Sampling(seed=1, temperature=1.0), 4)[0]
        said = engine.logprobs([*tokens[:5], *(step.token for step in steps)])
        assert [step.logprob for step in steps] == pytest.approx(said[5:].tolist(), abs=closeness(engine)[1])
    assert engine.logprobs(tokens) == pytest.approx(after, abs=1e-6)
    assert after.sum() > before.sum()
    steps = run(engine, [tokens[:5]], Sampling(seed=1, temperature=1.0), 4)[0]
    said = engine.logprobs([*tokens[:5], *(step.token for step in steps)])
    assert [step.logprob for step in steps] == pytest.approx(said[5:].tolist(), abs=closeness(engine)[1])


def test_an_adapter_survives_saving(build: Callable[[], Engine], tmp_path: Path) -> None:
    """A fresh engine that loads it finds every text as likely."""
    engine = trained(build(), TEXT, OTHER)
    tokens = tokens_of(engine, TEXT)
    engine.save(tmp_path / "adapter")
    fresh = build()
    fresh.load(tmp_path / "adapter")
    assert fresh.logprobs(tokens) == pytest.approx(engine.logprobs(tokens), abs=closeness(engine)[1])


def test_training_goes_on_from_a_state_exactly(build: Callable[[], Engine]) -> None:
    """From the state alone, which is named arrays, a fresh engine makes the same steps with the same losses."""
    engine = build()
    first, second = batch_of(engine, Document(TEXT)), batch_of(engine, Document(OTHER))
    engine.step(first, RATE)
    state = {name: np.array(value) for name, value in engine.state().items()}
    assert all(isinstance(value, np.ndarray) for value in engine.state().values())
    fresh = build()
    fresh.load_state(state)
    assert [engine.step(second, RATE) for _ in range(3)] == [fresh.step(second, RATE) for _ in range(3)]
