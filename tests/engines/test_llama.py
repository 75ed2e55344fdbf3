"""The PyTorch engine against transformers, against itself packed and apart, and through its adapters."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from soundalike.clone.document import Document
from soundalike.engines import llama, scoring
from soundalike.engines.adapter_files import adapter_method
from soundalike.engines.llama import LlamaEngine
from soundalike.engines.llama_model import document_mask
from soundalike.engines.loss import weighted_cross_entropy
from soundalike.engines.protocol import Batch
from soundalike.errors import EngineError, RecipeError
from soundalike.generation.batch import generate
from soundalike.generation.sampling import Sampling
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Training
from tests.engines import tiny

TEXTS = ["me: hi\nme: i love soup\n", "me: no\n", "sam: what\nme: the bike is back\n", "me: good night lol\n"]
METHODS = [
    Training(method="full", learning_rate=5e-3),
    Training(method="lora", rank=4, learning_rate=2e-2),
]


def batch_of(engine: LlamaEngine, texts: list[str] = TEXTS) -> Batch:
    return pack(list(encode([Document(t) for t in texts], engine.tokenizer, 64)), 64, 0)


def test_logits_equal_those_of_transformers(base: str) -> None:
    """Log-probabilities agree with LlamaForCausalLM on the same folder to 1e-5."""
    from transformers import AutoModelForCausalLM

    engine = llama.load(base)
    ids = [engine.tokenizer.begin, *engine.tokenizer.encode([TEXTS[0]])[0]]
    with torch.no_grad():
        logits = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)(torch.tensor([ids])).logits[0]
    expected = torch.log_softmax(logits[:-1], -1)[range(len(ids) - 1), ids[1:]]
    assert np.allclose(engine.logprobs(ids)[1:], expected.numpy(), atol=1e-5)


def test_a_small_llama_that_transformers_saved_is_read_as_it_is(tmp_path: Path) -> None:
    """Its rotary base stands where transformers 5 puts it, its heads' size nowhere: log-probabilities still agree."""
    from transformers import AutoModelForCausalLM

    folder = tiny.pretrained(tmp_path / "base", "llama", tie_word_embeddings=True, rope_theta=500.0)
    config = json.loads((folder / "config.json").read_text())
    config.pop("head_dim", None)
    (folder / "config.json").write_text(json.dumps(config))
    engine = llama.load(str(folder))
    ids = [engine.tokenizer.begin, *engine.tokenizer.encode([TEXTS[1]])[0]]
    with torch.no_grad():
        logits = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(torch.tensor([ids])).logits[0]
    expected = torch.log_softmax(logits[:-1], -1)[range(len(ids) - 1), ids[1:]]
    assert np.allclose(engine.logprobs(ids)[1:], expected.numpy(), atol=1e-5)


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    """One byte of the weights is another: the folder's own sums tell."""
    weights = tiny.base(tmp_path / "base") / "model.safetensors"
    llama.load(str(tmp_path / "base"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(EngineError, match="not as it was published"):
        llama.load(str(tmp_path / "base"))


def test_a_window_longer_than_its_positions_is_refused(tmp_path: Path) -> None:
    """Told before training and not as a missing index within; who only speaks is asked nothing."""
    short = str(tiny.base(tmp_path / "base", max_positions=64))
    with pytest.raises(RecipeError, match="reads 64 tokens at once, and windows have 128"):
        llama.load(short, None, Training(window=128))
    llama.load(short).save(tmp_path / "adapter")
    llama.load(short, tmp_path / "adapter", Training(window=128))


def test_packed_documents_have_the_logits_of_separate_ones(base: str, dtype: str) -> None:
    """Documents that share a window do not see each other: hidden states, a few units wide, agree."""
    engine = llama.load(base)
    model, batch = engine.model, batch_of(engine)
    assert len(batch) < len(TEXTS)
    tokens, positions = torch.from_numpy(batch.tokens).long(), torch.from_numpy(batch.positions).long()
    with torch.no_grad(), engine.numerics.autocast("cpu"):
        packed = model(tokens, positions, document_mask(torch.from_numpy(batch.documents)))
        for row, number in {(r, n) for r in range(len(batch)) for n in batch.documents[r].tolist() if n >= 0}:
            where = batch.documents[row] == number
            alone = tokens[row, where][None]
            apart = model(alone, torch.arange(alone.shape[1])[None], document_mask(torch.zeros_like(alone)))
            assert torch.allclose(packed[row, where], apart[0], atol=1e-5 if dtype == "fp32" else 5e-2)


def test_sliced_cross_entropy_equals_torchs_own() -> None:
    """Loss and both gradients agree with F.cross_entropy, more rows than a slice included."""
    torch.manual_seed(0)
    hidden, head = torch.randn(600, 8, requires_grad=True), torch.randn(40, 8, requires_grad=True)
    targets, weights = torch.randint(40, (600,)), torch.rand(600)
    ours = torch.autograd.grad(weighted_cross_entropy(hidden, head, targets, weights), (hidden, head))
    loss = (torch.nn.functional.cross_entropy(hidden @ head.T, targets, reduction="none") * weights).sum()
    theirs = torch.autograd.grad(loss, (hidden, head))
    assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("training", METHODS, ids=["full", "lora"])
def test_an_adapter_learns_saves_and_comes_back(base: str, tmp_path: Path, training: Training) -> None:
    """Loss falls on repeated text; the saved adapter reloaded has the same losses; off, the base is untouched."""
    engine = llama.load(base, None, training)
    batch = batch_of(engine)
    before = engine.loss(batch)[0]
    for _ in range(30):
        engine.step(batch, training.learning_rate)
    after = engine.loss(batch)[0]
    with engine.adapter_off():
        assert engine.loss(batch)[0] == pytest.approx(before, rel=1e-6)
    assert after < 0.97 * before
    engine.save(tmp_path / "adapter")
    assert adapter_method(tmp_path / "adapter")[0] == training.method
    again = llama.load(base, tmp_path / "adapter")
    assert again.loss(batch)[0] == pytest.approx(after, rel=5e-3)


def test_a_low_rank_adapter_loads_in_plain_peft(base: str, tmp_path: Path) -> None:
    """transformers' model with peft's adapter gives our log-probabilities."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    engine = llama.load(base, None, Training(method="lora", rank=4))
    batch = batch_of(engine)
    for _ in range(5):
        engine.step(batch, 1e-2)
    engine.save(tmp_path / "adapter")
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = PeftModel.from_pretrained(plain, tmp_path / "adapter")
    ids = [engine.tokenizer.begin, *engine.tokenizer.encode([TEXTS[2]])[0]]
    with torch.no_grad():
        expected = torch.log_softmax(model(torch.tensor([ids])).logits[0, :-1], -1)[range(len(ids) - 1), ids[1:]]
    assert np.allclose(engine.logprobs(ids)[1:], expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("training", METHODS, ids=["full", "lora"])
def test_state_put_back_goes_on_exactly(base: str, training: Training, dtype: str) -> None:
    """A fresh engine given another's state has bit-identical losses from there on, whatever is computed in."""
    first = llama.load(base, None, training)
    batch = batch_of(first)
    for _ in range(3):
        first.step(batch, 1e-3)
    kept = {name: value.copy() for name, value in first.state().items()}
    second = llama.load(base, None, training)
    second.load_state(kept)
    assert [first.step(batch, 1e-3) for _ in range(3)] == [second.step(batch, 1e-3) for _ in range(3)]


@pytest.mark.parametrize("training", METHODS, ids=["full", "lora"])
def test_streams_decode_what_the_model_says(base: str, training: Training, dtype: str) -> None:
    """Log-probabilities of drawn tokens, prompts of many lengths, equal those of one forward pass, both in fp32."""
    engine = llama.load(base, None, training)
    engine.step(batch_of(engine), 1e-2)
    prompts = [[0, *engine.tokenizer.encode([t])[0]] for t in TEXTS]
    drawn: list[list[tuple[int, float]]] = [[] for _ in prompts]
    for steps in generate(engine, prompts, Sampling(seed=1), 12):
        for s in steps:
            drawn[s.stream].append((s.token, s.logprob))
    for prompt, told in zip(prompts, drawn, strict=True):
        said = engine.logprobs([*prompt, *(token for token, _ in told)])[len(prompt) :]
        assert np.allclose(said, [p for _, p in told], atol=1e-4)


def test_an_adapter_of_another_base_is_refused(base: str, tmp_path: Path) -> None:
    """One sentence on what is wrong, one on what to do."""
    llama.load(base, None, Training(method="lora", rank=4)).save(tmp_path / "a")
    with pytest.raises(EngineError, match="another base"):
        llama.load(base, None, Training(method="lora", rank=8)).load(tmp_path / "a")
    with pytest.raises(EngineError, match="no adapter"):
        llama.load(base, tmp_path / "nowhere")


def test_a_text_beyond_the_positions_is_scored_in_parts() -> None:
    """A message may be longer than pocket's 512 positions; within them it is scored as it always is."""
    pocket = llama.load("pocket")
    tokens = [pocket.tokenizer.begin, *pocket.tokenizer.encode(["sam: and then i went home again\n" * 90])[0]]
    assert len(tokens) > 700
    given = scoring.loglikelihood_rolling(pocket, [tokens], 512)[0]
    assert len(given) == len(tokens) and np.isfinite(given).all() and (given[1:] < 0).all()
    assert given[:512] == pytest.approx(pocket.logprobs(tokens[:512]), abs=1e-4)
    assert given[512:768] == pytest.approx(pocket.logprobs(tokens[256:768])[-256:][: len(tokens) - 512], abs=1e-4)
