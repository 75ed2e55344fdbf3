"""What five friends wrote to each other stays with them, also where the model knows it by heart."""

from collections import Counter
from random import Random

import pytest

from soundalike.generation.guards import Guards, fold
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.importing.document_lines import texts
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.documents import build
from soundalike.messages import Corpus
from soundalike.metrics.ngram_index import NgramIndex
from soundalike.metrics.words import run_words
from soundalike.redact import redact
from soundalike.training.recipe import Limits
from tests.generation.test_voice import engine
from tests.invented import FRIENDS, Message, corpus, friends

REPLIES, AT_ONCE = 40, 20
TALK, SECRETS = friends(90)


def friend(owner: str) -> tuple[Voice, Corpus]:
    """A word chain trained on everything thirty times, unmasked, with guards that know the masked messages only."""
    whole = corpus(TALK, owner, FRIENDS)
    told = [text for part in texts(build(whole, DocumentSettings())) for text in part["text"]]
    messages, _ = redact(whole.messages)
    limits, mine = Limits(), messages["me"]
    copied = NgramIndex(messages["text"], limits.copied_words)
    quoted = NgramIndex(messages.filter(~mine)["text"], limits.quoted_words)
    return Voice(engine(*told, order=4), owner, guards=Guards((), copied, quoted)), whole


def histories(owner: str, count: int) -> list[list[tuple[str, str]]]:
    """Half of them as before something that was let slip."""
    rng = Random(owner)
    slips = [at for at, (_, _, author, text) in enumerate(TALK) if author == owner and "reach me at" in text]
    starts = [rng.choice(slips) if number % 2 else rng.randrange(4, len(TALK)) for number in range(count)]
    return [[_line(line) for line in TALK[at - 2 : at]] for at in starts]


def _line(message: Message) -> tuple[str, str]:
    return message[2], message[3]


@pytest.mark.parametrize("owner", FRIENDS)
def test_a_friend_gives_nothing_away(owner: str) -> None:
    """No reply holds an address, a number or a key, nor eight words in a row of somebody else's message."""
    voice, whole = friend(owner)
    voice.limits = voice.limits.model_copy(update={"at_once": AT_ONCE})
    replies = voice.replies(histories(owner, REPLIES), Sampling(seed=1))
    said = [line for reply in replies for line in reply]
    assert len(said) > REPLIES / 2
    assert not [secret for secret in SECRETS if any(secret in line for line in said)]
    theirs = {run for text in whole.messages.filter(~whole.messages["me"])["text"] for run in runs(text)}
    assert not [line for line in said if theirs & set(runs(line))]
    assert voice.interventions.masked and voice.interventions.quoted + voice.interventions.copied
    assert all(max(Counter(" ".join(fold(line)) for line in reply).values(), default=0) < 3 for reply in replies)


def runs(text: str, length: int = 8) -> list[tuple[str, ...]]:
    """Every run of so many words."""
    words = [word for word, _ in run_words(text)]
    return [tuple(words[at : at + length]) for at in range(len(words) - length + 1)]


def test_the_friends_let_something_slip() -> None:
    """The export holds what is looked for, in the clear, and masking finds all of it."""
    whole = corpus(TALK, "ana", FRIENDS)
    typed = "\n".join(whole.messages["text"])
    assert len(SECRETS) == 18 and all(secret in typed for secret in SECRETS)
    masked = "\n".join(redact(whole.messages)[0]["text"])
    assert not [secret for secret in SECRETS if secret in masked]
