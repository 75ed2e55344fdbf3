"""Which words a portrait may show: nobody but the owner is ever named.

No list holds all names, so a word is shown only if something says that it is none: the reference population uses it,
it is a laugh or a short form, or the owner puts an article before it, as people do with things and not with each
other. A word that `ProperNames` holds is never shown.
"""

import re
from collections import Counter
from collections.abc import Sequence

from soundalike.metrics import typing_habits
from soundalike.metrics.words import fold_case, words
from soundalike.proper_names import ProperNames, neighbours, prose

ARTICLE_USES, ARTICLE_SHARE = 2, 0.05  # least number and share of uses after an article that show a word to be a thing
CAPITAL_USES = 2
# Words that stand before things. Definite articles of languages that put them before names too are left out.
ARTICLES = frozenset(
    "a an the my your our their this that these those some any no every each ein eine einen kein keine mein meine dein "
    "diese dieser un una unos unas mi tu este esta ningún une mon ma ton ce cette um uma meu minha esse essa een mijn "
    "deze et en uno questo questa mio".split()
)
_LAUGHS = [re.compile(pattern) for pattern in typing_habits.LAUGHTER.values() if r"\p" not in pattern]
_HANDLE = re.compile(r"@|[^\W_]_[^\W_](?!\w*:)|[^\W\d_]\d")  # signs of an account's name: @, a_b, a1
_SHORT = frozenset((*typing_habits.ABBREVIATIONS, *typing_habits.UNMARKED))


def own_words(text: str) -> list[str]:
    """The words of a message in lower case, without its links, mentions, channel names, custom emoji and masks."""
    return [word for word in words(prose(text)) if not word.isdigit()]


class NameFilter:
    """What may be shown of an owner's `texts`; `known` words are names."""

    def __init__(self, known: frozenset[str], texts: Sequence[str]) -> None:
        plain = [prose(text) for text in texts]
        self._names = ProperNames(known, plain, CAPITAL_USES)
        self._after_article = Counter(
            fold_case(match[0]) for text in plain for before, match in neighbours(text) if before in ARTICLES
        )

    def allows(self, word: str) -> bool:
        """Whether this word, in lower case, may be shown."""
        if word in self._names:
            return False
        if self._names.is_common(word) or word in _SHORT or any(laugh.fullmatch(word) for laugh in _LAUGHS):
            return True
        return self._after_article[word] >= max(ARTICLE_USES, ARTICLE_SHARE * self._names.uses[word])

    def allows_line(self, text: str) -> bool:
        """Whether a line holds no name and addresses nobody."""
        return not any(word in self._names for word in words(text)) and not _HANDLE.search(text)
