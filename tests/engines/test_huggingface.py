"""The engine for any Hugging Face base: kinds of models, number types, memory, and what is refused."""

import errno
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from soundalike.engines import engine_module_of, huggingface, pretrained
from soundalike.engines.base_files import base_folder
from soundalike.engines.unpacking import unpack_documents
from soundalike.errors import BaseModelError, DiskFull, EngineError, RecipeError
from soundalike.training.recipe import Training
from tests.engines import tiny
from tests.engines.helpers import batch_of, generated_logprobs, tokens_of

TEXTS = ["me: hi\nme: soup\n", "me: no\n", "sam: what\nme: the bike is back\n", "me: good night lol\n"]
LORA = Training(method="lora", rank=4, window=64, learning_rate=1e-2)
SLIDING = {"head_dim": 8, "sliding_window": 6}
PACKED: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": SLIDING,
    "qwen3": {"head_dim": 8},
    "gemma3_text": SLIDING | {"final_logit_softcapping": 20.0},
    "smollm3": {},
    "granite": {"logits_scaling": 3.0, "embedding_multiplier": 5.0},
    "olmo2": {},
    "olmo3": SLIDING,
}
SEPARATE: dict[str, dict[str, Any]] = {
    "lfm2": {"layer_types": ["conv", "full_attention", "conv", "full_attention"]},
    "qwen3_5_text": {
        "head_dim": 8,
        "linear_num_value_heads": 4,
        "linear_num_key_heads": 2,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    },
}
IN_BF16 = ("llama", "gemma3_text", "lfm2", "qwen3_5_text")  # plain, sliding, convolutional and recurrent layers
DTYPES = {"fp32": "torch.float32", "bf16": "torch.bfloat16"}
NEAR = {"fp32": 1e-4, "bf16": 0.1}
"""Number type -> the largest difference between logits computed in two ways, as a share of their standard deviation."""
pytestmark = pytest.mark.filterwarnings("ignore:Mem Efficient attention defaults")


@pytest.fixture(scope="module")
def base_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Returns the folder of a tiny base of a kind; each is made once."""
    folders: dict[str, str] = {}

    def base_of(kind: str) -> str:
        if kind not in folders:
            folders[kind] = str(tiny.pretrained(tmp_path_factory.mktemp(kind), kind, **(PACKED | SEPARATE)[kind]))
        return folders[kind]

    return base_of


@pytest.mark.parametrize("kind", PACKED)
def test_packed_logits_are_those_of_documents_apart(kind: str, base_of: Callable[[str], str], dtype: str) -> None:
    """In a window with others a document has the logits that it has alone; without its own positions it would not."""
    engine = huggingface.load(base_of(kind), None, LORA)
    assert engine.lm.supports_packing and str(engine.lm.model.dtype) == DTYPES[dtype]
    batch = batch_of(engine, TEXTS)
    tokens, positions = (torch.from_numpy(a).long() for a in (batch.tokens, batch.positions))
    running = torch.arange(tokens.shape[1]).expand_as(tokens)
    compared, mixed = 0, 0.0
    with torch.no_grad():
        packed, as_one_text = engine.lm.hidden_states(tokens, positions), engine.lm.hidden_states(tokens, running)
        for row, ids in enumerate(batch.documents):
            for number in set(ids.tolist()) - {-1}:
                at = torch.from_numpy(np.flatnonzero(ids == number))
                alone = engine.lm.model(tokens[row, at][None]).logits[0]
                compared += 1
                assert apart(engine.lm.logits(packed[row, at]), alone) < NEAR[dtype]
                mixed = max(mixed, apart(engine.lm.logits(as_one_text[row, at]), alone))
    assert compared == len(TEXTS) and len(batch) < compared and mixed > 10 * NEAR[dtype]


def apart(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """The largest difference between two tensors of logits, as a share of the standard deviation of the second."""
    return float((ours.float() - theirs.float()).abs().max() / theirs.float().std())


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [*((kind, "fp32") for kind in (*PACKED, *SEPARATE)), *((kind, "bf16") for kind in IN_BF16)],
    indirect=["dtype"],
)
def test_a_kind_of_model_trains_resumes_and_generates(
    kind: str, dtype: str, base_of: Callable[[str], str], tmp_path: Path
) -> None:
    """The loss falls; a restored state continues exactly; streams have the log-probabilities of a forward pass."""
    engine = huggingface.load(base_of(kind), None, LORA)
    batch = batch_of(engine, TEXTS)
    before = engine.loss(batch)[0]
    for _ in range(6):
        engine.step(batch, 1e-2)
    assert engine.loss(batch)[0] < 0.97 * before
    state = {name: value.copy() for name, value in engine.state().items()}
    restored = huggingface.load(base_of(kind), None, LORA)
    restored.load_state(state)
    assert [engine.step(batch, 1e-2) for _ in range(2)] == [restored.step(batch, 1e-2) for _ in range(2)]
    engine.save(tmp_path / "adapter")
    loaded = huggingface.load(base_of(kind), tmp_path / "adapter")
    prompts = [tokens_of(loaded, text) for text in TEXTS]
    atol = 2e-4 if dtype == "fp32" else 5e-2
    assert all(np.allclose(*pair, atol=atol) for pair in generated_logprobs(loaded, prompts, 12, scorer=engine))


@pytest.mark.parametrize("kind", SEPARATE)
def test_a_model_with_state_reads_one_document_per_row(kind: str, base_of: Callable[[str], str]) -> None:
    """A recurrent or convolutional model does not support packing, and its loss is the sum of each document's alone."""
    engine = huggingface.load(base_of(kind), None, LORA)
    assert not engine.lm.supports_packing
    alone = sum(engine.loss(batch_of(engine, [text]))[0] for text in TEXTS)
    assert engine.loss(batch_of(engine, TEXTS))[0] == pytest.approx(alone, rel=1e-5)


