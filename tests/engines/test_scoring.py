"""Texts side by side for scoring: prefixes that are read once."""

import numpy as np

from soundalike.engines.scoring import prefix_trees


def test_texts_that_begin_alike_share_a_tree() -> None:
    """Replies to two contexts and short texts that share one token: each text is found whole in exactly one tree, and
    each context is read once."""
    contexts = [[0, *range(10, 50)], [0, *range(60, 100)]]
    replies = [[*context, 200 + reply, 300 + reply] for reply in range(3) for context in contexts]
    texts = [*replies, [0, 7], [0, 8, 9], [0]]
    trees = list(prefix_trees(texts, 512))
    assert sorted(number for tree in trees for number in tree.numbers) == list(range(len(texts)))
    for tree in trees:
        for number, places in zip(tree.numbers, tree.places, strict=True):
            assert tree.tokens[places].tolist() == texts[number]
            assert tree.positions[places].tolist() == list(range(len(texts[number])))
            for at, place in enumerate(places.tolist()):  # sees what stands before it in its own text, and nothing else
                assert np.flatnonzero(tree.mask[place]).tolist() == sorted(places[: at + 1].tolist())
            assert tree.before[places[1:]].tolist() == places[:-1].tolist()
    sizes = [len(tree.tokens) for tree in trees]
    assert sorted(sizes) == [1 + 1 + 2, 41 + 3 * 2, 41 + 3 * 2]


def test_a_tree_is_cut_where_it_grows_too_long() -> None:
    """The shared beginning is then in each part."""
    texts = [[0, 1, 2, 3, reply, reply] for reply in range(10, 20)]
    trees = list(prefix_trees(texts, 12))
    assert [len(tree.numbers) for tree in trees] == [4, 4, 2] and max(len(tree.tokens) for tree in trees) == 12
