"""The systems under comparison, and everything that is measured of one without an engine.

A system is the clone, the owner's real replies, the base model alone, or a baseline that only counts words; it is given
by the windows it wrote in the scenes of an `EvaluationSet`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import HeldOutScene
from soundalike.metrics.attribution import MIN_PEOPLE, attributed
from soundalike.metrics.classifier_two_sample import (
    TwoSampleResult,
    classifier_two_sample_test,
    window_bootstrap,
    window_sample,
)
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.loops import loops
from soundalike.metrics.repetition import echoes, expected_distinct, repeats, self_bleu
from soundalike.metrics.stats import Estimate, Floats, mean, percentile_interval, proportion
from soundalike.metrics.windows import MIN_WINDOWS, SIZE, MessageWindows

VARIETY_MESSAGES = 120  # that variety is measured on, the same for all


@dataclass(frozen=True, slots=True)
class System:
    """`windows` by seed, each with a window per scene; `paired`: window i answers scene i."""

    name: str
    windows: list[MessageWindows]
    paired: bool = True


@dataclass(frozen=True, slots=True)
class SystemMetrics:
    """What was measured of one system; None where there was too little text for it.

    `fooled` is the share of pairs in which a judge takes the system's reply for the owner's, see `judge`.
    `auc` and `strict` are areas under the curve of the two-sample test, on windows of four and of eight messages;
    `likeness` is `auc` on its scale. The others are shares: `coherence` of replies that fit their own context better,
    `copying` of messages and `copied_grams` of runs of eight words that stand in the training part, `repetition` of
    messages that loop, repeat or echo, `hit_rate` of windows attributed to the owner. `variety` has EAD of 1- to
    3-grams and self-BLEU.
    """

    fooled: Estimate | None = None
    auc: Estimate | None = None
    likeness: Estimate | None = None
    strict: Estimate | None = None
    coherence: Estimate | None = None
    copying: Estimate | None = None
    copied_grams: Estimate | None = None
    repetition: Estimate | None = None
    hit_rate: Estimate | None = None
    variety: dict[str, float] = field(default_factory=dict)


def measure(held_out: EvaluationSet, system: System) -> SystemMetrics:
    """All metrics of one system; copying only of one that answered the scenes."""
    test, strict = two_sample_test(held_out, system), two_sample_test(held_out, system, 2 * SIZE)
    return SystemMetrics(
        auc=auc_estimate(test) if test else None,
        likeness=held_out.scaled(test),
        strict=auc_estimate(strict) if strict else None,
        coherence=coherence(held_out, system),
        copying=copying(held_out, system.windows) if system.paired else None,
        copied_grams=copied_ngrams(held_out, system.windows) if system.paired else None,
        repetition=repetition(held_out, system.windows),
        hit_rate=hit_rate(held_out, system.windows[0]),
        variety=_variety(held_out, [text for windows in system.windows for text in windows.lines]),
    )


def measure_owner(held_out: EvaluationSet) -> SystemMetrics:
    """The owner's real replies, which are not tested against themselves; copying is of all held-out messages."""
    everything = [_as_windows(held_out.own_held_out)]
    return SystemMetrics(
        coherence=coherence(held_out, System("", [held_out.real])),
        copying=copying(held_out, everything),
        copied_grams=copied_ngrams(held_out, everything),
        repetition=repetition(held_out, [held_out.real]),
        hit_rate=hit_rate(held_out, held_out.real),
        variety=_variety(held_out, held_out.real.lines),
    )


def owner_copying(held_out: EvaluationSet) -> Estimate | None:
    """`copying` of `measure_owner` alone."""
    return copying(held_out, [_as_windows(held_out.own_held_out)])


def two_sample_test(held_out: EvaluationSet, system: System, size: int = SIZE) -> TwoSampleResult | None:
    """The classifier two-sample test of a system against the owner, in windows of `size` messages."""
    real, theirs = held_out.real, system.windows
    if system.paired:
        whole = whole_scenes(real, theirs)
        real, theirs = real.take(whole), [windows.take(whole) for windows in theirs]
    if size > SIZE:
        real, theirs = _doubled(real), [_doubled(windows) for windows in theirs]
    own, *others = (window_sample(windows, held_out.common) for windows in (real, *theirs))
    return classifier_two_sample_test(own, others, held_out.bootstrap, paired=system.paired, seed=held_out.seed)


def scene_coherence(held_out: EvaluationSet, system: System) -> Floats | None:
    """(scenes with a context,): how often a reply fits its own context better than another's, the mean over seeds."""
    model, scenes = held_out.coherence_model, held_out.with_context
    if model is None or len(scenes) < MIN_WINDOWS or not system.paired:
        return None
    groups = held_out.real.groups[scenes]
    contexts = [[text for _, text in held_out.scenes[at].turns[0].history] for at in scenes]
    first_turns = [len(held_out.scenes[at].turns[0].real) for at in scenes]
    by_seed = []
    for windows in system.windows:
        replies = [windows.messages[at][:size] for at, size in zip(scenes, first_turns, strict=True)]
        by_seed.append(model.preference(list(zip(contexts, replies, strict=True)), groups))
    averaged: Floats = np.mean(by_seed, axis=0)
    return averaged


