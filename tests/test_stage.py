"""Utterances come and go on a stage; what has left stays, and what is stopped is drawn again."""

from soundalike.engines.speech import Step
from soundalike.guards import Guards
from soundalike.recipe import Limits
from soundalike.stage import Stage
from soundalike.utterance import Utterance
from soundalike.voice import Voice
from tests.test_voice import GREEDY, SCRIPT, engine

BAD = "sam: hi\nada: well now\nada: zorbling\nsam: x\n"
GOOD = "sam: hi\nada: well now\nada: so be it\nsam: x\n"


def finished(stage: Stage) -> list[Utterance]:
    """All that becomes done until nobody speaks."""
    done = list[Utterance]()
    while len(stage):
        done += stage.step()
    return done


def lines(utterance: Utterance) -> list[str]:
    return [line.text for line in utterance.leave()]


def test_one_that_joins_later_says_the_same() -> None:
    """What runs beside it does not matter, nor that it came between two tokens."""
    voice = Voice(engine(SCRIPT), "ada", sampling=GREEDY)
    first, second = voice.utterance([("sam", "hi")]), voice.utterance([("sam", "hi")])
    stage = Stage(voice.engine)
    stage.begin([first])
    assert stage.step() == []
    stage.begin([second])
    assert finished(stage) == [first, second]
    assert lines(first) == lines(second) == ["hey", "what's up"]


def test_one_that_is_dropped_is_gone_at_once() -> None:
    """The others go on, and dropping it again does nothing."""
    voice = Voice(engine(SCRIPT), "ada", sampling=GREEDY)
    gone, stays = (voice.utterance([("sam", "hi")]) for _ in range(2))
    stage = Stage(voice.engine)
    stage.begin([gone, stays])
    stage.step()
    stage.drop([gone])
    stage.drop([gone])
    assert len(stage) == 1 and finished(stage) == [stays]


def test_what_has_left_is_not_drawn_again() -> None:
    """A line that left stands, the attempt after it goes on from there, and its tokens are counted apart."""
    voice = Voice(engine(BAD, GOOD), "ada", guards=Guards(["zorbling"]))
    for number in range(30):
        utterance, said = voice.utterance([("sam", "hi")], number=number), list[str]()
        stage = Stage(voice.engine)
        stage.begin([utterance])
        while len(stage):
            stage.step()
            said += lines(utterance)
        assert said[0] == "well now" and said.count("well now") == 1 and "zorbling" not in said
        assert (utterance.discarded > 0) == (utterance.interventions.resampled > 0)
    assert said[1:] in ([], ["so be it"])


def test_tokens_left_over_are_the_budget_of_the_next_attempt() -> None:
    """All attempts that are kept draw no more than was asked for."""
    voice = Voice(engine(BAD), "ada", guards=Guards(["zorbling"]), limits=Limits(retries=9))
    utterance = voice.utterance([("sam", "hi")], max_tokens=8)
    prompt, _, budget = utterance.attempt()
    assert len(prompt) > 3 and budget == 8
    tokens = voice.engine.tokenizer.encode([" well now\nada: zorbling\nsam"])[0]
    for token in tokens:
        if utterance.take(Step(0, token, -1.0)):
            break
        utterance.leave()
    assert not utterance.close()
    assert utterance.attempt()[2] == 8 - utterance.tokens > 0
