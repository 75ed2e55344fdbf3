"""A clone's documents load in other people's trainers as they lie there: mlx-lm, TRL, Axolotl."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from soundalike.demo import EXPORT
from soundalike.generation.voice import Voice
from soundalike.importing.document_lines import jsonl
from soundalike.importing.document_settings import SPLITS, DocumentSettings
from soundalike.importing.documents import build
from soundalike.importing.importer import run_import
from tests.engines import tiny
from tests.invented import NAMES, corpus, crowd


@pytest.fixture(params=["monologue", "dialogue"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The files of an import of either kind."""
    authors = tuple(NAMES) if request.param == "dialogue" else ("me",)
    built = build(corpus(crowd(400, authors=authors)), DocumentSettings())
    assert built.dialogue == (request.param == "dialogue")
    for split in SPLITS:
        (tmp_path / f"{split}.jsonl").write_bytes(b"".join(jsonl(built, split)))
    return tmp_path


def texts(folder: Path, split: str) -> list[str]:
    return [str(row["text"]) for row in rows_of(folder, split)]


def rows_of(folder: Path, split: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_bytes().splitlines()]


def test_mlx_lm_reads_them(folder: Path, base: str) -> None:
    """Its own loader finds the three files, and each row is the document's tokens and one end."""
    datasets = pytest.importorskip("mlx_lm.tuner.datasets")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    loaded = datasets.load_local_dataset(folder, tokenizer, SimpleNamespace())
    for split, rows in zip(SPLITS, loaded, strict=True):
        wanted = texts(folder, split)
        assert len(rows) == len(wanted) > 0
        tokens, start = rows.process(rows[0])
        assert start == 0 and tokens[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(tokens[:-1]) == wanted[0]


def test_axolotl_reads_them(folder: Path) -> None:
    """Its `completion` format asks for one JSON object a line with a text; what else is in a row it passes over."""
    for split in SPLITS:
        rows = rows_of(folder, split)
        assert rows and all(isinstance(row["text"], str) and row["text"].endswith("\n") for row in rows)
        assert {key for row in rows for key in row} <= {"text", "turns"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_trl_learns_from_them(folder: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` takes the folder with its splits, and the SFTTrainer makes a step of it, packed."""
    datasets: Any = pytest.importorskip("datasets")
    trl: Any = pytest.importorskip("trl")
    rows = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert [len(rows[name]) for name in ("train", "validation", "test")] == [len(texts(folder, s)) for s in SPLITS]
    given: dict[str, Any] = {"per_device_train_batch_size": 2, "max_steps": 1, "use_cpu": True, "bf16": False}
    quiet: dict[str, Any] = {"report_to": [], "save_strategy": "no", "disable_tqdm": True}
    config = trl.SFTConfig(output_dir=str(tmp_path / "out"), packing=True, max_length=64, **given, **quiet)
    trainer = trl.SFTTrainer(model=base, args=config, train_dataset=rows["train"])
    assert 3 < trainer.train().training_loss < 8


def test_an_adapter_of_theirs_speaks(tmp_path: Path) -> None:
    """Plain peft's files and three lines in clone.toml, as docs/scaling.md has it, make a voice of an import."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    elsewhere = str(tiny.pretrained(tmp_path / "base", "qwen3"))
    run_import([EXPORT], tmp_path / "me", DocumentSettings())
    model = AutoModelForCausalLM.from_pretrained(elsewhere)
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    tuned.save_pretrained(str(tmp_path / "me" / "adapter"))
    with (tmp_path / "me" / "clone.toml").open("a") as told:
        told.write(f'[training]\nbase = "{elsewhere}"\nmethod = "lora"\nwindow = 64\n')
    voice = Voice.load(tmp_path / "me")
    assert len(list(voice.complete("hi", 4).tokens)) <= 4 and voice.window == 64
