"""Every figure of a portrait counted again from the messages alone, in plain loops, with patterns of its own.

A claim is a pattern that a sentence of a card may hold and a check of what it says. What a card says of a number
outside all claims is not covered, and `uncovered` names it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median

from soundalike.metrics.reference_population import reference_population
from soundalike.portrait.card import Card

Messages = Sequence[tuple[datetime, str]]
Check = Callable[[re.Match[str], "Recount"], bool]

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
HOURS = {"midnight": 0, "noon": 12}
LAUGHS = {"lol": r"\bl+o+l+\b", "haha": r"\b(?:ha){2,}\b", "lmao": r"\blmao+\b", "😂": "😂"}
ENDS = {
    "end in a full stop": r"(?<![.])[.]$",
    "end without any mark": r"[^\W_]$",
    "trail off in dots": r"[.][.]+$",
    "end in a question mark": r"[?]$",
    "end in an exclamation mark": r"[!]$",
}
LOWER = "^[^A-Z]*[a-z][^A-Z]*$"
CROWD = {
    "end in a full stop": "ending=stop",
    "end without any mark": "ending=letter",
    "trail off in dots": "ending=ellipsis",
    "end in a question mark": "ending=question",
    "end in an exclamation mark": "ending=exclamation",
    "write without one capital": "lowercase",
}


@dataclass(frozen=True)
class Recount:
    """The owner's messages in order of time."""

    messages: Messages

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.messages]

    def share(self, pattern: str) -> float:
        return sum(bool(re.search(pattern, text)) for text in self.texts) / len(self.texts)

    @property
    def laughing(self) -> list[str]:
        return [text for text in self.texts if any(re.search(one, text) for one in LAUGHS.values())]

    @property
    def words(self) -> list[list[str]]:
        return [re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower()) for text in self.texts]

    def holding(self, frame: Sequence[str]) -> int:
        """How many messages hold the frame."""
        return sum(any(frame_in(frame, words[at:]) for at in range(len(words))) for words in self.words)

    @property
    def bursts(self) -> list[int]:
        sizes = [1]
        for (before, _), (after, _) in zip(self.messages, self.messages[1:], strict=False):
            if (after - before).total_seconds() <= 120:
                sizes[-1] += 1
            else:
                sizes.append(1)
        return sizes

    @property
    def periods(self) -> list[str]:
        """The years, or the months where there are fewer than three years, with sixty messages and more."""
        for how in ("%Y", "%Y-%m"):
            counted = Counter(f"{at:{how}}" for at, _ in self.messages)
            found = sorted(name for name, times in counted.items() if times >= 60)
            if len(found) >= 3:
                break
        return found

    @property
    def thirds(self) -> tuple[Messages, Messages]:
        """The messages of the first and of the last third of the periods."""
        few = len(self.periods) // 3
        early, late = (
            [one for one in self.messages if f"{one[0]:%Y-%m}".startswith(tuple(names))]
            for names in (self.periods[:few], self.periods[-few:])
        )
        return early, late


def number(spelled: str) -> float:
    return float(spelled.replace(",", "").replace(" %", ""))


def is_percent(spelled: str, share: float) -> bool:
    """Whether a percentage is the share as it is rounded: to whole ones, to tenths under one and a half."""
    if spelled.startswith("under"):
        return 0 < share < 0.001
    return abs(number(spelled) - share * 100) <= (0.0501 if "." in spelled else 0.501)


def is_per_10_000(spelled: str, share: float) -> bool:
    """Whether a rate in 10,000 is the share as it is rounded: to whole ones from ten on, to tenths from one on."""
    step = 10.0 ** -len(spelled.partition(".")[2])
    return abs(number(spelled) - share * 10_000) <= step / 2 + 1e-9


def is_rate(spelled: str, share: float) -> bool:
    """`one in 9`, `4 in 10`, `nearly all`."""
    if spelled == "nearly all":
        return share >= 0.95
    if ten := re.fullmatch(r"(\d+) in 10", spelled):
        return abs(int(ten[1]) - share * 10) <= 0.501
    return abs(number(spelled.removeprefix("one in ")) - 1 / share) <= 0.501


def is_half(at_most: float, values: Sequence[float], step: float = 1) -> bool:
    """Whether at least half of the values are at most this, and fewer are a step lower."""
    return 2 * sum(v <= at_most for v in values) >= len(values) > 2 * sum(v <= at_most - step for v in values)


def hour(spelled: str) -> int:
    if spelled in HOURS:
        return HOURS[spelled]
    clock, part = re.fullmatch(r"(\d+) in the (\w+)", spelled).groups()  # type: ignore[union-attr]
    return int(clock) + (0 if part == "morning" else 12)


