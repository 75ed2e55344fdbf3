"""The systems under comparison: the clone, the owner's real replies, the base model alone, and word-counting baselines.

`EvaluationSet` holds what is the same for all of them: the held-out scenes, the owner's windows, the likeness scale and
the coherence classifier. A `System` is what one of them said in those scenes; `SystemMetrics` are its measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from soundalike.errors import TooLittleText
from soundalike.evaluation.held_out import (
    Conversation,
    HeldOutScene,
    others_windows,
    own_messages,
    own_windows,
    real_windows,
    scenes,
)
from soundalike.metrics import attribution, coherence, repetition
from soundalike.metrics.char_ngrams import common_words, words
from soundalike.metrics.classifier_two_sample import (
    Resampling,
    TwoSampleResult,
    classifier_two_sample_test,
    window_sample,
)
from soundalike.metrics.likeness_scale import auc_estimate, likeness, population_ceiling
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.stats import Estimate, mean, percentile_interval, proportion
from soundalike.metrics.windows import FEWEST, SIZE, MessageWindows

BEFORE = {"test": "valid", "valid": "train"}  # the owner's months just before the held-out ones
VARIETY = 120  # messages that variety is measured on, the same for all

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SystemMetrics:
    """What was found about one contestant; None where there was too little text to say it."""

    area: Estimate | None
    likeness: Estimate | None
    strict: Estimate | None
    sense: Estimate | None
    copying: Estimate | None
    copied_grams: Estimate | None
    loops: Estimate | None
    hit_rate: Estimate | None
    variety: dict[str, float]


@dataclass(frozen=True, slots=True)
class System:
    """`windows` by seed, each with a window a scene; `paired` where window i answers scene i."""

    name: str
    windows: list[MessageWindows]
    paired: bool = True


class EvaluationSet:
    """Held-out scenes of one clone, and the owner's side of every measure."""

    def __init__(self, chats: dict[str, list[Conversation]], split: str, owner: str, most: int, seed: int) -> None:
        self.owner, self.seed = owner, seed
        self.scenes = scenes(chats[split], most, seed)
        self.real = real_windows(self.scenes)
        if not len(self.real):
            what = "The held-out part has no window of four messages, so no figure can be measured."
            raise TooLittleText(what, "Import more of your messages, or a shorter --gap.")
        self.learned = [text for texts in own_messages(chats["train"]) for text in texts]
        self.earlier = own_windows(chats[BEFORE[split]]).last(most)
        people = [w for w in others_windows(chats[split]) if len(w) >= FEWEST]
        self.members = len(people)
        spoken = [line.text for chat in chats["train"] for line in chat]
        self.common = common_words(spoken)
        self.resampling = Resampling(self.real.groups, seed)
        self._sample = window_sample(self.real, self.common)
        own_sample = window_sample(
            own_windows(chats["train"]).last(most), self.common if people else reference_population().common
        )
        if people:
            strangers, asked = [window_sample(w, self.common) for w in people], self._sample
        else:
            strangers, asked = reference_population().windows, window_sample(self.real, reference_population().common)
        self.people = [own_sample, *strangers]
        self.floor = classifier_two_sample_test(
            self._sample, [window_sample(self.earlier, self.common)], self.resampling, seed=seed
        )
        found = population_ceiling(asked, strangers, self.resampling, seed)
        self.ceiling: TwoSampleResult | None = found[0] if found else None
        self.strangers = found[1] if found else 0
        self.said = repetition.SourceIndex(self.learned)
        self.held_out = [text for texts in own_messages(chats[split]) for text in texts]
        self.judge = coherence.fit(_pairs(scenes(chats["train"], 8000, seed)))
        self.judged = [at for at, scene in enumerate(self.scenes) if scene.turns[0].history]

    @property
    def enough(self) -> bool:
        """Whether there is a scale at all."""
        return self.floor is not None and self.ceiling is not None

    def test(self, contestant: System, size: int = SIZE) -> TwoSampleResult | None:
        """The two-sample test of a contestant against the owner in windows of `size` messages."""
        real, theirs = self.real, contestant.windows
        keep = _whole(real, theirs) if contestant.paired else np.arange(len(real))
        real = real.take(keep)
        theirs = [one.take(keep) if contestant.paired else one for one in theirs]
        if size > SIZE:
            real, theirs = _joined(real), [_joined(one) for one in theirs]
        masked = [window_sample(one, self.common) for one in theirs]
        return classifier_two_sample_test(
            window_sample(real, self.common), masked, self.resampling, paired=contestant.paired, seed=self.seed
        )

    def scaled(self, test: TwoSampleResult | None) -> Estimate | None:
        """Likeness, where there is a scale to put the test on."""
        return likeness(test, self.floor, self.ceiling) if test and self.floor and self.ceiling else None

    def owner_figures(self) -> SystemMetrics:
        """The owner beside the others, told apart from nobody; copying is measured on all held-out messages."""
        found = self.figures(System("", [self.real]))
        whole = MessageWindows([(text,) for text in self.held_out], np.arange(len(self.held_out)))
        found = replace(found, area=None, likeness=None, strict=None)
        return replace(found, copying=self.copying([whole]), copied_grams=self.copied_grams([whole]))

    def figures(self, contestant: System) -> SystemMetrics:
        """Everything that needs no engine."""
        test, strict = self.test(contestant), self.test(contestant, 2 * SIZE)
        lines = [text for one in contestant.windows for text in one.lines]
        return SystemMetrics(
            area=auc_estimate(test) if test else None,
            likeness=self.scaled(test),
            strict=auc_estimate(strict) if strict else None,
            sense=self.sense(contestant),
            copying=self.copying(contestant.windows) if contestant.paired else None,
            copied_grams=self.copied_grams(contestant.windows) if contestant.paired else None,
            loops=self.loops(contestant.windows),
            hit_rate=self.hit_rate(contestant.windows[0]),
            variety=_variety(lines, len({word for text in self.learned for word in words(text)})),
        )

    def preferences(self, contestant: System) -> Floats | None:
        """(judged scenes,): how often each reply fits its own context better than another's, the mean over seeds."""
        if self.judge is None or len(self.judged) < FEWEST or not contestant.paired:
            return None
        groups = self.real.groups[self.judged]
        contexts = [[text for _, text in self.scenes[at].turns[0].history] for at in self.judged]
        by_seed = []
        for one in contestant.windows:
            pairs = [
                (context, list(one.messages[at][: len(self.scenes[at].turns[0].real)]))
                for context, at in zip(contexts, self.judged, strict=True)
            ]
            by_seed.append(self.judge.preference(pairs, groups))
        mean: Floats = np.mean(by_seed, axis=0)
        return mean

    def sense(self, contestant: System) -> Estimate | None:
        """How often a reply fits its own context better than another conversation's; 0.5 is chance."""
        preferred = self.preferences(contestant)
        return None if preferred is None else mean(preferred, self.real.groups[self.judged], self.seed)

    def copying(self, said: Sequence[MessageWindows]) -> Estimate | None:
        """Share of the messages of five words and more that stand word for word in what was learned from."""
        rows = [(self.said.holds(text), g) for one in said for ms, g in _by_window(one) for text in ms]
        found = [(float(holds), group) for holds, group in rows if holds is not None]
        return _grouped(found, self.seed)

    def copied_grams(self, said: Sequence[MessageWindows]) -> Estimate | None:
        """Share of the sequences of eight words that stand somewhere in what was learned from."""
        rows = [(*self.said.grams(text), group) for one in said for ms, group in _by_window(one) for text in ms]
        rows = [row for row in rows if row[1]]
        if not rows:
            return None
        hits, sizes, groups = (np.array(column, np.float64) for column in zip(*rows, strict=True))
        drawn = Resampling(groups.astype(np.int64), self.seed).weights(groups.astype(np.int64))
        return percentile_interval(
            hits.sum() / sizes.sum(), (drawn @ hits) / np.maximum(drawn @ sizes, 1), int(sizes.sum())
        )

    def loops(self, said: Sequence[MessageWindows]) -> Estimate | None:
        """Share of messages that go round in themselves, repeat one just said, or echo what they answer."""
        found = [
            (float(bad), scene.group)
            for one in said
            for scene, messages in zip(self.scenes, one.messages, strict=False)
            for bad in _circling(scene, messages, self.owner)
        ]
        return _grouped(found, self.seed)

    def hit_rate(self, said: MessageWindows) -> Estimate | None:
        """Share of windows that are nearer to the owner's style than to anybody else's here."""
        if len(self.people) < attribution.FEWEST_PEOPLE or len(said) < FEWEST or len(self.people[0]) < FEWEST:
            return None
        asked = window_sample(said, self.common if self.members else reference_population().common)
        return mean(attribution.attributed(asked, self.people), said.groups, self.seed)


