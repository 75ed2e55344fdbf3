"""How pocket learns one person best in a given time.

    python -m benchmarks.adaptation CLONE [--minutes 1 3 10] [VARIANT...]

CLONE is an imported clone folder; it is only read. A VARIANT is settings of the recipe, such as
`replay=0,learning_rate=1e-3`, over its defaults; without one those are run. Each is trained for the minutes from
a fresh adapter, on the clone's training split, and measured on all of its test split, which training never looks at:
bits per byte of the owner's own words. Beside it: pocket unadapted, and a modified Kneser-Ney 5-gram that counted the
same training split.
"""

import argparse
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.kneser_ney import KneserNey
from soundalike.clone import Clone
from soundalike.engines import load
from soundalike.engines.protocol import Engine
from soundalike.training.dataset import pack_documents
from soundalike.training.loop import train
from soundalike.training.packing import encode
from soundalike.training.plan import defaults
from soundalike.training.recipe import Training


def bits(engine: Engine, clone: Clone, training: Training) -> float:
    """Bits per byte of the owner's words in the test split."""
    held = pack_documents(clone.documents("test"), engine.tokenizer, training.window, training.seed)
    return held.bits_per_byte(*engine.loss(held.batch))


def counted(clone: Clone, window: int) -> float:
    """The same for an n-gram model of the training split."""
    tokenizer = load("pocket").tokenizer
    seen, held = ([p.tokens.tolist() for p in encode(clone.documents(s), tokenizer, window)] for s in ("train", "test"))
    size = sum(len(document.text.encode()) for document in clone.documents("test"))
    return KneserNey(seen, tokenizer.size).nats(held) / math.log(2) / size


def learned(clone: Clone, settings: dict[str, Any]) -> tuple[float, int]:
    """(bits per byte, useful tokens) after a training of its own, in a copy of the clone."""
    training = Training.model_validate(defaults("pocket") | settings)
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as bar:
        copy = Path(folder) / "me"
        shutil.copytree(clone.root, copy)
        mine, task = Clone.open(copy), bar.add_task(str(settings), total=None)
        engine = load("pocket", None, training)
        outcome = train(
            engine,
            mine,
            training,
            base="pocket",
            on_step=lambda p: bar.update(task, completed=p.step, total=p.steps),
        )
        best = load("pocket", mine.adapter_path)
        return bits(best, mine, training), outcome.progress.useful_tokens


def _settings(variant: str) -> dict[str, Any]:
    return dict(pair.split("=", 1) for pair in variant.split(",") if pair)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("variants", nargs="*", default=[""])
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 3.0, 10.0])
    given = parser.parse_args()
    clone, console = Clone.open(given.clone), Console(width=120)
    before = bits(load("pocket"), clone, Training())
    table = Table(
        "settings", "minutes", "tokens", "bits per byte", "against unadapted", title="Held-out words of the owner"
    )
    table.add_row("pocket, unadapted", "", "", f"{before:.3f}", "")
    ngrams = counted(clone, Training().window)
    table.add_row("Kneser-Ney 5-gram of the same text", "", "", f"{ngrams:.3f}", f"{ngrams / before - 1:+.0%}")
    for variant in given.variants:
        for minutes in given.minutes:
            after, tokens = learned(clone, _settings(variant) | {"minutes": minutes})
            name = variant or "the recipe's defaults"
            table.add_row(name, f"{minutes:g}", f"{tokens:,}", f"{after:.3f}", f"{after / before - 1:+.0%}")
    console.print(table)


if __name__ == "__main__":
    main()
