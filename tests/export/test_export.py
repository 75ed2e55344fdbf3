"""What is exported is the model that was trained: other programs load it and say the same."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from soundalike.errors import EngineError
from soundalike.export.gguf import ARCHITECTURES, architecture_of, write_gguf
from soundalike.export.gguf_vocab import pre_tokenizer
from soundalike.export.merged import merged_model, write_merged
from soundalike.export.mlx_lm import write_mlx
from soundalike.export.template import chat_template, modelfile
from soundalike.prompt_template import render
from tests.engines import tiny
from tests.export.trained import CLOSE, TEXT, logits_of, tokens_of, trained

METHODS = ("full", "lora")
KINDS = [("small", "full"), ("small", "lora"), ("large", "lora")]
NEAR = {"fp32": CLOSE, "bf16": 0.1}
"""Type of the weights over which an adapter was learned -> how near the logits of the merged weights, in fp32, are."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a base that transformers runs, its weights held in the type that is computed in."""
    return str(tiny.pretrained(tmp_path_factory.mktemp("large"), "llama"))


@pytest.mark.parametrize(("size", "method"), KINDS)
def test_transformers_loads_the_merged_folder(
    base: str, large: str, tmp_path: Path, size: str, method: str, dtype: str
) -> None:
    """Its logits are our engine's, for all weights and for factors, and far from the base's own."""
    from transformers import AutoModelForCausalLM

    base = large if size == "large" else base
    engine, what = trained(base, tmp_path / "adapter", method)
    write_merged(what, tmp_path / "merged")
    tokens = tokens_of(engine)
    with torch.no_grad():
        theirs, before = (
            AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(torch.tensor([tokens])).logits[0, -1]
            for folder in (tmp_path / "merged", base)
        )
    ours, known = logits_of(engine, tokens), engine.tokenizer.size
    assert engine.numerics and engine.numerics.compute == dtype
    off, moved = (np.abs(logits.numpy() - ours)[:known].max() for logits in (theirs, before))
    assert off < NEAR[engine.numerics.weights] < 0.3 < moved


def test_merging_warns_nobody(base: str, tmp_path: Path) -> None:
    """What peft and transformers have to tell each other is not printed."""
    _, what = trained(base, tmp_path / "adapter", "lora")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", EncodingWarning)  # asked for by the command of the tests
        merged_model(what)


def test_its_tokenizer_opens_a_text_and_writes_a_transcript(base: str, tmp_path: Path) -> None:
    """Plain text opens with the beginning of a document, and a chat in roles becomes what the model learned from."""
    from transformers import AutoTokenizer

    engine, what = trained(base, tmp_path / "adapter")
    write_merged(what, tmp_path / "merged")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "merged")
    assert tokenizer(TEXT)["input_ids"] == tokens_of(engine)
    turns = [("user", "hi"), ("assistant", "hello\nthere"), ("user", " ok ")]
    chat = [{"role": role, "content": text} for role, text in turns]
    written = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    said = [("you", "hi"), ("ada", "hello\nthere"), ("you", "ok"), ("ada", "")]
    assert written == tokenizer.bos_token + render(said, end=False)


@pytest.mark.parametrize("method", METHODS)
def test_mlx_lm_loads_what_is_written_for_it(base: str, tmp_path: Path, method: str) -> None:
    """mlx-lm's own loader reads the adapter, or the merged weights, and its logits are our engine's."""
    mx = pytest.importorskip("mlx.core")
    from mlx_lm import load

    engine, what = trained(base, tmp_path / "adapter", method)
    (tmp_path / "mlx").mkdir()
    write_mlx(what, tmp_path / "mlx", tmp_path / "mlx")
    written = str(tmp_path / "mlx")
    model: Any = (load(written) if method == "full" else load(base, adapter_path=written))[0]
    tokens = tokens_of(engine)
    theirs = np.array(model(mx.array([tokens]))[0, -1].astype(mx.float32))
    assert np.abs(theirs - logits_of(engine, tokens)).max() < CLOSE


