"""Which messages a clone learns from: `--only` and `--without` by channel, person and date.

A pattern is `channel:NAME`, `person:NAME`, a bare `NAME` (a channel or a person), `after:DATE` or `before:DATE`. Names
are titles, display names or keys, in any case, with the wildcards of a shell. A date is a year, a month or a day in
UTC: `after` means from its beginning on, `before` means before its beginning.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import translate
from glob import escape

import polars as pl

from soundalike.errors import ExportError, UsageError
from soundalike.messages import Corpus, add_counts
from soundalike.sources import unknown_name

CHANNEL, PERSON, AFTER, BEFORE = "channel", "person", "after", "before"
HOW = "Write channel:NAME, person:NAME, after:DATE or before:DATE."
DATES = ("%Y", "%Y-%m", "%Y-%m-%d")


def pattern_of(kind: str, key: str) -> str:
    """The pattern that finds the channel or person of this key, whose signs are not taken for wildcards."""
    return f"{kind}:{escape(key)}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern as it was written; `kind` is None for a bare name, `date` is set for `after` and `before`."""

    written: str
    kind: str | None
    name: str
    date: datetime | None = None

    @classmethod
    def parse(cls, written: str) -> "Pattern":
        """`UsageError` for an empty name or a date that is none."""
        kind, colon, name = written.partition(":")
        if not colon or kind not in (CHANNEL, PERSON, AFTER, BEFORE):
            kind, name = "", written
        if not name.strip():
            raise UsageError(f"{written!r} names nothing.", HOW)
        return cls(written, kind or None, name.strip(), _date(written, name) if kind in (AFTER, BEFORE) else None)

    def finds(self, *names: str | None) -> bool:
        """Whether one of the names of a channel or person matches."""
        wanted = self.name.casefold().removeprefix("#")
        pattern = re.compile(translate(wanted))
        folded = [name.casefold().removeprefix("#") for name in names if name is not None]
        return any(name == wanted or pattern.match(name) for name in folded)


def _date(written: str, text: str) -> datetime:
    for form in DATES:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise UsageError(f"{written!r} holds no date.", "Write a day, a month or a year: after:2023-01-31, before:2024-06.")


@dataclass(frozen=True, slots=True)
class Selection:
    """What `--only` keeps, and what `--without` leaves out of that."""

    only: tuple[Pattern, ...] = ()
    without: tuple[Pattern, ...] = ()

    @classmethod
    def parse(cls, only: Iterable[str] = (), without: Iterable[str] = ()) -> "Selection":
        """From the patterns as they are written; `UsageError` for one that cannot be read."""
        return cls(tuple(map(Pattern.parse, only)), tuple(map(Pattern.parse, without)))

    def apply(self, corpus: Corpus, reason: str = "messages left out by --without") -> Corpus:
        """The corpus with what is chosen; the rest is counted in `skipped`, `reason` and the pattern being the key.

        Names in `only` add up: what one of them finds is kept, within all its dates. A person in `only` means what
        they and the owner write in the channels that they write in. Authors and channels without messages are removed.
        ExportError if a name finds nothing, or if nothing of the owner's is left.
        """
        if not self.only and not self.without:
            return corpus
        names = _Names.of(corpus)
        rows, skipped = corpus.messages, dict(corpus.skipped)
        if self.only:
            rows = _keep(rows, names.only(self.only), "messages left out by --only", skipped)
        for pattern in self.without:
            rows = _keep(rows, ~names.found_by(pattern), f"{reason} {pattern.written}", skipped)
        if not rows["me"].any():
            raise ExportError("None of your messages would be left.", "Leave out less: several names and dates add up.")
        authors, channels = _names_left(corpus, rows)
        return replace(corpus, messages=rows, authors=authors, channels=channels, skipped=skipped)


