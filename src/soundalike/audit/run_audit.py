"""`soundalike audit me`: a clone folder -> a report; audit.json holds it without strings, audit.html with them."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson

from soundalike import engines, machine
from soundalike.audit import canaries, copying, exposure, extraction, inventory, membership, texts
from soundalike.audit.copying import CopyRates
from soundalike.audit.page import html
from soundalike.audit.report import AuditReport, CopyingComparison, Extraction
from soundalike.clone import Clone
from soundalike.clone.folder import SCRATCH
from soundalike.errors import CloneError, TooLittleText
from soundalike.evaluation.held_out import conversations
from soundalike.generation.voice import Voice
from soundalike.metrics.repetition import SourceIndex
from soundalike.metrics.stats import proportion
from soundalike.progress import WeightedProgress

FILE, PAGE = "audit.json", "audit.html"
ALTERNATIVES, SECRETS = {"gpu": 1000, "cpu": 256}, {"gpu": 20, "cpu": 10}
# Seconds that a unit of each question takes, measured with pocket on one core: what matters is one beside another.
COST = {"exposure": 0.00075, "recital": 0.0108, "membership": 0.045, "copying": 0.0087}
OWN, THEIRS = "your", "other people's"

Progress = Callable[[str, float, float], None]  # what is being done, done, of: in equal work


def audit(
    folder: str | Path,
    *,
    with_canaries: bool = False,
    seed: int = 0,
    on_progress: Progress = lambda what, done, of: None,
) -> tuple[AuditReport, Path]:
    """Everything that can be asked of the clone in `folder`, and the page for its owner.

    With `with_canaries` a second training of the same length is made for it, in a folder of its own that goes away
    again. The clone is held all the while, so that what is audited is what was trained. `CloneError` where there is no
    voice, or one of another import; `TooLittleText` where there is nothing that was held out.
    """
    clone = Clone.open(folder)
    with clone.locked("soundalike audit"):
        voice = _unguarded(clone)
        report = _asked(clone, voice, seed, on_progress)
        if with_canaries:
            report.sightings = _planted(clone, seed, on_progress)
        told = orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2)
        clone.write({FILE: told, PAGE: html(report, voice.owner).encode()})
    for name in (FILE, PAGE):
        (clone.root / name).chmod(0o600)
    return report, clone.root / PAGE


def _unguarded(clone: Clone) -> Voice:
    """The clone's voice with nothing between it and who asks: whoever has the folder can do the same."""
    voice = Voice.load(clone.root)
    if clone.manifest().get("result", {}).get("fingerprint", clone.fingerprint) != clone.fingerprint:
        raise CloneError("The voice in this clone was trained on another import.", "Train it again, then audit it.")
    return Voice(voice.engine, voice.owner, voice.tagged, voice.window, voice.sampling, voice.limits)


def _asked(clone: Clone, voice: Voice, seed: int, on_progress: Progress) -> AuditReport:
    """Everything but canaries."""
    on_progress("Looking", 0, 1)
    _, built = conversations(clone)
    read = texts.rendered_documents(built)
    held_out = read["test"] or read["valid"]
    if not read["train"] or not held_out:
        raise TooLittleText("There is no held-out text to compare with.", "Import an export with more messages.")
    found = inventory.find(read["train"], clone.names_of_others())
    suspects = _suspects(found, seed)
    halves = {side: _halves(read[side], voice, seed) for side in ("train", "test")}
    both = [membership.pieces(clone.documents(side), voice, late=side == "train") for side in ("train", "test")]
    work = WeightedProgress(lambda done, of: on_progress("Asking", done, of))
    exposing = work.plan(sum(one.cost for one in suspects), COST["exposure"])
    reciting = work.plan(
        2 * sum(map(len, halves["train"].values())) + sum(map(len, halves["test"].values())), COST["recital"]
    )
    comparing = work.plan(2 * sum(map(len, both)) if all(both) else 0, COST["membership"])
    copied = work.plan(copying.REPLIES, COST["copying"])
    report = AuditReport(_about(clone, read, suspects, seed), _counted(found))
    report.secrets = list(zip(suspects, exposure.measure(voice, suspects, exposing), strict=True))
    report.recitals = _recitals(voice, halves["train"], halves["test"], reciting)
    if all(both):
        learned, other = (membership.falls(voice, some, comparing) for some in both)
        report.membership = membership.area(learned, other)
    report.copying = _copies(voice, read["train"], held_out, seed, copied)
    return report


