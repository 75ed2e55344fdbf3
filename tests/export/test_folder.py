"""The folder of an export: nothing of anybody else's is replaced, nothing is left behind, commands can be pasted."""

import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from safetensors import SafetensorError

from soundalike import export as exporting
from soundalike.clone import Clone
from soundalike.errors import CloneError, DiskFull
from soundalike.export import RECORD, ExportSource, export
from soundalike.messages import empty
from tests.export.trained import trained

NAME = "my clone's $HOME"


@pytest.fixture
def clone(base: str, tmp_path: Path) -> Clone:
    """A trained clone in a folder whose name a shell would take apart."""
    made = Clone.claim(tmp_path / NAME)
    with made.locked("test"):
        trained(base, made.adapter_path, "lora")
        learned = {"base": base, "window": 64}
        made.record(clone={"speaker": "Zoë 😀"}, documents={"tagged": True}, training=learned)
        empty().write_parquet(made.messages_path)
    return made


@pytest.mark.parametrize("kind", ["gguf", "merged", "mlx"])
def test_its_commands_can_be_pasted(clone: Clone, kind: str) -> None:
    """Every path in them is one word to a shell, and is there; exporting again replaces what was exported."""
    for _ in range(2):
        done = export(clone, kind)
    words = [word for command in done.use for word in shlex.split(command)]
    paths = [Path(word) for word in words if NAME in word]
    assert paths and all(path.exists() for path in paths)
    assert set(done.files) | {RECORD} == {path.name for path in (clone.root / f"export-{kind}").iterdir()}
    assert not list(clone.root.glob(".scratch*"))
    if kind == "mlx":
        assert words[-2:] == ["--prompt", "Zoë 😀:"]


@pytest.mark.parametrize("there", ["a file", "a folder of others", "a link", "a file among the export's"])
def test_what_lies_in_the_way_stops_it(clone: Clone, there: str, tmp_path: Path) -> None:
    """It is named, and stays."""
    folder = clone.root / "export-gguf"
    if there == "a file":
        folder.write_text("mine", encoding="utf-8")
    elif there == "a link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        if there == "a file among the export's":
            export(clone, "gguf")
        folder.mkdir(exist_ok=True)
        (folder / "Q4.gguf").write_text("mine", encoding="utf-8")
    before = sorted(clone.root.rglob("*"))
    with pytest.raises(CloneError, match=r"(lies at|holds Q4\.gguf, which no export wrote).*Move or delete it"):
        export(clone, "gguf")
    assert sorted(clone.root.rglob("*")) == before


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        Exception("No space left on device (os error 28)"),  # what tokenizers raises
    ],
)
def test_a_full_disk_is_one_sentence(clone: Clone, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever library met it; the clone is as it was."""

    def full(kind: str, what: ExportSource, target: Path, *more: object) -> list[list[str]]:
        (target / "half").write_bytes(bytes(1000))
        raise error

    monkeypatch.setattr(exporting, "_write", full)
    before = sorted(clone.root.rglob("*"))
    with pytest.raises(CloneError, match="The disk is full: .* could not be written. Make room and try again"):
        export(clone, "merged")
    assert sorted(clone.root.rglob("*")) == before


@pytest.mark.parametrize("kind", ["gguf", "merged", "mlx"])
def test_room_is_asked_for_before_anything_is_written(clone: Clone, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much as is then written, up to a tokenizer's size."""
    asked: list[float] = []
    monkeypatch.setattr(exporting, "require_free_space", lambda path, needed, doing: asked.append(needed))
    written = sum(size for name, size in export(clone, kind).files.items() if name.endswith(("gguf", "safetensors")))
    assert 0.5 * written < asked[0] <= 1.2 * written
    monkeypatch.undo()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(DiskFull, match="the export needs about"):
        export(clone, kind)
    assert not list(clone.root.glob(".scratch*"))
