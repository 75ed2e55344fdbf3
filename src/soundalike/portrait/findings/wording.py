"""Which words are the owner's: signature words against others, and the skeletons that sentences are built on."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from soundalike.metrics.distinctive_words import log_odds
from soundalike.metrics.stats import critical_value
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart
from soundalike.portrait.data import Material
from soundalike.portrait.findings import saying
from soundalike.portrait.findings.heard import Heard

SHOWN, TOLD = 12, 3
EVERYBODYS = 300  # words that anybody uses, whatever they talk about
FEWEST_USES, FEWEST_DAYS = 8, 4
OFTENER = 3  # times as often as others: a word that is surely but hardly more frequent is no signature
KEPT = 120  # the owner's commonest words, which stay in a skeleton
GAP, FILLED = "*", 3  # a gap, and up to how many words fill it
SIZES, FILLERS, SOLID = (4, 5, 6), 5, 3


def signature(material: Material, heard: Heard | None) -> Card:
    """Words by weighted log-odds against others (Monroe et al. 2008), beside those that the adapter lifts most."""
    own, said = _plain(Counter(word for message in material.words for word in message)), _plain(material.others.words)
    theirs = said + Counter({word: material.others.rare for word in own if word not in said})
    found, scores = _spread(material, own), log_odds(own, theirs, own + theirs)
    sure = [
        word for word in found if scores[word] > critical_value(len(found)) and _ratio(word, own, theirs) >= OFTENER
    ]
    best = [word for word in sorted(sure, key=lambda w: -scores[w]) if material.discretion.shows(word)][:SHOWN]
    rows = [(word, own[word] / own.total() * 10_000) for word in best]
    pictures = [BarChart(f"You, more than {material.others.name}", rows, "in 10,000 words")] if rows else []
    details = []
    if heard and heard.lifted:
        lifted = [(word, bits) for word, bits in heard.lifted if material.discretion.shows(word)][:SHOWN]
        pictures.append(BarChart("What the adapter lifts most", lifted, "bits a word"))
        details.append(
            "What the adapter lifts is what the model learned to expect of you; a bit is one doubling of probability."
        )
    return Card(
        name="words",
        title="Signature words",
        sentence=_signature_sentence(best[:TOLD], own, said, material),
        basis=f"{saying.count(own.total(), 'word')} of yours against "
        f"{saying.count(material.others.said, 'word')} of {saying.count(material.others.people, 'other')}",
        details=details,
        pictures=pictures,
    )


def _plain(counted: Counter[str]) -> Counter[str]:
    """Without apostrophes: whether somebody types them is another card's matter."""
    plain = Counter[str]()
    for word, times in counted.items():
        plain[word.replace("'", "")] += times
    return plain


def _ratio(word: str, own: Counter[str], theirs: Counter[str]) -> float:
    """How many times as often as others."""
    return own[word] / own.total() / (theirs[word] / theirs.total())


def _spread(material: Material, own: Counter[str]) -> set[str]:
    """Words of some use, on several days: what was pasted once is no signature."""
    days: defaultdict[str, set[int]] = defaultdict(set)
    for message, day in zip(material.words, material.mine["day"].to_list(), strict=True):
        for word in message:
            days[word.replace("'", "")].add(day)
    return {word for word in own if own[word] >= FEWEST_USES and len(days[word]) >= FEWEST_DAYS}


def _signature_sentence(best: Sequence[str], own: Counter[str], said: Counter[str], material: Material) -> str:
    """The words, and of the first how often it comes in 10,000 words of the owner's and of others'."""
    others = material.others
    if not best:
        return f"No word of yours that can be shown stands out from those of {others.name}."
    first = best[0]
    told = f"{saying.quoted(best)}: that is you talking. In 10,000 words you say “{first}” {_rate(own, first)} times"
    if said[first]:
        return f"{told}, {others.name} {saying.rate(said[first] / others.said * 10_000)} times."
    if others.is_room:
        return f"{told}; nobody in the room says it."
    return f"{told}; it is not among the {len(said):,} words that at least twelve of {others.people} {others.name} use."


def _rate(own: Counter[str], word: str) -> str:
    return saying.rate(own[word] / own.total() * 10_000)


