"""Guards hold at every endpoint, in streams too, and are reported in the answer."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from soundalike.generation.guards import Guards
from soundalike.metrics.ngram_index import NgramIndex
from tests.frontends.server.running import Running, ada, running

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SECRET = "the spare key hangs behind the third flower pot on the left"
SCRIPTS = (
    f"sam: hi\nada: well you see\nada: {SECRET}\nsam: x\n",
    "sam: hi\nada: well you see\nada: nothing much happens here\nsam: x\n",
    "sam: mail\nada: call me\nada: or write to ada@sea.org any time\nsam: x\n",
    "sam: back\nada: why would you say it back\nsam: x\n",
    "sam: bad\nada: ok then\nada: you utter zorbling\nsam: x\n",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    guards = Guards(["zorbling"], quoted=NgramIndex(pl.Series([SECRET]), 6))
    with running(ada(*SCRIPTS, guards=guards)) as server:
        yield server


def asked(server: Running, text: str, stream: bool, **more: object) -> tuple[str, Any, list[Any]]:
    """Content, the fields beside it, and the tokens."""
    messages = [{"role": "user", "name": "sam", "content": text}]
    made = server.client.chat.completions.create(
        model="ada",
        messages=messages,
        stream=stream,
        logprobs=True,
        **more,
    )
    if not stream:
        return made.choices[0].message.content, made.soundalike, made.choices[0].logprobs.content
    chunks = list(made)
    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    told = [token.token for chunk in chunks if (logprobs := chunk.choices[0].logprobs) for token in logprobs.content]
    return content, chunks[-1].soundalike, told


@pytest.mark.parametrize("stream", [True, False])
def test_a_copy_is_drawn_again_and_never_leaves(server: Running, stream: bool) -> None:
    """Of forty seeds about half begin the secret; none gets to its sixth word, and most find other words."""
    answers = [asked(server, "hi", stream, temperature=1, seed=seed) for seed in range(40)]
    assert not any("hangs behind the" in content for content, _, _ in answers)
    assert sum("nothing much happens here" in content for content, _, _ in answers) > 30
    counts = [told["interventions"][0] for _, told, _ in answers]
    assert sum(count.get("quoted", 0) for count in counts) > 10
    assert all(count.get("quoted", 0) == count.get("resampled", 0) + count.get("gave_up", 0) for count in counts)


def test_what_has_left_a_stream_stays_once(server: Running) -> None:
    """The first line is sent, the second is generated again after it: the first is not sent twice."""
    for seed in range(20):
        content, _, _ = asked(server, "hi", True, temperature=1, seed=seed)
        assert content.split("\n")[0] == "well you see" and content.count("well you see") == 1


def test_the_likeliest_is_cut_where_it_copies(server: Running) -> None:
    """Nothing else would come at temperature 0; the reason is content_filter."""
    made = server.client.completions.create(model="ada", prompt="the spare key")
    assert made.choices[0].text == " hangs behind"
    assert made.choices[0].finish_reason == "content_filter"
    assert made.soundalike["interventions"] == [{"quoted": 1, "gave_up": 1}]
    whole = server.client.completions.create(model="ada", prompt="the spare key hangs behind")
    assert whole.choices[0].text.strip() == ""


@pytest.mark.parametrize("stream", [True, False])
def test_private_data_is_masked_and_its_tokens_are_not_told(server: Running, stream: bool) -> None:
    """The line before tells its tokens."""
    content, told, tokens = asked(server, "mail", stream)
    assert content == "call me\nor write to my email any time"
    assert told["interventions"] == [{"masked": 1}] and len(tokens) == 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_line_said_back_or_a_blocked_word_does_not_leave(server: Running, stream: bool) -> None:
    """At temperature 0 the line is left out, and what stood before it stays."""
    assert asked(server, "bad", stream)[0] == "ok then"
    messages = [{"role": "user", "name": "sam", "content": text} for text in ("why would you say it back", "back")]
    made = server.client.chat.completions.create(model="ada", messages=messages)
    assert made.choices[0].message.content == "" and made.soundalike["interventions"] == [{"parroted": 1, "gave_up": 1}]
