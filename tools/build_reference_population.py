"""Builds `metrics/reference_population.npz`, which ships with the package, from many people's messages.

    python -m tools.build_reference_population MESSAGES.parquet

The frame has the columns `channel`, `sent_at`, `author`, `text`. The result holds no text: windows become counts of
hashed n-grams, with rare words masked first, and only words that at least twelve people use are kept.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.metrics.char_ngrams import NgramCounts, count_ngrams
from soundalike.metrics.classifier_two_sample import WINDOWS
from soundalike.metrics.reference_population import FILE
from soundalike.metrics.style_features import summary, text_features, time_features
from soundalike.metrics.windows import MessageWindows, cut_windows
from soundalike.metrics.words import COMMON, mask, words

PEOPLE_WITH_WINDOWS = 20
WORDS, USERS = 4000, 12
PLACEHOLDERS = ("user", "example", "com")  # of handles and links, which are masked in the frame


def build(messages: pl.DataFrame, path: Path = FILE, seed: int = 0) -> None:
    """Write the reference population of `messages` to `path`."""
    messages = messages.sort("channel", "sent_at")
    messages = messages.with_columns(pl.col("text").str.replace_all("<link>", "example.com", literal=True))
    messages = messages.hstack(time_features(messages).select("conversation"))
    people = dict(sorted((str(key[0]), rows) for key, rows in messages.group_by("author", maintain_order=True)))
    counted = {name: Counter(word for text in rows["text"] for word in words(text)) for name, rows in people.items()}
    vocabulary = _vocabulary(list(counted.values()))
    habits = [summary(text_features(rows["text"])) for rows in people.values()]
    arrays: dict[str, Any] = dict(
        words=np.array(" ".join(vocabulary)),
        counts=np.array([[own[word] for word in vocabulary[:COMMON]] for own in counted.values()], np.uint16),
        totals=np.array([own.total() for own in counted.values()], np.uint32),
        together=np.array([sum(own[word] for own in counted.values()) for word in vocabulary], np.uint32),
        habit_names=np.array(" ".join(habits[0])),
        habits=np.array([list(one.values()) for one in habits], np.float32),
        **_windows(list(people.values()), frozenset(vocabulary[:COMMON]), np.random.default_rng(seed)),
    )
    np.savez_compressed(path, **arrays)


def _vocabulary(counted: list[Counter[str]]) -> list[str]:
    """The commonest words that several people use."""
    users = Counter(word for own in counted for word in own)
    together: Counter[str] = sum(counted, Counter())
    shared = [word for word in together if users[word] >= USERS and word not in PLACEHOLDERS]
    return sorted(shared, key=lambda word: (-together[word], word))[:WORDS]


def _windows(
    people: list[pl.DataFrame], common: frozenset[str], generator: np.random.Generator
) -> dict[str, NDArray[np.generic]]:
    """WINDOWS windows of each of PEOPLE_WITH_WINDOWS people, drawn from those who have that many."""
    everyone = [cut_windows(rows.group_by("conversation", maintain_order=True).agg("text")["text"]) for rows in people]
    able = [one for one in everyone if len(one) >= WINDOWS]
    chosen = [able[at] for at in sorted(generator.permutation(len(able))[:PEOPLE_WITH_WINDOWS])]
    taken = [one.take(np.sort(generator.permutation(len(one))[:WINDOWS])) for one in chosen]
    together = _together(taken, common)
    return {
        "starts": together.starts.astype(np.uint32),
        "buckets": together.buckets,
        "gram_counts": together.counts,
        "groups": np.concatenate([one.groups for one in taken]).astype(np.uint16),
        "edges": np.cumsum([0, *map(len, taken)]).astype(np.uint32),
    }


def _together(taken: list[MessageWindows], common: frozenset[str]) -> NgramCounts:
    return count_ngrams([mask(text, common) for one in taken for text in one.texts])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the reference population.")
    parser.add_argument("messages", type=Path, help="a Parquet file")
    build(pl.read_parquet(parser.parse_args().messages))
