"""What a clone holds is what was written there: each damage is one sentence, before anything is made of it."""

import codecs
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import tomli_w
import torch
from safetensors.torch import load_file, save_file

from soundalike import engines
from soundalike.clone import Clone, integrity
from soundalike.engines.adapter_files import WEIGHTS
from soundalike.engines.llama import load as load_engine
from soundalike.errors import CloneError, EngineError, UsageError
from soundalike.evaluation.held_out import conversations
from soundalike.generation.voice import Voice
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import fill
from soundalike.training.recipe import Recipe, Training
from soundalike.training.train_clone import train_clone
from tests.invented import FRIENDS, corpus, friends


@pytest.fixture(scope="module")
def _trained(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone as import and a short training leave it."""
    clone = Clone.claim(tmp_path_factory.mktemp("made") / "me")
    with clone.locked("test"), clone.replacing() as scratch:
        fill(clone, scratch, corpus(friends(60)[0], "ana", FRIENDS), {}, DocumentSettings(), force=True)
    training = {"iters": 2, "window": 64, "step_tokens": 128}
    train_clone(clone, Recipe.from_table({"base": base, "training": training}))
    return clone.root


@pytest.fixture
def clone(_trained: Path, tmp_path: Path) -> Clone:
    """A copy of it, to be damaged."""
    import shutil

    shutil.copytree(_trained, tmp_path / "me")
    return Clone.open(tmp_path / "me")


def cut(path: Path) -> None:
    """Take away its second half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """Change one bit near its end."""
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def unlink(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [cut, flip, unlink])
@pytest.mark.parametrize("name", ["adapter/adapter_model.safetensors", "adapter/adapter_config.json"])
def test_an_adapter_that_training_did_not_write_is_refused(
    clone: Clone, name: str, harm: Callable[[Path], None]
) -> None:
    """By its hash, whichever file of it was harmed."""
    Voice.load(clone.root)
    harm(clone.root / name)
    with pytest.raises(CloneError, match=r"(is not as it was written|no file or folder).*Train again with --fresh"):
        Voice.load(clone.root)


@pytest.mark.parametrize("harm", [cut, flip, unlink])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("messages.parquet", Voice.load),
        ("authors.parquet", lambda folder: conversations(Clone.open(folder))),
        ("documents/train.jsonl", lambda folder: Clone.open(folder).documents("train")),
    ],
)
def test_what_import_wrote_is_compared_when_it_is_read(
    clone: Clone, name: str, read: Callable[[Path], object], harm: Callable[[Path], None]
) -> None:
    """And only then: a voice does not need the documents."""
    read(clone.root)
    harm(clone.root / name)
    with pytest.raises(CloneError, match=r"(is not as it was written|no file or folder|is missing).*Import again"):
        read(clone.root)
    if name.startswith("documents"):
        Voice.load(clone.root)


def test_messages_of_another_clone_are_refused(clone: Clone) -> None:
    """They are as good a file as those of this one, and not these."""
    pl.read_parquet(clone.messages_path).reverse().write_parquet(clone.messages_path)
    with pytest.raises(CloneError, match="was changed, cut short or swapped"):
        clone.messages()


@pytest.mark.parametrize(
    ("column", "sentence"),
    [(pl.lit(1).alias("text"), "its column text holds Int32"), (pl.lit("1").alias("sent_at"), "sent_at holds String")],
)
def test_columns_have_their_types(clone: Clone, column: pl.Expr, sentence: str) -> None:
    """Also where the hash was made to fit, or is from before there were any."""
    pl.read_parquet(clone.messages_path).with_columns(column).write_parquet(clone.messages_path)
    with clone.locked("test"):
        clone.record(hashes={})
    with pytest.raises(CloneError, match=f"is damaged: .*{sentence}"):
        clone.messages()


def test_a_clone_reads_its_own_files(clone: Clone) -> None:
    """Some columns or all, the documents of a split with the weight of each piece, the names of everybody else."""
    assert clone.messages(["text"]).columns == ["text"] and "sent_at" in clone.messages().columns
    assert set(clone.names_of_others()) >= set(FRIENDS) - {"ana"} and "ana" not in clone.names_of_others()
    (first, *_) = clone.documents("train")
    assert first.turns and "".join(text for text, _ in first.turns) == first.text
    assert {weight for _, weight in first.turns} <= {0.2, 1.0}


