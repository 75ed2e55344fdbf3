"""Who the owner of several exports is, from the rows of their authors frames that say `me`.

An author key begins with the program's name and a colon; a key without one is an account of Discord's. One person has
one key or more in each program.
"""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from soundalike.errors import ExportError
from soundalike.messages import UNKNOWN, Corpus

DISCORD = "discord"


def program(author: str) -> str:
    """The program that an author key belongs to."""
    return author.partition(":")[0] if ":" in author else DISCORD


def batches(exports: list[list[Corpus]]) -> Iterator[Corpus]:
    """All batches, with the owner of a Discord package that does not name them under their account if it is known.

    Exports of several people come first: of a message that a one-sided export has too, theirs is the row that knows
    what it replies to. Each batch is removed from `exports`, to free its memory. Raises ExportError if two exports of
    one program name different owners.
    """
    owner = _discord_account(exports)
    exports.sort(key=_is_one_sided)
    for export in exports:
        for _ in range(len(export)):
            corpus = export.pop(0)
            if owner != UNKNOWN:
                corpus.authors, corpus.messages = (_with(owner, part) for part in (corpus.authors, corpus.messages))
            yield corpus


def mark(corpus: Corpus) -> Corpus:
    """The corpus with `me` set in every row whose author is the owner."""
    owners = corpus.authors.filter("me")["author"]
    if not corpus.messages["me"].all() or not corpus.messages["author"].is_in(owners.implode()).all():
        corpus.messages = corpus.messages.with_columns(me=pl.col("author").is_in(owners.implode()))
    return corpus


def _is_one_sided(export: Sequence[Corpus]) -> bool:
    return len({author for corpus in export for author in corpus.authors["author"]}) <= 1


def _discord_account(exports: Sequence[Sequence[Corpus]]) -> str:
    """The owner's Discord account, UNKNOWN if there is none. Raises ExportError if two owners of one program differ."""
    owners = _named_owners(corpus for export in exports for corpus in export)
    for people in owners.values():
        if len(people) > 1:
            listed = " and ".join(sorted(f"{name} ({author})" for author, name in people.items()))
            raise ExportError(
                f"These exports belong to different accounts: {listed}.", "Give one person's exports only."
            )
    return next(iter(owners.get(DISCORD, ())), None) or _account_by_ids(exports)


def _named_owners(corpora: Iterable[Corpus]) -> dict[str, dict[str, str]]:
    """Program -> author key -> display name of the owners that exports name."""
    found: dict[str, dict[str, str]] = {}
    for corpus in corpora:
        for author, name, me in corpus.authors.iter_rows():
            if me and author != UNKNOWN:
                found.setdefault(program(author), {})[author] = name
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
