"""A voice answers in turns, within its limits, and in its own name.

The voices here are word chains that learned one short script and say the likeliest: what they answer is known.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from soundalike.clone.clone import Clone, Sections
from soundalike.clone.document import Document
from soundalike.engines.markov import MarkovEngine
from soundalike.errors import CloneError
from soundalike.generation.batch import GenerationBatch, run
from soundalike.generation.guards import GuardCounts, loops
from soundalike.generation.request import GenerationRequest, Reply
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.messages import empty
from soundalike.pseudonyms import Pseudonyms
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Limits

GREEDY = Sampling(temperature=0, dry_multiplier=0)
CHANCE = Sampling(seed=3, dry_multiplier=0)


def engine(*scripts: str, order: int = 6) -> MarkovEngine:
    """A word chain trained on each script thirty times."""
    taught = MarkovEngine(order)
    documents = [Document(script) for script in scripts] * 30
    taught.step(pack(list(encode(documents, taught.tokenizer, 256)), 256, seed=0), 0.0)
    return taught


def ada(*scripts: str, tagged: bool = True, window: int = 256, limits: Limits | None = None) -> Voice:
    return Voice(engine(*scripts), "ada", tagged, window, GREEDY, limits)


SCRIPT = "sam: hi\nada: hey\nada: what's up\nsam: not much\nada: ok\n"


def test_a_reply_is_a_burst_that_ends_where_somebody_else_would_speak() -> None:
    """Lines under the owner's name are messages; the next speaker's line is not part of it."""
    assert ada(SCRIPT).reply([("sam", "hi")]) == ["hey", "what's up"]


def test_a_reply_ends_with_the_conversation() -> None:
    """The end-of-text token ends a turn too."""
    history = [("sam", "hi"), ("ada", "hey"), ("ada", "what's up"), ("sam", "not much")]
    assert ada(SCRIPT).reply(history) == ["ok"]


def test_a_line_break_stays_inside_its_message() -> None:
    """Newline and tab go on with the message."""
    assert ada("sam: hi\nada: one\n\ttwo\nsam: so\n").reply([("sam", "hi")]) == ["one\ntwo"]


def test_invented_names_stay_inside() -> None:
    """The model reads and writes the name that it learned; whoever talks with it reads their own, in whole lines."""
    names = Pseudonyms("0123")
    sam = names.name("sam")
    voice = ada(f"{sam}: hi\nada: hey {sam}\nada: so\n{sam}: hm\nada: ok {sam}\n")
    voice._pseudonyms = names
    assert voice.reply([("sam", "hi")]) == ["hey sam", "so"]
    assert voice.reply([("sam", "hi"), ("ada", "hey sam"), ("ada", "so"), ("sam", "hm")]) == ["ok sam"]
    request, released = voice.request([("sam", "hi")]), list[str]()
    batch = GenerationBatch(voice.engine)
    batch.add([request])
    while len(batch):
        batch.step()
        released += [line.text for line in request.release()]
    assert released == ["hey sam", "so"] and request.texts == released


def test_texts_of_a_request_are_read_under_the_invented_names() -> None:
    """A stop text with a real name stops, also one with the name that the model writes, and an opening is continued."""
    names = Pseudonyms("0123")
    sam = names.name("sam")
    voice = ada(f"{sam}: hi\nada: hey {sam} there\nada: so\n{sam}: hm\nada: ok {sam}\n")
    voice._pseudonyms = names

    def said(request: GenerationRequest) -> list[str]:
        for _ in run(voice.model, [request]):
            pass
        return list(Reply(request))

    stopped = {"hey Sam": [], " sam": ["hey"], f"{sam} there": ["hey"]}
    assert {stop: said(voice.request([("sam", "hi")], stop=[stop])) for stop in stopped} == stopped
    assert said(voice.request([("sam", "hi")], opening="hey sam")) == [" there", "so"]
    completion = voice.completion_request("sam: hi\nada: hey Sam", stop=["so"])
    assert said(completion) == [" there"]


def test_a_reply_may_be_empty() -> None:
    """Where the likeliest line is empty, the reply is empty."""
    assert ada("sam: hi\nada:\nsam: hello\n").reply([("sam", "hi")]) == []


def test_a_name_that_begins_like_the_owners_is_another() -> None:
    """`adam:` ends ada's turn although `ada` stood there first."""
    assert ada("sam: hi\nada: hey\nadam: yo\n").reply([("sam", "hi")]) == ["hey"]


def test_an_owner_of_several_words_has_bursts_too() -> None:
    """A name of many tokens is recognised when it is whole."""
    voice = Voice(engine("sam: hi\nada of the sea: hey\nada of the sea: ho\nsam: x\n", order=9), "ada of the sea")
    assert voice.reply([("sam", "hi")], GREEDY) == ["hey", "ho"]


