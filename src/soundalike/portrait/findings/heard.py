"""What a model hears in held-out lines: how much less they surprise it with its adapter than without."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundalike.metrics.char_ngrams import WORD
from soundalike.metrics.stats import critical_value, proportion
from soundalike.portrait.card import Card, Quotation, Shade
from soundalike.portrait.chart_kinds import BarChart, DensityPlot
from soundalike.portrait.findings import saying
from soundalike.portrait.name_filter import NameFilter

FEWEST_LINES = 40
FEWEST_USES, BELIEF = 4, 3.0  # uses of a word, and uses' worth of belief that it is not lifted at all
OPENERS = 6
SHORTEST, LONGEST, QUOTED = 4, 160, 4  # words and characters of a quoted line, and how many are quoted
SURPRISE = 12.0  # bits at which a token is wholly unexpected
AXIS = 8.0  # bits a character


@dataclass(frozen=True, slots=True)
class Spoken:
    """One held-out line: `text`, the `spans` of its tokens, and the bits each cost `on` and `off` the adapter."""

    text: str
    spans: Sequence[tuple[int, int]]
    on: NDArray[np.float64]
    off: NDArray[np.float64]

    def cost(self, bits: NDArray[np.float64]) -> float:
        """Bits a character."""
        return float(bits.sum()) / max(len(self.text), 1)

    @property
    def lift(self) -> float:
        """Bits a character that the adapter saves."""
        return self.cost(self.off) - self.cost(self.on)


@dataclass(frozen=True, slots=True)
class Heard:
    """Held-out `lines`, and `lifted`: words with the mean bits that the adapter saves on each.

    Their order counts BELIEF uses without any saving to each word's own, so that rare ones do not lead by chance.
    """

    lines: Sequence[Spoken]
    lifted: Sequence[tuple[str, float]]


def heard(lines: Sequence[Spoken]) -> Heard | None:
    """All that is to be told about these lines; None where they are fewer than FEWEST_LINES."""
    if len(lines) < FEWEST_LINES:
        return None
    saved = defaultdict[str, list[float]](list)
    for line in lines:
        for word, bits in _by_word(line):
            saved[word].append(bits)
    told = {word: bits for word, bits in saved.items() if len(bits) >= FEWEST_USES and sum(bits) > 0}
    order = sorted(told, key=lambda word: (-sum(told[word]) / (len(told[word]) + BELIEF), word))
    return Heard(lines, [(word, sum(told[word]) / len(told[word])) for word in order])


def _by_word(line: Spoken) -> Iterator[tuple[str, float]]:
    """Each word with what the adapter saves on its tokens: those that end inside it."""
    ends, saved = np.array([end for _, end in line.spans]), line.off - line.on
    for match in WORD.finditer(line.text):
        inside = (ends > match.start()) & (ends <= match.end())
        yield match[0].lower().replace("’", "'"), float(saved[inside].sum())


def surprise(found: Heard | None, discretion: NameFilter, quotations: bool, command: str) -> Card:
    """How expected the owner's lines are; the lines themselves only with `quotations`."""
    title = "What surprises it"
    if found is None:
        sentence = "No model has listened to you yet: counting alone cannot tell which of your lines are most you."
        return Card("surprise", title, sentence, command=command)
    on, off = (_half([line.cost(bits(line)) for line in found.lines]) for bits in (_on, _off))
    most, least = _openers(found, discretion)
    pictures: list[DensityPlot | BarChart] = [
        DensityPlot("Surprise of a line", "bits a character", _densities(found.lines))
    ]
    if most:
        pictures.append(BarChart("Most you: lines that open with", most, "bits a character"))
    details = ["Farther left is less surprising; the filled curve is the model after it has read you."]
    if least:
        details.append(f"Least you: lines that open with {saying.quoted([word for word, _ in least[:3]])}.")
    if not quotations:
        details.append("The lines themselves are left out; --quotes puts them in.")
    return Card(
        name="surprise",
        title=title,
        sentence=f"{_sentence(found.lines)} Half of your lines cost it at most {on:.1f} bits a character; "
        f"before it read you, {off:.1f}.",
        basis=f"{saying.count(len(found.lines), 'line')} that it did not learn from",
        details=details,
        pictures=pictures,
        quotations=_quotations(found.lines, discretion) if quotations else (),
    )


