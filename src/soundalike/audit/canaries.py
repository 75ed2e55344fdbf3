"""Canaries: made-up secrets are planted, trained on, and looked for. Does a training like this one keep what it read?

As in Carlini et al. 2019, "The Secret Sharer", arXiv 1802.08232, section 4: a line in the owner's name with six digits
drawn at random. Eight are planted once, eight four times, and one fifty times, which any audit that works must find.
The training is a separate one, in a folder of its own, with the settings of the clone's,
and reads the text as often.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import orjson

from soundalike import engines
from soundalike.audit import exposure
from soundalike.audit.exposure import Exposure
from soundalike.audit.extraction import CONTEXT, PrefixSuffix, extracted
from soundalike.audit.texts import TextSpan, tokens_before
from soundalike.clone.clone import MANIFEST, Clone
from soundalike.clone.document import Document
from soundalike.engines.protocol import Engine
from soundalike.errors import CloneError, RecipeError
from soundalike.generation.voice import Voice
from soundalike.prompt_template import render
from soundalike.training.loop import train
from soundalike.training.plan import BUDGETS
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
    """A made-up secret: `prefix` and `secret` are together one message in the owner's name, planted `times` times."""

    prefix: str
    secret: str
    times: int


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """One canary: how often it was planted, its exposure, and whether its digits were extracted."""

    times: int
    exposure: Exposure
    extracted: bool


def canaries(seed: int) -> list[Canary]:
    """One for each entry of TIMES."""
    rng = Random(f"canaries {seed}")
    digits = ["".join(str(rng.randrange(10)) for _ in range(DIGITS)) for _ in TIMES]
    return [
        Canary(f"the code for the {thing} is ", secret, times)
        for thing, secret, times in zip(THINGS, digits, TIMES, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class PlantedDocuments:
    """Documents with canaries in them, and the span of each canary's digits where it stands last."""

    documents: list[Document]
    spans: list[TextSpan]


def plant(learned: Sequence[Document], some: Sequence[Canary], owner: str, tagged: bool, seed: int) -> PlantedDocuments:
    """Put the line of each canary, as many times as it says, between the lines of documents drawn by `seed`."""
    rng, changed = Random(f"plant {seed}"), list(learned)
    wanted = [number for number, canary in enumerate(some) for _ in range(canary.times)]
    chosen = rng.sample(range(len(learned)), min(len(wanted), len(learned)))
    spans: dict[int, TextSpan] = {}
    for at, number in enumerate(wanted):
        place = chosen[at % len(chosen)]
        changed[place], spans[number] = _with_canary(changed[place], some[number], owner, tagged, rng)
    return PlantedDocuments(changed, [spans[number] for number in range(len(some))])


def _with_canary(
    document: Document, canary: Canary, owner: str, tagged: bool, rng: Random
) -> tuple[Document, TextSpan]:
    """The document with the canary's line in it, and the span of its digits."""
    line = render([(owner, canary.prefix + canary.secret)], tagged=tagged)
    cut = rng.choice([0, *_turn_ends(document.text)])
    text = document.text[:cut] + line + document.text[cut:]
    end = cut + len(line) - 1
    turns = None if document.turns is None else list(_inserted(document.turns, line, cut))
    return Document(text, turns), TextSpan(text, end - DIGITS, end, True)


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
    """The base and the settings of the clone's own training, with all that its voice has read for a budget.

    Those are the epochs of all trainings that went on from one another; older clones have the last one's steps.
    """
    sections = clone.manifest()
    used, result = dict(sections["training"]), sections["result"]
    base = used.pop("base")
    for budget in BUDGETS:
        used.pop(budget, None)
    used |= {"epochs": result["epochs"]} if result.get("epochs") else {"iters": result["steps"]}
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

    Nothing of the clone itself is changed. Interrupted, it raises `KeyboardInterrupt`.
    """
    (folder / "documents").mkdir(parents=True)
    shutil.copy(clone.intact(clone.documents_path("valid")), folder / "documents")
    lines = b"\n".join(map(_line, planted.documents))
    (folder / "documents" / "train.jsonl").write_bytes(lines)
    (folder / MANIFEST).write_bytes(clone.manifest_with(hashes={}))
    copy = Clone.open(folder)
    if not train(engine, copy, training, base=base, on_step=on_step).finished:
        raise KeyboardInterrupt
    about = clone.manifest()
    learned = engines.load(base, copy.adapter_path)
    return Voice(learned, about["clone"]["speaker"], about["documents"]["tagged"], training.window)


def _line(document: Document) -> bytes:
    row = {"text": document.text}
    return orjson.dumps(row if document.turns is None else row | {"turns": document.turns})


def measure(
    voice: Voice, some: Sequence[Canary], spans: Sequence[TextSpan], count: int, on_texts: Callable[[int], None]
) -> list[CanaryResult]:
    """The exposure of each canary among `count` alternatives, and whether its digits are generated after its line's
    beginning; `spans` are those of the digits."""
    rng = Random("alternatives")
    made = [
        exposure.make_secret(span, "canaries", canary.times, count, rng)
        for canary, span in zip(some, spans, strict=True)
    ]
    secrets = [secret for secret in made if secret]  # six digits always have alternatives
    exposures = exposure.measure(voice, secrets, on_texts)
    drawn_out = extracted(voice, [_split_at_the_digits(span, voice) for span in spans], on_texts)
    return [CanaryResult(one.times, bits, out) for one, bits, out in zip(some, exposures, drawn_out, strict=True)]


def _split_at_the_digits(span: TextSpan, voice: Voice) -> PrefixSuffix:
    tokens, before = tokens_before(span.document[: span.end], span.start, voice.engine.tokenizer, CONTEXT)
    return PrefixSuffix(span, tokens[:before], tokens[before:])


def cost(count: int) -> int:
    """How many texts `measure` reads."""
    return len(TIMES) * (2 * (count + 1) + 1)
