"""The people of a corpus: their names, how many messages they wrote, and how a typed name finds them."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from soundalike.errors import ExportError
from soundalike.messages import Corpus

DISCORD = "discord"
NEAR = 5  # names that a refusal suggests


def program_of(key: str) -> str:
    """The program that an author key belongs to; a key without a prefix is an account of Discord's."""
    return key.partition(":")[0] if ":" in key else DISCORD


@dataclass(frozen=True)
class People:
    """`names` maps author keys to display names, `counts` to numbers of messages; `told` are the owner's keys as the
    exports tell them."""

    names: dict[str, str]
    counts: Counter[str]
    told: tuple[str, ...]

    @classmethod
    def of(cls, corpus: Corpus) -> "People":
        """The people of a corpus."""
        counts = Counter(dict(corpus.messages["author"].value_counts().iter_rows()))
        names = dict(corpus.authors.select("author", "name").iter_rows())
        return cls({key: key for key in counts} | names, counts, tuple(corpus.authors.filter("me")["author"]))

    def messages(self, key: str) -> int:
        """How many messages a person wrote."""
        return self.counts[key]

    @property
    def by_messages(self) -> list[str]:
        """The keys of those who wrote something, most messages first."""
        return [key for key, _ in sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))]

    @property
    def programs(self) -> list[str]:
        """The programs in which somebody wrote something."""
        return sorted({program_of(key) for key in self.counts})

    def label(self, key: str) -> str:
        """The display name, with the key behind it if another person of the corpus has the same name."""
        same = [other for other in self.counts if self.names[other].casefold() == self.names[key].casefold()]
        return self.names[key] if len(same) < 2 else f"{self.names[key]} ({key})"

    def find(self, name: str) -> list[str]:
        """The keys of the person of that name or key, one in each program, exact before case-insensitive.

        Raises ExportError if there is nobody of that name, or two people of one program have it.
        """
        keys = self.matching(name)
        if not keys:
            raise unknown_name(f"There is nobody called {name!r} in these exports.", name, self.shown_names())
        for program in {program_of(key) for key in keys}:
            same = sorted((key for key in keys if program_of(key) == program), key=lambda key: -self.messages(key))
            if len(same) > 1:
                people = listed(f"{key} ({self.messages(key):,} messages)" for key in same)
                raise ExportError(
                    f"{len(same)} people are called {name!r}: {people}.", f"Give the key, as in: --me {same[0]}."
                )
        return keys

    def matching(self, name: str) -> list[str]:
        """The keys of all people with that key, that name, or, if nobody has it, that name in other case."""
        known = [*self.by_messages, *(key for key in self.told if not self.counts[key])]
        if name in known:
            return [name]
        exact = [key for key in known if self.names[key] == name]
        folded = name.casefold()
        return exact or [key for key in known if folded in (key.casefold(), self.names[key].casefold())]

    def shown_names(self) -> list[str]:
        """Display names of those who wrote something, most messages first."""
        return list(dict.fromkeys(self.names[key] for key in self.by_messages))


def unknown_name(what: str, name: str, known: Collection[str]) -> ExportError:
    """The error for a name that is none of `known`, with those that are near it, else the first ones."""
    folded = name.casefold()
    inside = [other for other in known if folded and folded in other.casefold()]
    lower = {word: other for other in known for word in re.findall(r"\w+", other.casefold())}
    lower |= {other.casefold(): other for other in known}
    near = [lower[match] for match in get_close_matches(folded, lower, NEAR, 0.6)]
    found = list(dict.fromkeys([*near, *inside]))[:NEAR]
    if found:
        return ExportError(what, f"Is it {listed(map(repr, found), 'or')}?")
    some = [*map(repr, list(known)[:NEAR]), *(["others"] if len(known) > NEAR else [])]
    return ExportError(what, f"There are {listed(some)}.")


def listed(items: Iterable[str], word: str = "and") -> str:
    """`a, b and c`."""
    some = list(items)
    return f" {word} ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)