def _half(costs: Sequence[float]) -> float:
    """What half of them do not exceed, rounded up to what is printed."""
    return math.ceil(float(np.quantile(costs, 0.5, method="inverted_cdf")) * 10 - 1e-9) / 10


def _on(line: Spoken) -> NDArray[np.float64]:
    return line.on


def _off(line: Spoken) -> NDArray[np.float64]:
    return line.off


def _sentence(lines: Sequence[Spoken]) -> str:
    """Of how many lines the adapter made the model surer, where that is not half of them by chance."""
    better = proportion(sum(line.lift > 0 for line in lines), len(lines))
    told = f"Of your lines {saying.percent(better.value)} surprise the model less since it read you"
    if better.low > 0.5:
        return f"{told}."
    return f"{told}: {'more surprise it than before' if better.high < 0.5 else 'about as many as surprise it more'}."


def _densities(lines: Sequence[Spoken]) -> dict[str, list[tuple[float, float]]]:
    """Shares of lines by bits a character, smoothed over neighbouring bins."""
    edges = np.linspace(0, AXIS, 33)
    series = {}
    for name, bits in (("after reading you", _on), ("before", _off)):
        costs = np.clip([line.cost(bits(line)) for line in lines], 0, AXIS - 1e-6)
        shares = np.histogram(costs, edges)[0] / len(lines)
        smooth = np.convolve(shares, (0.25, 0.5, 0.25), "same")
        series[name] = [(float(x), float(y)) for x, y in zip((edges[:-1] + edges[1:]) / 2, smooth, strict=True)]
    return series


def _openers(found: Heard, discretion: NameFilter) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """First words by the mean of what the adapter saves on lines that open with them: surely more than on others,
    the most first, and surely less, the least first.
    """
    lifts = defaultdict[str, list[float]](list)
    for line in found.lines:
        first = WORD.match(line.text)
        if first and discretion.shows(first[0].lower()):
            lifts[first[0].lower()].append(line.lift)
    asked = {word: some for word, some in lifts.items() if len(some) >= FEWEST_USES}
    middle = float(np.mean([line.lift for line in found.lines]))
    bound, means = critical_value(len(asked)), {word: float(np.mean(some)) for word, some in asked.items()}
    errors = {word: float(np.std(some, ddof=1)) / len(some) ** 0.5 for word, some in asked.items()}
    ordered = sorted(means, key=lambda word: (-means[word], word))
    most = [(word, means[word]) for word in ordered if means[word] - middle > bound * errors[word] and means[word] > 0]
    least = [(word, means[word]) for word in ordered[::-1] if middle - means[word] > bound * errors[word]]
    return most[:OPENERS], least[:OPENERS]


def _quotations(lines: Sequence[Spoken], discretion: NameFilter) -> list[Quotation]:
    """The lines that the adapter lifts most and least, of those that name nobody."""
    able = {line.text: line for line in lines if _quotable(line, discretion)}
    ordered = sorted(able.values(), key=lambda line: -line.lift)
    most = ordered[:QUOTED]
    least = [line for line in ordered[::-1][:QUOTED] if line not in most]
    return [*(_quoted("most you", line) for line in most), *(_quoted("least you", line) for line in least)]


def _quotable(line: Spoken, discretion: NameFilter) -> bool:
    long = len(WORD.findall(line.text)) >= SHORTEST and len(line.text) <= LONGEST
    return long and discretion.quotes(line.text)


def _quoted(heading: str, line: Spoken) -> Quotation:
    starts = [0, *(end for _, end in line.spans[:-1])]
    ends = [*(end for _, end in line.spans[:-1]), len(line.text)]
    shades = [
        Shade(line.text[start:end], min(float(bits) / SURPRISE, 1.0))
        for start, end, bits in zip(starts, ends, line.on, strict=True)
    ]
    return Quotation(heading, [shade for shade in shades if shade.text])
