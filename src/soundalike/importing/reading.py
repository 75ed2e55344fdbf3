"""Exports -> the corpus that a clone learns from: read, chosen from and masked, with every message left out counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from soundalike.errors import ExportError
from soundalike.importing.documents import normalise_all
from soundalike.importing.not_own_words import own_words
from soundalike.importing.selection import Selection
from soundalike.messages import Corpus
from soundalike.progress import OnProgress


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What is read of exports, and as whom."""

    me: tuple[str, ...] = ()
    """The owner's names, needed where an export does not tell; the first is what the owner is called."""
    selection: Selection = Selection()
    """Which channels, people and dates."""
    redacted: bool = True
    """Whether the rules mask private data."""
    mask: tuple[str, ...] = ()
    """Strings that are masked in addition."""
    pseudonyms: bool = False
    """Whether other people get invented names."""


def read_exports(
    paths: Sequence[str | Path],
    options: ReadOptions,
    on_progress: OnProgress | None = None,
    is_owner: Callable[[str], bool] | None = None,
) -> tuple[Corpus, dict[str, int]]:
    """The corpus of the exports at `paths`, and the counts of masks by kind.

    `is_owner` says of an author key whether an earlier export gave it to the owner. Raises ExportError for an export
    that cannot be read or holds no message, or none of the owner's that is chosen, and OwnerUnknown if nothing tells
    who the owner is.
    """
    from soundalike import sources

    corpus = sources.read([Path(path) for path in paths], me=options.me, is_owner=is_owner, on_progress=on_progress)
    if not corpus.messages.height:
        why = ", ".join(f"{count:,} {reason}" for reason, count in corpus.skipped.items())
        what = f"There is not one message in these exports{f' (found: {why})' if why else ''}."
        raise ExportError(what, "Name the file or folder that you were sent.")
    corpus = options.selection.apply(corpus)
    # Before masking: an invisible character inside an address must not hide it from the masks and then be removed.
    corpus = replace(corpus, messages=corpus.messages.with_columns(normalise_all(corpus.messages["text"])))
    return mask(own_words(corpus), options)


def mask(corpus: Corpus, options: ReadOptions) -> tuple[Corpus, dict[str, int]]:
    """The corpus with its texts masked, and the counts of masks."""
    from soundalike.redact import mask_list, redact

    messages = corpus.messages
    messages, own = mask_list.mask_strings(messages, options.mask) if options.mask else (messages, {})
    messages, masked = redact(messages) if options.redacted else (messages, {})
    return replace(corpus, messages=messages), own | masked
