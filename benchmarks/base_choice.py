"""Base or instruct, conversations or single messages, names or none: what each teaches, on whatever bases are given.

    python -m benchmarks.base_choice EXPORT... [--base ORG/MODEL --instruct ORG/MODEL-Instruct ...] [--iters 60]

Every base, and every instruct twin, learns the same export four ways in the same number of steps, as transcripts, which
is what a voice speaks in; a twin learns conversations in its own chat format too. Small talk, which is in transcripts,
is left out of all of them. Held-out bits are over the bytes
of the messages alone, so that names and line ends are paid for by those who write them; each way is read as it was
learned. Lengths are words a message: their quantiles beside the owner's held-out ones, and how far the two
distributions lie apart (Wasserstein-1, in words). Samples are printed for the eye: they are the owner's voice, and stay
on this machine.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import chat_format
from soundalike.clone import Clone
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import History, Voice
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import run_import
from soundalike.importing.reading import ReadOptions
from soundalike.metrics.stats import wasserstein
from soundalike.prompt_template import parse
from soundalike.training.dataset import pack_documents
from soundalike.training.plan import plan_training
from soundalike.training.recipe import Recipe
from soundalike.training.train_clone import train_clone

SINGLE = 1e-6  # a silence, in minutes, that every message but those of one moment is apart by
GROUPED = DocumentSettings().gap_minutes
WINDOWS = 64  # held-out windows that bits are measured on
OPENERS = ("hey", "what are you up to?", "did you see that?", "lol", "i can't sleep", "when are you free", "any plans?")
REPLIES = 70
SHOWN = 4
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to learn an export."""

    base: str
    grouped: bool
    tagged: bool
    instruct: bool = False
    chat: bool = False

    @property
    def name(self) -> str:
        """As the table says it."""
        if self.chat:
            return f"{Path(self.base).name}, instruct, conversations, its chat format"
        what = ("conversations" if self.grouped else "single messages", "names" if self.tagged else "no names")
        return ", ".join([Path(self.base).name, *["instruct"] * self.instruct, *what])


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of it. Lengths are words a message at QUANTILES, `distance` apart; `empty` a share of the replies."""

    bits: float
    owner: list[float]
    said: list[float]
    distance: float
    messages: float
    empty: float
    samples: list[list[str]]


def ways(bases: Sequence[str], twins: Sequence[str] = ()) -> Iterator[Way]:
    """The table's rows: bases, then instruct models."""
    models = [*((base, False) for base in bases), *((twin, True) for twin in twins)]
    for (model, instruct), grouped, tagged in product(models, (True, False), (True, False)):
        yield Way(model, grouped, tagged, instruct)
    for model in twins:
        yield Way(model, grouped=True, tagged=True, instruct=True, chat=True)


def learned(exports: Sequence[Path], way: Way, iters: int, folder: Path, me: Sequence[str] = ()) -> Learned:
    """Import, train and measure one way in `folder`; `me` are the owner's names where the exports do not tell."""
    settings = DocumentSettings(gap_minutes=GROUPED if way.grouped else SINGLE, tagged=way.tagged)
    run_import(exports, folder, settings, options=ReadOptions(me=tuple(me)), force=True)
    clone = Clone.open(folder)
    recipe = plan_training(clone, way.base, {"iters": iters, "replay": 0.0}).recipe
    owner = [len(text.split()) for text in _messages(clone, way.tagged)]  # held out
    histories = [[("sam", OPENERS[number % len(OPENERS)])] for number in range(REPLIES)]
    bits, replies = _learned_chat(clone, recipe, histories) if way.chat else _learned(clone, recipe, histories)
    said = [len(message.split()) for reply in replies for message in reply] or [0]
    return Learned(
        bits=bits,
        owner=np.quantile(owner, QUANTILES).tolist(),
        said=np.quantile(said, QUANTILES).tolist(),
        distance=wasserstein(_quantiles(owner), _quantiles(said)),
        messages=statistics.mean(map(len, replies)),
        empty=sum(not reply for reply in replies) / len(replies),
        samples=replies[:SHOWN],
    )


