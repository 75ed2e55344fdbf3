"""What is the same for all systems under comparison: the held-out scenes and the references that measures need."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby

import numpy as np

from soundalike.errors import TooLittleText
from soundalike.evaluation.held_out import (
    Conversation,
    HeldOutScene,
    held_out_scenes,
    others_windows,
    own_messages,
    own_windows,
    real_windows,
)
from soundalike.metrics import coherence
from soundalike.metrics.classifier_two_sample import (
    TwoSampleResult,
    WindowSample,
    classifier_two_sample_test,
    window_bootstrap,
    window_sample,
)
from soundalike.metrics.likeness_scale import likeness, population_ceiling
from soundalike.metrics.ngram_index import MessageIndex
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.reply_context import ReplyContextModel
from soundalike.metrics.stats import Bootstrap, Estimate
from soundalike.metrics.windows import MIN_WINDOWS, SIZE, MessageWindows
from soundalike.metrics.words import common_words, words

PRECEDING_SPLIT = {"test": "valid", "valid": "train"}  # the owner's months just before the held-out ones
LEARNED_SCENES = 8000  # that the coherence model is fitted on


class EvaluationSet:
    """Held-out scenes of one clone and the owner's side of every measure; references are made when first needed."""

    def __init__(
        self, chats: Mapping[str, Sequence[Conversation]], split: str, owner: str, most: int, seed: int = 0
    ) -> None:
        """About `most` scenes of `chats[split]`; `TooLittleText` where there is none."""
        self.owner, self.split, self.seed = owner, split, seed
        self._chats, self._most = chats, most
        self.scenes = held_out_scenes(chats[split], most, seed)
        self.real = real_windows(self.scenes)
        if not len(self.real):
            what = "The held-out part has no window of four messages, so no figure can be measured."
            raise TooLittleText(
                what, "Import more of your messages, or a shorter --gap.", "Import more of your messages."
            )

    @cached_property
    def learned(self) -> list[str]:
        """The owner's messages of the training part."""
        return own_messages(self._chats["train"])

    @cached_property
    def vocabulary(self) -> int:
        """How many different words `learned` has."""
        return len({word for text in self.learned for word in words(text)})

    @cached_property
    def learned_index(self) -> MessageIndex:
        """An index of `learned`, to look copies up in."""
        return MessageIndex(self.learned)

    @cached_property
    def own_held_out(self) -> list[str]:
        """All of the owner's held-out messages."""
        return own_messages(self._chats[self.split])

    @cached_property
    def earlier(self) -> MessageWindows:
        """The owner's last windows of the part before the held-out one."""
        return own_windows(self._chats[PRECEDING_SPLIT[self.split]]).last(self._most)

    @cached_property
    def common(self) -> frozenset[str]:
        """The commonest words of the training part, everybody's, which are not masked."""
        return common_words(line.text for chat in self._chats["train"] for line in chat)

    @cached_property
    def bootstrap(self) -> Bootstrap:
        """Draws of the held-out conversations, the same for every system."""
        return window_bootstrap(self.real.groups, self.seed)

    @cached_property
    def members(self) -> list[MessageWindows]:
        """The held-out windows of each other person of the chats who has enough of them."""
        return [windows for windows in others_windows(self._chats[self.split]) if len(windows) >= MIN_WINDOWS]

    @cached_property
    def people_common(self) -> frozenset[str]:
        """The words that are not masked where windows are compared with other people's."""
        return self.common if self.members else reference_population().common

    @cached_property
    def other_people(self) -> list[WindowSample]:
        """A sample of each other person: of the chats' members, else of the reference population."""
        if self.members:
            return [window_sample(windows, self.common) for windows in self.members]
        return reference_population().windows

    @cached_property
    def owner_sample(self) -> WindowSample:
        """The owner's last windows of the training part, to compare with `other_people`."""
        return window_sample(own_windows(self._chats["train"]).last(self._most), self.people_common)

    @cached_property
    def halves(self) -> tuple[MessageWindows, MessageWindows]:
        """The held-out windows of every second conversation, and those of the others: the owner in the same months."""
        second = np.isin(self.real.groups, np.unique(self.real.groups)[1::2])
        return self.real.take(np.flatnonzero(~second)), self.real.take(np.flatnonzero(second))

    @cached_property
    def same_months(self) -> TwoSampleResult | None:
        """The test of one half against the other."""
        one, other = (window_sample(windows, self.common) for windows in self.halves)
        return classifier_two_sample_test(one, [other], window_bootstrap(one.groups, self.seed), seed=self.seed)

    @cached_property
    def _population(self) -> tuple[TwoSampleResult, int] | None:
        asked = window_sample(self.real, self.people_common)
        return population_ceiling(asked, self.other_people, self.bootstrap, self.seed)

    @property
    def ceiling(self) -> TwoSampleResult | None:
        """The median test of other people against the held-out windows: 0 % likeness."""
        return self._population and self._population[0]

    @property
    def tested_people(self) -> int:
        """How many other people the ceiling is the median of."""
        return self._population[1] if self._population else 0

    @cached_property
    def coherence_model(self) -> coherence.CoherenceModel | None:
        """Fitted on the training part; None where that has too few replies."""
        turns = [scene.turns[0] for scene in held_out_scenes(self._chats["train"], LEARNED_SCENES, self.seed)]
        return coherence.fit([([text for _, text in turn.history], turn.real) for turn in turns if turn.history])

    @cached_property
    def reply_context(self) -> ReplyContextModel:
        """What words tell of how replies follow what stands before them, fitted on the training part."""
        chats = [[(line.me, line.text) for line in chat] for chat in self._chats["train"]]
        return ReplyContextModel.fit(self.learned, self.coherence_model, chats, self.seed)

    @cached_property
    def earlier_scenes(self) -> list[HeldOutScene]:
        """About as many scenes of the part before the held-out one."""
        return held_out_scenes(self._chats[PRECEDING_SPLIT[self.split]], self._most, self.seed)

    @cached_property
    def others_replies(self) -> list[tuple[int, list[str]]]:
        """(conversation, messages) of held-out turns that a reply could be mistaken for.

        Of other people, the beginnings of what they say in a row, where the chats have them; else the owner's first
        turns of the scenes.
        """
        runs = [
            (group, [line.text for line in run])
            for group, chat in enumerate(self._chats[self.split])
            for (_, me), run in groupby(chat, key=lambda line: (line.name, line.me))
            if not me
        ]
        found = [(group, run[:size]) for group, run in runs for size in range(1, min(len(run), SIZE) + 1)]
        return found or [(scene.group, scene.turns[0].real) for scene in self.scenes]

    @cached_property
    def with_context(self) -> list[int]:
        """The numbers of the scenes whose first turn has something before it, in which coherence is measured."""
        return [at for at, scene in enumerate(self.scenes) if scene.turns[0].history]

    def scaled(self, test: TwoSampleResult | None) -> Estimate | None:
        """Likeness of a test against the held-out windows; None where there is no scale to put it on."""
        return likeness(test, self.ceiling) if test and self.ceiling else None

    @property
    def conversations(self) -> int:
        """How many conversations the scenes are from."""
        return len(np.unique(self.real.groups))