@pytest.mark.parametrize(("size", "heads"), [("small", 1), ("large", 2)])
def test_a_gguf_file_holds_the_merged_weights(
    base: str, large: str, tmp_path: Path, size: str, heads: int, dtype: str
) -> None:
    """Matrices in half precision, norms whole, whatever was computed in; keys in the order of llama.cpp's rotation."""
    from gguf import GGUFReader

    _, what = trained(large if size == "large" else base, tmp_path / "adapter", "lora")
    held = {tensor.name: tensor.data for tensor in GGUFReader(write_gguf(what, tmp_path)).tensors}
    weights = {name: value.numpy() for name, value in merged_model(what).state_dict().items()}
    assert np.array_equal(held["blk.0.ffn_up.weight"], weights["model.layers.0.mlp.up_proj.weight"].astype(np.float16))
    assert np.array_equal(held["output_norm.weight"], weights["model.norm.weight"])
    keys = weights["model.layers.1.self_attn.k_proj.weight"].astype(np.float16)
    turned = keys.reshape(heads, 2, -1, keys.shape[1]).swapaxes(1, 2).reshape(keys.shape)
    assert np.array_equal(held["blk.1.attn_k.weight"], turned)
    assert len(held) == len(weights) - (size == "small")  # its output is its embedding


def test_eight_bits_halve_it(base: str, tmp_path: Path) -> None:
    """q8_0 is written where rows divide into blocks, f16 elsewhere, and the file is smaller."""
    from gguf import GGUFReader

    _, what = trained(base, tmp_path / "adapter")
    files = {precision: write_gguf(what, tmp_path, precision) for precision in ("f16", "q8_0")}
    kinds = {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(files["q8_0"]).tensors}
    assert (kinds["blk.0.attn_q.weight"], kinds["blk.0.ffn_down.weight"]) == ("Q8_0", "F16")
    assert files["q8_0"].stat().st_size < files["f16"].stat().st_size


def test_an_architecture_without_a_shape_is_refused() -> None:
    """With what is possible, and what to do instead."""
    from transformers import MambaConfig

    with pytest.raises(EngineError, match="mamba.*only llama.*--to merged"):
        architecture_of(MambaConfig())
    assert "llama" in ARCHITECTURES


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ({"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}, "gpt-2"),
        (
            {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Digits", "individual_digits": True},
                    {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
                ],
            },
            "smollm",
        ),
    ],
)
def test_a_split_has_llama_cpps_name(rules: dict[str, object], name: str) -> None:
    """The same rules under the name that llama.cpp knows them by."""
    assert pre_tokenizer({"pre_tokenizer": rules, "model": {}}) == name


def test_an_unknown_split_is_refused() -> None:
    """Rather than words split otherwise than in training."""
    rules = {"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated", "invert": False}
    with pytest.raises(EngineError, match="no name for how this base splits words"):
        pre_tokenizer({"pre_tokenizer": rules, "model": {}})


def test_the_modelfile_says_how_to_speak(base: str, tmp_path: Path) -> None:
    """Weights by a name beside it, the owner as the assistant, the clone's own knobs, and a stop at the line's end."""
    _, what = trained(base, tmp_path / "adapter")
    written = modelfile(what, "ada-f16.gguf")
    assert written.startswith("FROM ./ada-f16.gguf\n")
    assert '{{ "ada" }}:"""\n' in written and "PARAMETER top_p 0.99\n" in written
    assert written.endswith('PARAMETER stop """\n"""\n')


def test_a_name_cannot_break_out_of_a_template(base: str, tmp_path: Path) -> None:
    """Quotes and braces in an owner's name are text."""
    from dataclasses import replace

    from jinja2 import Template

    _, what = trained(base, tmp_path / "adapter")
    name = "a\"b' {{ 1 }} \\"
    odd = replace(what, owner=name)
    said = Template(chat_template(odd)).render(messages=[], add_generation_prompt=True, bos_token="")
    assert said == f"{name}:"
    assert json.dumps(name) in modelfile(odd, "x")
