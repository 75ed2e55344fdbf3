"""A clone as one GGUF file for llama.cpp and Ollama, and the Modelfile for Ollama.

The `gguf` package writes the file and has the names of weights. Here are the keys that an architecture needs, the
conversion of transformers' weights to llama.cpp's, and the tokenizer (`gguf_vocab`). An architecture outside
ARCHITECTURES is refused: a file that loads and generates nonsense is worse than none. Sources: the GGUF specification
(ggml/docs/gguf.md) and the keys that llama.cpp's loader reads (src/llama-model.cpp); tests compare the logits of each
architecture with transformers'.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from soundalike.errors import EngineError
from soundalike.export import ExportSource
from soundalike.export.gguf_vocab import MERGED, USE_MERGED, add_vocabulary
from soundalike.export.merged import merged_model, write_tokenizer
from soundalike.export.template import modelfile

if TYPE_CHECKING:
    from gguf import GGUFWriter

Array = NDArray[Any]
BLOCK = 32  # weights with one scale in q8_0


@dataclass(frozen=True, slots=True)
class GgufArchitecture:
    """An architecture: its `name` in GGUF, and how its weights differ from transformers'.

    `interleaved`: rotary positions rotate neighbouring pairs of a head, not its halves; `norm_shift` is added to the
    weights of every norm.
    """

    name: str
    interleaved: bool = False
    norm_shift: float = 0.0


ARCHITECTURES = {
    "llama": GgufArchitecture("llama", interleaved=True),
    "mistral": GgufArchitecture("llama", interleaved=True),
    "smollm3": GgufArchitecture("smollm3", interleaved=True),
    "granite": GgufArchitecture("granite", interleaved=True),
    "qwen2": GgufArchitecture("qwen2"),
    "qwen3": GgufArchitecture("qwen3"),
    "olmo2": GgufArchitecture("olmo2"),
    "gemma3_text": GgufArchitecture("gemma3", norm_shift=1.0),
}
"""By transformers' `model_type`."""


def write_gguf(source: ExportSource, target: Path, precision: str = "f16") -> Path:
    """Write `OWNER-PRECISION.gguf` and a Modelfile into `target`; returns the path of the GGUF file.

    Matrices are written in `precision` (f16, or q8_0: 8 bits and a scale for each 32 weights), vectors in fp32.
    `EngineError` where the architecture or the tokenizer cannot be written.
    """
    model = merged_model(source)
    architecture = architecture_of(model.config)
    file = target / f"{_file_name(source.owner)}-{precision}.gguf"
    _write(file, model, source, architecture, precision)
    (target / "Modelfile").write_text(modelfile(source, file.name), "utf-8")
    return file


def architecture_of(config: Any) -> GgufArchitecture:
    """The architecture of a transformers config; `EngineError` where it is not in ARCHITECTURES."""
    if config.model_type not in ARCHITECTURES:
        raise EngineError(
            f"A {config.model_type} model cannot be written as GGUF here, only {', '.join(ARCHITECTURES)}.",
            "Use --to merged, and llama.cpp's own convert_hf_to_gguf.py on the folder.",
            MERGED,
        )
    return ARCHITECTURES[config.model_type]


def _file_name(owner: str) -> str:
    """The owner's name without characters that a file name should not have."""
    return re.sub(r"[^\w-]+", "-", owner).strip("-") or "voice"


def _write(file: Path, model: Any, source: ExportSource, architecture: GgufArchitecture, precision: str) -> None:
    from tempfile import TemporaryDirectory

    from gguf import GGUFWriter, LlamaFileType

    writer = GGUFWriter(file, architecture.name)
    writer.add_name(source.owner)
    writer.add_file_type(LlamaFileType.MOSTLY_F16 if precision == "f16" else LlamaFileType.MOSTLY_Q8_0)
    _add_sizes(writer, model.config, architecture)
    with TemporaryDirectory() as folder:
        write_tokenizer(source, Path(folder))
        add_vocabulary(writer, Path(folder), model.config)
    tensors = dict(_tensors(model, architecture))
    for name, weight in tensors.items():
        data, kind = _stored(weight.detach().float().numpy(), precision)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_sizes(writer: "GGUFWriter", config: Any, architecture: GgufArchitecture) -> None:
    """Add the keys from which llama.cpp builds the graph; the right-hand sides are transformers' names."""
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
    if architecture.name == "granite":
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_logit_scale(config.logits_scaling)
    if architecture.name == "gemma3":
        writer.add_sliding_window(config.sliding_window)


def _rope(config: Any) -> dict[str, Any]:
    """The rotary parameters of the layers with full attention."""
    parameters: dict[str, Any] = config.rope_parameters
    full_attention: dict[str, Any] = parameters.get("full_attention", parameters)
    return full_attention


def _tensors(model: Any, architecture: GgufArchitecture) -> Iterator[tuple[str, Any]]:
    """(llama.cpp's name, weight) of every weight, and the rotary factors of a base with extended context."""
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

    config = model.config
    arch = next(arch for arch in MODEL_ARCH if MODEL_ARCH_NAMES[arch] == architecture.name)
    names = get_tensor_name_map(arch, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        written = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if written is None:
            raise EngineError(f"GGUF has no name for the weight {name}.", USE_MERGED, MERGED)
        if architecture.interleaved and re.search(r"\.(q|k)_proj\.", name):
            heads = config.num_attention_heads if ".q_proj." in name else config.num_key_value_heads
            weight = interleave_halves(weight, heads)
        yield written, weight + architecture.norm_shift if name.endswith("norm.weight") else weight
    yield from _rope_factors(model, architecture)


def interleave_halves(weight: Any, heads: int) -> Any:
    """Reorder the rows of a query or key matrix (heads * d, hidden) from halves of a head to neighbouring pairs.

    transformers rotates the dimensions (i, i + d/2) together, llama.cpp's `llama` graph (2i, 2i + 1).
    """
    rows = weight.shape[0]
    halves = weight.view(heads, 2, rows // heads // 2, *weight.shape[1:])  # (heads, 2, d / 2, hidden)
    return halves.transpose(1, 2).reshape(weight.shape)


def _rope_factors(model: Any, architecture: GgufArchitecture) -> Iterator[tuple[str, Any]]:
    """The divisors of rotary frequencies of a base with extended context, such as Llama 3."""
    import torch

    rope = _rope(model.config)
    if rope.get("rope_type", "default") == "default":
        return
    rotary = model.model.rotary_emb
    if architecture.name != "llama" or rope["rope_type"] not in ("llama3", "linear") or rotary.attention_scaling != 1:
        raise EngineError(f"The rotation {rope['rope_type']} cannot be written as GGUF here.", USE_MERGED, MERGED)
    rates = rotary.inv_freq.float()
    plain = rope["rope_theta"] ** (-torch.arange(len(rates), dtype=torch.float32) / len(rates))
    yield "rope_freqs.weight", plain / rates


def _stored(weight: Array, precision: str) -> tuple[Array, Any]:
    """A weight and its type: vectors in fp32, matrices in `precision`, or f16 if rows are not whole blocks."""
    from gguf import GGMLQuantizationType as Kind
    from gguf import quants

    if weight.ndim == 1:
        return weight.astype(np.float32), Kind.F32
    if precision == "q8_0" and weight.shape[-1] % BLOCK == 0:
        return quants.quantize(weight, Kind.Q8_0), Kind.Q8_0
    return weight.astype(np.float16), Kind.F16
