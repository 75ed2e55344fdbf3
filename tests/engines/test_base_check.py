"""A stranger's base folder: none of its code runs, nobody is asked for consent, and damage is a clear error."""

import io
import json
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soundalike.engines import load
from soundalike.engines.auto import config_from, model_from, tokenizer_from
from soundalike.engines.base_check import check_base
from soundalike.engines.base_files import read_base_config
from soundalike.errors import BaseModelError
from tests.engines import tiny

READERS = (config_from, model_from, tokenizer_from)


@pytest.fixture(scope="module")
def _qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.pretrained(tmp_path_factory.mktemp("qwen"), "qwen3", max_position_embeddings=256)


@pytest.fixture
def qwen(_qwen: Path, tmp_path: Path) -> Path:
    """A base of a kind that transformers knows, to be damaged by a test."""
    for path in _qwen.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def changed(path: Path, **given: Any) -> None:
    """Set keys of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | given), encoding="utf-8")


@pytest.fixture
def consent(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard input on which every line says yes."""
    lines = io.StringIO("y\n" * 20)
    monkeypatch.setattr(sys, "stdin", lines)
    return lines


def with_code(folder: Path) -> Path:
    """Put code beside the base wherever transformers might run it; returns the file that the code would write."""
    trace = folder / "trace"
    code = f"import pathlib\npathlib.Path({str(trace)!r}).write_text('ran')\nclass Own: pass\n"
    (folder / "own.py").write_text(code, encoding="utf-8")
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(code, encoding="utf-8")
    kinds = {name: "own.Own" for name in ("AutoConfig", "AutoModelForCausalLM")}
    changed(folder / "config.json", auto_map=kinds)
    changed(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Own", "own.Own"]})
    return trace


@pytest.mark.parametrize("kind", ["nobody-knows-it", None, 7])
@pytest.mark.parametrize("reader", READERS)
def test_a_base_that_needs_its_own_code_is_refused(
    qwen: Path, consent: io.StringIO, reader: Callable[[Path], Any], kind: Any
) -> None:
    """With a clear error, before anybody is asked: no line of standard input is read, and none of the code runs."""
    trace = with_code(qwen)
    changed(qwen / "config.json", model_type=kind)
    with pytest.raises(BaseModelError, match=r"needs code of its own, and such code is never run here\. Take another"):
        reader(qwen)
    assert consent.tell() == 0 and not trace.exists()


def test_code_beside_a_known_kind_never_runs(qwen: Path, consent: io.StringIO) -> None:
    """The base is read by the library's own code."""
    trace = with_code(qwen)
    engine = load(str(qwen))
    assert engine.tokenizer.decode(engine.tokenizer.encode(["hi"])[0]) == "hi"
    assert consent.tell() == 0 and not trace.exists()


def test_a_module_that_mlx_lm_would_import_is_refused(qwen: Path) -> None:
    """It is the value of `model_file`."""
    changed(qwen / "config.json", model_file="own.py")
    with pytest.raises(BaseModelError, match="needs code of its own"):
        check_base(qwen, read_base_config(qwen))


class Pickled:
    """Makes a folder when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
def test_pickled_weights_are_never_opened(qwen: Path, name: str) -> None:
    """Only safetensors are read, and the error says so."""
    import pickle

    (qwen / "model.safetensors").unlink()
    (qwen / name).write_bytes(pickle.dumps(Pickled(qwen / "trace")))
    with pytest.raises(BaseModelError, match="as pickle, which can run code; only safetensors are read"):
        load(str(qwen))
    assert not (qwen / "trace").exists()


@pytest.mark.parametrize("named", ["evil.bin", "../model.safetensors", "/etc/model.safetensors", 7])
def test_an_index_names_only_safetensors_beside_it(qwen: Path, named: Any) -> None:
    """Pickles, paths and other types are refused."""
    (qwen / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {"lm_head.weight": named}}
    (qwen / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(BaseModelError, match="no safetensors file beside it"):
        load(str(qwen))


def header(content: object) -> bytes:
    """The beginning of a safetensors file: the header's length, and the header as JSON."""
    encoded = json.dumps(content).encode()
    return struct.pack("<Q", len(encoded)) + encoded


TENSOR = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 1 << 40) + b"{",
        struct.pack("<Q", 1 << 63) + b"{}",
        header({"w": TENSOR}),
        header({"w": TENSOR | {"data_offsets": [0, 1 << 50]}}) + bytes(16),
        header({"w": TENSOR | {"data_offsets": [16, 0]}}) + bytes(16),
        header({"w": TENSOR | {"shape": [1 << 62, 1 << 62]}}) + bytes(16),
        header({"w": TENSOR | {"shape": "x"}}) + bytes(16),
        header([1]),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(qwen: Path, written: bytes) -> None:
    """Lengths of terabytes, offsets behind the end, shapes larger than the file: no memory is allocated for them."""
    (qwen / "model.safetensors").write_bytes(written)
    with pytest.raises(BaseModelError, match=r"model\.safetensors is damaged: .*\. Fetch the base again\."):
        load(str(qwen))


