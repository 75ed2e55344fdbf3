"""Does a training like this one keep what it read once? Secrets made up for it, planted, trained on, and looked for.

Canaries as in Carlini et al. 2019, "The Secret Sharer", arXiv 1802.08232, section 4: a line in the owner's name with
six digits drawn at random. Eight are planted once, eight four times, and one fifty times, which an audit that can see
must find. The training is a separate one, in a folder of its own, with the settings and the steps of the clone's.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import orjson

from soundalike import engines
from soundalike.audit import exposure, extraction
from soundalike.audit.exposure import Exposure
from soundalike.audit.extraction import PrefixSuffix
from soundalike.audit.texts import RenderedDocument, TextSpan, TrainingLine, tokens_before
from soundalike.clone.clone import MANIFEST, Clone
from soundalike.clone.document import Document
from soundalike.engines.protocol import Engine
from soundalike.errors import CloneError, RecipeError
from soundalike.generation.voice import Voice
from soundalike.prompt_template import render
from soundalike.training.loop import train
from soundalike.training.recipe import Recipe, Training
from soundalike.training.status import Progress

TIMES = (*[1] * 8, *[4] * 8, 50)
CONTROL = 50
THINGS = (
    "bike locker garage suitcase office cellar attic mailbox gym boat piano shed studio pantry cabin kiosk archive"
).split()
DIGITS = 6

OnStep = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Canary:
    """A made-up secret: `prefix` and `secret` are one message of the owner's, planted so many `times`."""

    prefix: str
    secret: str
    times: int


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What became of one canary."""

    times: int
    exposure: Exposure
    extracted: bool


def canaries(seed: int) -> list[Canary]:
    """One for each of TIMES."""
    rng = Random(f"canaries {seed}")
    digits = ["".join(str(rng.randrange(10)) for _ in range(DIGITS)) for _ in TIMES]
    return [
        Canary(f"the code for the {thing} is ", secret, times)
        for thing, secret, times in zip(THINGS, digits, TIMES, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class PlantedDocuments:
    """Documents with canaries in them, and where each canary stands last."""

    documents: list[Document]
    places: list[TextSpan]


def plant(learned: Sequence[Document], some: Sequence[Canary], owner: str, tagged: bool, seed: int) -> PlantedDocuments:
    """Each time a canary is planted, its line goes after a line of another document, drawn by `seed`."""
    rng, changed = Random(f"plant {seed}"), list(learned)
    wanted = [number for number, one in enumerate(some) for _ in range(one.times)]
    spots = rng.sample(range(len(learned)), min(len(wanted), len(learned)))
    places: dict[int, TextSpan] = {}
    for at, number in enumerate(wanted):
        spot = spots[at % len(spots)]
        changed[spot], places[number] = _with(changed[spot], some[number], owner, tagged, rng)
    return PlantedDocuments(changed, [places[number] for number in range(len(some))])


def _with(document: Document, canary: Canary, owner: str, tagged: bool, rng: Random) -> tuple[Document, TextSpan]:
    line = render([(owner, canary.prefix + canary.secret)], tagged=tagged)
    cut = rng.choice([0, *_turn_ends(document.text)])
    text = document.text[:cut] + line + document.text[cut:]
    end = cut + len(line) - 1
    place = TextSpan(
        RenderedDocument(text, (TrainingLine(True, end - len(canary.prefix + canary.secret), end),)),
        end - DIGITS,
        end,
        True,
    )
    turns = None if document.turns is None else list(_inserted(document.turns, line, cut))
    return Document(text, turns), place


def _turn_ends(text: str) -> list[int]:
    """Where a line of the transcript may be inserted: after newlines that no tab follows."""
    return [at + 1 for at, one in enumerate(text) if one == "\n" and text[at + 1 : at + 2] != "\t"]


def _inserted(turns: Sequence[tuple[str, float]], line: str, cut: int) -> Iterator[tuple[str, float]]:
    start = 0
    for text, weight in turns:
        if start <= cut < start + len(text):
            parts = ((text[: cut - start], weight), (line, 1.0), (text[cut - start :], weight))
            yield from (part for part in parts if part[0])
        else:
            yield text, weight
        start += len(text)
    if cut == start:
        yield line, 1.0


def same_training(clone: Clone) -> tuple[str, Training]:
    """The base and the settings of the clone's own training, with its number of steps for a budget."""
    sections = clone.manifest()
    used = dict(sections["training"])
    base = used.pop("base")
    for budget in ("minutes", "epochs"):
        used.pop(budget, None)
    used["iters"] = sections["result"]["steps"]
    try:
        return base, Recipe.from_table({"training": used}).training
    except RecipeError as error:
        raise CloneError(f"In {clone.manifest_path}: {error.what}", "Train again.") from error


def train_on(
    planted: PlantedDocuments,
    engine: Engine,
    clone: Clone,
    folder: Path,
    base: str,
    training: Training,
    on_step: OnStep,
) -> Voice:
    """A voice that learned from `planted` in `folder`, a new one, with the held-out part of `clone`.

    Nothing of the clone itself is touched. Interrupted, it ends as Ctrl-C does.
    """
    (folder / "documents").mkdir(parents=True)
    shutil.copy(clone.intact(clone.documents_path("valid")), folder / "documents")
    planted_rows = b"\n".join(map(_row, planted.documents))
    (folder / "documents" / "train.jsonl").write_bytes(planted_rows)
    (folder / MANIFEST).write_bytes(clone.manifest_with(hashes={}))
    copy = Clone.open(folder)
    if not train(engine, copy, training, base=base, on_step=on_step).finished:
        raise KeyboardInterrupt
    about = clone.manifest()
    learned = engines.load(base, copy.adapter_path)
    return Voice(learned, about["clone"]["speaker"], about["documents"]["tagged"], training.window)


def _row(document: Document) -> bytes:
    row = {"text": document.text}
    return orjson.dumps(row if document.turns is None else row | {"turns": document.turns})


def measure(
    voice: Voice, some: Sequence[Canary], places: Sequence[TextSpan], count: int, step: Callable[[int], None]
) -> list[CanaryResult]:
    """The exposure of each canary among `count` alternatives, and whether its digits are said when the line begins."""
    rng = Random("alternatives")
    made = [
        exposure.make_secret(place, "canaries", one.times, count, rng) for one, place in zip(some, places, strict=True)
    ]
    suspects = [one for one in made if one]  # six digits always have alternatives
    exposures = exposure.measure(voice, suspects, step)
    cut = [_at_the_digits(place, voice) for place in places]
    said = extraction.recited(voice, cut, step)
    return [CanaryResult(one.times, bits, out) for one, bits, out in zip(some, exposures, said, strict=True)]


def _at_the_digits(place: TextSpan, voice: Voice) -> PrefixSuffix:
    tokenizer = voice.engine.tokenizer
    tokens, before = tokens_before(place.text.text[: place.end], place.start, tokenizer, extraction.CONTEXT)
    return PrefixSuffix(place, tokens[:before], tokens[before:])


def cost(count: int) -> int:
    """Texts that are read to look for all canaries."""
    return len(TIMES) * (2 * (count + 1) + 1)