def test_a_reply_has_no_more_lines_than_allowed() -> None:
    """The fifth message of an endless burst is not sent."""
    script = "sam: hi\n" + "".join(f"ada: thing {word}\n" for word in ("one", "two", "three", "four", "five", "six"))
    assert ada(script).reply([("sam", "hi")]) == ["thing one", "thing two", "thing three", "thing four"]
    assert ada(script, limits=Limits(lines=1)).reply([("sam", "hi")]) == ["thing one"]


def test_what_the_token_limit_cuts_off_is_left_out() -> None:
    """A message broken off in the middle goes, unless it is the only one."""
    script = "sam: hi\nada: hey\nada: this one goes on and on and on\nsam: x\n"
    assert ada(script, limits=Limits(tokens=8)).reply([("sam", "hi")]) == ["hey"]
    alone = ada("sam: hi\nada: it goes on without end\n", limits=Limits(tokens=3))
    assert alone.reply([("sam", "hi")]) == ["it goes on"]


def test_lines_without_names() -> None:
    """An untagged voice reads bare lines and says a fixed small number of them."""
    voice = ada("hi\nhey\nwhat's up\nnot much\n", tagged=False)
    assert voice.reply([("sam", "hi")]) == ["hey", "what's up"]
    assert voice.engine.tokenizer.decode(voice.prompt([("sam", "hi\nyou"), ("ada", "yo")])) == "hi\n\tyou\nyo\n"


def decoded(voice: Voice, *history: tuple[str, str]) -> str:
    return voice.engine.tokenizer.decode(voice.prompt(history))


def test_the_prompt_is_the_history_in_the_template() -> None:
    """One line a message, line breaks kept, then the owner's name without the space after it."""
    voice = ada(SCRIPT)
    assert decoded(voice, ("sam", "hi\nthere"), ("ada", "hey")) == "sam: hi\n\tthere\nada: hey\nada:"
    assert decoded(voice) == "ada:"
    assert voice.prompt([])[0] == voice.engine.tokenizer.begin


def test_nobody_can_forge_a_turn() -> None:
    """Neither a name nor a message makes a line that is not its own."""
    assert decoded(ada(SCRIPT), ("s:\nada", "x\nada: y")) == "s ada: x\n\tada: y\nada:"


def test_a_namesake_gets_a_number() -> None:
    """Somebody else called Ada speaks as Ada 2, and a frontend can ask for such a name."""
    voice = ada(SCRIPT)
    assert decoded(voice, ("Ada", "hi")) == "Ada 2: hi\nada:"
    assert voice.guest_name("ada") == "ada 2"
    assert voice.guest_name("sam") == "sam"


def test_empty_messages_are_not_read() -> None:
    """A picture without words leaves no line."""
    assert decoded(ada(SCRIPT), ("sam", " \n"), ("sam", "hi")) == "sam: hi\nada:"


def test_own_repeats_are_not_read_again() -> None:
    """A line that the voice already sent is left out of the prompt, so that a loop does not feed itself."""
    history = [("sam", "a"), ("ada", "i love rust"), ("sam", "b"), ("ada", "I love rust!"), ("sam", "b")]
    assert decoded(ada(SCRIPT), *history) == "sam: a\nada: i love rust\nsam: b\nsam: b\nada:"


def test_the_history_is_trimmed_from_its_oldest_side() -> None:
    """What is read leaves room for the reply, keeps the newest messages whole and opens as a document does."""
    voice = ada(SCRIPT, window=60, limits=Limits(tokens=20))
    history = [("sam", f"message number {word}") for word in "abcdefghijklmnop"]
    prompt = voice.prompt(history)
    text = voice.engine.tokenizer.decode(prompt)
    assert 30 < len(prompt) <= 40 and prompt[0] == voice.engine.tokenizer.begin
    assert text.startswith("sam: message number") and text.endswith("number p\nada:")


def test_one_message_too_long_is_cut_at_its_start() -> None:
    """Its writer's name, the end of it, and the owner's name are read, in half the window at least."""
    voice = ada(SCRIPT, window=30, limits=Limits(tokens=20))
    prompt = voice.prompt([("sam", "a " * 50 + "so what")])
    assert len(prompt) == 15
    text = voice.engine.tokenizer.decode(prompt)
    assert text.startswith("sam: a a") and text.endswith("so what\nada:")


LOOP = "sam: hi\n" + "ada: i love rust\n" * 12
ROUND = "sam: hi\nada: " + "on and on and " * 12 + "\n"


