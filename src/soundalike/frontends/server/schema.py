"""Requests as OpenAI's clients send them, and the shapes of the answers for the API's description.

A setting that a voice does not have is refused where it would change the answer, and may be sent where it says nothing.
Fields that nobody knows are passed over and named in the answer's `soundalike.ignored`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from soundalike.generation.sampling import Sampling

Stop = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=-1, description="0 and -1: no limit but the server's own, half of the window.")]
Empty = Annotated[list[Any], Field(max_length=0)]
UNSUPPORTED = frozenset(
    "logit_bias tools functions tool_choice function_call response_format structured_outputs guided_json guided_regex "
    "guided_choice guided_grammar grammar json_schema modalities audio echo suffix best_of".split()
)


KNOBS = ("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty")


class Part(BaseModel):
    """A piece of a message's content; a voice reads text only."""

    type: Literal["text", "input_text", "refusal"]
    text: str = ""


class Message(BaseModel):
    """One turn. `user` lines bear `name`, `assistant` lines are the voice's own, `system` and `developer` lines are
    passed over: a voice follows no instructions."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part] | None = None
    name: str | None = Field(default=None, max_length=100)

    @property
    def text(self) -> str:
        """The content as one text."""
        parts = self.content
        return "".join(part.text for part in parts) if isinstance(parts, list) else parts or ""


class StreamOptions(BaseModel):
    """How a stream ends."""

    include_usage: bool | None = False


class TextFormat(BaseModel):
    """The one form of answer that there is."""

    type: Literal["text"]


class Unconstrained(BaseModel):
    """Ways in which other servers let an answer be given a form; they would change it, and are not there."""

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
    """What both endpoints take. What is left out, or null, is as clone.toml says."""

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
        """The voice's knobs with those of the request."""
        given = {name: getattr(self, name) for name in KNOBS}
        given |= {"seed": None if self.seed is None else self.seed % 2**64}
        given |= {"top_k": None if self.top_k is None else max(0, self.top_k)}
        kept = {name: getattr(default, name) for name in default.__slots__}
        return Sampling(**kept | {name: value for name, value in given.items() if value is not None})

    @property
    def stops(self) -> list[str]:
        """The texts before which a reply ends."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def told_usage(self) -> bool:
        """Whether a stream ends with a chunk of usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatRequest(Request):
    """What a conversation's next reply is asked with."""

    messages: list[Message] = Field(min_length=1, max_length=2_000)
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
    def top_logprobs_count(self) -> int | None:
        """How many alternatives are told with each token; None where no token is."""
        return self.top_logprobs or 0 if self.logprobs else None

    @property
    def characters(self) -> int:
        """How much there is to read."""
        return sum(len(message.text) for message in self.messages)

    @property
    def continues(self) -> bool:
        """Whether the last message is gone on with: asked for by one of vLLM's two settings, or the other's absence."""
        return bool(self.continue_final_message) or self.add_generation_prompt is False


class CompletionRequest(Request):
    """What a text's continuation is asked with."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=4)] = ""
    logprobs: int | None = Field(default=None, ge=0, le=20)
    echo: Literal[False] | None = None
    suffix: Literal[""] | None = None
    best_of: Literal[1] | None = None

    @property
    def top_logprobs_count(self) -> int | None:
        """How many alternatives are told with each token; None where no token is."""
        return self.logprobs

    @property
    def characters(self) -> int:
        """How much there is to read."""
        return sum(map(len, self.prompts))

    @property
    def prompts(self) -> list[str]:
        """One text each."""
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt


FIELDS = frozenset(
    name
    for kind in (ChatRequest, CompletionRequest, Message, Part, StreamOptions, TextFormat)
    for name in kind.model_fields
)


class ErrorDetail(BaseModel):
    """What went wrong, in words and for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorDetail


class Details(BaseModel):
    """Of the tokens drawn, those of attempts that a guard stopped."""

    rejected_prediction_tokens: int


class Usage(BaseModel):
    """Tokens read and drawn."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    completion_tokens_details: Details


class Told(BaseModel):
    """Ours beside OpenAI's: each choice's messages, what the guards did, and what of the request was passed over."""

    owner: str
    messages: list[list[str]]
    interventions: list[dict[str, int]]
    ignored: list[str]


class Answer(BaseModel):
    """What both endpoints give; `choices` are as OpenAI's."""

    id: str
    object: Literal["chat.completion", "text_completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[dict[str, Any]]
    usage: Usage
    soundalike: Told


class Model(BaseModel):
    """A voice: `id` to ask for it by, `root` the base it speaks over, `owner` the name at the head of its lines."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["soundalike"]
    root: str
    parent: str | None
    owner: str


class Models(BaseModel):
    """Every voice that is served."""

    object: Literal["list"]
    data: list[Model]


class Health(BaseModel):
    """That it runs, and how busy it is."""

    status: Literal["ok"]
    running: int
    waiting: int
