"""Requests come and go in a batch; what was released stays, and what is stopped is generated again."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from soundalike.generation.batch import GenerationBatch
from soundalike.generation.guards import Guards
from soundalike.generation.reply_parser import ReplyLine, TokenText
from soundalike.generation.request import GenerationRequest
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.metrics.ngram_index import NgramIndex
from soundalike.training.recipe import Limits
from tests.generation.test_voice import GREEDY, SCRIPT, engine

BAD = "sam: hi\nada: well now\nada: zorbling\nsam: x\n"
GOOD = "sam: hi\nada: well now\nada: so be it\nsam: x\n"


def finished(batch: GenerationBatch) -> list[GenerationRequest]:
    """All that becomes done until nobody speaks."""
    done = list[GenerationRequest]()
    while len(batch):
        done += batch.step()
    return done


def lines(request: GenerationRequest) -> list[str]:
    return [line.text for line in request.release()]


def test_one_that_joins_later_says_the_same() -> None:
    """What runs beside it does not matter, nor that it came between two tokens."""
    voice = Voice(engine(SCRIPT), "ada", sampling=GREEDY)
    first, second = voice.request([("sam", "hi")]), voice.request([("sam", "hi")])
    batch = GenerationBatch(voice.engine)
    batch.add([first])
    assert batch.step() == []
    batch.add([second])
    assert finished(batch) == [first, second]
    assert lines(first) == lines(second) == ["hey", "what's up"]


def test_one_that_is_dropped_is_gone_at_once() -> None:
    """The others go on, and dropping it again does nothing."""
    voice = Voice(engine(SCRIPT), "ada", sampling=GREEDY)
    gone, stays = (voice.request([("sam", "hi")]) for _ in range(2))
    batch = GenerationBatch(voice.engine)
    batch.add([gone, stays])
    batch.step()
    batch.remove([gone])
    batch.remove([gone])
    assert len(batch) == 1 and finished(batch) == [stays]


def test_what_has_left_is_not_drawn_again() -> None:
    """A line that left stands, the attempt after it goes on from there, and its tokens are counted apart."""
    voice = Voice(engine(BAD, GOOD), "ada", guards=Guards(["zorbling"]))
    for number in range(30):
        request, said = voice.request([("sam", "hi")], random_stream=number), list[str]()
        batch = GenerationBatch(voice.engine)
        batch.add([request])
        while len(batch):
            batch.step()
            said += lines(request)
        assert said[0] == "well now" and said.count("well now") == 1 and "zorbling" not in said
        assert (request.rejected_tokens > 0) == (request.interventions.resampled > 0)
    assert said[1:] in ([], ["so be it"])


WORDY = "sam: hi\nada: well you know how slow the ferry is\nada: so be it\nsam: x\n"
SECRET = "the spare key hangs behind the third flower pot"


def streamed(request: GenerationRequest, voice: Voice) -> list[ReplyLine]:
    """What leaves while it is drawn, in its order."""
    batch, parts = GenerationBatch(voice.engine), list[ReplyLine]()
    batch.add([request])
    while len(batch):
        batch.step()
        parts += request.release()
    return parts


def joined(parts: Sequence[ReplyLine]) -> str:
    return "".join(part.text if part.continues else f"\n{part.text}" for part in parts)[1:]


def test_the_words_of_the_first_line_leave_before_it_is_whole() -> None:
    """All but the last two, one by one; the next line leaves whole."""
    voice = Voice(engine(WORDY), "ada", sampling=GREEDY)
    parts = streamed(voice.request([("sam", "hi")]), voice)
    texts = ["well", " you", " know", " how", " slow", " the", " ferry is", "so be it"]
    assert [part.text for part in parts] == texts
    assert [part.continues for part in parts] == [False, *[True] * 6, False]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"stop": ["how slow"]}, "well you know"),
        ({"stop": ["now h"]}, "well you k"),
        ({"max_tokens": 4}, "well you know how"),
        ({"top_logprobs": 0}, "well you know how slow the ferry is\nso be it"),
    ],
)
def test_words_that_left_are_never_too_many(asked: dict[str, Any], text: str) -> None:
    """A stop and a limit cut a stream where they cut a whole reply; lines that tell their tokens leave whole."""
    voice = Voice(engine(WORDY), "ada", sampling=GREEDY)
    assert joined(streamed(voice.request([("sam", "hi")], **asked), voice)) == text


def test_a_line_just_heard_leaves_no_word() -> None:
    """Nor one that the voice has sent before: until it differs, it may have to be dropped."""
    voice = Voice(engine(WORDY), "ada", sampling=GREEDY)
    heard = [("sam", "Well, you know how slow that ferry is!"), ("sam", "hi")]
    parts = streamed(voice.request(heard), voice)
    assert joined(parts) == "" and parts == []
    said = [("ada", "well you know how slow the ferry is"), ("sam", "hi")]
    assert [part.text for part in streamed(voice.request(said), voice)][0] == "well you know how slow the ferry is"


def test_a_stream_says_what_a_whole_reply_says() -> None:
    """For every seed at which no guard stops a draft; where one does, what it stops for never leaves."""
    private = (f"sam: hi\nada: so {SECRET}\nsam: x\n", "sam: hi\nada: mail ada@sea.org or so\nsam: x\n")
    scripts = (BAD, GOOD, WORDY, *private)
    voice = Voice(engine(*scripts, order=2), "ada", guards=Guards(["zorbling"], NgramIndex(pl.Series([SECRET]), 6)))
    history, stopped = [("sam", "so be it then"), ("sam", "hi")], 0
    for seed in range(80):
        knobs = Sampling(seed=seed)
        whole = voice.reply(history, knobs)
        text = joined(streamed(voice.request(history, knobs), voice)).strip("\n")
        stopped += bool(whole.interventions.resampled)
        assert text == "\n".join(whole) or whole.interventions.resampled
        assert "zorbling" not in text and "ada@" not in text and "hangs behind the" not in text
    assert 10 < stopped < 70


def test_a_line_that_is_stopped_continues_from_what_has_left() -> None:
    """The words before the copy stand once, and the line has another end."""
    scripts = (f"sam: hi\nada: so {SECRET}\nsam: x\n", "sam: hi\nada: so the spare key hangs on a nail now\nsam: x\n")
    voice = Voice(engine(*scripts, order=3), "ada", guards=Guards(copied=NgramIndex(pl.Series([SECRET]), 5)))
    texts = [joined(streamed(voice.request([("sam", "hi")], Sampling(seed=seed)), voice)) for seed in range(40)]
    assert all(text.startswith("so the spare key hangs") and text.count("spare") == 1 for text in texts)
    assert not any("hangs behind" in text for text in texts)
    assert sum(text == "so the spare key hangs on a nail now" for text in texts) > 35


def test_tokens_left_over_are_the_budget_of_the_next_attempt() -> None:
    """All attempts that are kept draw no more than was asked for."""
    voice = Voice(engine(BAD), "ada", guards=Guards(["zorbling"]), limits=Limits(retries=9))
    request = voice.request([("sam", "hi")], max_tokens=8)
    attempt = request.start()
    assert len(attempt.prompt) > 3 and attempt.max_tokens == 8
    for text in (" well", " now", "\n", "ada", ":", " zorbling", "\n", "sam"):
        if request.add(TokenText(text, -1.0)):
            break
        request.release()
    assert not request.close()
    assert request.start().max_tokens == 8 - request.completion_tokens > 0
