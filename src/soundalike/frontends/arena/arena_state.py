"""What the arena's endpoints share: the pairs, who judges, the votes. Only what was released leaves `next_pair`."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from os import stat_result
from random import Random
from typing import Any

from soundalike.clone import Clone
from soundalike.evaluation.evaluation_report import CLONE, estimate_of
from soundalike.evaluation.report_file import load_best
from soundalike.frontends.arena import arena_pairs, arena_votes
from soundalike.frontends.arena.arena_pairs import ArenaPair, ArenaPairs, save_pairs
from soundalike.frontends.arena.arena_results import ArenaResults, results
from soundalike.frontends.arena.arena_votes import ArenaJudge, ArenaVote, ArenaVotes
from soundalike.frontends.local_page.answers import ApiProblem
from soundalike.metrics.stats import Estimate

MOST_JUDGES = 1000
FIRST = "first"


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A pair as a judge sees it: which of the two is real is not in it. `number` of `of` pairs, from 1."""

    pair: str
    number: int
    of: int
    context: list[tuple[str, str]]
    first: list[str]
    second: list[str]


class ArenaState:
    """The arena of one clone while it is served, by one process and from one thread."""

    def __init__(self, clone: Clone, pairs: ArenaPairs) -> None:
        self._clone, self._pairs = clone, pairs
        self._votes = ArenaVotes.read(clone.root / arena_votes.FILE)
        self._votes.mend()
        self._seen = self._stat()

    @property
    def owner(self) -> str:
        """Whose replies are guessed at."""
        return self._pairs.owner

    def review(self) -> list[ArenaPair]:
        """Every pair, for its owner alone."""
        self._require_pairs()
        return self._pairs.pairs

    def release(self, pair: str, released: bool) -> ArenaPair:
        """Let judges see a pair, or no longer; kept on disk before it holds."""
        self._require_pairs()
        try:
            changed = self._pairs.with_release(pair, released)
        except KeyError:
            raise ApiProblem(404, "There is no such pair.", "Reload the page.") from None
        save_pairs(self._clone, changed)
        self._pairs, self._seen = changed, self._stat()
        return next(one for one in changed.pairs if one.id == pair)

    def join(self, acquaintance: bool) -> ArenaJudge:
        """A new judge, who said whether they know the owner."""
        self._require_pairs()
        if len(self._votes.judges) >= MOST_JUDGES:
            raise ApiProblem(429, f"There are {MOST_JUDGES:,} judges already.", "Ask the owner for a new arena.")
        judge = ArenaJudge(secrets.token_hex(8), acquaintance, _now())
        self._votes.add(judge)
        return judge

    def next_pair(self, judge: str) -> ShownPair | None:
        """The next released pair that this judge has not voted on, in an order of their own."""
        self._require_judge(judge)
        released = sorted(self._pairs.released, key=lambda pair: self._chance(judge, pair.id).random())
        left = [pair for pair in released if (judge, pair.id) not in self._votes.votes]
        if not left:
            return None
        pair, done = left[0], len(released) - len(left)
        both = (pair.clone, pair.real) if self._clone_first(judge, pair.id) else (pair.real, pair.clone)
        return ShownPair(pair.id, done + 1, len(released), pair.context, *both)

    def vote(self, judge: str, pair: str, choice: str) -> None:
        """Keep what a judge takes for the owner's; 404 for a pair that was not released, 409 for a second vote."""
        self._require_judge(judge)
        if all(one.id != pair for one in self._pairs.released):
            raise ApiProblem(404, "There is no such pair.", "Reload the page.")
        if (judge, pair) in self._votes.votes:
            raise ApiProblem(409, "You have voted on this pair.", "Go on with the next one.")
        clone_first = self._clone_first(judge, pair)
        fooled = (choice == FIRST) == clone_first
        self._votes.add(ArenaVote(judge, pair, clone_first, fooled, self._pairs.identity["adapter"], _now()))

    def score(self, judge: str) -> dict[str, int]:
        """How many votes a judge gave, and how many of them found the owner's reply."""
        self._require_judge(judge)
        own = [vote for (voter, _), vote in self._votes.votes.items() if voter == judge]
        return {"votes": len(own), "right": sum(not vote.fooled for vote in own)}

    def results(self) -> ArenaResults:
        """All votes so far, beside what the judge of `evaluate` was fooled by."""
        return results(self._pairs, self._votes, machine_figure(self._clone))

    def _chance(self, judge: str, pair: str) -> Random:
        """The same for a judge and a pair at every call, which nobody can compute who has not read arena.json."""
        return Random(f"{self._pairs.secret} {judge} {pair}")

    def _clone_first(self, judge: str, pair: str) -> bool:
        chance = self._chance(judge, pair)
        chance.random()  # the first draw is the place in the judge's order
        return chance.random() < 0.5

    def _require_judge(self, judge: str) -> None:
        self._require_pairs()
        if judge not in self._votes.judges:
            raise ApiProblem(403, "This judge is not known here.", "Open the link again.")

    def _require_pairs(self) -> None:
        """Nothing is shown any more once arena.json is gone or another one, as after `soundalike forget`."""
        if self._stat() != self._seen:
            raise ApiProblem(410, "The pairs were removed or replaced.", "Start the arena anew: soundalike arena")

    def _stat(self) -> Any:
        path = self._clone.root / arena_pairs.FILE
        if not path.is_file():
            return None
        found: stat_result = path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size


def machine_figure(clone: Clone) -> Estimate | None:
    """How often the judge of `evaluate` is fooled by the voice as it is now, if that was measured."""
    report = load_best(clone).report
    return estimate_of(report, CLONE, "fooled") if report else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
