"""The official client talks to the server as to OpenAI's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from soundalike.frontends.server.schema import ChatRequest, Message
from soundalike.generation.sampling import Sampling
from tests.frontends.server.running import HI, Running, ada, running

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
IMAGE = r"messages\[0\].content\[0\] is of the type .image_url., and a voice reads text only. Leave it out"
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
TELL = [{"role": "user", "name": "sam", "content": "tell me"}]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(ada(), ada("mo: hi\nada: yes mo\nmo: so\n")) as server:
        yield server


@pytest.fixture
def client(server: Running) -> Any:
    return server.client


def said(client: Any, **asked: object) -> str:
    made = client.chat.completions.create(**{"model": "ada", "messages": HI, **asked})
    return str(made.choices[0].message.content)


def test_every_clone_is_a_model_over_its_base(client: Any) -> None:
    """The list names both, and the owner."""
    models = client.models.list().data
    assert [model.id for model in models] == ["ada", "ada-2"]
    assert {(m.root, m.parent, m.owner) for m in models} == {("markov", "markov", "ada")}
    assert client.models.retrieve("ada-2").id == "ada-2"


def test_a_reply_is_a_burst_joined_by_newlines(client: Any) -> None:
    """Content, finish reason, usage, and the messages one by one."""
    made = client.chat.completions.create(model="ada", messages=HI)
    choice, told = made.choices[0], made.soundalike
    assert (choice.message.content, choice.finish_reason) == ("hey\nwhat's up", "stop")
    assert told == {"owner": "ada", "messages": [["hey", "what's up"]], "interventions": [{}], "ignored": []}
    assert made.usage.prompt_tokens == 7 and made.usage.total_tokens == 7 + made.usage.completion_tokens


def test_two_clones_answer_side_by_side(client: Any) -> None:
    """Each from what it has learned."""
    mo = [{"role": "user", "name": "mo", "content": "hi"}]
    assert said(client, model="ada-2", messages=mo) == "yes mo" and said(client) == "hey\nwhat's up"


def test_roles_and_names_become_turns(client: Any) -> None:
    """`assistant` is the owner, `user` whoever is named, a friend by default; a voice takes no instructions."""
    history: list[Any] = [*HI, {"role": "assistant", "content": "hey\nwhat's up"}]
    history += [{"role": "user", "name": "sam", "content": [{"type": "text", "text": "not much"}]}]
    assert said(client, messages=history) == "ok"
    assert said(client, messages=[{"role": "user", "content": "hi"}]) == "hello you"
    rules = {"role": "system", "content": "You are a pirate."}
    made = client.chat.completions.create(model="ada", messages=[rules, *HI], extra_body={"mood": 3})
    assert made.choices[0].message.content == "hey\nwhat's up"
    assert made.soundalike["ignored"] == ["mood", "messages[0]"]


def test_a_stream_says_the_same_message_by_message(client: Any) -> None:
    """First the role, then a chunk for each message, then the end, then usage if asked."""
    chunks = list(
        client.chat.completions.create(model="ada", messages=HI, stream=True, stream_options={"include_usage": True})
    )
    deltas = [chunk.choices[0].delta for chunk in chunks[:-1]]
    assert deltas[0].role == "assistant"
    assert [delta.content for delta in deltas if delta.content] == ["hey", "\nwhat's up"]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].soundalike["messages"] == [["hey", "what's up"]]
    assert chunks[-1].usage.completion_tokens > 0 and chunks[-1].choices == []


def test_the_first_message_comes_word_by_word(client: Any) -> None:
    """As soon as no guard could take the words back."""
    chunks = list(client.chat.completions.create(model="ada", messages=TELL, stream=True))
    contents = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert contents == ["the", " sea", " is calm", "\nso am i"]
    assert chunks[-1].soundalike["messages"] == [["the sea is calm", "so am i"]]


def test_a_text_is_continued(client: Any) -> None:
    """Prompts one or many, whole or as a stream."""
    made = client.completions.create(model="ada", prompt=["the sea", "the harbour"])
    assert [choice.text for choice in made.choices] == [" is calm\nso am i", " was loud"]
    chunks = list(client.completions.create(model="ada", prompt="the sea", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == " is calm\nso am i"
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_transcript_is_gone_on_with_as_one(client: Any) -> None:
    """Messages of friends are read as theirs, and the answer is in the template, whole or as a stream."""
    prompts = ["sam: hi\nada:", "sam: tell me\nada: the sea", "a: x\nsam: hi\nada: hey\nada:"]
    made = client.completions.create(model="ada", prompt=prompts)
    wanted = ["hey\nada: what's up\n", " is calm\nada: so am i\n", "what's up\n"]
    assert [choice.text for choice in made.choices] == wanted
    chunks = list(client.completions.create(model="ada", prompt=prompts[0], stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == wanted[0]
    cut = client.completions.create(model="ada", prompt=prompts[0], max_tokens=1).choices[0]
    assert (cut.text, cut.finish_reason) == ("hey", "length")


def test_other_texts_with_colons_are_the_owners_own(client: Any) -> None:
    """Where the last line is not begun by the owner, or a line bears no name, all of it is what the owner types."""
    made = client.completions.create(model="ada", prompt=["ada: hi\nsam:", "hm\nwell\nada:"], max_tokens=4)
    assert not any("ada:" in choice.text for choice in made.choices)


def test_several_replies_and_a_seed(client: Any) -> None:
    """With a seed each of `n` is drawn from a stream of its own, and all come again."""
    first, second = (
        client.chat.completions.create(model="ada", messages=TELL, temperature=1, seed=5, n=12) for _ in range(2)
    )
    contents = [choice.message.content for choice in first.choices]
    assert contents == [choice.message.content for choice in second.choices]
    assert len(set(contents)) > 1 and [choice.index for choice in first.choices] == list(range(12))
    assert said(client, messages=TELL, temperature=1, seed=5) == contents[0]
    assert said(client, messages=TELL, temperature=1, seed=-5)


def test_a_seed_holds_beside_other_requests(client: Any) -> None:
    """Thirty at once, each with its seed, say what each says alone."""

    def one(seed: int) -> str:
        return said(client, messages=TELL, temperature=1, seed=seed)

    alone = [one(seed) for seed in range(30)]
    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(one, range(30))) == alone
    assert len(set(alone)) > 1


def test_stops_and_limits(client: Any) -> None:
    """What stops a reply is no part of it; `length` tells of a limit."""
    assert said(client, stop="\n") == "hey"
    assert said(client, stop=["up", "zzz"]) == "hey\nwhat's"
    made = client.completions.create(model="ada", prompt="the", max_tokens=2)
    assert (made.choices[0].text, made.choices[0].finish_reason) == (" sea is", "length")
    assert said(client, max_completion_tokens=100_000) == "hey\nwhat's up"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("none", [-1, 0])
def test_no_limit_is_the_servers_own(client: Any, name: str, none: int) -> None:
    """As many clients say it; the same for `top_k`."""
    assert said(client, **{name: none}) == "hey\nwhat's up"
    assert said(client, extra_body={"top_k": none}) == "hey\nwhat's up"


def test_null_is_as_left_out(client: Any) -> None:
    """Some clients send every field that they know; settings that say nothing are taken."""
    nothing: dict[str, object] = dict.fromkeys(client_fields())
    neutral = {"response_format": {"type": "text"}, "logit_bias": {}, "tools": [], "tool_choice": "none", "n": 1}
    assert said(client, extra_body=nothing) == said(client, **neutral) == "hey\nwhat's up"


def client_fields() -> list[str]:
    """Of a request for a chat, all but what it must have."""
    return [name for name in ChatRequest.model_fields if name not in ("model", "messages")]


def begun(client: Any, text: str, **asked: Any) -> str:
    asked = asked or {"continue_final_message": True}
    messages = [*TELL, {"role": "assistant", "content": text}]
    return said(client, messages=messages, extra_body=asked)


def test_a_last_assistant_message_is_gone_on_with(client: Any) -> None:
    """By either of the two settings that vLLM knows; whole lines before its last one count as sent."""
    assert begun(client, "the sea") == begun(client, "the sea", add_generation_prompt=False) == " is calm\nso am i"
    assert begun(client, "nothing to tell\nrea") != begun(client, "nothing to tell")
    assert begun(client, "nothing to tell\nask") == " mo"
    both = {"continue_final_message": True, "add_generation_prompt": False}
    assert begun(client, "the harbour", **both) == " was loud"


def test_a_last_assistant_message_is_gone_on_with_in_a_stream(client: Any) -> None:
    """The answer is the rest of it, and the burst after it."""
    asked = {"model": "ada", "messages": [*TELL, {"role": "assistant", "content": "the sea"}], "stream": True}
    chunks = list(client.chat.completions.create(**asked, extra_body={"continue_final_message": True}))
    contents = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert "".join(contents) == " is calm\nso am i"
    assert chunks[-1].soundalike["messages"] == [[" is calm", "so am i"]]


def test_logprobs_of_both_endpoints(client: Any) -> None:
    """The tokens make up the text, and the likeliest come first."""
    chat = client.chat.completions.create(model="ada", messages=HI, logprobs=True, top_logprobs=2)
    tokens = chat.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == "hey\nwhat's up"
    assert all(len(token.top_logprobs) == 2 and token.top_logprobs[0].logprob >= token.logprob for token in tokens)
    told = client.completions.create(model="ada", prompt="the sea", logprobs=1).choices[0].logprobs
    assert told and told.tokens and told.token_logprobs and "".join(told.tokens) == " is calm\nso am i"
    assert told.text_offset == [0, 3, 8, 9, 11, 14] and max(told.token_logprobs) <= 0
    parts = client.chat.completions.create(model="ada", messages=HI, logprobs=True, stream=True)
    told_parts = [part.choices[0].logprobs for part in parts if part.choices[0].delta.content]
    assert [len(part.content) for part in told_parts] == [1, 3]


def test_the_best_of_several(client: Any) -> None:
    """What was drawn for all is counted; a stream has the same text, in one piece, since it is chosen first."""
    asked = {"messages": TELL, "temperature": 1, "seed": 5}
    alone = client.chat.completions.create(model="ada", **asked)
    made = client.chat.completions.create(model="ada", extra_body={"best_of": 4}, **asked)
    assert made.usage.completion_tokens > alone.usage.completion_tokens
    chunks = list(client.chat.completions.create(model="ada", stream=True, extra_body={"best_of": 4}, **asked))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == made.choices[0].message.content


def test_penalties_reach_the_sampler(client: Any) -> None:
    """They are applied, 0 says nothing, and what is left out stays as the voice has it."""
    assert said(client, presence_penalty=0.5, frequency_penalty=-0.5)
    asked = ChatRequest(model="ada", messages=[Message(role="user", content="hi")], presence_penalty=0.5)
    knobs = asked.sampling(Sampling(frequency_penalty=0.25))
    assert (knobs.presence_penalty, knobs.frequency_penalty) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 17}, "n is 17. Give a value of at most 16"),
        ({"extra_body": {"best_of": 17}}, "best_of is 17. Give a value of at most 16"),
        ({"presence_penalty": 2.5}, "presence_penalty is 2.5. Give a value of at most 2"),
        ({"frequency_penalty": -3}, "frequency_penalty is -3"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"tools": [{"type": "function", "function": {"name": "x"}}]}, "tools"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, IMAGE),
        ({"messages": [{"role": "tool", "content": "x"}]}, r"messages\[0\].role is .tool.. Give 'system'"),
        ({"messages": [{"role": "user", "content": 5}]}, r"messages\[0\].content is 5. Give a text"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["a"] * 20}, "stop is a list of 20. Give at most 16"),
        ({"seed": "x"}, 'seed is "x". Give a whole number'),
        ({"max_tokens": -2}, "max_tokens is -2. Give a value of -1 or more"),
        ({"response_format": {"type": "json_object"}}, "response_format is not supported here. Leave it out"),
        ({"response_format": SCHEMA}, "response_format is not supported here. Leave it out"),
        ({"extra_body": {"guided_regex": "[ab]"}}, "guided_regex is not supported here. Leave it out"),
        ({"extra_body": {"continue_final_message": True}}, "The last message is not the assistant's"),
        ({"extra_body": {"continue_final_message": True, "add_generation_prompt": True}}, "are both true"),
    ],
)
def test_what_cannot_be_is_refused(client: Any, asked: dict[str, object], named: str) -> None:
    """The setting is named, in OpenAI's error body."""
    with pytest.raises(openai.BadRequestError, match=named) as told:
        said(client, **asked)
    assert told.value.type == "invalid_request_error"


def test_an_unknown_model_is_told_with_the_known(client: Any) -> None:
    """404, as OpenAI's."""
    with pytest.raises(openai.NotFoundError, match="Ask for one of: ada, ada-2") as told:
        said(client, model="eve")
    assert told.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("eve")
