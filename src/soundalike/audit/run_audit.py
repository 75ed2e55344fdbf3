"""`soundalike audit me`: a clone folder -> a report; audit.json holds it without strings, audit.html with them.

audit-strings.txt holds those that the voice names, one a line, as `--mask` reads them.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson

from soundalike import engines
from soundalike.audit import canaries, copying, exposure, inventory, membership
from soundalike.audit.audit_page import html
from soundalike.audit.audit_report import AuditReport, ExtractionRates
from soundalike.audit.copying import CopyingComparison, copy_rates
from soundalike.audit.extraction import PrefixSuffix, draw, extracted
from soundalike.audit.texts import TextSpan, messages_by_document
from soundalike.clone import Clone
from soundalike.clone.folder import SCRATCH
from soundalike.clone.report_names import AUDIT, AUDIT_PAGE, AUDIT_STRINGS
from soundalike.errors import CloneError, TooLittleText
from soundalike.evaluation.held_out import conversations
from soundalike.generation.voice import Voice
from soundalike.metrics.ngram_index import MessageIndex
from soundalike.metrics.stats import proportion
from soundalike.next_step import Frontend
from soundalike.progress import WeightedProgress
from soundalike.training.estimate import training_device

ALTERNATIVES, SECRETS = {"cuda": 1000, "cpu": 256}, {"cuda": 20, "cpu": 10}  # by device
# Seconds that a unit of each question takes, measured with pocket on one core: only their ratios matter.
COST = {"exposure": 0.0045, "extraction": 0.0108, "membership": 0.045, "copying": 0.016, "comparing": 2.0}
OWN, THEIRS = "your", "other people's"

OnLabelledProgress = Callable[[str, float, float | None], None]  # what is being done, done, of (None: not known yet)
OnUnits = Callable[[int], None]  # units of one kind of work done since the last call


def audit(
    folder: str | Path,
    *,
    with_canaries: bool = False,
    seed: int = 0,
    frontend: Frontend = Frontend.COMMAND_LINE,
    on_progress: OnLabelledProgress = lambda what, done, of: None,
) -> tuple[AuditReport, Path]:
    """Everything that is measured of the clone in `folder`, and the path of the page for its owner.

    On that page `frontend` names what to do. `with_canaries`: a second training of the same length is made for it, in a
    folder of its own that is removed afterwards. The clone is locked all the while, so that what is audited is what was
    trained. `CloneError` where there is no voice, or one of another import; `TooLittleText` where nothing was held out.
    """
    clone = Clone.open(folder)
    with clone.locked("soundalike audit"):
        voice = _without_guards(clone)
        report = _measured(clone, voice, seed, on_progress)
        if with_canaries:
            report.canaries = _canaries(clone, seed, on_progress)
        typed = shlex.quote(str(clone.root))
        figures = orjson.dumps(report.as_dict(typed), option=orjson.OPT_INDENT_2)
        named = "".join(f"{one}\n" for one in report.named)
        page = html(report, voice.owner, typed, frontend).encode()
        clone.write({AUDIT: figures, AUDIT_PAGE: page, AUDIT_STRINGS: named.encode()})
    return report, clone.root / AUDIT_PAGE


def _without_guards(clone: Clone) -> Voice:
    """The clone's voice as anybody who has the folder can load it."""
    voice = Voice.load(clone.root)
    if clone.manifest().get("result", {}).get("fingerprint", clone.fingerprint) != clone.fingerprint:
        raise CloneError("The voice in this clone was trained on another import.", "Train it again, then audit it.")
    return Voice(voice.engine, voice.owner, voice.tagged, voice.window, voice.sampling, voice.limits)


def _measured(clone: Clone, voice: Voice, seed: int, on_progress: OnLabelledProgress) -> AuditReport:
    """Everything but canaries. The whole work is planned before any of it is done, for the progress bar."""
    on_progress("Finding the riskiest strings", 0, None)
    _, built = conversations(clone)
    documents = messages_by_document(built)
    messages = {split: list(chain(*some)) for split, some in documents.items()}
    if not messages["train"] or not (messages["test"] or messages["valid"]):
        raise TooLittleText("There is no held-out text to compare with.", "Import an export with more messages.")
    found = inventory.find(messages["train"], clone.names_of_others())
    secrets = _secrets(found, seed)
    learned, held_out = (_by_author(messages[split], voice, seed) for split in ("train", "test"))
    parts = (
        membership.latest_parts(clone.documents("train"), voice),
        membership.spread_parts(clone.documents("test"), voice),
    )
    work = WeightedProgress(lambda done, of: on_progress("Asking", done, of))
    on_exposure = work.plan(sum(secret.cost for secret in secrets), COST["exposure"])
    on_extraction = work.plan(
        2 * sum(map(len, learned.values())) + sum(map(len, held_out.values())), COST["extraction"]
    )
    on_membership = work.plan(2 * sum(map(len, parts)) if all(parts) else 0, COST["membership"])
    on_copying = work.plan(copying.REPLIES, COST["copying"])
    on_comparing = work.plan(2, COST["comparing"])
    report = AuditReport(_about(clone, messages["train"], len(documents["train"]), secrets, seed), _counted(found))
    report.secrets = list(zip(secrets, exposure.measure(voice, secrets, on_exposure), strict=True))
    report.extraction = _extraction(voice, learned, held_out, on_extraction)
    if all(parts):
        learned_falls, other_falls = (membership.loss_falls(voice, some, on_membership) for some in parts)
        report.membership = membership.auc(learned_falls, other_falls)
    replies = copying.sample_replies(voice, seed, on_copying)
    report.copying = _copying(replies, messages["train"], messages["test"] or messages["valid"], on_comparing)
    on_comparing.finish()
    return report


