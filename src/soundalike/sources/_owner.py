"""Who the owner of several exports is: what the exports tell, and the names that the owner gives.

An author key begins with the program's name and a colon; a key without one is an account of Discord's. One person has
one key or more in each program.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import polars as pl

from soundalike.errors import ExportError, OwnerUnknown
from soundalike.messages import UNKNOWN, Corpus
from soundalike.phrasing import listed
from soundalike.sources._author_names import DISCORD, People, near_names, program_of

PACKAGE = "discord_package"
SHOWN = 15  # people that a refusal lists


def batches(exports: list[list[Corpus]], several: bool = False) -> Iterator[Corpus]:
    """All batches, with the owner of a Discord package that does not name them under their account if it is known.

    Exports of several people come first: of a message that a one-sided export has too, theirs is the row that knows
    what it replies to. Each batch is removed from `exports`, to free its memory. Raises ExportError if two exports of
    one program name different owners, unless there may be `several` because the owner's names are given.
    """
    account = _discord_account(exports, several)
    exports.sort(key=_is_one_sided)
    for export in exports:
        for _ in range(len(export)):
            corpus = export.pop(0)
            if account != UNKNOWN:
                corpus.authors, corpus.messages = (_with(account, part) for part in (corpus.authors, corpus.messages))
            yield corpus


def mark(corpus: Corpus, names: Sequence[str] = (), is_owner: Callable[[str], bool] | None = None) -> Corpus:
    """The corpus with `me` set in every row whose author is the owner; the owner's most used name comes first.

    The author keys for which `is_owner` holds count as stated by the exports. Raises ExportError if one of `names` is
    nobody's or two people's, OwnerUnknown if nobody is the owner in a program.
    """
    known = [key for key in corpus.authors["author"] if is_owner and is_owner(key)]
    corpus.authors = corpus.authors.with_columns(me=pl.col("me") | pl.col("author").is_in(known))
    people = _with_owner_named(corpus, names)
    chosen = [key for name in names for key in people.find(name)] or _only_author(corpus, people)
    owners = _owners(corpus, people, chosen)
    _require_all_programs(people, owners, chosen)
    if not names:
        _note_namesakes(corpus, people, owners)
    account = next((key for key in owners if ":" not in key and key != UNKNOWN), None)
    if UNKNOWN in owners and account is not None:
        owners.remove(UNKNOWN)
        corpus.authors = corpus.authors.filter(pl.col("author") != UNKNOWN)
        corpus.messages = _with(account, corpus.messages)
    mine = pl.col("author").is_in(owners)
    place = pl.col("author").replace_strict({key: at for at, key in enumerate(owners)}, default=len(owners))
    corpus.authors = corpus.authors.with_columns(me=mine).sort(place, maintain_order=True)
    if not corpus.messages.select((pl.col("me") == mine).all()).item():
        corpus.messages = corpus.messages.with_columns(me=mine)
    return corpus


def _with_owner_named(corpus: Corpus, names: Sequence[str]) -> People:
    """The people; an owner whom the exports tell without a name is called by the first name that is nobody's."""
    people = People.of(corpus)
    new = next((name for name in names if not people.matching(name)), "")
    if not new or not people.nameless_owners() or near_names(new, people.shown_names()):
        return people
    nameless = pl.col("me") & (pl.col("name") == UNKNOWN)
    corpus.authors = corpus.authors.with_columns(name=pl.when(nameless).then(pl.lit(new)).otherwise("name"))
    return People.of(corpus)


def _owners(corpus: Corpus, people: People, chosen: Sequence[str]) -> list[str]:
    """The owner's author keys: those chosen, then those that exports tell, the one with most messages first."""
    programs = {program_of(key) for key in chosen}
    stated = sorted(
        people.stated_owners, key=lambda key: (key == UNKNOWN or people.names[key] == UNKNOWN, -people.messages(key))
    )
    kept = [key for key in stated if program_of(key) not in programs]
    if DISCORD in programs:
        kept += _with_package_only(corpus, [key for key in stated if key not in kept], people)
    return [*dict.fromkeys([*chosen, *kept])]


def _with_package_only(corpus: Corpus, accounts: Sequence[str], people: People) -> list[str]:
    """Those of the owner's Discord accounts that write in a data package only, where nobody else's messages are.

    They are the owner's too when another account is chosen in a channel's export, unless they write there as well.
    """
    rows = corpus.messages.filter(pl.col("author").is_in(accounts))
    elsewhere = set(rows.filter(pl.col("source") != PACKAGE)["author"])
    kept = [key for key in accounts if people.messages(key) and (key == UNKNOWN or key not in elsewhere)]
    if named := [f"{people.names[key]} ({key})" for key in kept if key != UNKNOWN]:
        corpus.notes.append(f"The messages of {listed(named)}, the owner of a data package, are taken as yours too.")
    return kept


