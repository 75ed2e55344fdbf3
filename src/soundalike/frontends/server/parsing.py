"""A request into utterances: messages with roles and names onto the turns that a voice reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from soundalike.frontends.server.api_errors import ApiError
from soundalike.frontends.server.schema import ChatRequest, CompletionRequest, Message, Request
from soundalike.generation.request import GenerationRequest
from soundalike.generation.voice import Voice
from soundalike.training.recipe import Serving

CHARACTERS = 4  # of a token, in chats
FRIEND = "friend"  # who speaks where a user line bears no name


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What is to be said, how many tokens that may cost, what of the request was passed over, and whether the answer
    is to be in the template."""

    utterances: list[GenerationRequest]
    cost: int
    ignored: list[str] = field(default_factory=list)
    transcript: bool = False


def chat(request: ChatRequest, voice: Voice, serving: Serving) -> ParsedRequest:
    """`n` replies to a conversation, or `n` ends of its last message; reply i draws from random stream i."""
    history, ignored = turns(request.messages, voice)
    begun = _begun(request, history) if request.continues else ""
    tokens = _tokens(
        request.max_tokens if request.max_completion_tokens is None else request.max_completion_tokens, voice
    )
    knobs = request.sampling(voice.sampling)
    count = _count(request.n or 1, serving)
    first = voice.request(history, knobs, 0, tokens, request.stops, request.top_logprobs_count, begun)
    made = [first, *(first.copy(number) for number in range(1, count))]
    read = sum(len(text) for _, text in history)
    return ParsedRequest(made, _cost([read] * count, tokens, voice), [*_unknown(request), *ignored])


def _begun(request: ChatRequest, history: list[tuple[str, str]]) -> str:
    """The last line of a last message that is to be gone on with, taken from the history."""
    if request.continue_final_message and request.add_generation_prompt:
        message = "continue_final_message and add_generation_prompt are both true. Leave out one of them."
        raise ApiError(400, message, "invalid", "continue_final_message")
    if request.messages[-1].role != "assistant":
        message = "The last message is not the assistant's, so there is nothing to go on with. Let it end with one."
        raise ApiError(400, message, "invalid", "messages")
    return history.pop()[1]


def completion(request: CompletionRequest, voice: Voice, serving: Serving) -> ParsedRequest:
    """`n` continuations of each prompt, in the order of the prompts; transcripts are gone on with as such."""
    tokens = _tokens(request.max_tokens, voice)
    knobs, n = request.sampling(voice.sampling), request.n or 1
    _count(n * len(request.prompts), serving)
    firsts = [
        voice.completion_request(prompt, knobs, row * n, tokens, request.stops, request.top_logprobs_count)
        for row, prompt in enumerate(request.prompts)
    ]
    made = [
        one
        for row, first in enumerate(firsts)
        for one in (first, *(first.copy(row * n + number) for number in range(1, n)))
    ]
    cost = _cost([len(prompt) for prompt in request.prompts for _ in range(n)], tokens, voice)
    return ParsedRequest(made, cost, _unknown(request), all(map(voice.is_transcript, request.prompts)))


def _cost(read: Sequence[int], tokens: int, voice: Voice) -> int:
    """Tokens, where each reply reads so many characters and draws so many tokens."""
    return sum(min(voice.window, characters // CHARACTERS) + tokens for characters in read)


def turns(messages: Sequence[Message], voice: Voice) -> tuple[list[tuple[str, str]], list[str]]:
    """The history of (name, text), and the messages that a voice does not read.

    Each line of an `assistant` message is a message of a burst, as the answer gave it.
    """
    history, ignored = list[tuple[str, str]](), list[str]()
    for number, message in enumerate(messages):
        if message.role == "assistant":
            history += [(voice.owner, line) for line in message.text.split("\n")]
        elif message.role == "user":
            history.append((voice.guest_name(message.name or FRIEND), message.text))
        else:
            ignored.append(f"messages[{number}]")
    return history, ignored


def _tokens(asked: int | None, voice: Voice) -> int:
    """Tokens of one answer: as clone.toml says where nothing is asked, and at most half of the window."""
    most = max(1, voice.window // 2)
    return min(voice.limits.tokens if asked is None else asked if asked > 0 else most, most)


def _count(asked: int, serving: Serving) -> int:
    if asked > serving.streams:
        message = f"{asked} replies are more than this server draws at once. Ask for at most {serving.streams}."
        raise ApiError(400, message, "too_many_choices", "n")
    return asked


def _unknown(request: Request) -> list[str]:
    return sorted(request.model_extra or {})
