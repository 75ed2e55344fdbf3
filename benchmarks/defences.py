"""What keeps a training from remembering what it read once? The same canaries under several trainings.

    python -m benchmarks.defences [--clone CLONE] [--epochs 4] [VARIANT...]

CLONE is an imported clone folder, which is only read; without one the built-in export is imported. Every variant
trains from a fresh adapter on the same documents with the same canaries in them (see audit/canaries.py), for the same
number of epochs but for the one that has fewer, and is measured on the test split, which training never looks at.

- `default`: the recipe as it is.
- `half` and `quarter`: fewer epochs.
- `once`: a line of five words and more is learned where it stands first only (Lee et al. 2022, "Deduplicating training
  data makes language models better", arXiv 2107.06499), here by weight, so that conversations stay whole.
- `goldfish`: of every four tokens one, by the hash of the thirteen before it, is never learned (Hans et al. 2024, "Be
  like a goldfish, don't memorize!", arXiv 2406.10209: k = 4, h = 13).
- `lora`: a low-rank adapter.

Redaction has no row: it takes out what it knows before anything is trained, and the canaries are what it does not know.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.adaptation import bits
from soundalike.audit import canaries, membership
from soundalike.audit.canaries import CONTROL, CanaryResult, PlantedDocuments
from soundalike.clone import Clone
from soundalike.clone.document import Document
from soundalike.demo import EXPORT
from soundalike.engines import load
from soundalike.engines.protocol import Batch, Engine
from soundalike.importing.importer import run_import
from soundalike.metrics.ngram_index import COPIED_WORDS
from soundalike.metrics.stats import Estimate
from soundalike.prompt_template import parse
from soundalike.training.plan import defaults
from soundalike.training.recipe import Training

ALTERNATIVES = 256
DROP, LOOK_BACK = 4, 13
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Goldfish:
    """An engine that never learns some tokens, the same ones wherever the same words stand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update from what is left."""
        return self._engine.step(replace(batch, weights=batch.weights * kept(batch)), learning_rate)


def kept(batch: Batch) -> NDArray[np.float32]:
    """1 for each token that is learned, 0 for one in DROP; shape as the batch's."""
    hashes = np.zeros(batch.tokens.shape, np.uint64)
    for back in range(1, LOOK_BACK + 1):
        hashes[:, back:] = hashes[:, back:] * _FACTOR + batch.tokens[:, :-back].astype(np.uint64) + np.uint64(1)
    dropped = ((hashes ^ (hashes >> np.uint64(29))) * _FACTOR >> np.uint64(40)) % np.uint64(DROP) == 0
    return np.where(dropped & (batch.positions >= LOOK_BACK), 0.0, 1.0).astype(np.float32)


def learned_once(some: Sequence[Document]) -> list[Document]:
    """The same documents, in which a long line that stood before weighs nothing."""
    seen, made = set[str](), list[Document]()
    for document in some:
        turns = list[tuple[str, float]]()
        for text, weight in document.weighted_turns:
            for line in _lines(text):
                said = parse(line)[0][1] if line.strip() else ""
                again = len(said.split()) >= COPIED_WORDS and said in seen
                seen.add(said)
                turns.append((line, 0.0 if again else weight))
        made.append(Document(document.text, turns))
    return made


def _lines(text: str) -> list[str]:
    """A transcript's lines with their ends; a line that opens with a tab belongs to the one before."""
    found = list[str]()
    for line in text.splitlines(keepends=True):
        if line.startswith("\t") and found:
            found[-1] += line
        else:
            found.append(line)
    return found


@dataclass(frozen=True, slots=True)
class Variant:
    """A training that differs from the recipe's."""

    settings: dict[str, Any]
    epochs: float = 1.0
    """Share of the others'."""
    documents: Callable[[Sequence[Document]], Sequence[Document]] = lambda some: some
    engine: Callable[[Engine], Any] = lambda engine: engine


VARIANTS = {
    "default": Variant({}),
    "half": Variant({}, epochs=0.5),
    "quarter": Variant({}, epochs=0.25),
    "once": Variant({}, documents=learned_once),
    "goldfish": Variant({}, engine=Goldfish),
    "lora": Variant({"method": "lora"}),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one variant."""

    results: list[CanaryResult]
    membership: Estimate
    bits: float

    def cells(self) -> list[str]:
        """Extracted and mean exposures by how often a canary was planted, then the rest."""
        told = []
        for times in sorted({one.times for one in self.results}):
            some = [one for one in self.results if one.times == times]
            on, off = ([getattr(one.exposure, side) for one in some] for side in ("on", "off"))
            spread = f" ± {np.std(on) / math.sqrt(len(on)):.1f}" if len(on) > 1 else ""
            told.append(
                f"{sum(one.extracted for one in some)}/{len(some)}, {np.mean(on):.1f}{spread} ({np.mean(off):.1f})"
            )
        return [*told, self.membership.as_text(), f"{self.bits:.3f}"]


def measured(clone: Clone, variant: Variant, epochs: float, bar: Progress, name: str, seed: int) -> Row:
    """Plant, train, look."""
    training = Training.model_validate(defaults("pocket") | variant.settings | {"epochs": epochs * variant.epochs})
    about = clone.manifest()
    some = canaries.canaries(seed)
    planted = canaries.plant(
        clone.documents("train"), some, about["clone"]["speaker"], about["documents"]["tagged"], seed
    )
    planted = PlantedDocuments(list(variant.documents(planted.documents)), planted.spans)
    task = bar.add_task(name, total=None)
    with TemporaryDirectory() as folder:
        engine = variant.engine(load("pocket", None, training))
        voice = canaries.train_on(
            planted,
            engine,
            clone,
            Path(folder) / "me",
            "pocket",
            training,
            lambda p: bar.update(task, completed=p.step, total=p.steps, description=f"{name}: {p.line()}"),
        )
        found = canaries.measure(voice, some, planted.spans, ALTERNATIVES, lambda texts: None)
        learned = membership.latest_parts(clone.documents("train"), voice)
        held_out = membership.spread_parts(clone.documents("test"), voice)
        told = membership.auc(membership.loss_falls(voice, learned), membership.loss_falls(voice, held_out))
        return Row(found, told, bits(voice.engine, clone, training))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--clone", type=Path)
    parser.add_argument("--epochs", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        if given.clone is None:
            run_import([EXPORT], Path(folder) / "me")
        clone = Clone.open(given.clone or Path(folder) / "me")
        table = Table("variant", "once", "four times", f"{CONTROL} times", "membership", "bits a byte")
        table.title = (
            f"Canaries extracted, mean exposure in bits (with the adapter off); of {math.log2(ALTERNATIVES + 1):.1f}"
        )
        with Progress(transient=True) as bar:
            for name in given.variants:
                row = measured(clone, VARIANTS[name], given.epochs, bar, name, given.seed)
                table.add_row(name, *row.cells())
                bar.console.print(name, *row.cells(), sep=" | ", markup=False)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
