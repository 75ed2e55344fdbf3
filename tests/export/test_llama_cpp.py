"""llama.cpp, built from its source through llama-cpp-python, loads what is exported and says the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundalike.export import ExportSource
from soundalike.export.gguf import ARCHITECTURES, write_gguf
from soundalike.training.recipe import Recipe
from tests.engines import tiny
from tests.export.trained import CLOSE, TEXT, logits_of, tokens_of, trained

pytestmark = pytest.mark.slow
llama_cpp = pytest.importorskip("llama_cpp")

HOSTILE = [
    TEXT,
    "it's 2026, we'll   see..\n\n\tok",
    "naïve café 日本語 🙂\u200d↔️ lol",
    "a  b\t\tc \n",
    "DON'T they'RE 123456",
]


def loaded(file: Path) -> Any:
    return llama_cpp.Llama(str(file), n_ctx=64, logits_all=True, n_threads=1, verbose=False)


def logits_in(model: Any, tokens: list[int]) -> NDArray[np.float32]:
    """(tokens, vocabulary) of what comes after each token."""
    model.reset()
    model.eval(tokens)
    return np.array(model.scores[: len(tokens)])


@pytest.mark.parametrize("method", ["full", "lora"])
def test_pocket_speaks_in_it(method: str, tmp_path: Path) -> None:
    """The same tokens for any text; logits within 1e-2 in f16, close enough to speak alike in 8 bits."""
    engine, what = trained("pocket", tmp_path / "adapter", method)
    tokens = tokens_of(engine)
    for precision, close in (("f16", CLOSE), ("q8_0", 0.3)):
        model = loaded(write_gguf(what, tmp_path, precision))
        assert np.abs(logits_in(model, tokens)[-1] - logits_of(engine, tokens)).max() < close
        for text in HOSTILE:
            assert model.tokenize(text.encode(), add_bos=True, special=False) == tokens_of(engine, text)


def test_it_understands_a_chat_in_roles(tmp_path: Path) -> None:
    """The template in the file makes of roles the transcript that the model learned from."""
    _, what = trained("pocket", tmp_path / "adapter")
    model, knobs = loaded(write_gguf(what, tmp_path)), {"temperature": 0.0, "max_tokens": 8, "stop": ["\n"]}
    said = model.create_chat_completion([{"role": "user", "content": "hi sam"}], **knobs)
    greedy = model.create_completion("you: hi sam\nada:", **knobs)
    assert said["choices"][0]["message"]["content"] == greedy["choices"][0]["text"] != ""


SIZES = {
    "vocab_size": 259,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 64,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 1,
}
OWN: dict[str, dict[str, Any]] = {
    "granite": {
        "attention_multiplier": 0.2,
        "embedding_multiplier": 3.0,
        "residual_multiplier": 0.5,
        "logits_scaling": 2.0,
    },
    "gemma3_text": {"query_pre_attn_scalar": 16, "sliding_window": 8, "num_hidden_layers": 6},
    "mistral": {"sliding_window": None},
}


def foreign(model_type: str, folder: Path, **settings: Any) -> Any:
    """A small random model of another architecture, with a tokenizer, in a folder; norms are not all ones."""
    from transformers import AutoConfig, AutoModelForCausalLM

    tiny.base(folder)
    for left in ("model.safetensors", "SHA256SUMS"):
        (folder / left).unlink()
    rules = json.loads((folder / "tokenizer.json").read_text())
    rules["model"]["vocab"]["hi"], rules["model"]["merges"] = 258, [["h", "i"]]  # llama.cpp wants one at least
    (folder / "tokenizer.json").write_text(json.dumps(rules))
    torch.manual_seed(1)
    config = AutoConfig.for_model(model_type, **SIZES | OWN.get(model_type, {}) | settings)
    model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight) if weight.ndim == 1 else 0.05 * torch.randn_like(weight)
    model.save_pretrained(folder)
    return model


def adapter_of(model: Any, folder: Path) -> Any:
    """A PEFT adapter on every linear layer, made by plain peft, that changes it much."""
    from peft import LoraConfig, get_peft_model

    made = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.1)
    made.save_pretrained(str(folder))
    return made


LLAMA_3 = {
    "rope_type": "llama3",
    "rope_theta": 1e4,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
VARIANTS = [("llama", {"tie_word_embeddings": True}), ("llama", {"rope_parameters": LLAMA_3})]


@pytest.mark.parametrize(("model_type", "settings"), [*((name, {}) for name in ARCHITECTURES), *VARIANTS])
def test_every_shape_is_written_right(model_type: str, settings: dict[str, Any], tmp_path: Path) -> None:
    """With an adapter by plain peft, llama.cpp's logits after every token are transformers'."""
    made = adapter_of(foreign(model_type, tmp_path / "base", **settings), tmp_path / "adapter").eval()
    what = ExportSource(str(tmp_path / "base"), tmp_path / "adapter", "ada", True, 64, Recipe())
    tokens = [0, *(2 + torch.randint(0, 250, (30,), generator=torch.manual_seed(2))).tolist()]
    with torch.no_grad():
        ours = made(torch.tensor([tokens])).logits[0].numpy()
    theirs = logits_in(loaded(write_gguf(what, tmp_path)), tokens)
    assert ours.std() > 0.1
    assert np.abs(theirs - ours).max() < CLOSE * max(1.0, float(ours.std()))