def test_unpacked_documents_lose_nothing(base_of: Callable[[str], str]) -> None:
    """Every token and weight is there once, no row has two documents, and no batch has more positions than allowed."""
    batch = batch_of(huggingface.load(base_of("llama"), None, LORA), TEXTS)
    parts = list(unpack_documents(batch, 40))
    assert sum(part.useful for part in parts) == batch.useful
    assert sum(float(part.weights.sum()) for part in parts) == float(batch.weights.sum())
    assert all(part.tokens.size <= 40 and (part.positions[:, 0] == 0).all() for part in parts)
    assert sum(map(len, parts)) == len(TEXTS)


def test_windows_in_one_row_have_the_same_loss(base_of: Callable[[str], str]) -> None:
    """Flattened, as kernels for packed sequences require, windows have the loss that they have as a batch."""
    engine = huggingface.load(base_of("llama"), None, LORA)
    batch = batch_of(engine, TEXTS * 3)
    batched = engine.loss(batch)[0]
    engine.lm.flatten = True
    assert len(batch) > 1 and engine.loss(batch)[0] == pytest.approx(batched, rel=1e-6)


def test_short_memory_costs_time_and_changes_no_loss(
    base_of: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one window's activations do not fit, they are computed again, a window at a time, with the same losses."""
    roomy = huggingface.load(base_of("gemma3_text"), None, LORA)
    batch = batch_of(roomy, TEXTS * 3)
    expected = [roomy.step(batch, 1e-2) for _ in range(3)]
    monkeypatch.setattr(huggingface, "free_memory", lambda: 1e5)
    tight = huggingface.load(base_of("gemma3_text"), None, LORA)
    assert [tight.step(batch, 1e-2) for _ in range(3)] == pytest.approx(expected, rel=1e-5)
    assert tight.lm.model.is_activation_checkpointing and not roomy.lm.model.is_activation_checkpointing
    assert len(tight._micro_batches(batch)) == len(batch)


def test_an_adapter_over_4_bit_weights_learns_and_loads(base_of: Callable[[str], str], tmp_path: Path) -> None:
    """NF4 weights, 8-bit AdamW: the loss falls, training resumes, and an adapter is loaded over 4-bit weights again."""
    pytest.importorskip("bitsandbytes")
    training = LORA.model_copy(update={"precision": "4-bit", "rank": 128})
    engine = huggingface.load(base_of("llama"), None, training)
    assert any(p.dtype == torch.uint8 for p in engine.lm.model.parameters())
    batch = batch_of(engine, TEXTS)
    before = engine.loss(batch)[0]
    for _ in range(5):
        engine.step(batch, 1e-2)
    assert engine.loss(batch)[0] < 0.97 * before
    state = {name: value.copy() for name, value in engine.state().items()}
    restored = huggingface.load(base_of("llama"), None, training)
    restored.load_state(state)
    assert any(value.dtype == np.uint8 for value in state.values())
    assert [engine.step(batch, 1e-2) for _ in range(2)] == [restored.step(batch, 1e-2) for _ in range(2)]
    engine.save(tmp_path / "adapter")
    loaded = huggingface.load(base_of("llama"), tmp_path / "adapter")
    assert loaded.numerics.weights == "4-bit"
    assert loaded.loss(batch)[0] == pytest.approx(engine.loss(batch)[0], rel=1e-5)


def test_an_adapter_loads_in_plain_peft(base_of: Callable[[str], str], tmp_path: Path) -> None:
    """transformers' model with peft's adapter has the engine's log-probabilities."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    engine = huggingface.load(base_of("qwen3"), None, LORA)
    engine.step(batch_of(engine, TEXTS), 1e-2)
    engine.save(tmp_path / "adapter")
    plain = AutoModelForCausalLM.from_pretrained(base_of("qwen3"), dtype=torch.float32)
    model = PeftModel.from_pretrained(plain, tmp_path / "adapter")
    ids = tokens_of(engine, TEXTS[2])
    with torch.no_grad():
        expected = torch.log_softmax(model(torch.tensor([ids])).logits[0, :-1], -1)[range(len(ids) - 1), ids[1:]]
    assert np.allclose(engine.logprobs(ids)[1:], expected.numpy(), atol=1e-5)


def test_each_base_has_its_engine(base: str, base_of: Callable[[str], str]) -> None:
    """Small Llamas with tied weights are computed by this package, everything else by transformers."""
    assert (
        engine_module_of("markov-2") == "markov"
        and engine_module_of("pocket") == "llama"
        and engine_module_of(base) == "llama"
    )
    assert {engine_module_of(base_of(kind)) for kind in ("llama", "qwen3", "olmo3")} == {"huggingface"}


def test_a_base_that_cannot_be_had_raises_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing at a path; the hub cannot be reached; a name is misspelt."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BaseModelError, match="There is no base model at"):
        base_folder(str(tmp_path))
    with pytest.raises(BaseModelError, match="org/model is not on this machine and the Hugging Face hub cannot be"):
        base_folder("org/model")
    with pytest.raises(BaseModelError, match="There is no base model at pokcet"):
        engine_module_of("pokcet")


def test_a_disk_that_fills_up_during_a_download_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for a hub that cannot be reached, even inside a library's own error."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fetch(name: str, local_files_only: bool = False, **arguments: object) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError("not here")
        raise LocalEntryNotFoundError("cannot be fetched") from full

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    with pytest.raises(DiskFull, match=r"^The disk is full: the base model org/model could not be fetched.*HF_HOME"):
        base_folder("org/model")


def test_a_downloaded_base_needs_no_network(
    base_of: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A base whose files are in the hub's cache is read from there."""
    home = tmp_path / "models--org--tiny"
    snapshot = home / "snapshots" / ("0" * 40)
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("0" * 40)
    snapshot.parent.mkdir()
    snapshot.symlink_to(base_of("qwen3"), target_is_directory=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path))
    assert base_folder("org/tiny") == snapshot and engine_module_of("org/tiny") == "huggingface"