def _pairs(played: Sequence[HeldOutScene]) -> list[coherence.Pair]:
    turns = [scene.turns[0] for scene in played if scene.turns[0].history]
    return [([text for _, text in turn.history], turn.real) for turn in turns]


def _whole(real: MessageWindows, theirs: Sequence[MessageWindows]) -> NDArray[np.intp]:
    """Scenes in which as many messages were said as by the owner, for every seed."""
    whole = [all(len(one.messages[at]) == len(messages) for one in theirs) for at, messages in enumerate(real.messages)]
    return np.flatnonzero(whole)


def _joined(one: MessageWindows) -> MessageWindows:
    """Windows twice as long: pairs of neighbours of one conversation."""
    kept, groups, at = list[tuple[str, ...]](), list[int](), 0
    while at + 1 < len(one):
        alike = one.groups[at] == one.groups[at + 1]
        if alike:
            kept.append((*one.messages[at], *one.messages[at + 1]))
            groups.append(int(one.groups[at]))
        at += 2 if alike else 1
    return MessageWindows(kept, np.array(groups, np.int64))


def _by_window(one: MessageWindows) -> list[tuple[tuple[str, ...], int]]:
    return list(zip(one.messages, one.groups.tolist(), strict=True))


def _circling(scene: HeldOutScene, messages: Sequence[str], owner: str) -> list[bool]:
    """For each of a scene's messages, whether it loops, repeats or echoes."""
    found, left = list[bool](), list(messages)
    for turn in scene.turns:
        said = [text for name, text in turn.history if name == owner]
        asked = next((text for name, text in turn.history[-1:] if name != owner), "")
        for _ in turn.real[: len(left)]:
            text = left.pop(0)
            found.append(repetition.loops(text) or repetition.repeats(text, said) or repetition.echoes(text, asked))
            said.append(text)
    return found


def _grouped(found: Sequence[tuple[float, int]], seed: int) -> Estimate | None:
    if len(found) < FEWEST:
        return None
    values, groups = np.array([value for value, _ in found]), np.array([group for _, group in found], np.int64)
    # Where nothing was found a bootstrap finds nothing either, however little was looked at.
    return mean(values, groups, seed) if values.any() else proportion(0, len(values))


def _variety(lines: Sequence[str], vocabulary: int) -> dict[str, float]:
    some = list(lines[:VARIETY])
    spread = {f"distinct_{size}": repetition.expected_distinct(some, size, vocabulary) for size in (1, 2, 3)}
    return {**spread, "self_bleu": repetition.self_bleu(some)}
