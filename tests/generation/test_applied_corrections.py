"""What the owner rejected is said less at once, and nothing else moves."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.engines.markov import WordTokenizer
from soundalike.errors import UsageError
from soundalike.generation.applied_corrections import MOST, AppliedCorrections
from soundalike.generation.sampling import Sampling, SequenceBias, TokenHistory
from soundalike.generation.voice import Voice
from soundalike.pseudonyms import Pseudonyms
from tests.generation.test_voice import engine
from tests.invented import corpus

FREE = Sampling(dry_multiplier=0, top_p=1.0, word_p=0.0)
WORDS = ("fine", "late", "wet", "cold", "loud", "calm")
ASKED = [("sam", "how was it")]
OTHER = [("bo", "who comes")]
SCRIPTS = [
    *(f"sam: how was it\nada: {word}{lol}\nsam: ok\n" for word in WORDS for lol in (" lol", "")),
    *(f"bo: who comes\nada: {who} and {other}\nbo: ok\n" for who in ("mo", "di") for other in ("cy", "ed")),
]


def ada() -> Voice:
    """A word chain that ends half of its answers to sam with "lol", and none of those to bo."""
    return Voice(engine(*SCRIPTS, order=6), "ada", sampling=FREE)


def answers(voice: Voice, history: list[tuple[str, str]], draws: int = 160) -> list[str]:
    """What it says to one history in so many draws; the same seed each time."""
    replies = voice.replies([history] * draws, replace(FREE, seed=5))
    return [" / ".join(reply) for reply in replies]


def share(said: list[str], word: str) -> float:
    return sum(word in one.split() for one in said) / len(said)


def test_a_habit_that_was_rejected_is_rarer_and_nothing_else_moves() -> None:
    """Of answers to sam fewer end with "lol", also after words that were not rejected with it. Their first words are
    the same, and so is every answer to bo."""
    voice = ada()
    before, others = answers(voice, ASKED), answers(voice, OTHER, 40)
    for word in WORDS[:4]:
        voice.correct(ASKED, [f"{word} lol"], [word])
    after = answers(voice, ASKED)
    assert 0.4 < share(before, "lol") < 0.6
    assert share(after, "lol") < 0.75 * share(before, "lol")
    unseen = [[one for one in said if one.startswith(WORDS[4:])] for said in (before, after)]
    assert share(unseen[1], "lol") < share(unseen[0], "lol")
    assert [one.split()[0] for one in after] == [one.split()[0] for one in before]
    assert answers(voice, OTHER, 40) == others


def test_a_rejected_line_is_never_said_again() -> None:
    """Not at any temperature, not streamed either; where nothing else is likely, nothing is said."""
    voice = Voice(engine("sam: hi\nada: the sea is so calm\n"), "ada", sampling=Sampling(temperature=0))
    assert voice.reply([("sam", "hi")]) == ["the sea is so calm"]
    voice.correct([("sam", "hi")], ["The sea is so calm!"])
    assert voice.reply([("sam", "hi")]) == []
    assert voice.interventions.rejected == 1
    assert [token.text for token in voice.complete("").tokens if token.text] == []


def test_a_short_line_stays_possible() -> None:
    """Whether "hey" is right depends on what was asked."""
    voice = Voice(engine("sam: hi\nada: hey\n"), "ada", sampling=Sampling(temperature=0))
    voice.correct([("sam", "hi")], ["hey"])
    assert voice.reply([("sam", "hi")]) == ["hey"]


def test_what_was_chosen_is_not_lowered() -> None:
    """A line that is right elsewhere is said again, and its words are not counted as rejected."""
    voice = ada()
    voice.correct(ASKED, ["mo and cy"])
    voice.correct(OTHER, [], ["mo and cy"])
    assert not voice.corrections.lines.has("mo and cy")
    assert share(answers(voice, OTHER, 40), "mo") > 0.3


def test_what_the_owner_says_as_often_is_not_lowered(tmp_path: Path) -> None:
    """A word of half of their messages may be in every second rejected one; a word that they never say is lowered."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "ada"})
        said = [(at, "c", "me", f"well number {at}" if at % 2 else f"number {at}") for at in range(40)]
        corpus(said).messages.write_parquet(clone.messages_path)
    tokenizer = WordTokenizer()
    voice = Voice(engine(*SCRIPTS), "ada", corrections=AppliedCorrections(tokenizer, True, clone))
    for word in WORDS:
        voice.correct(ASKED, [f"well {word}", f"omg {word}"])
    (well, omg) = (tokenizer.encode([word])[0][0] for word in (" well", " omg"))
    penalties = voice.corrections.bias.penalties(tokenizer.encode(["it is"])[0])
    assert well not in penalties and 0.5 < penalties[omg] <= MOST
    again = AppliedCorrections(tokenizer, True, Clone.open(clone.root))
    assert again.kept == voice.corrections.kept
    assert again.bias.penalties([]) == voice.corrections.bias.penalties([])


def test_names_are_kept_as_the_voice_knows_them() -> None:
    """With invented names the real ones are not written, in no text either."""
    voice = Voice(engine(*SCRIPTS), "ada", pseudonyms=Pseudonyms("salt"))
    voice.correct([("Roberta", "hi ada, Roberta here")], ["hi Roberta"], ["Roberta!!"])
    (kept,) = voice.corrections.kept
    assert "Roberta" not in str(kept) and kept.history[0][0] in kept.rejected[0]


def test_nothing_is_no_correction() -> None:
    """Without a reply there is nothing to keep."""
    with pytest.raises(UsageError, match="no reply to correct"):
        ada().correct(ASKED, [], [])


def test_a_sequence_is_lowered_after_its_beginning_alone() -> None:
    """The most of several counts, single tokens are lowered everywhere, and the template's tokens never."""
    bias = SequenceBias({(1, 2): 1.0, (2,): 0.5, (3, 1, 2): 2.0, (9,): 3.0})
    assert bias.penalties([7]) == {2: 0.5, 9: 3.0}
    assert bias.penalties([7, 1]) == {2: 1.0, 9: 3.0}
    assert bias.penalties([3, 1]) == {2: 2.0, 9: 3.0}
    history = TokenHistory([3], Sampling(dry_multiplier=0, dry_spare=(9,)), bias)
    history.append(1)
    assert history.penalties() == {2: 2.0}
    assert Counter(TokenHistory([3, 1], Sampling(dry_multiplier=0)).penalties()) == Counter()