@pytest.mark.parametrize(
    "given",
    [
        {"num_hidden_layers": 10**9},
        {"vocab_size": 10**15},
        {"hidden_size": -1},
        {"hidden_size": "many"},
        {"max_position_embeddings": 10**12},
        {"intermediate_size": [10**15]},
        {"text_config": {"num_hidden_layers": 10**9}},
    ],
)
def test_sizes_that_the_weights_cannot_have_are_refused(qwen: Path, given: dict[str, Any]) -> None:
    """Before a model of that size is created."""
    changed(qwen / "config.json", **given)
    with pytest.raises(BaseModelError, match=r"config\.json is damaged: \w+ is .*, which its weights cannot have"):
        load(str(qwen))


@pytest.mark.parametrize(
    "given",
    [
        {"rope_parameters": "long"},
        {"rope_parameters": {"rope_type": []}},
        {"rms_norm_eps": "small"},
        {"num_attention_heads": 5},
        {"hidden_act": 3},
        {"layer_types": 5},
        {"dtype": "never"},
        {"eos_token_id": "end"},
    ],
)
@pytest.mark.parametrize("kind", ["qwen", "llama"])
def test_values_of_a_wrong_type_raise_a_clear_error(
    qwen: Path, base: str, tmp_path: Path, kind: str, given: dict[str, Any]
) -> None:
    """Whatever error a library raises; a base may also be read if the library does not need the value."""
    if kind == "llama":
        for path in Path(base).iterdir():
            (qwen / path.name).write_bytes(path.read_bytes())
        (qwen / "SHA256SUMS").unlink(missing_ok=True)
    changed(qwen / "config.json", **given)
    try:
        load(str(qwen))
    except BaseModelError as error:
        assert "\n" not in error.what and len(error.what) < 500


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, "\udcff"])
def test_a_config_that_is_no_object_is_damaged(qwen: Path, text: str) -> None:
    """The error names the file and says what to do."""
    (qwen / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BaseModelError, match=r"config\.json is damaged: .*\. Fetch the base again\."):
        load(str(qwen))


def test_a_folder_that_points_to_another_base_downloads_nothing(qwen: Path) -> None:
    """`adapter_config.json` in a base's folder would make transformers download the base that it names."""
    (qwen / "adapter_config.json").write_text('{"base_model_name_or_path": "org/other"}', encoding="utf-8")
    with pytest.raises(BaseModelError, match="cannot be read"):
        model_from(qwen)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors", "generation_config.json"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_in_a_base_are_refused(qwen: Path, name: str, kind: str) -> None:
    """None is opened, because that might never return."""
    (qwen / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(qwen / name)
    else:
        (qwen / name).symlink_to("/dev/zero")
    with pytest.raises(BaseModelError, match=r"There is no base model at|is a (pipe|device), and only regular files"):
        load(str(qwen))
    with pytest.raises(BaseModelError, match=r"is a (pipe|device), and only regular files"):
        config_from(qwen)


def test_weights_that_are_a_link_to_nothing_are_told(qwen: Path) -> None:
    """As a cache leaves them whose blobs were deleted; with an adapter too, and before memory is asked for."""
    (qwen / "model.safetensors").unlink()
    (qwen / "model.safetensors").symlink_to("gone")
    with pytest.raises(BaseModelError):
        load(str(qwen))
