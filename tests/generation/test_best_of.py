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


def test_a_text_that_is_continued_and_a_cold_reply_have_one_candidate() -> None:
    """Candidates of either would be the same, or could not be shown as they come."""
    voice = answering()
    assert voice.request([("sam", "tea?")]).candidates == 4
    assert voice.completion_request("ye").candidates == voice.request([]).candidates == 1
    assert voice.request([("sam", "tea?")], replace(FEW, temperature=0)).candidates == 1
    assert "".join(token.text for token in voice.complete("gre").tokens)


def drawn_by_hand(voice: Voice, texts: list[str]) -> best_of.Candidates:
    """Candidates for an answer to `tea?` that drew these texts, which end where somebody else would speak."""
    candidates = best_of.Candidates(voice.request([("sam", "tea?")]))
    tokenizer = voice.engine.tokenizer
    for copy, ids in zip(candidates.copies, tokenizer.encode(texts), strict=True):
        copy.start()
        for token in ids:
            copy.add(TokenText(tokenizer.decode([token]), 0.0))
        assert copy.close()
        logprobs = voice.engine.logprobs([*copy.prompt, *ids])[len(copy.prompt) :]
        candidates.drawn[copy] = best_of.DrawnTokens(list(ids), logprobs.tolist())
    assert candidates.done
    return candidates


def test_a_score_is_of_the_messages_alone() -> None:
    """log p(messages | conversation) less the mean of log p(messages | others), over the root of their tokens: line
    breaks, names and who speaks next do not count."""
    voice = answering()
    candidates = drawn_by_hand(voice, [" yes\nsam:", " green with honey\nsam:", " yes\nbob:", " yes\nada: so\nsam:"])
    found = best_of.scores(voice.engine, [candidates])[0]
    contexts = [voice.prompt([("sam", line)]) for line in ("tea?", *best_of.ELSEWHERE)]
    said = [{"yes"}, {"green", "with", "honey"}, {"yes"}, {"yes", "so"}]
    for score, words, drawn in zip(found, said, candidates.drawn.values(), strict=True):
        inside = [at for at, token in enumerate(drawn.ids) if voice.engine.tokenizer.decode([token]).strip() in words]
        assert len(inside) == len(words)
        own, *others = (voice.engine.logprobs([*c, *drawn.ids])[len(c) :][inside].sum() for c in contexts)
        assert score == pytest.approx((own - np.mean(others)) / len(inside) ** 0.5, abs=1e-3)
    assert found[0] == pytest.approx(found[2], abs=1e-4)


def test_one_without_a_message_is_the_last_choice() -> None:
    """Its score is 0, which one with a message may well be under."""
    candidates = drawn_by_hand(answering(), ["\nsam:", " honey green\nsam:", "\nsam:", "\nsam:"])
    best_of.choose(candidates.request.model, [candidates])  # type: ignore[arg-type]
    assert list(Reply(candidates.request)) == ["honey green"]


def test_the_scheduler_answers_with_the_best() -> None:
    """Through its batches as through the voice's own."""
    voice = answering(best_of=8)

    async def ask() -> list[Reply]:
        async with Scheduler([voice]) as scheduler:
            return [await scheduler.reply(voice, [("sam", "who?")]) for _ in range(3)]

    assert asyncio.run(ask()) == [["only my sister"]] * 3


def test_candidates_take_places_of_the_scheduler() -> None:
    """A request that needs more than there are runs alone, and others wait for it."""
    voice = answering()

    async def ask() -> tuple[list[list[str]], int]:
        most = 0
        async with Scheduler([voice], streams=3) as scheduler:
            asked = [asyncio.create_task(scheduler.reply(voice, [("sam", "who?")])) for _ in range(3)]
            while not all(task.done() for task in asked):
                most = max(most, scheduler.running)
                await asyncio.sleep(0)
        return [list(task.result()) for task in asked], most

    replies, most = asyncio.run(ask())
    assert all(reply in (["yes"], ["only my sister"]) for reply in replies) and most <= 1


@pytest.mark.parametrize("count", [0, 17])
def test_out_of_range(count: int) -> None:
    """So many candidates are refused."""
    with pytest.raises(RecipeError, match=f"best_of is {count}"):
        Sampling(best_of=count)
