"""What a clone holds and what newer exports add to it -> one corpus, in which nothing is twice."""

import polars as pl

from soundalike.errors import ExportError
from soundalike.messages import REPEATED, UNKNOWN, Corpus, add_counts, merge
from soundalike.sources import program_of

_SAME = ("channel", "author", "sent_at", "text")  # what makes two messages with different ids one


def add(held: Corpus, new: Corpus) -> Corpus:
    """`held` and what `new` adds, of one owner; a note says how many messages are new.

    A message that both have is told by its id, else by channel, author, time and text, and stays as it is held; if only
    the new one knows what it replies to, that is added. ExportError if both name different owners in a program.
    """
    _unite_owners(held, new)
    before, read = held.messages.height, new.messages.height
    twice = new.messages.join(held.messages.select(*_SAME), on=_SAME, how="semi")["id"]
    added = merge([held, Corpus(new.messages.filter(~pl.col("id").is_in(twice.implode())), new.authors, new.channels)])
    replies = new.messages.select("id", newer="reply_to").drop_nulls()
    messages = added.messages.join(replies, on="id", how="left", maintain_order="left")
    messages = messages.with_columns(reply_to=pl.coalesce("reply_to", "newer")).drop("newer")
    mine = added.authors.filter("me")["author"]
    messages = messages.with_columns(me=pl.col("author").is_in(mine.implode()))
    total, skipped = {**new.read}, {**new.skipped}
    add_counts(total, {"messages": before})
    add_counts(skipped, {REPEATED: before + read - messages.height})
    note = f"{messages.height - before:,} new messages; {before + read - messages.height:,} were there already."
    return Corpus(messages, added.authors, added.channels, total, skipped, [note, *new.notes])


def _unite_owners(held: Corpus, new: Corpus) -> None:
    """Give both the account of an owner whom only one of them names; ExportError if they name different ones."""
    owners = [_owners(corpus) for corpus in (held, new)]
    for program in owners[0].keys() & owners[1].keys():
        before, after = owners[0][program], owners[1][program]
        if UNKNOWN in before + after:
            account = next((key for key in after + before if key != UNKNOWN), UNKNOWN)
            for corpus in (held, new):
                corpus.authors = corpus.authors.with_columns(pl.col("author").replace(UNKNOWN, account))
                corpus.messages = corpus.messages.with_columns(pl.col("author").replace(UNKNOWN, account))
        elif not set(before) & set(after):
            raise ExportError(
                f"The clone is of {held.owner} ({before[0]}), and these exports are of {new.owner} ({after[0]}).",
                "Import into another folder, or add --replace.",
                control="Under New voice, make a new one of them, or read this one anew from them alone.",
            )


def _owners(corpus: Corpus) -> dict[str, list[str]]:
    """Program -> the owner's author keys."""
    found: dict[str, list[str]] = {}
    for key in corpus.authors.filter("me")["author"]:
        found.setdefault(program_of(key), []).append(key)
    return found