def frame_in(frame: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the frame begins at the first of these words; a star stands for one to three of them."""
    if not frame:
        return True
    if frame[0] == "*":
        return any(len(words) >= n and frame_in(frame[1:], words[n:]) for n in (1, 2, 3))
    return bool(words) and words[0] == frame[0] and frame_in(frame[1:], words[1:])


def _habit(m: re.Match[str], of: Recount) -> bool:
    own = of.share(ENDS[m[1]]) if m[1] in ENDS else of.share(LOWER)
    theirs = float(median(reference_population().habits[CROWD[m[1]]].tolist()))
    right = is_percent(m[3], own) and is_percent(m[5], theirs) and number(m[4]) == 60
    return right and (own > theirs if m[2] == "more" else own < theirs)


def _laughs(m: re.Match[str], of: Recount) -> bool:
    laughing = of.laughing
    shares = [sum(bool(re.search(LAUGHS[m[n]], text)) for text in laughing) / len(laughing) for n in (2, 4)]
    return is_rate(m[1], len(laughing) / len(of.texts)) and all(map(is_percent, (m[3], m[5]), shares))


def _laughs_beside(m: re.Match[str], of: Recount) -> bool:
    own, theirs = len(of.laughing) / len(of.texts), float(median(reference_population().habits["laughs"].tolist()))
    order = {"more often than": own > theirs, "less often than": own < theirs, "about as often as": True}
    return order[m[1]] and is_percent(m[2], own) and is_percent(m[4], theirs) and number(m[3]) == 60


def _laugh_lengths(m: re.Match[str], of: Recount) -> bool:
    lengths = [len(one) for text in of.texts for one in re.findall("|".join(LAUGHS.values()), text)]
    return is_half(number(m[1]), lengths) and number(m[2]) == max(lengths)


def _on_days(m: re.Match[str], of: Recount) -> bool:
    named = [DAYS.index(day.removesuffix("s")) for day in m[1].split(" and ")]
    on = sum(at.weekday() in named for at, _ in of.messages) / len(of.messages)
    return is_percent(m[2], on) and is_percent(m[3], len(named) / 7)


def _in_hours(m: re.Match[str], of: Recount) -> bool:
    start, end = hour(m[2]), hour(m[3])
    hours = [(start + later) % 24 for later in range((end - start) % 24)]
    return is_percent(m[1], sum(at.hour in hours for at, _ in of.messages) / len(of.messages))


def _word_rates(m: re.Match[str], of: Recount) -> bool:
    own = [word for words in of.words for word in words]
    people, word = reference_population(), m[1]
    theirs = people.together[people.words.index(word)] / people.totals.sum()
    return is_per_10_000(m[2], own.count(word) / len(own)) and is_per_10_000(m[3], theirs)


def _word_alone(m: re.Match[str], of: Recount) -> bool:
    own = [word for words in of.words for word in words]
    people = reference_population()
    known = {word.replace("'", "") for word in people.words}
    right = is_per_10_000(m[2], own.count(m[1]) / len(own)) and m[1] not in known
    return right and number(m[3]) == len(known) and number(m[4]) == len(people.totals)


def _said(m: re.Match[str], of: Recount) -> bool:
    return number(m[2]) == of.holding(m[1].split())


CHANGES: dict[str, tuple[Callable[[str], float], int]] = {
    "you leave out capitals more often": (lambda text: text == text.lower(), 1),
    "you use capitals more often": (lambda text: text == text.lower(), -1),
    "you use the full stop more often": (lambda text: bool(re.search(r"(?<![.])[.]$", text)), 1),
    "you use the full stop less often": (lambda text: bool(re.search(r"(?<![.])[.]$", text)), -1),
}


def _change(m: re.Match[str], of: Recount) -> bool:
    does, sign = CHANGES[m[1]]
    early, late = (mean(does(text) for _, text in part) for part in of.thirds)
    return is_percent(m[2], early) and is_percent(m[3], late) and (late - early) * sign > 0


def _thirds(m: re.Match[str], of: Recount) -> bool:
    early, late = of.thirds
    return [number(m[n]) for n in (1, 2, 3)] == [len(of.periods) // 3, len(early), len(late)]


P, N = r"((?:under )?[\d.]+ %)", r"([\d,]+)"
RATE, HOUR = r"(one in [\d,]+|\d+ in 10|nearly all)", r"(midnight|noon|\d+ in the \w+)"
MIDDLE = rf"the middle one of {N} strangers"

CLAIMS: dict[str, list[tuple[str, Check]]] = {
    "words-first": [
        (rf"half of them of at most {N} words?", lambda m, r: is_half(number(m[1]), [len(one) for one in r.words])),
        (rf"with “(\S+)” in {RATE}", lambda m, r: is_rate(m[2], r.share(LAUGHS[m[1]]))),
        (rf"{P} have letters and no capital", lambda m, r: is_percent(m[1], r.share(LOWER))),
        (rf"{P} end in a stop", lambda m, r: is_percent(m[1], r.share(r"(?<![.])[.]$"))),
        (rf"{P} laugh", lambda m, r: is_percent(m[1], len(r.laughing) / len(r.texts))),
        (
            rf"{P} come in volleys of two",
            lambda m, r: is_percent(m[1], sum(size for size in r.bursts if size > 1) / len(r.texts)),
        ),
        (rf"{N} messages, {N} words without links", lambda m, r: _all(m, r) and number(m[2]) == sum(map(len, r.words))),
        (rf"{N} days?$", lambda m, r: number(m[1]) == (r.messages[-1][0] - r.messages[0][0]).days + 1),
    ],
    "typing": [
        (rf"[Yy]ou ([a-z ]+?) (more|less) often than strangers \({P}; {MIDDLE} {P}\)", _habit),
        (rf"beside {N} other people", lambda m, r: number(m[1]) == len(reference_population().totals)),
    ],
    "laughter": [
        (rf"You laugh in {RATE} of your messages: with “(\S+)” in {P} and with “(\S+)” in {P} of those", _laughs),
        (rf"laugh (\w[\w ]+) strangers: in {P} of your messages, {MIDDLE} in {P}", _laughs_beside),
        (rf"Half of your laughs have at most {N} characters?, the longest has {N}", _laugh_lengths),
        (rf"{N} messages with a laugh", lambda m, r: number(m[1]) == len(r.laughing)),
        (r"On Facebook in 2015 it was haha 51 %, emoji 34 %, hehe 13 % and lol 2 %", lambda m, r: True),
    ],
    "rhythm": [
        (
            rf"Half of what you send has at most {N} characters",
            lambda m, r: is_half(number(m[1]), [len(text) for text in r.texts]),
        ),
        (rf"leaves on (\w+(?: and \w+)?) than on [a-z ]+: {P}, an even share is {P}", _on_days),
        (rf"{P} leaves between {HOUR} and {HOUR}", _in_hours),
        (
            rf"{P} of your bursts are three messages",
            lambda m, r: is_percent(m[1], sum(size > 2 for size in r.bursts) / len(r.bursts)),
        ),
        (
            rf"{P} of your messages leave between midnight and five",
            lambda m, r: is_percent(m[1], sum(at.hour < 5 for at, _ in r.messages) / len(r.texts)),
        ),
        (
            rf"follow the last one in at most {N} seconds",
            lambda m, r: is_half(number(m[1]), list(_gaps(r))),
        ),
        (rf"in {N} bursts and", lambda m, r: number(m[1]) == len(r.bursts)),
        (rf"and {N} conversations?", lambda m, r: number(m[1]) == 1 + sum(gap > 900 for gap in _gaps(r, 1e12))),
        (rf"lie in {N} weeks?: too few", lambda m, r: number(m[1]) < 8),
    ],
    "words": [
        (r"In 10,000 words you say “(\S+)” ([\d,.]+) times, strangers ([\d,.]+) times", _word_rates),
        (
            rf"In 10,000 words you say “(\S+)” ([\d,.]+) times; it is not among the {N} words that at least twelve of "
            rf"{N} strangers use",
            _word_alone,
        ),
        (
            rf"{N} words of yours against {N} words of {N} others",
            lambda m, r: (
                [number(m[n]) for n in (1, 2, 3)]
                == [
                    sum(map(len, r.words)),
                    int(reference_population().totals.sum()),
                    len(reference_population().totals),
                ]
            ),
        ),
    ],
    "skeletons": [
        (rf"“([^”]+)” is left, in {N} messages of yours", _said),
        (r"stands for any one to 3 words", lambda m, r: True),
    ],
    "years": [
        (rf"(you [a-z ]+?) \({P}, then {P}\)", _change),
        (rf"the first and the last {N} (?:year|month)s?: {N} messages and {N} messages", _thirds),
        (r"[Ss]ince (?:[A-Z]\w+ )?(\d{4})", lambda m, r: int(m[1]) == r.messages[0][0].year),
        (rf"in {N} (?:year|month)s", lambda m, r: number(m[1]) == len(r.periods)),
    ],
}
EVERYWHERE: list[tuple[str, Check]] = [(rf"{N} messages(?! (?:with|and|of yours))", lambda m, r: _all(m, r))]


def _all(m: re.Match[str], of: Recount) -> bool:
    return number(m[1]) == len(of.texts)


def _gaps(of: Recount, most: float = 120) -> Iterator[float]:
    for (before, _), (after, _) in zip(of.messages, of.messages[1:], strict=False):
        if (after - before).total_seconds() <= most:
            yield (after - before).total_seconds()


def wrong(card: Card, of: Recount) -> list[str]:
    """Every claim of the card that does not hold, and every number that no claim covers."""
    found = []
    for text in (card.sentence, *card.details, card.basis):
        covered: set[int] = set()
        for pattern, check in [*CLAIMS[card.name], *EVERYWHERE]:
            for match in re.finditer(pattern, text):
                if set(range(*match.span())) & covered and pattern == EVERYWHERE[0][0]:
                    continue
                covered |= set(range(*match.span()))
                if not check(match, of):
                    found.append(f"not true: {match[0]}")
        found += [
            f"not recounted: {n[0]} in {text}" for n in re.finditer(r"\d[\d,.]*", text) if n.start() not in covered
        ]
    return found
