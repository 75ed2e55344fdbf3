"""Which words a portrait may show: nobody but the owner is ever named.

No list knows all names, so a word is shown only where something says that it is none: strangers use it too, it is a
laugh or a short form, or the owner puts an article before it, as people do with things and not with each other.
Whatever is known to be a name is never shown, whatever else speaks for it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from soundalike.metrics import typing_habits
from soundalike.metrics.char_ngrams import COMMON, WORD, words
from soundalike.metrics.reference_population import reference_population
from soundalike.pocket.names import FIRST
from soundalike.redact import WORDS as MASKS

ARTICLE_USES, ARTICLE_SHARE = 2, 0.05
CAPITAL_USES, CAPITAL_SHARE = 2, 0.6
# Words that stand before things: definite articles of languages that put them before names too are left out.
ARTICLES = frozenset(
    "a an the my your our their this that these those some any no every each ein eine einen kein keine mein meine dein "
    "diese dieser un una unos unas mi tu este esta ningún une mon ma ton ce cette um uma meu minha esse essa een mijn "
    "deze et en uno questo questa mio".split()
)
# Common first names: an article or a stranger may speak for one all the same.
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
_ASIDE = re.compile(
    r"https?://\S+|www\.\S+|(?:[a-z0-9-]+\.)+(?:com|net|org|io|gg|be|tv|me)\b\S*|[@#]\S+|:\w+:|"
    rf"\b(?:{'|'.join(MASKS.values())})\b",
    re.IGNORECASE,
)
_LAUGHS = [re.compile(pattern) for pattern in typing_habits.LAUGHTER.values() if r"\p" not in pattern]
_HANDLE = re.compile(r"@|[^\W_]_[^\W_](?!\w*:)|[^\W\d_]\d")  # signs of an account's name: @, a_b, a1
_STRETCH = re.compile(r"(.)\1{2,}")
_SHORT = frozenset((*typing_habits.ABBREVIATIONS, *typing_habits.UNMARKED))


def own_words(text: str) -> list[str]:
    """The words of a message without its links, mentions, channel names, custom emoji and masks."""
    return [word for word in words(_ASIDE.sub(" ", text)) if not word.isdigit()]


def names_in(titles: Iterable[str], texts: Iterable[str]) -> frozenset[str]:
    """Words that are known to name somebody: in `titles` of people and of chats with them, after an @, first names."""
    common = frozenset(reference_population().words[:COMMON])
    whole = {word for title in titles for word in _parts(title, common)}
    called = {word for text in texts if "@" in text for name in _MENTION.findall(text) for word in _parts(name, common)}
    return frozenset(whole | called | COMMON_NAMES | {name.lower() for name in FIRST} - common)


def _parts(title: str, common: frozenset[str]) -> set[str]:
    """Every word of a title; common words only where they are all of it."""
    found = words(title)
    return {title.lower(), *found} if len(found) == 1 else {word for word in found if word not in common}


class NameFilter:
    """What may be shown of one owner's words; `names` are known to be names."""

    def __init__(self, names: frozenset[str], texts: Sequence[str]) -> None:
        self.names = names
        self._strangers = frozenset(reference_population().words)
        self._uses, self._articles, self._inside, self._capital = (Counter[str]() for _ in range(4))
        for text in texts:
            self._look(_ASIDE.sub(" ", text))

    def _look(self, text: str) -> None:
        before, shouted = "", text.isupper()
        for match in WORD.finditer(text):
            word = match[0].lower().replace("’", "'")
            self._uses[word] += 1
            self._articles[word] += before in ARTICLES
            if before and not shouted and text[match.start() - 1] == " ":
                self._inside[word] += 1
                self._capital[word] += match[0][0].isupper()
            before = word

    def shows(self, word: str) -> bool:
        """Whether this word, in lower case, is no name as far as can be told."""
        forms = _forms(word)
        if forms & self.names or self._proper(word):
            return False
        if forms & self._strangers or word in _SHORT or any(laugh.fullmatch(word) for laugh in _LAUGHS):
            return True
        return self._articles[word] >= max(ARTICLE_USES, ARTICLE_SHARE * self._uses[word])

    def quotes(self, text: str) -> bool:
        """Whether a line names nobody that is known, and addresses nobody."""
        found = words(text)
        named = any(_forms(word) & self.names or self._proper(word) for word in found)
        return not named and not _HANDLE.search(text)

    def _proper(self, word: str) -> bool:
        """Whether the owner writes this word with a capital inside sentences, though strangers do not know it."""
        if _forms(word) & self._strangers:
            return False
        return self._capital[word] >= max(CAPITAL_USES, CAPITAL_SHARE * self._inside[word])


def _forms(word: str) -> set[str]:
    """A word, without its 's, and with stretched letters as they are spelled."""
    plain = (word, word.removesuffix("'s"))
    return {_STRETCH.sub(by, form) for form in plain for by in (r"\1\1\1", r"\1\1", r"\1")} | set(plain)