def test_a_base_that_cannot_be_adapted_raises_a_clear_error(base_of: Callable[[str], str], tmp_path: Path) -> None:
    """A model that is not causal, an unknown kind of model, training of all weights, a window that is too long."""
    bidirectional = tiny.pretrained(tmp_path / "bidirectional", "bert")
    with pytest.raises(BaseModelError, match="Models of the kind bert are built in a way that soundalike cannot"):
        batch = batch_of(huggingface.load(base_of("llama"), None, LORA), TEXTS)
        huggingface.load(str(bidirectional), None, LORA).loss(batch)
    unknown = tmp_path / "unknown"
    unknown.mkdir()
    (unknown / "config.json").write_text('{"model_type": "nobody-knows-it"}')
    with pytest.raises(BaseModelError, match="cannot be read: .*nobody-knows-it"):
        huggingface.load(str(unknown), None, LORA)
    with pytest.raises(RecipeError, match="All weights of .* cannot be moved"):
        huggingface.load(base_of("llama"), None, Training(method="full"))
    with pytest.raises(RecipeError, match="reads 64 tokens at once, and windows have 256"):
        huggingface.load(base_of("llama"), None, LORA.model_copy(update={"window": 256}))


def test_an_adapter_of_another_base_is_refused(base: str, base_of: Callable[[str], str], tmp_path: Path) -> None:
    """One sentence on what is wrong, one on what to do."""
    huggingface.load(base_of("llama"), None, LORA).save(tmp_path / "a")
    with pytest.raises(EngineError, match="another base"):
        huggingface.load(base, tmp_path / "a")
    with pytest.raises(EngineError, match="no adapter"):
        huggingface.load(base_of("llama"), tmp_path / "nowhere")


def test_adapters_over_one_base_share_its_weights(base_of: Callable[[str], str]) -> None:
    """Frozen weights are the same memory, one adapter's training leaves the other alone, and all memory is freed."""
    base = base_of("llama")
    first, second = (huggingface.load(base, None, LORA) for _ in range(2))
    addresses = [{p.data_ptr() for p in one.peft.parameters() if not p.requires_grad} for one in (first, second)]
    assert addresses[0] == addresses[1] and len(addresses[0]) > 10
    tokens = first.tokenizer.encode(TEXTS[2:3])[0]
    before = first.logprobs(tokens)
    for _ in range(2):
        second.step(batch_of(second, TEXTS), 1e-2)
    assert np.array_equal(first.logprobs(tokens), before)
    assert not np.array_equal(second.logprobs(tokens), before)
    del first, second
    gc.collect()
    assert not [key for key in pretrained._loaded if str(key[0]) == base]
