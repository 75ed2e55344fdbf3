"""Proper names in chats: which words name somebody, as far as lists and capital letters can decide.

A word is a name if it is known as one (titles of chats, mentions, first names), or if its writer gives it a capital
inside sentences although the reference population does not use it.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.words import COMMON, WORD, fold_case, words
from soundalike.pocket.names import FIRST
from soundalike.redact import MASKS

CAPITAL_SHARE = 0.6  # of a word's uses inside sentences, from which it counts as capitalised
# First names so common that no other evidence about the word counts against them.
COMMON_NAMES = frozenset(
    "aaron adam alan alex alexander alice amy andrea andrew andy angela anna anne anthony ashley barbara ben "
    "benjamin beth betty bob bobby brad brandon brian bruce bryan carl carol caroline catherine charles charlie "
    "chris christian christina christine christopher craig dan daniel danny dave david deborah dennis diana don "
    "donald donna doug douglas dylan ed eddie edward elizabeth emily emma eric erik ethan evan frank fred gary "
    "george greg gregory hannah harry heather helen henry ian jacob jake james jamie jane janet jason jeff "
    "jeffrey jen jennifer jenny jeremy jerry jesse jessica jim jimmy joan joe joel john johnny jon jonathan "
    "jordan jose joseph josh joshua juan julia julie justin karen kate katie keith kelly ken kenneth kevin kim "
    "kyle larry laura lauren linda lisa liz logan lucas lucy luke margaret maria marie mario martin mary matt "
    "matthew max megan melissa michael michelle mike nancy natalie nathan nicholas nick nicole noah oliver olivia "
    "pamela patricia patrick paul peter phil philip rachel ralph randy raymond rebecca richard rick rob robert "
    "roger ron ronald russell ruth ryan sam samantha samuel sandra sara sarah scott sean sharon simon sophia "
    "sophie stephanie stephen steve steven stuart sue susan taylor ted teresa terry thomas tim timothy todd tom "
    "tommy tony tyler vanessa victor victoria vincent walter wayne william zach".split()
)
_MENTION = re.compile(r"@([^\s@,.!?:;]+)")
_NO_WORDS = re.compile(
    r"https?://\S+|www\.\S+|(?:[a-z0-9-]+\.)+(?:com|net|org|io|gg|be|tv|me)\b\S*|[@#]\S+|:\w+:|"
    rf"\b(?:{'|'.join(MASKS.values())})\b",
    re.IGNORECASE,
)
_STRETCH = re.compile(r"(.)\1{2,}")


def prose(text: str) -> str:
    """The text without links, mentions, channel names, custom emoji and masks."""
    return _NO_WORDS.sub(" ", text)


def known_names(titles: Iterable[str], texts: Iterable[str] = ()) -> frozenset[str]:
    """Words in lower case that are known to name somebody.

    They are the words of `titles` (people's names, titles of chats with them), what stands after an @ in `texts`, and
    first names. The reference population's commonest words count only where they are a whole title.
    """
    common = frozenset(reference_population().words[:COMMON])
    mentioned = (name for text in texts if "@" in text for name in _MENTION.findall(text))
    named = {word for titles_of in (titles, mentioned) for title in titles_of for word in _parts(title, common)}
    return frozenset(named | COMMON_NAMES | {name.lower() for name in FIRST} - common)


def _parts(title: str, common: Collection[str]) -> set[str]:
    found = words(title)
    return {title.lower(), *found} if len(found) == 1 else {word for word in found if word not in common}


def forms(word: str) -> set[str]:
    """A word as it is, without its 's, and with its stretched letters shortened."""
    plain = {word, word.removesuffix("'s")}
    return plain | {_STRETCH.sub(by, form) for form in plain for by in (r"\1\1\1", r"\1\1", r"\1")}


class ProperNames:
    """Which words are names: those in `known`, and those written with a capital in `texts`.

    `texts` are messages as `prose` leaves them. `fewest` is how many uses with a capital make a name, and `has_capital`
    decides which spellings count as such. Words are in lower case; `uses` counts each in all texts.
    """

    def __init__(
        self,
        known: frozenset[str],
        texts: Iterable[str],
        fewest: int,
        has_capital: Callable[[str], bool] = lambda word: word[0].isupper(),
    ) -> None:
        self.known, self.fewest, self._has_capital = known, fewest, has_capital
        self.uses, self._inside, self._capital = Counter[str](), Counter[str](), Counter[str]()
        self._reference = frozenset(reference_population().words)
        for text in texts:
            self._count(text)

    def _count(self, text: str) -> None:
        shouted = text.isupper()
        for before, match in neighbours(text):
            word = fold_case(match[0])
            self.uses[word] += 1
            if before and not shouted and text[match.start() - 1] == " ":
                self._inside[word] += 1
                self._capital[word] += self._has_capital(match[0])

    def is_common(self, word: str) -> bool:
        """Whether the reference population uses the word, in any of its forms."""
        return not forms(word).isdisjoint(self._reference)

    def __contains__(self, word: str) -> bool:
        return not forms(word).isdisjoint(self.known) or self._is_capitalised(word)

    def _is_capitalised(self, word: str) -> bool:
        enough = self._capital[word] >= max(self.fewest, CAPITAL_SHARE * self._inside[word])
        return enough and not self.is_common(word)


def neighbours(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Each word's match with the word before it in lower case, or an empty string."""
    before = ""
    for match in WORD.finditer(text):
        yield before, match
        before = fold_case(match[0])
