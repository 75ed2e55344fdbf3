"""Conversations written down as chats."""

from random import Random

from soundalike.pocket.transcripts import Conversation, small_talk, transcript


def test_transcripts_are_in_the_template() -> None:
    """Every line is `name: text`, names differ by speaker, nobody mentions themself."""
    talk = Conversation("tea", tuple((n % 3, f"@user hello. line {n}.") for n in range(30)))
    for seed in range(50):
        for line in transcript(talk, Random(seed)).text.splitlines():
            name, _, text = line.partition(": ")
            assert name and text and f"@{name}" not in text.split()


def test_small_talk_makes_up_the_share_asked_for() -> None:
    """Beside 90,000 characters a tenth of it all is 10,000, the last transcript whole; the seed decides which."""
    written = small_talk(0.1, 90_000, seed=1)
    sizes = [len(document.text) for document in written]
    assert sum(sizes) - sizes[-1] < 10_000 <= sum(sizes)
    assert written == small_talk(0.1, 90_000, seed=1) != small_talk(0.1, 90_000, seed=2)
    assert small_talk(0.0, 90_000, seed=1) == []
