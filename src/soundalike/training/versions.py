"""Training over an existing voice: it is never replaced without being asked for, and never lost.

The new adapter is trained in candidate/. At the end one of the two becomes the voice and the other a version, in one
atomic step. A version is a clone folder of its own, with what belongs to its adapter (portrait, audit, evaluation,
exports) and the data, so every command takes it: `soundalike chat me/versions/1`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundalike import engines
from soundalike.clone.clone import MANIFEST, Clone
from soundalike.clone.folder import INCOMING, link_tree
from soundalike.clone.report_names import VOICE_REPORTS
from soundalike.errors import CloneError, RecipeError
from soundalike.training import checkpoint
from soundalike.training.adapter_store import CURVE
from soundalike.training.dataset import pack_documents
from soundalike.training.start import Start
from soundalike.training.status import Progress, Succession

KEPT = 3  # versions
LEARNED = ("training", "numerics", "result")  # sections of clone.toml that belong to an adapter
COMPARED_BYTES = 60_000  # of held-out text on which two voices are compared
# Files of a clone folder that belong to its voice, those that match EXPORTS, and those that all voices share.
VOICE_FILES = ("adapter", CURVE, *VOICE_REPORTS)
EXPORTS = "export-*"
DATA_FILES = (
    *("messages.parquet", "authors.parquet", "channels.parquet", "documents", "import.json"),
    "corrections.jsonl",
)


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """Whether the candidate `replaced` the voice, the folder of the other one, and bits per byte if they were compared.

    `before` and `after` are those of the old and of the new voice.
    """

    replaced: bool
    version: Path
    before: float | None = None
    after: float | None = None

    def line(self) -> str:
        """The result in two sentences."""
        number = self.version.name
        if not self.replaced:
            return f"The voice before stays{self._figures()}. The new one is kept as version {number}."
        return f"The new voice is in place{self._figures()}. The one before is kept as version {number}."

    def _figures(self) -> str:
        if self.before is None or self.after is None:
            return ""
        return (
            f": it costs {self.after:.3f} bits a byte, the one before {self.before:.3f}"
            if self.replaced
            else (f": it costs {self.before:.3f} bits a byte, the new one {self.after:.3f}")
        )


def clone_at(folder: Path) -> Clone | None:
    """The clone in a folder; None where no import was ever finished there."""
    there = (folder / MANIFEST).exists() or (folder / INCOMING).exists()
    return Clone.open(folder) if there else None


def require_settled(
    clone: Clone | None, *, resume: bool = False, fresh: bool = False, keep_better: bool = False
) -> None:
    """Check these options against each other and against an unfinished training, before anything is read.

    `CloneError` where that is neither continued (`resume`) nor dropped (`fresh`), or there is nothing to resume;
    `RecipeError` for options that contradict each other.
    """
    if resume and (fresh or keep_better):
        raise RecipeError("--resume goes on with a training as it was begun.", "Leave out --fresh and --keep-better.")
    if resume and clone is None:
        raise CloneError("There is nothing to resume.", "Leave --resume out.", control="Train it anew.")
    if clone is None or fresh or not (resume or clone.run_path.exists()):
        return
    saved = checkpoint.read(clone)
    if not resume:
        raise CloneError(
            f"{clone.root} holds a training that was cut off after {_position(saved.progress)}.",
            "Go on with it by --resume, or drop it and start anew with --fresh.",
            control="Go on with it under Training, or train anew there.",
        )


def succession(
    clone: Clone,
    start: Start | None = None,
    /,
    *,
    resume: bool = False,
    fresh: bool = False,
    keep_better: bool = False,
) -> Succession:
    """What the adapter of a training with these options becomes, which begins at `start`.

    The voice is replaced by one that goes on from it and reads newer text. Anything else must be asked for: to replace
    it (`fresh`), or only by a better one (`keep_better`); `CloneError` where neither is. For an unfinished training
    see `require_settled`.
    """
    require_settled(clone, resume=resume, fresh=fresh, keep_better=keep_better)
    if resume:
        return checkpoint.read(clone).succession
    if not clone.has_voice:
        return "first"
    if keep_better:
        return "better"
    if fresh or (start and start.warm and start.unread):
        return "replace"
    obstacle = f"a training cannot go on from it, because {start.obstacle}" if start and start.obstacle else ""
    raise CloneError(
        f"{clone.root} has a voice already{_bits(clone)}; {obstacle or 'nothing was imported that it does not know'}.",
        "Add --keep-better to train another and keep the better of the two, or --fresh to replace it by a new one; "
        "either way the other is kept as a version.",
        control="Say under Training what becomes of the voice that is there.",
    )


def _position(progress: Progress) -> str:
    of = f" of {progress.steps:,}" if progress.steps else ""
    return f"step {progress.step:,}{of}"


def _bits(clone: Clone) -> str:
    bits = clone.manifest().get("result", {}).get("bits_per_byte")
    return f", which costs {bits:.2f} bits a byte" if isinstance(bits, float) else ""


def bits_per_byte_of(clone: Clone, folder: Path) -> float:
    """Bits per byte of the clone's held-out text under the voice whose adapter and clone.toml are in `folder`.

    The first COMPARED_BYTES of that text are measured, for every base and tokenizer.
    """
    voice = Clone(folder)
    training = voice.manifest()["training"]
    some, size = [], 0
    for document in clone.documents("valid") or clone.documents("train"):
        if size > COMPARED_BYTES:
            break
        some.append(document)
        size += len(document.text.encode())
    engine = engines.load(training["base"], voice.intact_adapter())
    dataset = pack_documents(some, engine.tokenizer, training["window"], 0)
    return dataset.bits_per_byte(*engine.loss(dataset.batch))


def resolve_candidate(
    clone: Clone, sections: dict[str, Any], before: float | None = None, after: float | None = None
) -> CandidateResult:
    """Make the candidate the voice and the voice a version; the other way round if `after` is not below `before`.

    Both are bits per byte. `sections` are added to those that the training wrote into the candidate's manifest. The
    last KEPT versions are kept. All of it is one atomic step.
    """
    replaced = before is None or after is None or after < before
    with clone.locked("training"):
        earlier = sorted(_versions(clone), key=lambda path: int(path.name))
        version = clone.versions_path / str(int(earlier[-1].name) + 1 if earlier else 1)
        old, new = clone.manifest_path.read_bytes(), _described(clone, sections)
        voice_files = [*VOICE_FILES, *(path.name for path in clone.root.glob(EXPORTS))]
        gone = {clone.candidate_path.name, clone.checkpoints_path.name, *(voice_files if replaced else ())}
        with clone.replacing(without=gone) as scratch:
            versions = scratch / clone.versions_path.name
            _link(clone.versions_path, [path.name for path in earlier[1 - KEPT :]], versions)
            beside = versions / version.name
            _link(clone.root if replaced else clone.candidate_path, voice_files, beside)
            _link(clone.root, DATA_FILES, beside)
            (beside / MANIFEST).write_bytes(old if replaced else new)
            if replaced:
                _link(clone.candidate_path, VOICE_FILES, scratch)
                (scratch / MANIFEST).write_bytes(new)
    return CandidateResult(replaced, version, before, after)


def roll_back(clone: Clone) -> Path:
    """Make the newest version the voice again; returns the folder of the voice that was in place.

    That one becomes the oldest version, so going back again and again passes through all of them and loses none. The
    data stay as they are. `CloneError` if there is no version, or a training was cut off.
    """
    with clone.locked("soundalike rollback"):
        earlier = sorted(_versions(clone), key=lambda path: int(path.name))
        if not earlier:
            raise CloneError(f"{clone.root} has no earlier voice.", "A training over a voice keeps the one before.")
        if clone.run_path.exists():
            raise CloneError(
                f"{clone.root} holds a training that was cut off.",
                "Go on with it by --resume, or drop it with --fresh.",
                control="Go on with it under Training, or train anew there.",
            )
        back = Clone(earlier[-1])
        back.intact_adapter()
        learned = {name: back.manifest()[name] for name in LEARNED if name in back.manifest()}
        voice_files = [*VOICE_FILES, *(path.name for path in clone.root.glob(EXPORTS))]
        with clone.replacing(without=voice_files) as scratch:
            versions = scratch / clone.versions_path.name
            oldest = versions / "1"
            _link(clone.root, [*voice_files, *DATA_FILES], oldest)
            (oldest / MANIFEST).write_bytes(clone.manifest_path.read_bytes())
            for number, path in enumerate(earlier[:-1], 2):
                link_tree(path, versions / str(number))
            _link(back.root, [*VOICE_FILES, *(path.name for path in back.root.glob(EXPORTS))], scratch)
            (scratch / MANIFEST).write_bytes(clone.manifest_with(**learned))
    return clone.versions_path / "1"


def _versions(clone: Clone) -> list[Path]:
    return [path for path in clone.versions_path.glob("*") if path.name.isdecimal()]


def _link(source: Path, names: Iterable[str], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).exists():
            link_tree(source / name, target / name)


def _described(clone: Clone, sections: dict[str, Any]) -> bytes:
    """The manifest with the candidate as its voice; the owner's sampling and limits are kept."""
    made, kept = Clone(clone.candidate_path).manifest(), clone.manifest()
    speaking = {name: made[name] for name in ("sampling", "limits") if name in made and name not in kept}
    learned = {name: made[name] for name in LEARNED if name in made}
    return clone.manifest_with(**learned, **speaking, **sections)
