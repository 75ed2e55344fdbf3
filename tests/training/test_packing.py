"""Documents into windows."""

from collections.abc import Sequence

import numpy as np
import pytest

from soundalike.clone.document import Document
from soundalike.engines.protocol import PADDING
from soundalike.training.packing import DocumentPart, encode, pack


class Characters:
    """A tokenizer of one token a character: 0 begins, 1 ends, the rest are code points."""

    begin, end, size = 0, 1, 0x110000

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [[ord(c) for c in text] for text in texts]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [[(i, i + 1) for i in range(len(text))] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(chr(t) for t in tokens if t > 1)


def pieces(text: str, window: int, turns: Sequence[tuple[str, float]] | None = None) -> list[DocumentPart]:
    return list(encode([Document(text, turns)], Characters(), window))


def test_a_document_opens_and_closes_and_its_end_is_learned() -> None:
    """Begin has no weight, every character and the end have weight 1."""
    [piece] = pieces("me: hi\n", 32)
    assert piece.tokens[0] == 0 and piece.tokens[-1] == 1
    assert piece.weights.tolist() == [0.0] + [1.0] * 8


def test_a_long_document_is_cut_at_turn_ends_and_nothing_is_lost() -> None:
    """Every part ends with a whole turn and an end token, and the parts joined are the document."""
    text = "".join(f"me: line {i}\n" for i in range(30))
    parts = pieces(text, 40)
    decoded = [Characters().decode(p.tokens.tolist()) for p in parts]
    assert len(parts) > 5 and "".join(decoded) == text
    assert all(part.endswith("\n") for part in decoded)
    assert all(p.tokens[-1] == 1 and p.weights[-1] == 1 and len(p.tokens) <= 40 for p in parts)


def test_a_line_break_inside_a_message_is_no_place_to_cut() -> None:
    """A newline that a tab follows never ends a part where a turn end was in reach."""
    text = "me: a\n\tb\n" * 10
    decoded = [Characters().decode(p.tokens.tolist()) for p in pieces(text, 24)]
    assert "".join(decoded) == text and all(part.startswith("me:") for part in decoded)


def test_a_turn_longer_than_a_window_is_cut_in_the_middle_rather_than_dropped() -> None:
    """All characters come through in order."""
    text = "me: " + "x" * 100 + "\n"
    assert "".join(Characters().decode(p.tokens.tolist()) for p in pieces(text, 20)) == text


def test_weights_follow_the_turns() -> None:
    """Each token has the weight of the turn it starts in, the end that of the last turn."""
    turns = [("sam: yo\n", 0.2), ("me: hi\n", 1.0)]
    [piece] = pieces("sam: yo\nme: hi\n", 64, turns)
    assert np.allclose(piece.weights, [0.0] + [0.2] * 8 + [1.0] * 7 + [1.0])


@pytest.mark.parametrize("seed", range(3))
def test_windows_hold_every_piece_once_with_under_two_percent_of_padding(seed: int) -> None:
    """Chat-length documents fill windows of 256 with at most 2 % waste, none split, none lost."""
    rng = np.random.default_rng(seed)
    sizes = np.minimum(rng.lognormal(3.9, 1.1, 4_000).astype(int) + 3, 256)
    given = [DocumentPart(np.full(n, i + 1, np.int32), np.ones(n, np.float32)) for i, n in enumerate(sizes)]
    batch = pack(given, 256, seed)
    counts = np.bincount(batch.tokens[batch.documents != PADDING], minlength=len(sizes) + 1)
    assert (counts[1:] == sizes).all()
    assert batch.useful / batch.tokens.size > 0.98


def test_positions_restart_and_documents_are_numbered_within_a_window() -> None:
    """Each document in a window counts its own positions from 0; padding belongs to none and weighs nothing."""
    given = [DocumentPart(np.arange(n, dtype=np.int32), np.ones(n, np.float32)) for n in (5, 3)]
    batch = pack(given, 10, 0)
    assert batch.documents[0].tolist() == [0] * 5 + [1] * 3 + [PADDING] * 2
    assert batch.positions[0].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 0, 0]
    assert batch.weights[0, 8:].sum() == 0


def test_the_order_of_windows_follows_the_seed() -> None:
    """Equal seeds give equal batches, another seed another order."""
    given = [DocumentPart(np.full(8, i, np.int32), np.ones(8, np.float32)) for i in range(50)]
    first, again, other = pack(given, 8, 1), pack(given, 8, 1), pack(given, 8, 2)
    assert (first.tokens == again.tokens).all() and (first.tokens != other.tokens).any()


def test_no_documents_give_no_windows() -> None:
    """An empty corpus packs into an empty batch."""
    assert len(pack([], 16, 0)) == 0
