"""The engine for small Llama models: against transformers, packed against apart, and its adapters."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from soundalike.engines import llama, loss, scoring
from soundalike.engines.adapter_files import adapter_settings
from soundalike.engines.data_parallel import ThreadedDataParallel
from soundalike.engines.llama import LlamaEngine
from soundalike.engines.llama_model import attention, document_mask
from soundalike.engines.loss import batch_loss
from soundalike.errors import EngineError, RecipeError
from soundalike.training.recipe import Training
from tests.engines import tiny
from tests.engines.helpers import batch_of, generated_logprobs, tokens_of

TEXTS = ["me: hi\nme: i love soup\n", "me: no\n", "sam: what\nme: the bike is back\n", "me: good night lol\n"]
METHODS = [
    Training(method="full", learning_rate=5e-3),
    Training(method="full", num_layers=1, learning_rate=1e-2),
    Training(method="lora", rank=4, learning_rate=2e-2),
]


def logprobs_by_transformers(model: torch.nn.Module, tokens: list[int]) -> np.ndarray:
    """Log-probability of each token but the first, in fp32."""
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0]
    logprobs: np.ndarray = torch.log_softmax(logits[:-1], -1)[range(len(tokens) - 1), tokens[1:]].numpy()
    return logprobs


def agrees_with_transformers(engine: LlamaEngine, folder: str, text: str) -> bool:
    from transformers import AutoModelForCausalLM

    tokens = tokens_of(engine, text)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return np.allclose(engine.logprobs(tokens)[1:], logprobs_by_transformers(model, tokens), atol=1e-5)


def test_log_probabilities_equal_those_of_transformers(base: str) -> None:
    """LlamaForCausalLM, from the same folder, agrees to 1e-5."""
    assert agrees_with_transformers(llama.load(base), base, TEXTS[0])


def test_a_small_llama_that_transformers_saved_is_read(tmp_path: Path) -> None:
    """Its rotary base is where transformers 5 writes it, and the size of its heads is not written at all."""
    folder = tiny.pretrained(tmp_path / "base", "llama", tie_word_embeddings=True, rope_theta=500.0)
    config = json.loads((folder / "config.json").read_text())
    config.pop("head_dim", None)
    (folder / "config.json").write_text(json.dumps(config))
    assert agrees_with_transformers(llama.load(str(folder)), str(folder), TEXTS[1])


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    """With one byte of the weights changed, their hash differs from the folder's SHA256SUMS."""
    weights = tiny.base(tmp_path / "base") / "model.safetensors"
    llama.load(str(tmp_path / "base"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(EngineError, match="not as it was published"):
        llama.load(str(tmp_path / "base"))


def test_a_window_longer_than_the_positions_is_refused(tmp_path: Path) -> None:
    """Before training, not as an index error within it; an engine that will not train has no windows."""
    short = str(tiny.base(tmp_path / "base", max_positions=64))
    with pytest.raises(RecipeError, match="reads 64 tokens at once, and windows have 128"):
        llama.load(short, None, Training(window=128))
    llama.load(short).save(tmp_path / "adapter")
    llama.load(short, tmp_path / "adapter", Training(window=128))


def test_packed_documents_have_the_hidden_states_of_separate_ones(base: str, dtype: str) -> None:
    """Documents in one window do not attend to each other."""
    engine = llama.load(base)
    products = torch.bfloat16 if dtype == "bf16" else torch.float32
    model, batch = ThreadedDataParallel(engine.model, 1, products).compute_model, batch_of(engine, TEXTS)
    assert len(batch) < len(TEXTS)
    tokens, positions = torch.from_numpy(batch.tokens).long(), torch.from_numpy(batch.positions).long()
    with torch.no_grad():
        packed = model(tokens, positions, document_mask(torch.from_numpy(batch.documents)))
        for row, number in {(r, n) for r in range(len(batch)) for n in batch.documents[r].tolist() if n >= 0}:
            where = batch.documents[row] == number
            alone = tokens[row, where][None]
            separate = model(alone, torch.arange(alone.shape[1])[None], document_mask(torch.zeros_like(alone)))
            assert torch.allclose(packed[row, where], separate[0], atol=1e-5 if dtype == "fp32" else 5e-2)


def test_attention_in_bf16_is_that_of_fp32() -> None:
    """Output and gradients of several heads a key, documents masked, computed as products and by PyTorch's kernel."""
    torch.manual_seed(2)
    mask = document_mask(torch.arange(40).div(13, rounding_mode="floor").expand(2, -1))
    bias = torch.zeros(mask.shape).masked_fill(~mask, float("-inf"))
    q, k, v = (torch.randn(2, heads, 40, 32, requires_grad=True) for heads in (6, 2, 2))
    rounded_q, rounded_k, rounded_v = (tensor.detach().bfloat16().requires_grad_() for tensor in (q, k, v))
    plain, in_bf16 = attention(q, k, v, bias), attention(rounded_q, rounded_k, rounded_v, bias.bfloat16())
    assert in_bf16.dtype == torch.bfloat16
    torch.testing.assert_close(in_bf16.float(), plain, atol=3e-2, rtol=3e-2)
    weights = torch.randn(plain.shape)
    expected = torch.autograd.grad((plain * weights).sum(), (q, k, v))
    gradients = torch.autograd.grad((in_bf16 * weights).sum(), (rounded_q, rounded_k, rounded_v))
    for ours, theirs in zip(gradients, expected, strict=True):
        assert (ours.float() - theirs).norm() < 2e-2 * theirs.norm()


@pytest.mark.parametrize("training", METHODS, ids=["full", "last layer", "lora"])
def test_the_gradient_in_bf16_is_nearly_that_of_fp32(tmp_path: Path, training: Training) -> None:
    """Of every trained weight, over windows that are more parts than replicas, where heads share a key."""
    base = str(tiny.base(tmp_path, num_attention_heads=4, num_key_value_heads=2))
    gradients = []
    for compute in ("fp32", "bf16"):
        torch.manual_seed(1)
        engine = llama.load(base, None, training.model_copy(update={"compute_dtype": compute}))
        for name, p in engine.adapter.parameters().items():
            if "lora_B" in name:
                torch.nn.init.normal_(p, std=0.05)  # at zero the other factors have no gradient
        windows = batch_of(engine, TEXTS * 3)
        parallel = ThreadedDataParallel(engine.model, 2, torch.bfloat16 if compute == "bf16" else torch.float32)
        parallel.gradient(batch_loss, windows.parts(1))
        gradients.append({name: p.grad for name, p in engine.adapter.parameters().items()})
    plain, in_bf16 = gradients
    for name, gradient in plain.items():
        other = in_bf16[name]
        assert gradient is not None and other is not None and other.dtype == torch.float32
        assert (other - gradient).norm() < 5e-2 * gradient.norm(), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_chunked_cross_entropy_equals_torchs_own(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss and both gradients agree with F.cross_entropy, with more rows than a chunk and a slice of one have."""
    monkeypatch.setattr(loss, "FEWEST_ROWS", 250)
    monkeypatch.setattr(loss, "LOGIT_BYTES", 0)
    monkeypatch.setattr(loss, "SLICE_LOGITS", 40 * 70)
    torch.manual_seed(0)
    hidden = torch.randn(600, 8).to(dtype).requires_grad_()
    lm_head = torch.randn(40, 8).to(dtype).requires_grad_()
    targets, weights = torch.randint(40, (600,)), torch.rand(600)
    chunked = loss.weighted_cross_entropy(hidden, lm_head, targets, weights)
    logits = hidden.float() @ lm_head.float().T
    whole = (torch.nn.functional.cross_entropy(logits, targets, reduction="none") * weights).sum()
    assert chunked.item() == pytest.approx(whole.item(), rel=1e-5 if dtype == torch.float32 else 1e-3)
    gradients = (torch.autograd.grad(value, (hidden, lm_head)) for value in (chunked, whole))
    for ours, theirs in zip(*gradients, strict=True):
        off = (ours.float() - theirs.float()).norm()
        assert off < (1e-5 if dtype == torch.float32 else 2e-2) * theirs.float().norm()
    with torch.no_grad():
        assert loss.weighted_cross_entropy(hidden, lm_head, targets, weights).item() == chunked.item()


@pytest.mark.parametrize("training", METHODS, ids=["full", "last layer", "lora"])
@pytest.mark.usefixtures("dtype")
def test_an_adapter_learns_saves_and_loads(base: str, tmp_path: Path, training: Training) -> None:
    """The loss falls on repeated text, a saved adapter has the same loss again, and off it leaves the base."""
    engine = llama.load(base, None, training)
    batch = batch_of(engine, TEXTS)
    before = engine.loss(batch)[0]
    for _ in range(30):
        engine.step(batch, training.learning_rate)
    after = engine.loss(batch)[0]
    with engine.adapter_off():
        assert engine.loss(batch)[0] == pytest.approx(before, rel=1e-6)
    assert after < 0.97 * before
    engine.save(tmp_path / "adapter")
    assert adapter_settings(tmp_path / "adapter")["method"] == training.method
    loaded = llama.load(base, tmp_path / "adapter")
    assert loaded.loss(batch)[0] == pytest.approx(after, rel=5e-3)


def test_a_low_rank_adapter_loads_in_plain_peft(base: str, tmp_path: Path) -> None:
    """transformers' model with peft's adapter has the engine's log-probabilities."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    engine = llama.load(base, None, Training(method="lora", rank=4))
    batch = batch_of(engine, TEXTS)
    for _ in range(5):
        engine.step(batch, 1e-2)
    engine.save(tmp_path / "adapter")
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = PeftModel.from_pretrained(plain, tmp_path / "adapter")
    tokens = tokens_of(engine, TEXTS[2])
    assert np.allclose(engine.logprobs(tokens)[1:], logprobs_by_transformers(model, tokens), atol=1e-5)


def test_only_the_last_layers_are_trained(base: str, tmp_path: Path) -> None:
    """Nothing below them changes or is written, and merging elsewhere gives the same weights."""
    engine = llama.load(base, None, Training(num_layers=1))
    before = {name: p.detach().clone() for name, p in engine.model.named_parameters()}
    engine.step(batch_of(engine, TEXTS), 1e-2)
    changed = {name for name, p in engine.model.named_parameters() if not torch.equal(p, before[name])}
    assert changed and all(name.startswith(("model.layers.1.", "model.norm.")) for name in changed)
    engine.save(tmp_path / "adapter")
    assert adapter_settings(tmp_path / "adapter") == {"method": "full", "num_layers": 1}
    assert set(load_file(tmp_path / "adapter" / "adapter_model.safetensors")) == changed


@pytest.mark.parametrize("training", METHODS, ids=["full", "last layer", "lora"])
def test_a_restored_state_continues_exactly(base: str, training: Training, dtype: str) -> None:
    """A new engine with another's state has the same losses from there on, to the bit."""
    first = llama.load(base, None, training)
    batch = batch_of(first, TEXTS)
    for _ in range(3):
        first.step(batch, 1e-3)
    state = {name: value.copy() for name, value in first.state().items()}
    second = llama.load(base, None, training)
    second.load_state(state)
    assert [first.step(batch, 1e-3) for _ in range(3)] == [second.step(batch, 1e-3) for _ in range(3)]


@pytest.mark.parametrize("training", METHODS, ids=["full", "last layer", "lora"])
def test_streams_have_the_log_probabilities_of_a_forward_pass(base: str, training: Training, dtype: str) -> None:
    """For prompts of many lengths; both are computed in fp32."""
    engine = llama.load(base, None, training)
    engine.step(batch_of(engine, TEXTS), 1e-2)
    prompts = [[0, *engine.tokenizer.encode([text])[0]] for text in TEXTS]
    assert all(np.allclose(*pair, atol=1e-4) for pair in generated_logprobs(engine, prompts, 12))


def test_an_adapter_of_another_base_is_refused(base: str, tmp_path: Path) -> None:
    """One sentence on what is wrong, one on what to do."""
    llama.load(base, None, Training(method="lora", rank=4)).save(tmp_path / "a")
    with pytest.raises(EngineError, match="another base"):
        llama.load(base, None, Training(method="lora", rank=8)).load(tmp_path / "a")
    with pytest.raises(EngineError, match="no adapter"):
        llama.load(base, tmp_path / "nowhere")


def test_a_text_beyond_the_positions_is_scored_in_parts() -> None:
    """A text may be longer than pocket's 512 positions; its first 512 tokens are scored as if there were no more."""
    pocket = llama.load("pocket")
    tokens = tokens_of(pocket, "sam: and then i went home again\n" * 90)
    assert len(tokens) > 700
    logprobs = scoring.loglikelihood_rolling(pocket, [tokens], 512)[0]
    assert len(logprobs) == len(tokens) and np.isfinite(logprobs).all() and (logprobs[1:] < 0).all()
    first, second = pocket.logprobs_of([tokens[:512], tokens[256:768]])
    assert logprobs[:512] == pytest.approx(first, abs=1e-4)
    assert logprobs[512:768] == pytest.approx(second[256:], abs=1e-4)
