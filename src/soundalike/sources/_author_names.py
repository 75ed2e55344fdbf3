"""The people of a corpus: their names, how many messages they wrote, and how a typed name finds them."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from soundalike.errors import ExportError
from soundalike.messages import UNKNOWN, Corpus
from soundalike.phrasing import listed

DISCORD = "discord"
NEAR = 5  # names that a refusal suggests


def program_of(key: str) -> str:
    """The program that an author key belongs to; a key without a prefix is an account of Discord's."""
    return key.partition(":")[0] if ":" in key else DISCORD


@dataclass(frozen=True)
class People:
    """`names` maps author keys to display names, `counts` to numbers of messages, `further` to names besides the
    display name; `stated_owners` are the owner's keys as the exports state them."""

    names: dict[str, str]
    counts: Counter[str]
    stated_owners: tuple[str, ...]
    further: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, corpus: Corpus) -> "People":
        """The people of a corpus."""
        counts = Counter(dict(corpus.messages["author"].value_counts().iter_rows()))
        names = dict(corpus.authors.select("author", "name").iter_rows())
        stated = tuple(corpus.authors.filter("me")["author"])
        return cls({key: key for key in counts} | names, counts, stated, corpus.further_names)

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

    @property
    def only_author(self) -> str | None:
        """The key of whoever is alone in the exports; None where nobody wrote, or somebody else is named."""
        return next(iter(self.counts), None) if len(self.names) == 1 else None

    def label(self, key: str) -> str:
        """The display name, with the key behind it if another person of the corpus has the same name."""
        same = [other for other in self.counts if self.names[other].casefold() == self.names[key].casefold()]
        return self.names[key] if len(same) < 2 else f"{self.names[key]} ({key})"

    def find(self, name: str) -> list[str]:
        """The keys of the person of that name or key, one in each program.

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
        """The keys of all people with that key, that name, that name in other case, or that as a further name or id.

        Each program is searched for the next of these only while the ones before found nobody in it; once one is found
        anywhere, programs that tell their owner are left as they are.
        """
        known = [*self.by_messages, *(key for key in self.stated_owners if not self.counts[key])]
        if name in known:
            return [name]
        folded, found, closed = name.casefold(), list[str](), set[str]()
        for called in (self._is_shown_as, self._is_shown_like, self._is_also_called):
            searched = name if called == self._is_shown_as else folded
            found += [key for key in known if program_of(key) not in closed and called(key, searched)]
            closed = {program_of(key) for key in [*found, *(self.stated_owners if found else ())]}
        return found

    def _is_shown_as(self, key: str, name: str) -> bool:
        return self.names[key] == name

    def _is_shown_like(self, key: str, folded: str) -> bool:
        return folded in (key.casefold(), self.names[key].casefold())

    def _is_also_called(self, key: str, folded: str) -> bool:
        bare = key.partition(":")[2].casefold()
        return folded in {bare, *(other.casefold() for other in self.further.get(key, ()))}

    def nameless_owners(self) -> list[str]:
        """The keys of owners whom the exports tell without a name."""
        return [key for key in self.stated_owners if self.names[key] == UNKNOWN]

    def shown_names(self) -> list[str]:
        """Display names of those who wrote something, most messages first."""
        return list(dict.fromkeys(self.names[key] for key in self.by_messages))


def unknown_name(what: str, name: str, known: Collection[str]) -> ExportError:
    """The error for a name that is none of `known`, with those that are near it, else the first ones."""
    if found := near_names(name, known):
        return ExportError(what, f"Is it {listed(map(repr, found), 'or')}?")
    some = [*map(repr, list(known)[:NEAR]), *(["others"] if len(known) > NEAR else [])]
    return ExportError(what, f"There are {listed(some)}.")


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Those of `known` that are spelled like `name`, in part or in whole."""
    folded = name.casefold()
    inside = [other for other in known if folded and folded in other.casefold()]
    lower = {word: other for other in known for word in re.findall(r"\w+", other.casefold())}
    lower |= {other.casefold(): other for other in known}
    near = [lower[match] for match in get_close_matches(folded, lower, NEAR, 0.6)]
    return list(dict.fromkeys([*near, *inside]))[:NEAR]
