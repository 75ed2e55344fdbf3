"""Requests as OpenAI's clients send them, and the responses as the OpenAPI description has them.

A setting that a voice does not have is refused if it would change the answer, and accepted at its neutral value.
Unknown fields are ignored and listed in the answer's `soundalike.ignored`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from soundalike.generation.sampling import MAX_BEST_OF, Sampling

Stop = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=-1, description="0 and -1: no limit but the server's own, half of the window.")]
Empty = Annotated[list[Any], Field(max_length=0)]
UNSUPPORTED = frozenset(
    "logit_bias tools functions tool_choice function_call response_format structured_outputs guided_json guided_regex "
    "guided_choice guided_grammar grammar json_schema modalities audio echo suffix".split()
)

SAMPLING_FIELDS = ("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty", "best_of")


class Part(BaseModel):
    """A part of a message's content; a voice reads text only."""

    type: Literal["text", "input_text", "refusal"]
    text: str = ""


class Message(BaseModel):
    """One turn. `user` lines bear `name`, `assistant` lines are the voice's own; `system` and `developer` messages are
    ignored, since a voice follows no instructions."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part] | None = None
    name: str | None = Field(default=None, max_length=100)

    @property
    def text(self) -> str:
        """The content as one text."""
        parts = self.content
        return "".join(part.text for part in parts) if isinstance(parts, list) else parts or ""


class StreamOptions(BaseModel):
    """Whether a stream ends with a chunk of usage."""

    include_usage: bool | None = False


class TextFormat(BaseModel):
    """The only format of an answer."""

    type: Literal["text"]


class Unconstrained(BaseModel):
    """Settings by which other servers constrain the form of an answer; accepted only if they do not."""

    response_format: TextFormat | None = None
    structured_outputs: None = None
    guided_json: None = None
    guided_regex: None = None
    guided_choice: None = None
    guided_grammar: None = None
    grammar: None = None
    json_schema: None = None
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] | None = None


class Request(Unconstrained):
    """What both endpoints take. Fields that are missing or null are as in clone.toml."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1, max_length=200)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=-1, description="0 and -1: no limit.")
    min_p: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None  # any integer, taken modulo 2**64: bounds of 64 bits are rounded in a JSON schema
    max_tokens: Tokens | None = None
    n: int | None = Field(default=None, ge=1, le=16)
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    user: str | None = None

    def sampling(self, default: Sampling) -> Sampling:
        """The settings of the request, with `default` for those that are missing."""
        fields = {name: getattr(self, name) for name in SAMPLING_FIELDS}
        fields["seed"] = None if self.seed is None else self.seed % 2**64
        fields["top_k"] = None if self.top_k is None else max(0, self.top_k)
        return default.updated(**fields)

    @property
    def stop_texts(self) -> list[str]:
        """The texts before which a reply ends."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with a chunk of usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def ignored(self) -> list[str]:
        """The fields that are ignored."""
        return sorted(self.model_extra or {})


class ChatRequest(Request):
    """A request for the next reply of a conversation."""

    messages: list[Message] = Field(min_length=1, max_length=2_000)
    best_of: int | None = Field(default=None, ge=1, le=MAX_BEST_OF)
    max_completion_tokens: Tokens | None = None
    logprobs: bool | None = False
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    tools: Empty | None = None
    functions: Empty | None = None
    tool_choice: Literal["none", "auto"] | None = None
    function_call: Literal["none", "auto"] | None = None
    modalities: list[Literal["text"]] | None = None
    audio: None = None
    continue_final_message: bool | None = None
    add_generation_prompt: bool | None = None

    @property
    def alternatives(self) -> int | None:
        """How many alternatives each token lists; None without log-probabilities."""
        return self.top_logprobs or 0 if self.logprobs else None

    @property
    def characters(self) -> int:
        """The length of the texts to read."""
        return sum(len(message.text) for message in self.messages)

    @property
    def continues(self) -> bool:
        """Whether the last message is to be continued, by either of vLLM's two settings."""
        return bool(self.continue_final_message) or self.add_generation_prompt is False

    @property
    def ignored(self) -> list[str]:
        """The fields and messages that are ignored."""
        unread = [f"messages[{at}]" for at, one in enumerate(self.messages) if one.role in ("system", "developer")]
        return [*super().ignored, *unread]


class CompletionRequest(Request):
    """A request for the continuation of texts."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=4)] = ""
    logprobs: int | None = Field(default=None, ge=0, le=20)
    echo: Literal[False] | None = None
    suffix: Literal[""] | None = None
    best_of: Literal[1] | None = None

    @property
    def alternatives(self) -> int | None:
        """How many alternatives each token lists; None without log-probabilities."""
        return self.logprobs

    @property
    def characters(self) -> int:
        """The length of the texts to read."""
        return sum(map(len, self.prompts))

    @property
    def prompts(self) -> list[str]:
        """The prompts as a list."""
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt


class CorrectionRequest(BaseModel):
    """What the owner says of a reply to `messages`: they would not have written `rejected`, they would have written
    `chosen`. One of the two may be missing; each line is a message, as in an answer."""

    model: str = Field(min_length=1, max_length=200)
    messages: list[Message] = Field(min_length=1, max_length=2_000)
    rejected: str | None = None
    chosen: str | None = None


class CorrectionResponse(BaseModel):
    """That it was kept, and how many corrections the clone has now."""

    object: Literal["correction"]
    model: str
    kept: int


FIELDS = frozenset(
    name
    for kind in (ChatRequest, CompletionRequest, CorrectionRequest, Message, Part, StreamOptions, TextFormat)
    for name in kind.model_fields
)


class ErrorDetail(BaseModel):
    """What went wrong, for people and for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every error response."""

    error: ErrorDetail


class CompletionTokensDetails(BaseModel):
    """Of the generated tokens, those of attempts that a guard stopped."""

    rejected_prediction_tokens: int


class Usage(BaseModel):
    """Tokens read and generated."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    completion_tokens_details: CompletionTokensDetails


class Extras(BaseModel):
    """Beyond OpenAI's fields: each choice's messages, what the guards did, and what of the request was ignored."""

    owner: str
    messages: list[list[str]]
    interventions: list[dict[str, int]]
    ignored: list[str]


class CompletionResponse(BaseModel):
    """The response of both endpoints, with OpenAI's `choices`."""

    id: str
    object: Literal["chat.completion", "text_completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[dict[str, Any]]
    usage: Usage
    soundalike: Extras


class ModelInfo(BaseModel):
    """A voice: its `id` in requests, its base as `root`, its `owner` as the name at the head of its lines."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["soundalike"]
    root: str
    parent: str | None
    owner: str


class ModelList(BaseModel):
    """Every voice that is served."""

    object: Literal["list"]
    data: list[ModelInfo]


class Health(BaseModel):
    """That the server runs, and how busy it is."""

    status: Literal["ok"]
    running: int
    waiting: int
