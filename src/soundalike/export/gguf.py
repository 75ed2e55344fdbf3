"""A clone as one GGUF file for llama.cpp and Ollama, with the Modelfile that Ollama reads.

The file is written by the `gguf` package; what is ours is which keys an architecture needs, how transformers'
weights become llama.cpp's, and the tokenizer (`gguf_vocab`). An architecture outside `SHAPES` is refused: a file
that loads and speaks nonsense is worse than none. Sources: the GGUF specification (ggml/docs/gguf.md), the keys that
llama.cpp's loader asks for (src/llama-model.cpp), and for each architecture logits compared in the tests.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from soundalike.errors import EngineError
from soundalike.export import Trained
from soundalike.export.merged import merged_model, write_tokenizer
from soundalike.export.template import modelfile

if TYPE_CHECKING:
    from gguf import GGUFWriter

Array = NDArray[Any]
BLOCK = 32  # weights that share a scale in q8_0


@dataclass(frozen=True, slots=True)
class BaseShape:
    """How an architecture is written: its name in GGUF, and how its weights differ from transformers'.

    `turned`: queries and keys are rotated in neighbouring pairs, not halves. `norm_shift` is added to every norm.
    """

    name: str
    turned: bool = False
    norm_shift: float = 0.0


SHAPES = {
    "llama": BaseShape("llama", turned=True),
    "mistral": BaseShape("llama", turned=True),
    "smollm3": BaseShape("smollm3", turned=True),
    "granite": BaseShape("granite", turned=True),
    "qwen2": BaseShape("qwen2"),
    "qwen3": BaseShape("qwen3"),
    "olmo2": BaseShape("olmo2"),
    "gemma3_text": BaseShape("gemma3", norm_shift=1.0),
}
"""transformers' `model_type` -> how it is written."""


def write_gguf(trained: Trained, target: Path, precision: str = "f16") -> Path:
    """`NAME-PRECISION.gguf` and a Modelfile in `target`; gives the GGUF file.

    Matrices in `precision` (f16, or q8_0: 8 bits and a scale for each 32), vectors in fp32. `EngineError` where the
    architecture or its tokenizer cannot be written.
    """
    model = merged_model(trained)
    shape = shape_of(model.config)
    file = target / f"{_file_name(trained.owner)}-{precision}.gguf"
    _write(file, model, trained, shape, precision)
    (target / "Modelfile").write_text(modelfile(trained, file.name), "utf-8")
    return file


def shape_of(config: Any) -> BaseShape:
    """How the architecture of a transformers config is written; `EngineError` where it is not known here."""
    if config.model_type not in SHAPES:
        raise EngineError(
            f"A {config.model_type} model cannot be written as GGUF here, only {', '.join(SHAPES)}.",
            "Use --to merged, and llama.cpp's own convert_hf_to_gguf.py on the folder.",
        )
    return SHAPES[config.model_type]


def _file_name(owner: str) -> str:
    """The owner's name as a file may bear it."""
    return re.sub(r"[^\w-]+", "-", owner).strip("-") or "voice"


def _write(file: Path, model: Any, trained: Trained, shape: BaseShape, precision: str) -> None:
    from tempfile import TemporaryDirectory

    from gguf import GGUFWriter, LlamaFileType

    from soundalike.export.gguf_vocab import add_vocabulary

    writer = GGUFWriter(file, shape.name)
    writer.add_name(trained.owner)
    writer.add_file_type(LlamaFileType.MOSTLY_F16 if precision == "f16" else LlamaFileType.MOSTLY_Q8_0)
    _add_sizes(writer, model.config, shape)
    with TemporaryDirectory() as folder:
        write_tokenizer(trained, Path(folder))
        add_vocabulary(writer, Path(folder), model.config)
    tensors = dict(_tensors(model, shape))
    for name, weight in tensors.items():
        data, kind = _stored(weight.detach().float().numpy(), precision)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_sizes(writer: "GGUFWriter", config: Any, shape: BaseShape) -> None:
    """The keys that llama.cpp builds the graph from, each under transformers' name on the right."""
    heads = config.num_attention_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_rope_dimension_count(head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_freq_base(_rope(config)["rope_theta"])
    if shape.name == "granite":
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_logit_scale(config.logits_scaling)
    if shape.name == "gemma3":
        writer.add_sliding_window(config.sliding_window)


def _rope(config: Any) -> dict[str, Any]:
    """The rotary parameters of the layers that see everything."""
    given: dict[str, Any] = config.rope_parameters
    seeing_all: dict[str, Any] = given.get("full_attention", given)
    return seeing_all


def _tensors(model: Any, shape: BaseShape) -> Iterator[tuple[str, Any]]:
    """Each weight under llama.cpp's name, and the frequencies of a stretched rotation."""
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

    config = model.config
    arch = next(arch for arch in MODEL_ARCH if MODEL_ARCH_NAMES[arch] == shape.name)
    names = get_tensor_name_map(arch, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        written = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if written is None:
            raise EngineError(f"GGUF has no name for the weight {name}.", "Use --to merged.")
        if shape.turned and re.search(r"\.(q|k)_proj\.", name):
            heads = config.num_attention_heads if ".q_proj." in name else config.num_key_value_heads
            weight = neighbouring(weight, heads)
        yield written, weight + shape.norm_shift if name.endswith("norm.weight") else weight
    yield from _stretch(model, shape)


def neighbouring(weight: Any, heads: int) -> Any:
    """Rows of a query or key matrix, halves of a head beside each other -> pairs beside each other.

    transformers rotates (i, i + d/2), llama.cpp's `llama` graph (2i, 2i + 1); row order is all that differs.
    """
    rows = weight.shape[0]
    return weight.view(heads, 2, rows // heads // 2, *weight.shape[1:]).transpose(1, 2).reshape(weight.shape)


def _stretch(model: Any, shape: BaseShape) -> Iterator[tuple[str, Any]]:
    """What each rotary frequency is divided by, where a base's context was stretched, as Llama 3's."""
    import torch

    rope = _rope(model.config)
    if rope.get("rope_type", "default") == "default":
        return
    rotary = model.model.rotary_emb
    if shape.name != "llama" or rope["rope_type"] not in ("llama3", "linear") or rotary.attention_scaling != 1:
        raise EngineError(f"The rotation {rope['rope_type']} cannot be written as GGUF here.", "Use --to merged.")
    rates = rotary.inv_freq.float()
    plain = rope["rope_theta"] ** (-torch.arange(len(rates), dtype=torch.float32) / len(rates))
    yield "rope_freqs.weight", plain / rates


def _stored(weight: Array, precision: str) -> tuple[Array, Any]:
    """Vectors in fp32, matrices in `precision`, those that blocks do not divide in f16."""
    from gguf import GGMLQuantizationType as Kind
    from gguf import quants

    if weight.ndim == 1:
        return weight.astype(np.float32), Kind.F32
    if precision == "q8_0" and weight.shape[-1] % BLOCK == 0:
        return quants.quantize(weight, Kind.Q8_0), Kind.Q8_0
    return weight.astype(np.float16), Kind.F16
