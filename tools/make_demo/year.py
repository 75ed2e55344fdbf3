"""A year of the owner's messages: when, where and about what they write."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tools.make_demo import typing_habits
from tools.make_demo.grammar import Deck, Filling, Scene, read_scenes, read_text, read_words
from tools.make_demo.world import CHANNELS, FRIENDS, SMALL_TALK, YEAR, Channel, facts_at, open_channels

CLOCK = timedelta(hours=1)  # the owner's local time minus UTC, all year
SESSIONS_A_DAY = (1, 2, 2, 2, 2, 3, 3)
_AT_HOME = {h: 2.0 for h in range(11, 22)} | {22: 5.0, 23: 7.0, 0: 7.0, 1: 6.0, 2: 4.0, 3: 2.0, 10: 1.0}
_AT_WORK = _AT_HOME | {h: 1.0 for h in range(13, 21)}
_DAYS_OFF = (0, 6)
_MAX_PAUSE = 240.0
_ARRIVAL = date(YEAR, 1, 6)  # of the pigeon; no chat about it before
_TRIES = 8  # to find lines that were not used before


@dataclass(frozen=True)
class Message:
    """One message; `photo`: it has a picture attached."""

    channel: Channel
    sent_at: datetime
    text: str
    photo: bool = False


class Writer:
    """Writes the owner's messages of the year."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.words = read_words("words", self.rng)
        self.plot = read_scenes("plot") + [self.dated(scene) for scene in read_scenes("stories")]
        scenes = [scene for name in ("talk1", "talk2", "talk3") for scene in read_scenes(name)]
        topics = dict.fromkeys(scene.topic for scene in scenes)
        self.topics = {topic: Deck([s for s in scenes if s.topic == topic], self.rng) for topic in topics}
        self.reactions, self.weights = _reactions()
        self.fitting: dict[frozenset[str], dict[str, list[Scene]]] = {}
        self.sent: set[str] = set()

    def dated(self, scene: Scene) -> Scene:
        """The scene, with a random day if it has none."""
        while "on" not in scene.options:
            day = datetime(YEAR, 1, 8, 22) + timedelta(days=self.rng.randrange(350))
            if scene.fits(facts_at(day)):
                scene.options["on"] = f"{day:%m-%d}"
        return scene

    def year(self) -> list[Message]:
        """Every message of the year, oldest first, no two at the same millisecond."""
        days = (date(YEAR, 1, 1) + timedelta(days=n) for n in range(365))
        messages = sorted((m for day in days for m in self.day(day)), key=lambda m: m.sent_at)
        for position in range(1, len(messages)):
            before, message = messages[position - 1], messages[position]
            if message.sent_at <= before.sent_at:
                later = before.sent_at + timedelta(milliseconds=1)
                messages[position] = Message(message.channel, later, message.text, message.photo)
        return messages

    def day(self, day: date) -> Iterator[Message]:
        """The events of a day, each in its channel, and ordinary chatter around them."""
        evening = self.rng.choice((14, 18, 19, 20, 21))
        today = f"{day:%m-%d}"
        for number, scene in enumerate(scene for scene in self.plot if scene.options["on"] == today):
            channel = CHANNELS[scene.options["in"]]
            hour = int(scene.options.get("at", evening))
            local = datetime.combine(day, time(hour), UTC) + timedelta(minutes=self.rng.uniform(0, 20) + 35 * number)
            yield from self.typed(channel, local - CLOCK, self.play(scene, channel, local) + self.reacting(0.7, local))
        for _ in range(self.rng.choice(SESSIONS_A_DAY) if day > _ARRIVAL else 0):
            start = self.moment(day)
            channel = self.place(start)
            yield from self.typed(channel, start, self.session(channel, start + CLOCK))

    def moment(self, day: date) -> datetime:
        """A time (UTC) at which the owner writes: mostly at night, seldom at work."""
        hours = _AT_HOME if day.weekday() in _DAYS_OFF else _AT_WORK
        hour = self.rng.choices(list(hours), list(hours.values()))[0]
        return datetime.combine(day, time(hour), UTC) + timedelta(minutes=self.rng.uniform(0, 60)) - CLOCK

    def place(self, moment: datetime) -> Channel:
        """A channel for a time: the quiz is on Wednesday, films are on Sunday."""
        local = moment + CLOCK
        channels = open_channels(local.date())
        today = {"quiz": local.weekday() == 2, "films": local.weekday() == 6}
        return self.rng.choices(channels, [c.share * (4 if today.get(c.key) else 1) for c in channels])[0]

    def session(self, channel: Channel, local: datetime) -> list[str]:
        """The owner's side of one conversation, with empty strings where the others speak."""
        holds = facts_at(local)
        lines: list[str] = []
        if self.rng.random() < 0.25:
            lines += [*self.play(self.pick("hello", holds), channel, local), ""]
        for topic in self.agenda(channel, holds):
            lines += self.reacting(0.3, local)
            lines += [*self.play(self.pick(topic, holds), channel, local), *self.reacting(0.18, local)]
        if "late" in holds and self.rng.random() < 0.3:
            lines += self.play(self.pick("goodnight", holds), channel, local)
        return lines

    def agenda(self, channel: Channel, holds: frozenset[str]) -> list[str]:
        """The topics of one conversation: the channel's own, and small talk in between."""
        own = self.rng.choices(*self.open_topics(channel.talk, holds))[0]
        turns = self.rng.choice((2, 2, 3, 3, 4, 5))
        small = self.rng.choices(*self.open_topics(SMALL_TALK, holds), k=turns)
        chatty = 0.6 if channel.partner or channel.key == "general" else 0.35
        return [topic if self.rng.random() < chatty else own for topic in small]

    def open_topics(self, wanted: dict[str, float], holds: frozenset[str]) -> tuple[list[str], list[float]]:
        """The topics with scenes that fit now, and their weights: those of `wanted` times the number of scenes."""
        sizes = {topic: len(scenes) for topic, scenes in self.fit(holds).items()}
        able = [topic for topic in wanted if sizes[topic]]
        return able, [wanted[topic] * sizes[topic] for topic in able]

    def pick(self, topic: str, holds: frozenset[str]) -> Scene:
        """A scene of a topic that fits now and was not used for a while."""
        return self.topics[topic].draw(self.fit(holds)[topic])

    def fit(self, holds: frozenset[str]) -> dict[str, list[Scene]]:
        """The scenes of every topic that fit the facts in `holds`."""
        if holds not in self.fitting:
            self.fitting[holds] = {
                topic: [scene for scene in deck.cards if scene.fits(holds)] for topic, deck in self.topics.items()
            }
        return self.fitting[holds]

    def play(self, scene: Scene, channel: Channel, local: datetime) -> list[str]:
        """A scene's messages, without long ones that were sent before and, between two people, words for a group."""
        best = self.fill(scene, channel, local)
        for _ in range(_TRIES):
            if not self.staleness(best, channel):
                break
            other = self.fill(scene, channel, local)
            best = min(best, other, key=lambda lines: self.staleness(lines, channel))
        self.sent.update(best)
        return typing_habits.slip(best, scene.topic, self.rng)

    def fill(self, scene: Scene, channel: Channel, local: datetime) -> list[str]:
        """One way of playing a scene; lines that occur only once stay as written."""
        you = scene.topic if scene.topic in FRIENDS else channel.partner or self.rng.choice(list(FRIENDS))
        lines = Filling(self.words, f"{local:%m-%d}", {"you": you}, self.rng).lines(scene)
        return lines if "in" in scene.options else typing_habits.phrase(lines, scene.topic, self.rng)

    def staleness(self, lines: list[str], channel: Channel) -> float:
        """How unfit lines are: used before, or addressed to a crowd where one person reads."""
        crowd = re.compile(r"colleagues|everyone|gang") if channel.partner else None
        repeated = sum(len(line.split()) >= 5 and line in self.sent for line in lines)
        return repeated + 2 * sum(bool(crowd and crowd.search(line)) for line in lines)

    def reacting(self, chance: float, local: datetime) -> list[str]:
        """Perhaps a word or two on somebody else's last message, after a pause."""
        if self.rng.random() >= chance:
            return [""]
        count = self.rng.choice((1, 1, 1, 2))
        chosen = self.rng.choices(self.reactions, self.weights, k=count)
        filling = Filling(self.words, f"{local:%m-%d}", {}, self.rng)
        return ["", *dict.fromkeys(filling.text(line) for line in chosen)]

    def typed(self, channel: Channel, start: datetime, lines: list[str]) -> Iterator[Message]:
        """Lines as messages: seconds apart in a burst, minutes apart where others write."""
        moment = start
        for line in lines:
            if not line:
                moment += timedelta(seconds=min(_MAX_PAUSE, 15 + self.rng.expovariate(1 / 60)))
                continue
            moment += timedelta(milliseconds=int(1000 * (1.5 + len(line) * self.rng.uniform(0.08, 0.25))))
            photo = line == "<photo>"
            moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
            yield Message(channel, moment, "" if photo else line, photo)


def _reactions() -> tuple[list[str], list[float]]:
    lines: list[str] = []
    weights: list[float] = []
    weight = 1.0
    for line in read_text("react").splitlines():
        if line.isdigit():
            weight = float(line)
        elif not line.startswith("#"):
            lines.append(line)
            weights.append(weight)
    return lines, weights


def write_year(seed: int) -> list[Message]:
    """The messages of the year for a seed, the oldest first."""
    return Writer(seed).year()