def test_hashes_are_kept_by_another_import_and_made_anew_by_another_training(clone: Clone, base: str) -> None:
    """So that both ways go on: the adapter stays the one that was trained until a new one is."""
    before = clone.manifest()["result"]["adapter"]
    with clone.locked("test"), clone.replacing() as scratch:
        fill(clone, scratch, corpus(friends(70)[0], "ana", FRIENDS), {}, DocumentSettings(), force=True)
    assert clone.manifest()["result"]["adapter"] == before == integrity.digests(clone.adapter_path)
    Voice.load(clone.root)
    training = {"iters": 3, "window": 64, "step_tokens": 128}
    recipe = Recipe.from_table({"base": base, "training": training})
    train_clone(clone, recipe, succession="replace")
    assert clone.manifest()["result"]["adapter"] == integrity.digests(clone.adapter_path) != before
    for one in (clone.root, clone.versions_path / "1"):
        Voice.load(one)


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("change", ["row", "scalar", "gone", "more"])
def test_an_adapter_of_another_shape_is_never_broadcast(base: str, tmp_path: Path, method: str, change: str) -> None:
    """One row of differences would be added to every row."""
    training = Training.model_validate({"method": method, "rank": 4, "window": 64})
    engine = load_engine(base, None, training)
    engine.save(tmp_path)
    tensors = load_file(tmp_path / WEIGHTS)
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 2)
    if change == "gone":
        del tensors[name]
    else:
        changed = {"row": tensors[name][:1], "scalar": torch.zeros(()), "more": torch.zeros(1)}[change]
        tensors[name if change != "more" else "another"] = changed
    save_file(tensors, tmp_path / WEIGHTS)
    with pytest.raises(EngineError, match="belongs to another base"):
        engines.load(base, tmp_path)


BAD_VALUES = [
    ("clone", "speaker", 7),
    ("clone", "format", "x"),
    ("documents", "tagged", "yes"),
    ("training", "base", ["pocket"]),
    ("training", "window", True),
    ("training", "window", -5),
    ("training", "window", 10**12),
    ("result", "adapter", "abc"),
    ("limits", "tokens", "many"),
    ("sampling", "temperature", "hot"),
    ("sampling", "from_a_later_version", 1),
]


@pytest.mark.parametrize(("table", "key", "value"), BAD_VALUES)
def test_values_of_a_wrong_type_are_told_with_their_place(clone: Clone, table: str, key: str, value: object) -> None:
    """In a sentence, whichever command reads them."""
    import tomllib

    import tomli_w

    told = tomllib.loads(clone.manifest_path.read_text(encoding="utf-8"))
    told[table][key] = value
    clone.manifest_path.write_text(tomli_w.dumps(told), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"{clone.manifest_path}.*{key}"):
        Voice.load(clone.root)


@pytest.mark.parametrize(("table", "key"), [("clone", "speaker"), ("documents", "tagged"), ("training", "base")])
def test_a_missing_key_is_told(clone: Clone, table: str, key: str) -> None:
    """With the table it belongs into."""
    lines = clone.manifest_path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"{key} = ")]
    clone.manifest_path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(CloneError, match=rf"\[{table}\] in .*clone\.toml has no {key}\. Put it back"):
        Voice.load(clone.root)


def test_a_key_of_a_later_version_is_kept(clone: Clone) -> None:
    """What is not known here is for whoever wrote it."""
    text = clone.manifest_path.read_text(encoding="utf-8").replace("[clone]", '[clone]\nnew = "x"')
    clone.manifest_path.write_text(text + "\n[later]\na = 1\n", encoding="utf-8")
    Voice.load(clone.root)
    with clone.locked("test"):
        clone.record(estimate={})
    assert clone.manifest()["clone"]["new"] == "x" and clone.manifest()["later"] == {"a": 1}


def test_a_byte_order_mark_is_no_damage(clone: Clone) -> None:
    """Notepad writes one."""
    data = clone.manifest_path.read_bytes()
    clone.manifest_path.write_bytes(codecs.BOM_UTF8 + data)
    assert Clone.open(clone.root).manifest()["clone"]["speaker"] == "ana"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ('[clone]\nspeaker = "caf\u00e9"\n'.encode("latin-1"), "on line 2 stands a character that is not UTF-8"),
        ('[clone]\nspeaker = "x"\n'.encode("utf-16"), "is saved as UTF-16.*Save it as UTF-8"),
        (b"[clone]\nspeaker = \n", "is damaged: .*line 2"),
        (b"a = " + b"[" * 100_000, "is damaged"),
        (b"clone = 1\n", r"is damaged: \[clone\] is no table"),
        (b"", "has no"),
    ],
)
def test_a_clone_toml_that_cannot_be_read_is_told(clone: Clone, data: bytes, sentence: str) -> None:
    """With the line, where there is one."""
    clone.manifest_path.write_bytes(data)
    with pytest.raises(CloneError, match=sentence):
        Clone.open(clone.root).manifest()["clone"]["speaker"]


def test_a_manifest_of_an_older_version_is_enough_to_speak_and_learn(clone: Clone) -> None:
    """Without [numerics] and the number types of its training; the next training writes them."""
    sections = clone.manifest()
    del sections["numerics"], sections["training"]["compute_dtype"]
    (clone.root / "clone.toml").write_text(tomli_w.dumps(sections), encoding="utf-8")
    assert Voice.load(clone.root).engine.numerics
    training = {"iters": 2, "window": 64, "step_tokens": 128}
    recipe = Recipe.from_table({"base": sections["training"]["base"], "training": training})
    train_clone(clone, recipe, succession="replace")
    assert clone.manifest()["numerics"]["compute"] == clone.manifest()["training"]["compute_dtype"] == "fp32"