def _names_left(corpus: Corpus, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Authors and channels without those whose last message is not among `rows`; the owner stays.

    A direct chat that is called after somebody who is gone has no title any more.
    """
    people, places = (_gone(corpus.messages[key], rows[key]) for key in ("author", "channel"))
    leaving = pl.col("author").is_in(people.implode()) & ~pl.col("me")
    names = corpus.authors.filter(leaving)["name"].drop_nulls()
    named_after = (pl.col("kind") == "dm") & pl.col("title").is_in(names.implode())
    channels = corpus.channels.filter(~pl.col("channel").is_in(places.implode()))
    channels = channels.with_columns(title=pl.when(~named_after.fill_null(False)).then("title"))
    return corpus.authors.filter(~leaving), channels


def _gone(before: pl.Series, after: pl.Series) -> pl.Series:
    """The values of which none is left, sorted."""
    different = before.unique().sort()
    return different.filter(~different.is_in(after.unique().implode()))


def _keep(rows: pl.DataFrame, keep: pl.Expr, reason: str, skipped: dict[str, int]) -> pl.DataFrame:
    kept = rows.filter(keep)
    add_counts(skipped, {reason: rows.height - kept.height})
    return kept


@dataclass(frozen=True)
class _Names:
    """Keys with their names: titles of channels, display names of people who wrote something; `write` are the channels
    that each person writes in."""

    channels: dict[str, str | None]
    people: dict[str, str | None]
    write: dict[str, list[str]]

    @classmethod
    def of(cls, corpus: Corpus) -> "_Names":
        titles = dict(corpus.channels.select("channel", "title").iter_rows())
        names = dict(corpus.authors.select("author", "name").iter_rows())
        pairs = corpus.messages.group_by("author", maintain_order=True).agg(pl.col("channel").unique())
        write = dict(pairs.iter_rows())
        channels = corpus.messages["channel"].unique().sort()
        return cls({key: titles.get(key) for key in channels}, {key: names.get(key) for key in write}, write)

    def only(self, patterns: Sequence[Pattern]) -> pl.Expr:
        dates = [self.found_by(pattern) for pattern in patterns if pattern.date]
        named = [self._around(pattern) for pattern in patterns if not pattern.date]
        return pl.all_horizontal(*dates, *([pl.any_horizontal(named)] if named else []))

    def found_by(self, pattern: Pattern) -> pl.Expr:
        """Whether a message is in a channel of that name or by a person of that name, or sent then."""
        if pattern.date:
            date = pl.lit(pattern.date).cast(pl.Datetime("ms", "UTC"))
            return pl.col("sent_at") >= date if pattern.kind == AFTER else pl.col("sent_at") < date
        channels, people = self._find(pattern)
        return pl.col("channel").is_in(channels) | pl.col("author").is_in(people)

    def _around(self, pattern: Pattern) -> pl.Expr:
        """Whether a message is in a channel of that name, or by a person of that name or the owner beside them."""
        channels, people = self._find(pattern)
        beside = sorted({channel for person in people for channel in self.write[person]})
        talk = (pl.col("author").is_in(people) | pl.col("me")) & pl.col("channel").is_in(beside)
        return pl.col("channel").is_in(channels) | talk

    def _find(self, pattern: Pattern) -> tuple[list[str], list[str]]:
        """The keys of the channels and of the people that a pattern finds; ExportError if there are none."""
        kinds = (CHANNEL, PERSON) if pattern.kind is None else (pattern.kind,)
        known = {kind: self.channels if kind == CHANNEL else self.people for kind in kinds}
        found = {
            kind: [key for key, name in names.items() if pattern.finds(key, name)] for kind, names in known.items()
        }
        if not any(found.values()):
            what = {CHANNEL: "no channel", PERSON: "nobody", None: "neither a channel nor a person"}[pattern.kind]
            named = dict.fromkeys(name or key for names in known.values() for key, name in names.items())
            raise unknown_name(f"There is {what} called {pattern.name!r} here.", pattern.name, named)
        return found.get(CHANNEL, []), found.get(PERSON, [])
