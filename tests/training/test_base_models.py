"""Sizes of base models, and what adapting one costs."""

from typing import Any

import pytest

from soundalike.training.base_models import SMOLLM2, SUGGESTED, Compute, ModelShape, finest_precision

SMALL = {
    "num_hidden_layers": 3,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 500,
    "tie_word_embeddings": True,
}


@pytest.mark.parametrize("kind", ["llama", "qwen3", "smollm3"])
def test_a_size_counts_the_weights_of_the_model(kind: str) -> None:
    """All but the norms, which are a few in a thousand, and the factors that peft makes."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(kind, **SMALL, bos_token_id=0, eos_token_id=0, pad_token_id=0)
    model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    size = ModelShape.read(SMALL)
    assert size is not None
    matrices = sum(p.numel() for p in model.parameters() if p.ndim > 1)
    assert size.weights == matrices
    adapted = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    assert size.adapter_weights(8) == sum(p.numel() for p in adapted.parameters() if p.requires_grad)


@pytest.mark.parametrize("compute", ["fp32", "bf16"])
@pytest.mark.parametrize("hidden", [64, 128])
def test_activations_are_about_what_the_engine_measures(hidden: int, compute: Compute) -> None:
    """Bytes a token and layer that a forward pass keeps, on a shape that the figures were not fitted to."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    from soundalike.engines.causal_lm import CausalLM
    from soundalike.engines.huggingface import activation_bytes_per_token
    from soundalike.engines.pretrained import TYPES
    from soundalike.training.numerics import Numerics

    told = SMALL | {"hidden_size": hidden, "head_dim": hidden // 4, "intermediate_size": 300}
    config = AutoConfig.for_model("mistral", **told, bos_token_id=0, eos_token_id=0, pad_token_id=0)
    model: Any = AutoModelForCausalLM.from_config(config, dtype=TYPES[compute])  # type: ignore[no-untyped-call]
    causal, numerics = CausalLM(model), Numerics(compute, compute, "")
    get_peft_model(model.requires_grad_(False), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    size = ModelShape.read(told)
    assert size is not None and size.activation_bytes(compute) == pytest.approx(
        activation_bytes_per_token(causal, numerics), rel=0.15
    )


def test_the_origin_of_this_program_fits_where_it_did() -> None:
    """A 7B shape in 4 bits, windows of 512, within 7 GB, computed; finer numbers need more, and none is free."""
    mistral = next(base.shape for base in SUGGESTED if "Mistral-7B" in base.name)
    assert 7.2e9 < mistral.weights < 7.3e9
    assert (
        4e9
        < mistral.least_bytes("4-bit", window=512)
        < 7.0e9
        < mistral.least_bytes("bf16")
        < mistral.least_bytes("fp32")
    )


def test_the_last_layers_cost_less_than_all() -> None:
    """Forward through everything, backward only through what is trained; memory for what is trained alone."""
    shape = SMOLLM2.shape
    assert shape.full_training_flops() == 6 * shape.weights
    half = shape.full_training_flops(15)
    assert half == 2 * shape.linear_weights + 2 * shape.linear_weights + 4 * shape.embedding_weights
    assert shape.full_training_flops(shape.layers) == pytest.approx(6 * shape.weights - 2 * shape.embedding_weights)
    assert shape.trained_weights(15) == shape.linear_weights // 2 and shape.trained_weights(None) == shape.weights
    assert shape.fixed_bytes("fp32", None, 15) < 2.2e9 < 3.0e9 < shape.fixed_bytes("fp32", None)
    assert shape.activation_bytes("fp32", 15) == shape.activation_bytes("fp32") / 2
    assert 256 <= shape.replica_tokens("fp32", 15) < 512 < ModelShape(8, 64, 128, 2, 1, 32, 8192).replica_tokens("fp32")


def test_sizes_grow_with_the_list() -> None:
    """The suggestions are from the smallest to the largest, each named once."""
    weights = [base.shape.weights for base in SUGGESTED]
    assert weights == sorted(weights) and len({base.name for base in SUGGESTED}) == len(weights)


def test_a_configuration_of_another_shape_has_no_size() -> None:
    """Better no estimate than a wrong one; one inside another is found."""
    assert ModelShape.read({"n_embd": 64, "n_layer": 2}) is None
    assert ModelShape.read({"text_config": SMALL}) == ModelShape.read(SMALL)


def test_numbers_are_as_fine_as_memory_allows() -> None:
    """Half of the memory may be weights; where products are of one type, weights are of no other but 4 bits."""
    assert [finest_precision(1e9, 16e9, compute) for compute in (None, "fp32", "bf16")] == ["fp32", "fp32", "bf16"]
    assert [finest_precision(3e9, 16e9, compute) for compute in (None, "fp32", "bf16")] == ["bf16", "4-bit", "bf16"]
    assert [finest_precision(7e9, 16e9, compute) for compute in (None, "fp32", "bf16")] == ["4-bit"] * 3
