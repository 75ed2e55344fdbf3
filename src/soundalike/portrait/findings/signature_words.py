"""Which words are the owner's: signature words against others, and the skeletons that sentences are built on."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from soundalike import phrasing
from soundalike.metrics.distinctive_words import log_odds
from soundalike.metrics.stats import critical_value
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart
from soundalike.portrait.data import PortraitData
from soundalike.portrait.findings.surprise import LineScores

SHOWN, NAMED = 12, 3  # words in the chart, words in the sentence
EVERYBODYS = 300  # of the others' commonest words, which anybody uses whatever they talk about
FEWEST_USES, FEWEST_DAYS = 8, 4
OFTENER = 3  # times as often as others: a word that is significantly but hardly more frequent is no signature
KEPT = 120  # of the owner's commonest words, which stay in a skeleton
GAP, FILLED = "*", 3  # a gap, and up to how many words fill it
SIZES, FILLERS, SOLID = (4, 5, 6), 5, 3  # slots of a skeleton, least different fillings of it, least words in it

Skeleton = tuple[str, ...]  # words and GAPs


def signature_words(data: PortraitData, scores: LineScores | None) -> Card:
    """Words by weighted log-odds against others (Monroe et al. 2008), and those that the adapter saves most bits on."""
    own = _merged(Counter(word for message in data.words for word in message))
    theirs = _merged(data.others.words)
    best = _distinctive(data, own, theirs)
    rows = [(word, own[word] / own.total() * 10_000) for word in best]
    charts = [BarChart(f"You, more than {data.others.name}", rows, "in 10,000 words")] if rows else []
    details = []
    if scores and scores.words:
        learned = [(word, bits) for word, bits in scores.words if data.name_filter.allows(word)][:SHOWN]
        charts.append(BarChart("Words that it has learned to expect of you", learned, "bits a word"))
        details.append(
            "It expects a word the more, the likelier it holds it since it has read you; a bit is twice as likely."
        )
    return Card(
        name="words",
        title="Signature words",
        sentence=_signature_sentence(best[:NAMED], own, theirs, data),
        basis=f"{phrasing.count(own.total(), 'word')} of yours against "
        f"{phrasing.count(data.others.word_total, 'word')} of {phrasing.count(data.others.people, 'other')}",
        details=details,
        pictures=charts,
    )


def _distinctive(data: PortraitData, own: Counter[str], theirs: Counter[str]) -> list[str]:
    """The words that the owner uses significantly more and OFTENER times as often, the surest first."""
    theirs = theirs + Counter({word: data.others.rare for word in own if word not in theirs})
    tested, scores = _repeated(data, own), log_odds(own, theirs, own + theirs)
    bound = critical_value(len(tested))
    found = [word for word in tested if scores[word] > bound and _ratio(word, own, theirs) >= OFTENER]
    return [word for word in sorted(found, key=lambda w: -scores[w]) if data.name_filter.allows(word)][:SHOWN]


def _merged(counted: Counter[str]) -> Counter[str]:
    """Words with and without their apostrophe as one: whether somebody types it is another card's subject."""
    merged = Counter[str]()
    for word, times in counted.items():
        merged[word.replace("'", "")] += times
    return merged


def _ratio(word: str, own: Counter[str], theirs: Counter[str]) -> float:
    """How many times as often as others."""
    return own[word] / own.total() / (theirs[word] / theirs.total())


def _repeated(data: PortraitData, own: Counter[str]) -> set[str]:
    """Words used often enough and on enough days: what was pasted once is no signature."""
    days: defaultdict[str, set[int]] = defaultdict(set)
    for message, day in zip(data.words, data.messages["day"].to_list(), strict=True):
        for word in message:
            days[word.replace("'", "")].add(day)
    return {word for word in own if own[word] >= FEWEST_USES and len(days[word]) >= FEWEST_DAYS}


def _signature_sentence(best: Sequence[str], own: Counter[str], theirs: Counter[str], data: PortraitData) -> str:
    """The words, and for the first its rate in 10,000 words of the owner and of others."""
    others = data.others
    if not best:
        return f"No word of yours that can be shown stands out from those of {others.name}."
    first = best[0]
    rate = phrasing.rate(own[first] / own.total() * 10_000)
    sentence = f"{phrasing.quoted(best)}: that is you talking. In 10,000 words you say “{first}” {rate} times"
    if theirs[first]:
        return f"{sentence}, {others.name} {phrasing.rate(theirs[first] / others.word_total * 10_000)} times."
    if others.from_own_chats:
        return f"{sentence}; nobody else in your chats says it."
    listed = f"the {len(theirs):,} words that at least twelve of {others.people} {others.name} use"
    return f"{sentence}; it is not among {listed}."