def _only_author(corpus: Corpus, people: People) -> list[str]:
    """The key of the only person of the exports, who is taken as the owner, with a note if no export says so."""
    if people.only_author is None or people.stated_owners:
        return []
    corpus.notes.append(f"{people.names[people.only_author]} is taken as you: nobody else is in these exports.")
    return [people.only_author]


def _note_namesakes(corpus: Corpus, people: People, owners: Collection[str]) -> None:
    """Add a note on people who bear the owner's name and were not taken as the owner, as a second account may be."""
    names = {people.names[key].casefold() for key in owners if people.names[key] != UNKNOWN}
    alike = [key for key in people.by_messages if key not in owners and people.names[key].casefold() in names]
    if alike:
        shown = listed(f"{people.label(key)}, {people.messages(key):,} messages" for key in alike[:SHOWN])
        corpus.notes.append(f"Not taken as you, but called as you are: {shown}. If that is you: --me {alike[0]}")


def _require_all_programs(people: People, owners: Sequence[str], chosen: Sequence[str]) -> None:
    """Raise OwnerUnknown for programs without an owner, and for a nameless package beside a chat of named people."""
    unknown = unknown_programs(people, owners, chosen)
    if not unknown:
        return
    where = "these exports" if len(unknown) == len(people.programs) else f"the exports of {listed(unknown)}"
    strangers = [key for key in people.by_messages if program_of(key) in unknown]
    shown = "\n".join(f"  {people.label(key)}: {people.messages(key):,} messages" for key in strangers[:SHOWN])
    more = f"\n  and {len(strangers) - SHOWN:,} more people" if len(strangers) > SHOWN else ""
    raise OwnerUnknown(
        f"Nothing in {where} says which of their people you are.",
        f"\n{shown}{more}\nName yourself: --me NAME (and --also NAME for each further name of yours).",
    )


def unknown_programs(people: People, owners: Collection[str], chosen: Collection[str] = ()) -> list[str]:
    """The programs in which nobody of `owners` is known to be the owner.

    The only person of the exports is, and the nameless owner of a package where nobody else writes in Discord, or if it
    was `chosen`.
    """
    if people.only_author is not None:
        return []
    alone = [key for key in people.counts if program_of(key) == DISCORD] == [UNKNOWN]
    known = {program_of(key) for key in owners if key != UNKNOWN or alone or key in chosen}
    return [program for program in people.programs if program not in known]


def _is_one_sided(export: Sequence[Corpus]) -> bool:
    return len({author for corpus in export for author in corpus.authors["author"]}) <= 1


def _discord_account(exports: Sequence[Sequence[Corpus]], several: bool) -> str:
    """The owner's Discord account, UNKNOWN if there is none. Raises ExportError if two owners of one program differ."""
    owners = _named_owners(corpus for export in exports for corpus in export)
    for people in owners.values():
        if len(people) > 1 and not several:
            named = listed(sorted(f"{name} ({author})" for author, name in people.items()))
            raise ExportError(
                f"These exports belong to different accounts: {named}.",
                "Give one person's exports only; if all of them are you, name them: --me NAME --also NAME.",
            )
    accounts = owners.get(DISCORD, {})
    return next(iter(accounts)) if len(accounts) == 1 else _account_by_ids(exports)


def _named_owners(corpora: Iterable[Corpus]) -> dict[str, dict[str, str]]:
    """Program -> author key -> display name of the owners that exports name."""
    found: dict[str, dict[str, str]] = {}
    for corpus in corpora:
        for author, name, me in corpus.authors.iter_rows():
            if me and author != UNKNOWN:
                found.setdefault(program_of(author), {})[author] = name
    return found


def _account_by_ids(exports: Sequence[Sequence[Corpus]]) -> str:
    """Who wrote the messages of a package that does not name its owner, from another export that has some of them."""
    frames = [corpus.messages for export in exports for corpus in export if corpus.exact_ids]
    unnamed = [rows["id"].filter(rows["author"] == UNKNOWN) for rows in frames]
    ids = pl.concat(unnamed) if unnamed else pl.Series(dtype=pl.String)
    if not ids.len() or all(rows["author"].eq(UNKNOWN).all() for rows in frames):
        return UNKNOWN
    same = [rows.filter((pl.col("author") != UNKNOWN) & pl.col("id").is_in(ids.implode())) for rows in frames]
    authors = pl.concat(same)["author"].unique()
    return str(authors[0]) if authors.len() == 1 else UNKNOWN


def _with(owner: str, frame: pl.DataFrame) -> pl.DataFrame:
    if not (frame["author"] == UNKNOWN).any():
        return frame
    return frame.with_columns(pl.col("author").replace(UNKNOWN, owner))
