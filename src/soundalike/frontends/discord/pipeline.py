"""The steps from hearing to a turn, put together. No network, no library, no clock: who calls it brings the time.

    count -> filter -> loop guard -> burst -> decide -> rates -> line

Every message that enters leaves with one fate in the ledger, or as a turn that `take` gives, for which the caller
then settles one.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Collection
from random import Random

from soundalike.frontends.bot_loops import LoopGuard, RoomMessage
from soundalike.frontends.discord.buckets import Rates
from soundalike.frontends.discord.bursts import Bursts
from soundalike.frontends.discord.context import Context
from soundalike.frontends.discord.decide import chance
from soundalike.frontends.discord.filter import may_be_context, refusal
from soundalike.frontends.discord.heard import Heard, Turn
from soundalike.frontends.discord.ledger import MERGED, OPTED_OUT, SILENT, Ledger
from soundalike.frontends.discord.memory import Remembered
from soundalike.frontends.discord.settings import Settings
from soundalike.frontends.discord.waiting import Waiting

ROOMS = 1_024  # channels whose loops are watched; the one unheard for longest is forgotten first


class Pipeline:
    """What one bot, with the id `me`, heard and means to answer.

    `settings` and `remembered` give what holds now; `rng` is the coin.
    """

    def __init__(
        self,
        me: str,
        settings: Callable[[], Settings],
        remembered: Callable[[], Remembered],
        rng: Random | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.me = me
        self.settings, self.remembered = settings, remembered
        self.ledger = ledger or Ledger()
        self.context = Context()
        self._rng = rng or Random()
        self._bursts, self._waiting, self._rates = Bursts(), Waiting(), Rates()
        self._guards: OrderedDict[str, LoopGuard] = OrderedDict()
        self._engaged: OrderedDict[str, float] = OrderedDict()

    def hear(self, heard: Heard) -> None:
        """Take a message in."""
        self.ledger.hear()
        self._guard(heard.channel).count(_said(heard), self.settings().loops)
        if may_be_context(heard, self.settings(), self.remembered()):
            self.context.add(heard)
        if heard.own:
            self._engage(heard.channel, heard.at)
        if reason := self.refusal(heard):
            self.ledger.settle(heard, reason)
        else:
            self._burst(heard)

    def refusal(self, heard: Heard) -> str | None:
        """Why this message, the last of its channel, gets no answer now."""
        reason = refusal(heard, self.settings(), self.remembered())
        return reason or self._guard(heard.channel).refusal(_said(heard), self.settings().loops)

    def _burst(self, heard: Heard) -> None:
        if heard.addressed:
            self._engage(heard.channel, heard.at)
        times = self.settings().burst
        merged = self._bursts.add(heard, times.quiet, times.longest)
        if merged is not None:
            self.ledger.settle(merged, MERGED)

    def advance(self, now: float) -> None:
        """Decide about the bursts that are over, and line up the turns to take."""
        for turn in self._bursts.take_due(now):
            reason = self._declined(turn, now)
            if reason is not None:
                self.ledger.settle(turn.asked, reason)
                continue
            for dropped, why in self._waiting.add(turn, self.settings().queue.size):
                self.ledger.settle(dropped.asked, why)

    def _declined(self, turn: Turn, now: float) -> str | None:
        """Why a burst that is over gets no turn: silence is chosen before the buckets are asked."""
        asked, settings = turn.asked, self.settings()
        answer, silence = settings.answer, now - self._engaged.get(turn.channel, -math.inf)
        probability = settings.probability(asked.channel, asked.parent)
        if self._rng.random() >= chance(turn.addressed, probability, silence, answer.half_life, answer.least):
            return SILENT
        rates = settings.rates
        return self._rates.take(asked.author, asked.channel, now, (rates.person, rates.channel, rates.all))

    def take(self, now: float, busy: Collection[str]) -> Turn | None:
        """The next turn for the model, from a channel that is not `busy`; its fate is now the caller's to settle."""
        turn, dropped = self._waiting.take(now, self.settings().queue.fresh, busy)
        for old, reason in dropped:
            self.ledger.settle(old.asked, reason)
        return turn

    @property
    def next_due(self) -> float | None:
        """When `advance` will have something to do."""
        return self._bursts.next_due

    @property
    def waiting(self) -> int:
        """Turns in line."""
        return len(self._waiting)

    def drop(self, reason: str, channel: str | None = None) -> None:
        """Give up the bursts and turns of one channel, or all."""
        for turn in [*self._bursts.drop(channel), *self._waiting.drop(channel)]:
            self.ledger.settle(turn.asked, reason)

    def forget(self, channel: str) -> int:
        """Forget what was said in a channel, and what was to be answered there; gives how many messages were known."""
        self.drop("forgotten", channel)
        return self.context.forget(channel)

    def opt_out(self, author: str) -> None:
        """Forget what a person said, and what was to be answered to them; from now on the filter knows them."""
        for turn in [*self._bursts.drop_person(author), *self._waiting.drop_person(author)]:
            self.ledger.settle(turn.asked, OPTED_OUT)
        self.context.forget_person(author)

    def _guard(self, channel: str) -> LoopGuard:
        guard = self._guards.setdefault(channel, LoopGuard(self.me))
        self._guards.move_to_end(channel)
        if len(self._guards) > ROOMS:
            self._guards.popitem(last=False)
        return guard

    def _engage(self, channel: str, at: float) -> None:
        self._engaged[channel] = at
        self._engaged.move_to_end(channel)
        if len(self._engaged) > ROOMS:
            self._engaged.popitem(last=False)


def _said(heard: Heard) -> RoomMessage:
    return RoomMessage(heard.id, heard.author, heard.bot or heard.own, heard.text, heard.at)