def skeletons(data: PortraitData) -> Card:
    """Runs of 4 to 6 slots in which rare words are gaps, by how much oftener they occur than their words by chance.

    A score is the count times the logarithm of count over expectation, the leading term of Dunning's G2 (1993).
    """
    best = _unlike(_ranked(data))
    rows = [(" ".join(one), float(_count(one, data.words))) for one in best]
    charts = [BarChart("Your sentences without their content", rows, "messages", mono=True)] if rows else []
    sentence = "No frame of yours comes back often enough to be one."
    if rows:
        first, times = rows[0]
        times_of_yours = f"in {phrasing.count(times, 'message')} of yours"
        sentence = f"Take away what you talk about, and “{first}” is left, {times_of_yours}."
    basis = f"{phrasing.count(len(data.words), 'message')}; {GAP} stands for any one to {FILLED} words"
    return Card("skeletons", "Sentence skeletons", sentence, basis, pictures=charts)


def _ranked(data: PortraitData) -> list[Skeleton]:
    """All skeletons with enough uses and fillings, the highest score first."""
    own = Counter(word for message in data.words for word in message)
    common = _frame_words(own, data)
    found, fillings = _collect(data.words, common)
    slots = Counter(slot for message in data.words for slot, _ in _slots(message, common))
    scores = {
        skeleton: times * math.log2(times / _expected(skeleton, slots))
        for skeleton, times in found.items()
        if times >= FEWEST_USES and len(fillings[skeleton]) >= FILLERS
    }
    return sorted(scores, key=lambda skeleton: (-scores[skeleton], skeleton))


def _count(skeleton: Skeleton, messages: Sequence[Sequence[str]]) -> int:
    """In how many messages these words stand in a row, with one to FILLED words of any kind in each gap."""
    parts = [rf"(?: \S+){{1,{FILLED}}}" if slot == GAP else " " + re.escape(slot) for slot in skeleton]
    frame = re.compile("".join(parts) + r"(?: |$)")
    return sum(bool(frame.search(" " + " ".join(message))) for message in messages)


def _frame_words(own: Counter[str], data: PortraitData) -> frozenset[str]:
    """The words that stay: the owner's commonest, if both share a language only those that are everybody's."""
    shown = [word for word, _ in own.most_common(3 * KEPT) if data.name_filter.allows(word)]
    known = {word for word, _ in data.others.words.most_common(EVERYBODYS)}
    shared = [word for word in shown if {word, word.replace("'", "")} & known]
    return frozenset((shared if len(shared) >= KEPT / 2 else shown)[:KEPT])


def _collect(
    messages: Sequence[Sequence[str]], common: frozenset[str]
) -> tuple[Counter[Skeleton], dict[Skeleton, set[Skeleton]]]:
    """How often each run of slots with a gap and SOLID words occurs, and up to FILLERS fillings of its gaps."""
    found, fillings = Counter[Skeleton](), defaultdict[Skeleton, set[Skeleton]](set)
    for message in messages:
        slots = list(_slots(message, common))
        for size in SIZES:
            for at in range(len(slots) - size + 1):
                part = slots[at : at + size]
                skeleton = tuple(slot for slot, _ in part)
                if not SOLID <= size - skeleton.count(GAP) < size:
                    continue
                found[skeleton] += 1
                if len(fillings[skeleton]) < FILLERS:
                    fillings[skeleton].add(tuple(filled for slot, filled in part if slot == GAP))
    return found, fillings


def _slots(message: Sequence[str], common: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Common words as they are, each run of other words as one gap with what fills it: pairs (slot, its words)."""
    filling: list[str] = []
    for word in [*message, ""]:
        if word in common or not word:
            if filling:
                yield GAP, " ".join(filling)
                filling = []
            if word:
                yield word, word
        else:
            filling.append(word)


def _expected(skeleton: Skeleton, slots: Counter[str]) -> float:
    """How often the skeleton would occur if slots were independent."""
    total = slots.total()
    return total * math.prod(slots[slot] / total for slot in skeleton)


def _unlike(ordered: Sequence[Skeleton]) -> list[Skeleton]:
    """The first SHOWN that are no part of each other."""
    kept = list[Skeleton]()
    for skeleton in ordered:
        written = f" {' '.join(skeleton)} "
        if all(written not in f" {' '.join(one)} " and f" {' '.join(one)} " not in written for one in kept):
            kept.append(skeleton)
        if len(kept) == SHOWN:
            break
    return kept