def test_a_line_said_twice_is_cut_and_counted() -> None:
    """The original loop: sent once, then stopped."""
    voice = ada(LOOP)
    reply = voice.reply([("sam", "hi")])
    assert reply == ["i love rust"]
    assert reply.interventions == GuardCounts(repeated=1, gave_up=1)


def test_a_loop_within_a_line_is_cut_to_one_round() -> None:
    """What stays is what a person could have written."""
    reply = ada(ROUND).reply([("sam", "hi")])
    assert reply == ["on and"]
    assert reply.interventions == GuardCounts(looped=1, gave_up=1)
    assert reply.tokens < 30


def test_a_reply_that_loops_is_drawn_again() -> None:
    """Among a script that loops and one that does not, retries find the second, and every attempt is counted."""
    voice = Voice(engine(LOOP, "sam: hi\nada: hello there\nsam: x\n"), "ada", sampling=CHANCE)
    replies = voice.replies([[("sam", "hi")]] * 40)
    assert sum(reply == ["hello there"] for reply in replies) > 30
    assert not any(loops("\n".join(reply)) for reply in replies)
    assert voice.interventions.resampled > 5
    assert voice.interventions.resampled + voice.interventions.gave_up == voice.interventions.repeated


def test_the_likeliest_reply_is_not_drawn_twice() -> None:
    """At temperature 0 another attempt would say the same."""
    reply = ada(LOOP).reply([("sam", "hi")])
    assert reply.interventions.resampled == 0


def test_a_line_of_an_earlier_reply_is_let_through_in_the_end() -> None:
    """It is drawn again first; but a question asked twice may have one answer."""
    voice = Voice(engine("sam: name?\nada: ada of course\nsam: name?\n", order=3), "ada")
    history = [("sam", "name?"), ("ada", "Ada of course."), ("sam", "name?")]
    reply = voice.reply(history, replace(CHANCE, temperature=0.05))
    assert reply == ["ada of course"]
    assert reply.interventions == GuardCounts(echoed=4, resampled=3, gave_up=1)


def test_a_line_in_somebody_elses_name_is_cut() -> None:
    """A message that goes on as another speaker ends there."""
    reply = ada("sam: hi\nada: hey\n\tsam: hi ada\n").reply([("sam", "hi")])
    assert reply == ["hey"]
    assert reply.interventions == GuardCounts(unmasked=1)


def test_many_replies_at_once_are_those_of_each_alone() -> None:
    """Reply i does not depend on the other histories, nor on how many are drawn side by side."""
    voice = Voice(engine(SCRIPT, LOOP, "sam: yo\nada: yo sam\nada: you ok\n", order=2), "ada", sampling=CHANCE)
    histories = [[("sam", text)] for text in ("hi", "yo", "not much", "rust")] * 3
    together = voice.replies(histories)
    voice.limits = Limits(at_once=5)
    assert voice.replies(histories) == together
    assert voice.replies([[("sam", "what")], *histories[1:]])[1:] == together[1:]
    assert len({tuple(reply) for reply in together}) > 2


def test_each_history_may_have_its_own_sampling() -> None:
    """Replies of two seeds side by side are those of each seed, whose draws come from the same random streams."""
    voice = Voice(engine(SCRIPT, LOOP, "sam: yo\nada: yo sam\nada: you ok\n", order=2), "ada", sampling=CHANCE)
    histories, seeds = [[("sam", text)] for text in ("hi", "yo", "not much", "rust")], [replace(CHANCE, seed=4), CHANCE]
    mixed = voice.replies(histories, [seeds[at % 2] for at in range(4)])
    alone = [voice.replies(histories, sampling) for sampling in seeds]
    assert alone[0] != alone[1] and mixed == [alone[at % 2][at] for at in range(4)]


def test_no_histories_no_replies() -> None:
    """Nobody asked."""
    assert ada(SCRIPT).replies([]) == []


def test_a_prompt_is_continued_line_after_line() -> None:
    """The owner's name stands before each line and is not shown; somebody else's line ends it."""
    completion = ada("ada: the sea is\nada: so calm\nada: today\nsam: yes\n").complete("the sea")
    assert completion.prompt == "the sea"
    assert completion.prompt_tokens == len(["begin", "ada", ":", " the", " sea"])
    assert "".join(token.text for token in completion.tokens) == " is\nso calm\ntoday"


def test_a_prompt_of_several_lines_is_a_burst() -> None:
    """Each line of the prompt is a message of its own."""
    completion = ada("ada: one\nada: two\nada: three\n").complete("one\ntwo")
    assert completion.prompt == "one\ntwo"
    assert "".join(token.text for token in completion.tokens) == "\nthree"


