"""What becomes of each message: refused by a rule, merged into a burst, not answered by chance, queued, answered.

    count -> rules -> loop guard -> burst -> chance -> rate limits -> queue -> being answered -> outcome

No network and no clock: the caller passes the time, takes the messages to answer, and reports how that ended.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from soundalike.frontends.bot_loops import LoopGuard
from soundalike.frontends.discord.message import IncomingMessage
from soundalike.frontends.discord.rate_limits import AnswerRates
from soundalike.frontends.discord.settings import Settings, SettingsFile
from soundalike.frontends.discord.state import (
    DELETED,
    MERGED,
    OPTED_OUT,
    QUEUE_FULL,
    SILENT,
    TOO_OLD,
    BotState,
    OutcomeCounts,
    RecentMessages,
    store,
)

CHANNELS = 1_024  # whose loops and talks are followed; the one without news for longest is forgotten first
BURST_MESSAGES = 100

Rule = Callable[[IncomingMessage, Settings, BotState], bool]

RULES: dict[str, Rule] = {  # outcome -> whether it holds; the first one counts
    "own message": lambda message, settings, state: message.own,
    "system message": lambda message, settings, state: message.system,
    "channel not listed": lambda message, settings, state: bool(message.server) and not _listed(message, settings),
    "direct messages not allowed": lambda message, settings, state: (
        not message.server and message.author not in settings.direct_messages
    ),
    "server denied": lambda message, settings, state: message.server in settings.denied_servers,
    "person denied": lambda message, settings, state: message.author in settings.denied_people,
    OPTED_OUT: lambda message, settings, state: message.author in state.opted_out,
    "bot not allowed": lambda message, settings, state: message.bot and message.author not in settings.bots,
    "hushed": lambda message, settings, state: state.hushed,
    DELETED: lambda message, settings, state: message.deleted,
    "no words": lambda message, settings, state: not message.text.strip(),
    "addressed to somebody else": lambda message, settings, state: message.to_others and not message.addressed,
}


def broken_rule(message: IncomingMessage, settings: Settings, state: BotState) -> str | None:
    """The outcome of a message that may not be answered; everything that is not allowed is denied."""
    return next((outcome for outcome, holds in RULES.items() if holds(message, settings, state)), None)


def _listed(message: IncomingMessage, settings: Settings) -> bool:
    """Whether the message is in a listed channel, or in a thread of one."""
    return message.channel in settings.channels or message.parent in settings.channels


def may_be_shown(message: IncomingMessage, settings: Settings, state: BotState) -> bool:
    """Whether the message may be kept in memory and shown to the model; as strict as for answers about the place."""
    where = _listed(message, settings) if message.server else message.own or message.author in settings.direct_messages
    return where and not message.system and message.author not in state.opted_out | settings.denied_people


def chance(addressed: bool, probability: float, silence: float, half_life: float, least: float) -> float:
    """The probability of an answer, 0 to 1.

    A message that addresses the bot is always answered. Any other is answered with `probability` while the bot is part
    of the talk: halved for every `half_life` seconds of `silence` since the bot last wrote or was addressed there, and
    never below the share `least` of it. (oobabot, `decide_to_respond.py`, falls in steps: 0.9 up to a minute, 0.7 up to
    two, 0.5 up to five, then nothing.)
    """
    if addressed:
        return 1.0
    fading = 0.0 if math.isinf(silence) else 0.5 ** (silence / half_life)
    return probability * max(least, fading)


@dataclass(slots=True)
class Burst:
    """Messages of one channel that are answered together; `due` is when it ends."""

    messages: list[IncomingMessage]
    began: float
    due: float

    @property
    def asked(self) -> IncomingMessage:
        """The message to answer: the last one that addresses the bot, else the last."""
        return next((one for one in reversed(self.messages) if one.addressed), self.messages[-1])


class Pipeline:
    """The messages of one bot, whose id is `me`. `rng` decides by chance."""

    def __init__(
        self,
        me: str,
        settings: SettingsFile,
        state: BotState,
        rng: Random | None = None,
        counts: OutcomeCounts | None = None,
    ) -> None:
        self.me, self.settings, self.state = me, settings, state
        self.counts = counts or OutcomeCounts()
        self.recent = RecentMessages()
        self.answering: dict[str, IncomingMessage] = {}
        """Channel -> the message that is being answered there, as last edited."""
        self._rng = rng or Random()
        self._bursts: dict[str, Burst] = {}
        self._queue: deque[IncomingMessage] = deque()
        self._rates = AnswerRates()
        self._guards: OrderedDict[str, LoopGuard] = OrderedDict()
        self._engaged: OrderedDict[str, float] = OrderedDict()  # when the bot last wrote or was addressed

    def receive(self, message: IncomingMessage) -> None:
        """Take a new message in."""
        self.counts.received += 1
        self._guard(message.channel).count(message, self.settings.now.loops)
        self.remember(message)
        if message.own:
            store(self._engaged, message.channel, message.at, CHANNELS)
        if outcome := self.refusal(message):
            self.counts.record(message, outcome)
        else:
            self._add_to_burst(message)

    def remember(self, message: IncomingMessage) -> None:
        """Keep a message for the model to read, where that is allowed."""
        if may_be_shown(message, self.settings.now, self.state):
            self.recent.add(message)

    def refusal(self, message: IncomingMessage) -> str | None:
        """Why this message may not be answered now; None where it may. It is the last one of its channel."""
        message, settings = self.latest(message), self.settings.now
        outcome = broken_rule(message, settings, self.state)
        return outcome or self._guard(message.channel).refusal(message, settings.loops)

    def latest(self, message: IncomingMessage) -> IncomingMessage:
        """A message that is being answered, as last edited."""
        current = self.answering.get(message.channel, message)
        return current if current.id == message.id else message

    def _add_to_burst(self, message: IncomingMessage) -> None:
        if message.addressed:
            store(self._engaged, message.channel, message.at, CHANNELS)
        times = self.settings.now.burst
        burst = self._bursts.setdefault(message.channel, Burst([], message.at, math.inf))
        burst.messages.append(message)
        burst.due = min(message.at + times.quiet, burst.began + times.longest)
        if len(burst.messages) > BURST_MESSAGES:
            oldest = next(one for one in burst.messages if one is not burst.asked)
            burst.messages.remove(oldest)
            self.counts.record(oldest, MERGED)

    @property
    def next_due(self) -> float | None:
        """When the first open burst ends and `advance` has something to do."""
        return min((burst.due for burst in self._bursts.values()), default=None)

    def advance(self, now: float) -> None:
        """Decide about the bursts that have ended, and queue the messages to answer."""
        for burst in sorted(self._bursts.values(), key=lambda burst: burst.due):
            if burst.due <= now:
                del self._bursts[burst.asked.channel]
                self._decide(burst, now)

    def _decide(self, burst: Burst, now: float) -> None:
        asked = burst.asked
        for message in burst.messages:
            if message is not asked:
                self.counts.record(message, MERGED)
        if outcome := self._declined(asked, now):
            self.counts.record(asked, outcome)
            return
        self._queue.append(asked)
        while len(self._queue) > self.settings.now.queue.size:
            self.counts.record(self._queue.popleft(), QUEUE_FULL)

    def _declined(self, message: IncomingMessage, now: float) -> str | None:
        """Why a burst is not answered: by chance, else for the rate limits."""
        settings, silence = self.settings.now, now - self._engaged.get(message.channel, -math.inf)
        probability = settings.probability(message.channel, message.parent)
        answer = settings.answer
        if self._rng.random() >= chance(message.addressed, probability, silence, answer.half_life, answer.least):
            return SILENT
        return self._rates.take(message, now, settings.rates)

    @property
    def waiting(self) -> int:
        """The length of the queue."""
        return len(self._queue)

    def take(self, now: float) -> IncomingMessage | None:
        """The next message to answer, in a channel where no other is being answered; end it with `finish`."""
        fresh = self.settings.now.queue.fresh
        self._rewrite(self._queue, lambda one: TOO_OLD if now - one.at > fresh else one)
        message = next((one for one in self._queue if one.channel not in self.answering), None)
        if message is not None:
            self._queue.remove(message)
            self.answering[message.channel] = message
        return message

    def finish(self, message: IncomingMessage, outcome: str) -> None:
        """A message that was taken has been answered, or not."""
        self.counts.record(self.answering.pop(message.channel), outcome)

    def edit(self, channel: str, id_: str, text: str) -> None:
        """A message was changed: it is answered, and shown to the model, as it reads now."""
        self.recent.edit(channel, id_, text)
        self._rewrite_pending(lambda one: one.edited(id_, text), channel)
        if channel in self.answering:
            self.answering[channel] = self.answering[channel].edited(id_, text)

    def delete(self, channel: str, id_: str) -> bool:
        """A message was deleted: it is neither answered nor shown. True where it is just being answered."""
        self.recent.delete(channel, id_)
        self._rewrite_pending(lambda one: DELETED if one.id == id_ else one.without_quoted(id_=id_), channel)
        current = self.answering.get(channel)
        if current is None:
            return False
        is_it = current.id == id_
        self.answering[channel] = replace(current.without_quoted(id_=id_), deleted=current.deleted or is_it)
        return is_it

    def drop(self, outcome: str, channel: str | None = None) -> None:
        """Give up what waits to be answered in one channel, or everywhere."""
        self._rewrite_pending(lambda one: outcome, channel)

    def forget(self, channel: str) -> int:
        """Forget a channel and what waits to be answered there; returns how many messages were known."""
        self.drop("forgotten", channel)
        return self.recent.forget(channel)

    def opt_out(self, author: str) -> None:
        """Forget what a person wrote and give up answering it; the rules know the person from now on."""
        self._rewrite_pending(lambda one: OPTED_OUT if one.author == author else one.without_quoted(author=author))
        self.recent.forget_person(author)

    def _rewrite_pending(
        self, change: Callable[[IncomingMessage], IncomingMessage | str], channel: str | None = None
    ) -> None:
        """Replace messages in bursts and in the queue by what `change` returns; a string is an outcome."""
        for name in [name for name in self._bursts if channel in (None, name)]:
            self._rewrite(self._bursts[name].messages, change)
            if not self._bursts[name].messages:
                del self._bursts[name]
        self._rewrite(self._queue, lambda one: change(one) if channel in (None, one.channel) else one)

    def _rewrite(
        self,
        messages: "list[IncomingMessage] | deque[IncomingMessage]",
        change: Callable[[IncomingMessage], IncomingMessage | str],
    ) -> None:
        before = list(messages)
        messages.clear()
        for message in before:
            changed = change(message)
            if isinstance(changed, str):
                self.counts.record(message, changed)
            else:
                messages.append(changed)

    def _guard(self, channel: str) -> LoopGuard:
        return store(self._guards, channel, self._guards.get(channel) or LoopGuard(self.me), CHANNELS)