def _suspects(found: Sequence[inventory.FoundString], seed: int) -> list[exposure.Secret]:
    """The riskiest that can be measured."""
    device, rng = _device(), Random(f"alternatives {seed}")
    kept: list[exposure.Secret] = []
    for kind, place, times in inventory.riskiest(found):
        if len(kept) == SECRETS[device]:
            break
        if one := exposure.make_secret(place, kind, times, ALTERNATIVES[device], rng):
            kept.append(one)
    return kept


def _device() -> str:
    return "gpu" if machine.gpu() else "cpu"


def _counted(found: Sequence[inventory.FoundString]) -> dict[str, dict[str, int]]:
    times = Counter(kind for kind, _ in found)
    strings = Counter(kind for kind, _ in {(kind, place.words) for kind, place in found})
    return {kind: {"strings": strings[kind], "times": times[kind]} for kind in inventory.KINDS if times[kind]}


def _halves(
    read: Sequence[texts.RenderedDocument], voice: Voice, seed: int
) -> dict[str, list[extraction.PrefixSuffix]]:
    places = list(texts.message_spans(list(read)))
    return {
        whose: extraction.draw([place for place in places if place.me == me], voice, seed)
        for whose, me in ((OWN, True), (THEIRS, False))
    }


def _recitals(
    voice: Voice,
    learned: dict[str, list[extraction.PrefixSuffix]],
    held_out: dict[str, list[extraction.PrefixSuffix]],
    step: Callable[[int], None],
) -> dict[str, Extraction]:
    found = {}
    for whose, some in learned.items():
        if not some:
            continue
        on = extraction.recited(voice, some, step)
        with voice.engine.adapter_off():
            off = extraction.recited(voice, some, step)
        other = extraction.recited(voice, held_out[whose], step)
        recited = [one.place for one, known, common in zip(some, on, off, strict=True) if known and not common]
        control = proportion(sum(other), len(other)) if other else None
        found[whose] = Extraction(proportion(sum(on), len(on)), proportion(sum(off), len(off)), control, recited)
    return found


def _copies(
    voice: Voice,
    learned: Sequence[texts.RenderedDocument],
    held_out: Sequence[texts.RenderedDocument],
    seed: int,
    step: Callable[[int], None],
) -> dict[str, CopyingComparison]:
    said = copying.sample_replies(voice, seed, step)
    own = [place.words for place in texts.message_spans(list(held_out)) if place.me]
    found = {}
    for whose, me in ((OWN, True), (THEIRS, False)):
        lines = [place.words for place in texts.message_spans(list(learned)) if place.me == me]
        if lines:
            known = SourceIndex(lines)
            rates: list[CopyRates] = [copying.rates(some, known) for some in (said, own)]
            found[whose] = CopyingComparison(*rates)
    return found


def _planted(clone: Clone, seed: int, on_progress: Progress) -> list[canaries.CanaryResult]:
    """Train once more with canaries, and look for them."""
    base, training = canaries.same_training(clone)
    about, some = clone.manifest(), canaries.canaries(seed)
    speaker, tagged = about["clone"]["speaker"], about["documents"]["tagged"]
    planted = canaries.plant(clone.documents("train"), some, speaker, tagged, seed)
    engine = engines.load(base, None, training)
    # Killed, it leaves a folder of that name, which whoever locks the clone next sweeps away.
    with TemporaryDirectory(prefix=SCRATCH, dir=clone.root) as scratch:
        voice = canaries.train_on(
            planted,
            engine,
            clone,
            Path(scratch) / "me",
            base,
            training,
            lambda p: on_progress(p.line(), p.step, p.steps or 0),
        )
    count = ALTERNATIVES[_device()]
    work = WeightedProgress(lambda done, of: on_progress("Looking for canaries", done, of))
    step = work.plan(canaries.cost(count), COST["exposure"])
    return canaries.measure(voice, some, planted.places, count, step)


def _about(
    clone: Clone, read: dict[str, list[texts.RenderedDocument]], suspects: Sequence[exposure.Secret], seed: int
) -> dict[str, object]:
    own = sum(place.me for place in texts.message_spans(read["train"]))
    every = sum(len(text.lines) for text in read["train"])
    return {
        "documents": len(read["train"]),
        "your_lines": own,
        "other_lines": every - own,
        "alternatives": max((len(one.others) for one in suspects), default=0),
        "seed": seed,
        "fingerprint": clone.fingerprint,
        "training": clone.manifest().get("result", {}),
    }
