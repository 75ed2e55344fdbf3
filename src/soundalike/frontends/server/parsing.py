"""Requests of OpenAI's API into generation requests: messages with roles and names into turns that a voice reads."""

from collections.abc import Sequence

from soundalike.frontends.server.api_errors import ApiError
from soundalike.frontends.server.schema import ChatRequest, CompletionRequest, Message
from soundalike.generation.prompt import Turn
from soundalike.generation.request import GenerationRequest
from soundalike.generation.voice import Voice

DEFAULT_NAME = "friend"  # the speaker of a user message without a name


def generation_requests(body: ChatRequest | CompletionRequest, voice: Voice, at_once: int) -> list[GenerationRequest]:
    """One for each choice of the answer, in order; `ApiError` if several need more than `at_once` streams."""
    requests = _chat(body, voice) if isinstance(body, ChatRequest) else _completions(body, voice)
    count = sum(request.candidates for request in requests)
    if len(requests) > 1 and count > at_once:
        message = f"{count} replies are more than this server draws at once. Ask for at most {at_once}."
        raise ApiError(400, message, "too_many_choices", "n")
    return requests


def _chat(body: ChatRequest, voice: Voice) -> list[GenerationRequest]:
    """`n` replies to a conversation, or `n` continuations of its last message; reply i has random stream i."""
    history = turns(body.messages, voice)
    opening = _opening(body, history) if body.continues else ""
    tokens = _max_tokens(body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens, voice)
    sampling = body.sampling(voice.sampling)
    first = voice.request(history, sampling, 0, tokens, body.stop_texts, body.alternatives, opening)
    return [first, *(first.copy(number) for number in range(1, body.n or 1))]


def _opening(body: ChatRequest, history: list[Turn]) -> str:
    """The last line of a last message that is to be continued; it is taken from the history."""
    if body.continue_final_message and body.add_generation_prompt:
        message = "continue_final_message and add_generation_prompt are both true. Leave out one of them."
        raise ApiError(400, message, "invalid", "continue_final_message")
    if body.messages[-1].role != "assistant":
        message = "The last message is not the assistant's, so there is nothing to go on with. Let it end with one."
        raise ApiError(400, message, "invalid", "messages")
    return history.pop()[1]


def _completions(body: CompletionRequest, voice: Voice) -> list[GenerationRequest]:
    """`n` continuations of each prompt, in the order of the prompts."""
    tokens, sampling, n = _max_tokens(body.max_tokens, voice), body.sampling(voice.sampling), body.n or 1
    requests = list[GenerationRequest]()
    for prompt in body.prompts:
        first = voice.completion_request(prompt, sampling, len(requests), tokens, body.stop_texts, body.alternatives)
        requests += [first, *(first.copy(len(requests) + number) for number in range(1, n))]
    return requests


def turns(messages: Sequence[Message], voice: Voice) -> list[Turn]:
    """The (name, text) turns of messages; a voice reads no `system` messages.

    Each line of an `assistant` message is a message of a burst, as in an answer.
    """
    history = list[Turn]()
    for message in messages:
        if message.role == "assistant":
            history += [(voice.owner, line) for line in message.text.split("\n")]
        elif message.role == "user":
            history.append((voice.guest_name(message.name or DEFAULT_NAME), message.text))
    return history


def _max_tokens(requested: int | None, voice: Voice) -> int:
    """Tokens of one choice: by default the clone's limit, and at most half of the window."""
    most = max(1, voice.window // 2)
    return min(voice.limits.tokens if requested is None else requested if requested > 0 else most, most)