def skeletons(material: Material) -> Card:
    """Runs of 4 to 6 slots in which rare words are masked, by how much oftener they come than their words by chance.

    A score is the count times the logarithm of count over expectation, the leading term of Dunning's G2 (1993).
    """
    own = Counter(word for message in material.words for word in message)
    common = _frame(own, material)
    found, fillers = _counted(material.words, common)
    slots = Counter(slot for message in material.words for slot, _ in _slots(message, common))
    scored = {
        skeleton: times * math.log2(times / _expected(skeleton, slots))
        for skeleton, times in found.items()
        if times >= FEWEST_USES and len(fillers[skeleton]) >= FILLERS
    }
    best = _unlike(sorted(scored, key=lambda skeleton: (-scored[skeleton], skeleton)))
    rows = [(" ".join(one), float(_said(one, material.words))) for one in best]
    pictures = [BarChart("Your sentences without their content", rows, "messages", mono=True)] if rows else []
    if rows:
        first, times = rows[0]
        sentence = (
            f"Take away what you talk about, and “{first}” is left, in {saying.count(times, 'message')} of yours."
        )
    else:
        sentence = "No frame of yours comes back often enough to be one."
    basis = f"{saying.count(len(material.words), 'message')}; {GAP} stands for any one to {FILLED} words"
    return Card("skeletons", "Sentence skeletons", sentence, basis, pictures=pictures)


def _said(skeleton: "Skeleton", messages: Sequence[Sequence[str]]) -> int:
    """In how many messages these words stand in a row, one to FILLED words of any kind in each gap."""
    parts = [rf"(?: \S+){{1,{FILLED}}}" if slot == GAP else " " + re.escape(slot) for slot in skeleton]
    frame = re.compile("".join(parts) + r"(?: |$)")
    return sum(bool(frame.search(" " + " ".join(message))) for message in messages)


Skeleton = tuple[str, ...]


def _frame(own: Counter[str], material: Material) -> frozenset[str]:
    """The words that stay: the owner's commonest, of those that are common to all where they share a language."""
    shown = [word for word, _ in own.most_common(3 * KEPT) if material.discretion.shows(word)]
    known = {word for word, _ in material.others.words.most_common(EVERYBODYS)}
    shared = [word for word in shown if {word, word.replace("'", "")} & known]
    return frozenset((shared if len(shared) >= KEPT / 2 else shown)[:KEPT])


def _counted(
    messages: Sequence[Sequence[str]], common: frozenset[str]
) -> tuple[Counter[Skeleton], dict[Skeleton, set[Skeleton]]]:
    """How often each run of slots with a gap and SOLID words occurs, and what filled its gaps."""
    found, fillers = Counter[Skeleton](), defaultdict[Skeleton, set[Skeleton]](set)
    for message in messages:
        slots = list(_slots(message, common))
        for size in SIZES:
            for at in range(len(slots) - size + 1):
                part = slots[at : at + size]
                skeleton = tuple(slot for slot, _ in part)
                if not SOLID <= size - skeleton.count(GAP) < size:
                    continue
                found[skeleton] += 1
                if len(fillers[skeleton]) < FILLERS:
                    fillers[skeleton].add(tuple(filled for slot, filled in part if slot == GAP))
    return found, fillers


def _slots(message: Sequence[str], common: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Common words as they are; each run of others as one gap with what filled it."""
    filled: list[str] = []
    for word in [*message, ""]:
        if word in common or not word:
            if filled:
                yield GAP, " ".join(filled)
                filled = []
            if word:
                yield word, word
        else:
            filled.append(word)


def _expected(skeleton: Skeleton, slots: Counter[str]) -> float:
    total = slots.total()
    return total * math.prod(slots[slot] / total for slot in skeleton)


def _unlike(ordered: Sequence[Skeleton]) -> list[Skeleton]:
    """The first SHOWN that are no part of each other."""
    kept = list[Skeleton]()
    for skeleton in ordered:
        spelled = f" {' '.join(skeleton)} "
        if all(spelled not in f" {' '.join(one)} " and f" {' '.join(one)} " not in spelled for one in kept):
            kept.append(skeleton)
        if len(kept) == SHOWN:
            break
    return kept