def _learned(clone: Clone, recipe: Recipe, histories: Sequence[History]) -> tuple[float, list[list[str]]]:
    """Bits, and replies, after learning transcripts."""
    train_clone(clone, recipe)
    voice = Voice.load(clone.root)
    return _bits(voice, clone, recipe.training.seed), [list(one) for one in voice.replies(histories, Sampling(seed=1))]


def _learned_chat(clone: Clone, recipe: Recipe, histories: Sequence[History]) -> tuple[float, list[list[str]]]:
    """The same after learning the base's chat format."""
    voice = chat_format.learned(clone, recipe)
    held, training = clone.documents("valid"), recipe.training
    bits = chat_format.bits_per_byte(voice, held, training.window, training.seed, WINDOWS)
    return bits, voice.replies(histories, Sampling(seed=1))


def _messages(clone: Clone, tagged: bool) -> list[str]:
    """The owner's held-out messages."""
    turns = (turn for document in clone.documents("valid") for turn in document.weighted_turns)
    return [said for text, weight in turns if weight == 1.0 for _, said in parse(text, tagged)]


def _quantiles(lengths: Sequence[int]) -> NDArray[np.float64]:
    """As many numbers of any sample, so that two can be compared."""
    return np.quantile(np.array(lengths, np.float64), np.linspace(0, 1, 201))


def _bits(voice: Voice, clone: Clone, seed: int) -> float:
    """Bits over the weighed bytes of held-out messages, without names and line ends."""
    held = clone.documents("valid")
    split = pack_documents(held, voice.engine.tokenizer, voice.window, seed)
    turns = [turn for document in held for turn in document.weighted_turns]
    whole = sum(len(text.encode()) * weight for text, weight in turns)
    said = sum(len(t.encode()) * weight for text, weight in turns for _, t in parse(text, voice.tagged))
    return split.bits_per_byte(*voice.engine.loss(split.batch.take(slice(0, WINDOWS)))) * whole / said


def _lengths(quantiles: Sequence[float]) -> str:
    return " ".join(f"{words:.0f}" for words in quantiles)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exports", type=Path, nargs="+")
    parser.add_argument(
        "--base", action="append", help="a base, by name or folder; pocket where none is given; several"
    )
    parser.add_argument("--instruct", action="append", default=[], help="the instruct twin of a base; several")
    parser.add_argument("--iters", type=int, default=60)
    parser.add_argument("--me", action="append", default=[], help="the owner's name in the exports; several")
    given = parser.parse_args()
    marks = " ".join(f"{share:.0%}" for share in QUANTILES)
    table = Table("learned", "bits a byte", f"words a message\n{marks}", "distance", "messages a reply", "no reply")
    console, samples = Console(width=120), list[tuple[Way, Learned]]()
    bases = given.base or ([] if given.instruct else ["pocket"])
    for way in ways(bases, given.instruct):
        with tempfile.TemporaryDirectory() as folder:
            found = learned(given.exports, way, given.iters, Path(folder) / "me", given.me)
        samples.append((way, found))
        rest = (f"{found.distance:.2f}", f"{found.messages:.2f}", f"{found.empty:.0%}")
        figures = (f"{found.bits:.3f}", _lengths(found.said), *rest)
        table.add_row(way.name, *figures)
        console.print(f"{way.name}: {', '.join(figures)}")
    table.add_row("the owner", "", _lengths(samples[0][1].owner))
    console.print(table)
    for way, found in samples:
        console.print(f"\n{way.name}", style="bold")
        for opener, reply in zip(OPENERS, found.samples, strict=False):
            console.print(f"  {opener} -> {' / '.join(reply)}", markup=False)


if __name__ == "__main__":
    main()
