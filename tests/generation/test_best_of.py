"""Of several candidates the one is kept that answers what was said, not the one that fits everywhere."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from soundalike.errors import RecipeError
from soundalike.generation import best_of
from soundalike.generation.batch import GenerationBatch, run
from soundalike.generation.guards import Guards
from soundalike.generation.reply_parser import TokenText
from soundalike.generation.request import GenerationRequest, Reply
from soundalike.generation.sampling import Sampling
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.voice import Voice
from tests.generation.test_voice import SCRIPT, engine

FEW = Sampling(seed=3, dry_multiplier=0, word_p=0, best_of=4)
# To each line ada says yes as often as what answers it alone.
ANSWERS = {"tea?": "green with honey", "where?": "by the old bridge", "who?": "only my sister"}
TALKS = [f"sam: {asked}\nada: {said}\nsam: x\n" for asked, own in ANSWERS.items() for said in ("yes", own)]


def answering(**changes: object) -> Voice:
    elsewhere = [f"sam: {line}\nada: {said}\nsam: x\n" for line in best_of.ELSEWHERE for said in ("yes", "no")]
    return Voice(engine(*TALKS, *elsewhere), "ada", sampling=replace(FEW, **changes))  # type: ignore[arg-type]


def said(voice: Voice, draws: int = 12) -> list[list[str]]:
    histories = [[("sam", asked)] for asked in ANSWERS for _ in range(draws)]
    return [list(reply) for reply in voice.replies(histories)]


def test_what_answers_is_kept_and_not_what_fits_everywhere() -> None:
    """Alone `yes` is drawn about half of the time, of eight hardly ever."""
    wanted = [[own] for own in ANSWERS.values() for _ in range(12)]
    alone, chosen = said(answering(best_of=1)), said(answering(best_of=8))
    assert 8 < sum(map(list.__eq__, alone, wanted)) < 28
    assert sum(map(list.__eq__, chosen, wanted)) >= 34


def test_it_is_one_of_those_that_are_drawn_alone() -> None:
    """The first candidate is what is drawn without others; retries and other replies do not come in between."""
    voice = Voice(engine(SCRIPT, "sam: hi\nada: good day\nsam: x\n"), "ada", sampling=FEW)
    request = voice.request([("sam", "hi")], random_stream=7)
    alone = [voice.request([("sam", "hi")], replace(FEW, best_of=1), 7 + n * best_of.CANDIDATE) for n in range(4)]
    drawn = [list(Reply(one)) for done in run(voice.engine, alone, 4) for one in done]
    (done,) = [one for some in run(voice.engine, [request]) for one in some]
    assert done is request and list(Reply(done)) in drawn
    assert request.token_count == sum(one.token_count for one in alone)
    assert request.rejected_tokens == request.token_count - request.completion_tokens > 0


def test_nothing_is_released_before_it_is_chosen() -> None:
    """A line that was shown could not be taken back."""
    voice = answering()
    batch, request = GenerationBatch(voice.engine), voice.request([("sam", "tea?")])
    batch.add([request])
    assert len(batch) == 1
    while len(batch):
        assert request.release() == []
        done = batch.step()
    assert done == [request] and [line.text for line in request.release()] in (["yes"], ["green with honey"])


def test_one_that_is_given_up_takes_its_candidates_along() -> None:
    """And leaves those of others alone."""
    voice = answering()
    batch, gone, stays = GenerationBatch(voice.engine), *(voice.request([("sam", "tea?")]) for _ in range(2))
    batch.add([gone, stays])
    batch.step()
    batch.remove([gone])
    batch.remove([gone])
    done = list[GenerationRequest]()
    while len(batch):
        done += batch.step()
    assert done == [stays]


def test_what_a_guard_cut_is_kept_only_where_there_is_nothing_else() -> None:
    """Neither is a reply without a message."""
    voice = Voice(engine("sam: hi\nada: zorbling\nsam: x\n", SCRIPT), "ada", guards=Guards(["zorbling"]), sampling=FEW)
    voice.limits = voice.limits.model_copy(update={"retries": 0})
    replies = voice.replies([[("sam", "hi")]] * 20, replace(FEW, best_of=8))
    assert sum(reply == ["hey", "what's up"] for reply in replies) >= 19
    assert voice.interventions.blocked > 20


def test_a_text_that_is_continued_and_a_cold_reply_have_one_candidate() -> None:
    """Candidates of either would be the same, or could not be shown as they come."""
    voice = answering()
    assert voice.completion_request("ye").sampling.best_of == 1
    assert Sampling(temperature=0, best_of=4).best_of == 1
    assert "".join(token.text for token in voice.complete("gre").tokens)


def test_a_score_is_what_the_engine_says() -> None:
    """log p(reply | conversation) less the mean of log p(reply | others), over the root of its tokens."""
    voice = answering()
    candidates = best_of.Candidates(voice.request([("sam", "tea?")]))
    tokens = voice.engine.tokenizer.encode([" yes\nsam:", " green with honey\nsam:"])
    for copy, drawn in zip(candidates.copies, [tokens[0], tokens[1], tokens[0], tokens[0]], strict=True):
        copy.start()
        for token in voice.engine.tokenizer.decode(drawn):
            copy.add(TokenText(token, 0.0))
        assert copy.close()
        logprobs = voice.engine.logprobs([*copy.prompt, *drawn])[len(copy.prompt) :]
        candidates.drawn[copy] = best_of.Drawn(list(drawn), logprobs.tolist())
    assert candidates.done
    found = best_of.scores(voice.engine, [candidates])[0]
    for drawn, score in ((tokens[0], found[0]), (tokens[1], found[1])):
        contexts = [voice.prompt([("sam", line)]) for line in ("tea?", *best_of.ELSEWHERE)]
        own, *others = (float(voice.engine.logprobs([*c, *drawn])[len(c) :].sum()) for c in contexts)
        assert score == pytest.approx((own - np.mean(others)) / len(drawn) ** 0.5, abs=1e-3)


def test_the_scheduler_answers_with_the_best() -> None:
    """Through its batches as through the voice's own."""
    voice = answering(best_of=8)

    async def ask() -> list[Reply]:
        async with Scheduler([voice]) as scheduler:
            return [await scheduler.reply(voice, [("sam", "who?")]) for _ in range(3)]

    assert asyncio.run(ask()) == [["only my sister"]] * 3


@pytest.mark.parametrize("count", [0, 17])
def test_out_of_range(count: int) -> None:
    """So many candidates are refused."""
    with pytest.raises(RecipeError, match=f"best_of is {count}"):
        Sampling(best_of=count)