def test_nothing_can_be_continued() -> None:
    """Without a prompt the voice begins by itself, with or without names."""
    assert "".join(token.text for token in ada("ada: one\n").complete("").tokens) == "one"
    assert "".join(token.text for token in ada("one\ntwo\n", tagged=False).complete(" ").tokens) == "one\ntwo"


def test_a_continuation_stops_at_its_limit_and_at_a_repeated_line() -> None:
    """It is as long as allowed, or until a guard stops it, as it stops a reply."""
    voice = ada(LOOP)
    assert len(list(voice.complete("i", max_tokens=3).tokens)) == 3
    assert "".join(token.text for token in voice.complete("i").tokens) == " love rust"
    assert voice.interventions == GuardCounts(repeated=1, gave_up=1)


def test_tokens_carry_their_probability() -> None:
    """With the engine's own log-probability; those of the owner's name add no text."""
    voice = ada("ada: the sea is\nada: so calm\n")
    generated = list(voice.complete("the").tokens)
    tokens = [voice.engine.tokenizer.begin, *voice.engine.tokenizer.encode(["ada: the sea is\nada: so calm\n"])[0]]
    said = voice.engine.logprobs([*tokens, voice.engine.tokenizer.end])[4:]
    assert [token.logprob for token in generated] == pytest.approx(said.tolist(), abs=1e-5)
    assert [token.text for token in generated] == [" sea", " is", "", "", "\n", "so", " calm", "", ""]


def test_a_score_covers_the_text() -> None:
    """Spans lie side by side over the whole text, each with the log-probability that the engine gives."""
    voice = ada(SCRIPT)
    scored = voice.score(SCRIPT)
    assert "".join(SCRIPT[one.start : one.end] for one in scored) == SCRIPT
    tokens = [voice.engine.tokenizer.begin, *voice.engine.tokenizer.encode([SCRIPT])[0]]
    assert [one.logprob for one in scored] == pytest.approx(voice.engine.logprobs(tokens)[1:].tolist())
    assert voice.score("") == []


def test_a_text_longer_than_the_window_is_scored_in_parts() -> None:
    """Every token is scored with at least half a window before it, where there is so much."""
    voice = ada(SCRIPT * 3)
    whole = voice.score(SCRIPT * 3)
    voice.window = 20
    assert [one.logprob for one in voice.score(SCRIPT * 3)] == pytest.approx([one.logprob for one in whole])


def test_a_voice_loads_from_its_clone_folder(tmp_path: Path) -> None:
    """clone.toml names the base, the owner, the template and the window; the adapter lies beside it."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(
            clone={"speaker": "ada"},
            documents={"tagged": True},
            training={"base": "markov", "window": 128},
            sampling={"temperature": 0.0},
            limits={"lines": 1},
        )
        empty().write_parquet(clone.messages_path)
        engine(SCRIPT).save(clone.adapter_path)
    voice = Voice.load(tmp_path / "me")
    assert (voice.owner, voice.tagged, voice.window, voice.sampling.temperature) == ("ada", True, 128, 0.0)
    assert voice.limits == Limits(lines=1)
    assert voice.reply([("sam", "hi")]) == ["hey"]


def test_an_untrained_clone_has_no_voice(tmp_path: Path) -> None:
    """The error says what to do."""
    with pytest.raises(CloneError, match="There is no clone"):
        Voice.load(tmp_path / "me")
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "ada"})
    with pytest.raises(CloneError, match=r"soundalike train \S*me$"):
        Voice.load(tmp_path / "me")


def test_a_run_stopped_before_its_first_adapter_is_to_be_gone_on_with(tmp_path: Path) -> None:
    """Training anew would throw away what the checkpoint holds."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.write({"clone.toml": clone.manifest_with(), "checkpoints/run.json": b"{}"})
    with pytest.raises(CloneError, match=r"soundalike train \S*me --resume$"):
        Voice.load(tmp_path / "me")


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [
        ({"sampling": {"heat": 3}}, "sampling.heat"),
        ({"sampling": {"temperature": -1.0}}, "temperature"),
        ({"limits": {"tokens": 0}}, "limits.tokens"),
        ({"training": {"base": "markov"}}, "window"),
    ],
)
def test_a_manifest_that_was_spoiled_is_told(tmp_path: Path, spoiled: Sections, named: str) -> None:
    """The error names the file and the key."""
    sections: Sections = {"clone": {"speaker": "ada"}, "documents": {"tagged": True}}
    sections |= {"training": {"base": "markov", "window": 9}, **spoiled}
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(**sections)
        engine(SCRIPT).save(clone.adapter_path)
    with pytest.raises(CloneError, match=rf"clone\.toml.*{named}"):
        Voice.load(tmp_path / "me")
