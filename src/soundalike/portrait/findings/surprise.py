"""How expected the owner's held-out lines are to the model, and what its adapter made more likely."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from soundalike import phrasing
from soundalike.metrics.stats import critical_value, proportion
from soundalike.metrics.words import WORD, fold_case
from soundalike.next_step import Frontend, NextStep
from soundalike.portrait.card import Card, Quotation, ScoredPiece
from soundalike.portrait.chart_kinds import BarChart, Chart, DensityPlot
from soundalike.portrait.name_filter import NameFilter
from soundalike.portrait.surprisal import ScoredLine

FEWEST_LINES = 40
FEWEST_USES, PRIOR_USES = 4, 3.0  # least uses of a word; uses without any saving that are added to each word's own
OPENERS = 6
SHORTEST, LONGEST, QUOTED = 4, 160, 4  # words and characters of a quoted line, and how many are quoted
SURPRISE = 12.0  # bits from which a token is wholly unexpected
AXIS = 8.0  # bits per character

QUOTES = NextStep("--quotes", "the tick at “Quote lines of yours”")

Row = tuple[str, float]  # a word and its bits


@dataclass(frozen=True, slots=True)
class LineScores:
    """Scored held-out `lines`, and `words` with the mean bits that the adapter saves on each.

    Words are ordered by that mean over PRIOR_USES more uses, so that rare words do not lead by chance.
    """

    lines: Sequence[ScoredLine]
    words: Sequence[Row]


def summarise(lines: Sequence[ScoredLine]) -> LineScores | None:
    """Collect what the adapter saves per word; None if there are fewer than FEWEST_LINES."""
    if len(lines) < FEWEST_LINES:
        return None
    saved = defaultdict[str, list[float]](list)
    for line in lines:
        for word, bits in _by_word(line):
            saved[word].append(bits)
    kept = {word: bits for word, bits in saved.items() if len(bits) >= FEWEST_USES and sum(bits) > 0}
    order = sorted(kept, key=lambda word: (-sum(kept[word]) / (len(kept[word]) + PRIOR_USES), word))
    return LineScores(lines, [(word, sum(kept[word]) / len(kept[word])) for word in order])


def _by_word(line: ScoredLine) -> Iterator[Row]:
    """Each word with the bits that the adapter saves on its tokens: those that end inside it."""
    ends, saved = np.array([end for _, end in line.spans]), line.without_adapter - line.with_adapter
    for match in WORD.finditer(line.text):
        inside = (ends > match.start()) & (ends <= match.end())
        yield fold_case(match[0]), float(saved[inside].sum())


def surprise(
    scores: LineScores | None,
    name_filter: NameFilter,
    quotations: bool,
    train: NextStep,
    frontend: Frontend = Frontend.COMMAND_LINE,
) -> Card:
    """How expected the owner's lines are. The lines themselves are on the card only with `quotations`."""
    title = "What surprises it"
    if scores is None:
        sentence = "No model has listened to you yet: counting alone cannot tell which of your lines are most you."
        return Card("surprise", title, sentence, step=train)
    adapted, base = (_half(costs) for costs in _costs(scores.lines))
    most, least = _openers(scores.lines, name_filter)
    charts: list[Chart] = [DensityPlot("Surprise of a line", "bits a character", _densities(scores.lines))]
    if most:
        charts.append(BarChart("Most you: lines that open with", most, "bits a character less surprise"))
    details = [
        "How much a line surprises the model is counted in bits a character: few where it expects the line, many where "
        "it does not; with each bit more a character is half as likely. The filled curve is the model after it has "
        "read you: the farther left, the better it knows how you write."
    ]
    if least:
        details.append(f"Least you: lines that open with {phrasing.quoted([word for word, _ in least[:3]])}.")
    if not quotations:
        details.append(f"The lines themselves are left out; {QUOTES.wording(frontend)} puts them in.")
    return Card(
        name="surprise",
        title=title,
        sentence=f"{_sentence(scores.lines)} Half of your lines cost it at most {adapted:.1f} bits a character; "
        f"before it read you, {base:.1f}.",
        basis=f"{phrasing.count(len(scores.lines), 'line')} that it did not learn from",
        details=details,
        pictures=charts,
        quotations=_quotations(scores.lines, name_filter) if quotations else (),
    )