def _secrets(found: Sequence[inventory.FoundString], seed: int) -> list[exposure.Secret]:
    """The riskiest strings whose exposure can be measured."""
    device, rng = training_device().device, Random(f"alternatives {seed}")
    secrets: list[exposure.Secret] = []
    for kind, span, times in inventory.riskiest(found):
        if len(secrets) == SECRETS[device]:
            break
        if secret := exposure.make_secret(span, kind, times, ALTERNATIVES[device], rng):
            secrets.append(secret)
    return secrets


def _counted(found: Sequence[inventory.FoundString]) -> dict[str, dict[str, int]]:
    times = Counter(kind for kind, _ in found)
    strings = Counter(kind for kind, _ in {(kind, span.text) for kind, span in found})
    return {kind: {"strings": strings[kind], "times": times[kind]} for kind in inventory.KINDS if times[kind]}


def _by_author(messages: Sequence[TextSpan], voice: Voice, seed: int) -> dict[str, list[PrefixSuffix]]:
    """Messages to be continued, drawn from the owner's and from other people's."""
    return {
        whose: draw([message for message in messages if message.me == me], voice, seed)
        for whose, me in ((OWN, True), (THEIRS, False))
    }


def _extraction(
    voice: Voice, learned: dict[str, list[PrefixSuffix]], held_out: dict[str, list[PrefixSuffix]], on_texts: OnUnits
) -> dict[str, ExtractionRates]:
    found = {}
    for whose, some in learned.items():
        if not some:
            continue
        on = extracted(voice, some, on_texts)
        with voice.engine.adapter_off():
            off = extracted(voice, some, on_texts)
        other = extracted(voice, held_out[whose], on_texts)
        recited = [one.span for one, known, common in zip(some, on, off, strict=True) if known and not common]
        control = proportion(sum(other), len(other)) if other else None
        found[whose] = ExtractionRates(proportion(sum(on), len(on)), proportion(sum(off), len(off)), control, recited)
    return found


def _copying(
    replies: Sequence[str], learned: Sequence[TextSpan], held_out: Sequence[TextSpan], on_compared: OnUnits
) -> dict[str, CopyingComparison]:
    own = [message.text for message in held_out if message.me]
    found = {}
    for whose, me in ((OWN, True), (THEIRS, False)):
        if lines := [message.text for message in learned if message.me == me]:
            index = MessageIndex(lines)
            found[whose] = CopyingComparison(copy_rates(replies, index), copy_rates(own, index))
            on_compared(1)
    return found


def _canaries(clone: Clone, seed: int, on_progress: OnLabelledProgress) -> list[canaries.CanaryResult]:
    """Train once more with canaries, and look for them."""
    base, training = canaries.same_training(clone)
    about, some = clone.manifest(), canaries.canaries(seed)
    speaker, tagged = about["clone"]["speaker"], about["documents"]["tagged"]
    planted = canaries.plant(clone.documents("train"), some, speaker, tagged, seed)
    engine = engines.load(base, None, training)
    # Killed, it leaves a folder of that name, which the next command that locks the clone removes.
    with TemporaryDirectory(prefix=SCRATCH, dir=clone.root) as scratch:
        voice = canaries.train_on(
            planted,
            engine,
            clone,
            Path(scratch) / "me",
            base,
            training,
            lambda progress: on_progress(progress.line(), progress.step, progress.steps or 0),
        )
    count = ALTERNATIVES[training_device().device]
    work = WeightedProgress(lambda done, of: on_progress("Looking for canaries", done, of))
    on_texts = work.plan(canaries.cost(count), COST["exposure"])
    return canaries.measure(voice, some, planted.spans, count, on_texts)


def _about(
    clone: Clone, learned: Sequence[TextSpan], documents: int, secrets: Sequence[exposure.Secret], seed: int
) -> dict[str, object]:
    """What the figures are of; `learned` are the messages of so many `documents`."""
    own = sum(message.me for message in learned)
    return {
        "documents": documents,
        "your_lines": own,
        "other_lines": len(learned) - own,
        "alternatives": max((len(secret.alternatives) for secret in secrets), default=0),
        "seed": seed,
        "fingerprint": clone.fingerprint,
        "training": clone.manifest().get("result", {}),
    }
