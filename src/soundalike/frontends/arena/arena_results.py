"""How often judges took the clone's reply for the owner's: acquaintances, strangers and all, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundalike import phrasing
from soundalike.frontends.arena.arena_pairs import ArenaPairs
from soundalike.frontends.arena.arena_votes import ArenaVote, ArenaVotes
from soundalike.metrics.stats import Estimate, Floats, Groups, mean, proportion

ALL, ACQUAINTANCES, STRANGERS = "all", "acquaintances", "strangers"
SOURCE = "IMPersona, arXiv:2504.04332"
MACHINE = "the judge of `evaluate`"


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """A share that others have measured, in percent, and where."""

    what: str
    percent: int
    source: str


PUBLISHED = (
    PublishedFigure("a tuned model of 8 billion weights with memory", 44, SOURCE),
    PublishedFigure("the best model with a prompt alone", 25, SOURCE),
)


@dataclass(frozen=True, slots=True)
class ArenaGroup:
    """The votes of some judges: how many judges and votes, and the share of votes that were `fooled`, None of none."""

    judges: int
    votes: int
    fooled: Estimate | None


@dataclass(frozen=True, slots=True)
class ArenaResults:
    """Results by group; `pairs` that are released; `machine`: the automatic judge's error rate, None if not evaluated;
    `other_voices`: votes on earlier voices, which are not counted."""

    owner: str
    pairs: int
    groups: dict[str, ArenaGroup]
    machine: Estimate | None
    other_voices: int
    published: Sequence[PublishedFigure] = PUBLISHED

    def lines(self) -> list[str]:
        """For a terminal."""
        rows = [(name, group.fooled, _extent(group)) for name, group in self.groups.items()]
        rows += [(MACHINE, self.machine, "")] if self.machine else []
        others = [f"{self.other_voices:,} votes on earlier voices are not counted."] if self.other_voices else []
        return [
            f"So often the clone's reply was taken for {self.owner}'s, of two that were shown (50 % is perfect):",
            *(f"{name:24} {_figure(fooled):16} {extent}".rstrip() for name, fooled, extent in rows),
            "In [ ] is where the figure lies with a certainty of 95 %.",
            *others,
            "Published, of talks of three minutes that were judged one at a time:",
            *(f"{one.percent} % {one.what} ({one.source})" for one in self.published),
        ]


def results(pairs: ArenaPairs, votes: ArenaVotes, machine: Estimate | None = None) -> ArenaResults:
    """The results of the pairs' voice."""
    known = {pair.id for pair in pairs.pairs}
    voice = pairs.identity["adapter"]
    counted = [vote for vote in votes.votes.values() if vote.voice == voice and vote.pair in known]
    friends = {judge.id for judge in votes.judges.values() if judge.acquaintance}
    groups = {
        ALL: _group(counted),
        ACQUAINTANCES: _group([vote for vote in counted if vote.judge in friends]),
        STRANGERS: _group([vote for vote in counted if vote.judge not in friends]),
    }
    return ArenaResults(pairs.owner, len(pairs.released), groups, machine, len(votes.votes) - len(counted))


def _group(votes: Sequence[ArenaVote]) -> ArenaGroup:
    names, groups = np.unique([vote.judge for vote in votes], return_inverse=True)
    fooled = np.array([float(vote.fooled) for vote in votes])
    return ArenaGroup(len(names), len(votes), _share(fooled, groups.astype(np.int64)) if votes else None)


def _share(fooled: Floats, judges: Groups) -> Estimate:
    """The share with the wider of two intervals: Wilson's, which takes votes as independent, and a bootstrap over
    judges, which does not but says nothing of a single one."""
    alone, together = proportion(int(fooled.sum()), len(fooled)), mean(fooled, judges)
    return Estimate(alone.value, min(alone.low, together.low), max(alone.high, together.high), alone.n)


def _figure(fooled: Estimate | None) -> str:
    return fooled.as_text(percent=True) if fooled else "-"


def _extent(group: ArenaGroup) -> str:
    return f"{phrasing.count(group.votes, 'vote')} of {phrasing.count(group.judges, 'judge')}"