def coherence(held_out: EvaluationSet, system: System) -> Estimate | None:
    """How often a reply fits its own context better than another conversation's; 0.5 is chance."""
    preferred = scene_coherence(held_out, system)
    return None if preferred is None else mean(preferred, held_out.real.groups[held_out.with_context], held_out.seed)


def copying(held_out: EvaluationSet, by_seed: Sequence[MessageWindows]) -> Estimate | None:
    """Share of the messages of five words and more that stand word for word in one of the training part."""
    found = [(held_out.learned_index.in_message(text), group) for text, group in _messages(by_seed)]
    return _share([(copied, group) for copied, group in found if copied is not None], held_out.seed)


def copied_ngrams(held_out: EvaluationSet, by_seed: Sequence[MessageWindows]) -> Estimate | None:
    """Share of the runs of eight words that stand somewhere in the training part."""
    rows = [(*held_out.learned_index.copied_ngrams(text), group) for text, group in _messages(by_seed)]
    rows = [row for row in rows if row[1]]
    if not rows:
        return None
    hits, sizes, groups = np.array(rows, np.int64).T
    draws = window_bootstrap(groups, held_out.seed).ratio(hits, sizes, groups)
    return percentile_interval(hits.sum() / sizes.sum(), draws, int(sizes.sum()))


def repetition(held_out: EvaluationSet, by_seed: Sequence[MessageWindows]) -> Estimate | None:
    """Share of messages that loop, repeat one of the last few, or echo what they answer."""
    found = [
        (repeated, scene.group)
        for windows in by_seed
        for scene, messages in zip(held_out.scenes, windows.messages, strict=False)
        for repeated in _repeated(scene, messages, held_out.owner)
    ]
    return _share(found, held_out.seed)


def hit_rate(held_out: EvaluationSet, windows: MessageWindows) -> Estimate | None:
    """Share of windows that are nearer to the owner's style than to anybody else's here."""
    people = [held_out.owner_sample, *held_out.other_people]
    if len(people) < MIN_PEOPLE or len(windows) < MIN_WINDOWS or len(people[0]) < MIN_WINDOWS:
        return None
    return mean(attributed(window_sample(windows, held_out.people_common), people), windows.groups, held_out.seed)


def _variety(held_out: EvaluationSet, lines: Sequence[str]) -> dict[str, float]:
    some = list(lines[:VARIETY_MESSAGES])
    distinct = {f"distinct_{size}": expected_distinct(some, size, held_out.vocabulary) for size in (1, 2, 3)}
    return {**distinct, "self_bleu": self_bleu(some)}


def _as_windows(messages: Sequence[str]) -> MessageWindows:
    """Each message a window and a group of its own."""
    return MessageWindows([(text,) for text in messages], np.arange(len(messages)))


def _messages(by_seed: Sequence[MessageWindows]) -> list[tuple[str, int]]:
    """Every message with the group of its window."""
    return [
        (text, group)
        for windows in by_seed
        for messages, group in zip(windows.messages, windows.groups.tolist(), strict=True)
        for text in messages
    ]


def whole_scenes(real: MessageWindows, theirs: Sequence[MessageWindows]) -> NDArray[np.intp]:
    """The numbers of the scenes in which as many messages were written as by the owner, for every seed."""
    sizes = [len(messages) for messages in real.messages]
    whole = [all(len(one.messages[at]) == size for one in theirs) for at, size in enumerate(sizes)]
    return np.flatnonzero(whole)


def _doubled(windows: MessageWindows) -> MessageWindows:
    """Windows twice as long: pairs of neighbours of one conversation."""
    joined, groups, at = list[tuple[str, ...]](), list[int](), 0
    while at + 1 < len(windows):
        alike = windows.groups[at] == windows.groups[at + 1]
        if alike:
            joined.append((*windows.messages[at], *windows.messages[at + 1]))
            groups.append(int(windows.groups[at]))
        at += 2 if alike else 1
    return MessageWindows(joined, np.array(groups, np.int64))


def _repeated(scene: HeldOutScene, messages: Sequence[str], owner: str) -> list[bool]:
    """For each of a scene's messages, whether it loops, repeats or echoes."""
    found = list[bool]()
    for turn, answers in scene.answers(messages):
        own = [text for name, text in turn.history if name == owner]
        asked = next((text for name, text in turn.history[-1:] if name != owner), "")
        for text in answers:
            found.append(loops(text) or repeats(text, own) or echoes(text, asked))
            own.append(text)
    return found


def _share(found: Sequence[tuple[bool, int]], seed: int) -> Estimate | None:
    """The share of things that are true, from (true or not, group) of each."""
    if len(found) < MIN_WINDOWS:
        return None
    values, groups = np.array([float(value) for value, _ in found]), np.array([group for _, group in found], np.int64)
    # Where nothing was found a bootstrap finds nothing either, however little was looked at.
    return mean(values, groups, seed) if values.any() else proportion(0, len(values))