def _costs(lines: Sequence[ScoredLine]) -> tuple[list[float], list[float]]:
    """Bits per character of each line, with the adapter and without."""
    return [line.cost for line in lines], [line.base_cost for line in lines]


def _half(costs: Sequence[float]) -> float:
    """The value that half of the costs do not exceed, rounded up to the digit that is printed."""
    return math.ceil(float(np.quantile(costs, 0.5, method="inverted_cdf")) * 10 - 1e-9) / 10


def _sentence(lines: Sequence[ScoredLine]) -> str:
    """The share of lines that the adapter made more likely, and whether it differs from one half."""
    better = proportion(sum(line.saved > 0 for line in lines), len(lines))
    stated = f"Of your lines {phrasing.percent(better.value)} surprise the model less since it read you"
    if better.low > 0.5:
        return f"{stated}."
    return f"{stated}: {'more surprise it than before' if better.high < 0.5 else 'about as many as surprise it more'}."


def _densities(lines: Sequence[ScoredLine]) -> dict[str, list[tuple[float, float]]]:
    """Shares of lines by bits per character, smoothed over neighbouring bins."""
    edges = np.linspace(0, AXIS, 33)
    series = {}
    for name, costs in zip(("after reading you", "before"), _costs(lines), strict=True):
        shares = np.histogram(np.clip(costs, 0, AXIS - 1e-6), edges)[0] / len(lines)
        smooth = np.convolve(shares, (0.25, 0.5, 0.25), "same")
        series[name] = [(float(x), float(y)) for x, y in zip((edges[:-1] + edges[1:]) / 2, smooth, strict=True)]
    return series


def _openers(lines: Sequence[ScoredLine], name_filter: NameFilter) -> tuple[list[Row], list[Row]]:
    """First words whose lines the adapter saves significantly more on than on all lines, and significantly less.

    Both with the mean saving in bits per character, the most extreme first.
    """
    saved = defaultdict[str, list[float]](list)
    for line in lines:
        first = WORD.match(line.text)
        if first and name_filter.allows(first[0].lower()):
            saved[first[0].lower()].append(line.saved)
    tested = {word: some for word, some in saved.items() if len(some) >= FEWEST_USES}
    overall = float(np.mean([line.saved for line in lines]))
    bound, means = critical_value(len(tested)), {word: float(np.mean(some)) for word, some in tested.items()}
    errors = {word: float(np.std(some, ddof=1)) / len(some) ** 0.5 for word, some in tested.items()}
    ordered = sorted(means, key=lambda word: (-means[word], word))
    most = [(word, means[word]) for word in ordered if means[word] - overall > bound * errors[word] and means[word] > 0]
    least = [(word, means[word]) for word in ordered[::-1] if overall - means[word] > bound * errors[word]]
    return most[:OPENERS], least[:OPENERS]


def _quotations(lines: Sequence[ScoredLine], name_filter: NameFilter) -> list[Quotation]:
    """The lines on which the adapter saves most and least, of those that name nobody."""
    quotable = {line.text: line for line in lines if _is_quotable(line, name_filter)}
    ordered = sorted(quotable.values(), key=lambda line: -line.saved)
    most = ordered[:QUOTED]
    least = [line for line in ordered[::-1][:QUOTED] if line not in most]
    return [*(_quotation("most you", line) for line in most), *(_quotation("least you", line) for line in least)]


def _is_quotable(line: ScoredLine, name_filter: NameFilter) -> bool:
    fits = len(WORD.findall(line.text)) >= SHORTEST and len(line.text) <= LONGEST
    return fits and name_filter.allows_line(line.text)


def _quotation(heading: str, line: ScoredLine) -> Quotation:
    starts = [0, *(end for _, end in line.spans[:-1])]
    ends = [*(end for _, end in line.spans[:-1]), len(line.text)]
    pieces = [
        ScoredPiece(line.text[start:end], min(float(bits) / SURPRISE, 1.0))
        for start, end, bits in zip(starts, ends, line.with_adapter, strict=True)
    ]
    return Quotation(heading, [piece for piece in pieces if piece.text])
