"""A clone that speaks: replies to a conversation, continues a text, says how likely a text is.

Takes names and texts and returns texts: the template and the tokens stay inside.
"""

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from soundalike.clone import Clone
from soundalike.clone.corrections import Correction
from soundalike.engines import load, scoring
from soundalike.engines.protocol import Engine
from soundalike.errors import CloneError, EngineError, RecipeError
from soundalike.generation.applied_corrections import AppliedCorrections
from soundalike.generation.batch import Model, run
from soundalike.generation.completion import Completion, is_transcript, lines_of, split_transcript, stream_tokens
from soundalike.generation.guards import GuardContext, GuardCounts, Guards
from soundalike.generation.prompt import (
    TOKEN_CHARACTERS,
    PromptBuilder,
    Turn,
    names_at_line_heads,
    with_template_tokens,
    without_repetitions,
)
from soundalike.generation.remote import RemoteModel
from soundalike.generation.reply_parser import ReplyOptions, TokenText
from soundalike.generation.request import GenerationRequest, Reply
from soundalike.generation.sampling import Sampling, for_each
from soundalike.prompt_template import normalise, speaker_name, speaker_names
from soundalike.pseudonyms import Pseudonyms
from soundalike.training.recipe import Limits, Recipe

History = Sequence[Turn]

WINDOW = 512
COMPLETION_TOKENS = 100  # the most tokens of a completion, where no number is given


@dataclass(frozen=True, slots=True)
class Scored:
    """One token of a text: `text[start:end]` and its natural-log probability given everything before it."""

    start: int
    end: int
    logprob: float


class Voice:
    """A model with an owner's name, sampling settings, limits and guards.

    `tagged` says whether the model learned lines with names, `window` how many tokens it reads at once.
    With `pseudonyms` it reads conversations under invented names, as it learned them, and its replies have the names of
    the conversation again. `interventions` counts what the guards did since the voice was made. `corrections` are what
    its owner said of its replies; without any it starts with none, and keeps them in memory only.
    """

    def __init__(
        self,
        model: Model,
        owner: str,
        tagged: bool = True,
        window: int = WINDOW,
        sampling: Sampling | None = None,
        limits: Limits | None = None,
        guards: Guards | None = None,
        pseudonyms: Pseudonyms | None = None,
        corrections: AppliedCorrections | None = None,
    ) -> None:
        self.model = model
        self.owner = speaker_name(owner, "me")
        self.tagged = tagged
        self.window = window
        self.sampling = sampling or Sampling()
        self.limits = limits or Limits()
        self.guards = guards or Guards()
        self.interventions = GuardCounts()
        self.corrections = corrections or AppliedCorrections(model.tokenizer, tagged)
        self._pseudonyms = pseudonyms

    @classmethod
    def load(cls, folder: str | Path, at: str | None = None) -> "Voice":
        """The voice of a clone folder; `CloneError` if there is none or it is untrained.

        With `at`, a server's address, the model there speaks with the settings of the folder.
        """
        clone = Clone.open(folder)
        return clone.consistent(lambda: cls._read(clone, at))

    @classmethod
    def _read(cls, clone: Clone, at: str | None) -> "Voice":
        sections = clone.manifest()
        if at is None and ("training" not in sections or not clone.adapter_path.is_dir()):
            resume = " --resume" if clone.run_path.exists() else ""
            do = f"Train it: soundalike train {shlex.quote(str(clone.root))}{resume}"
            raise CloneError(
                f"The clone in {clone.root} has not been trained yet.", do, control="Train it under Training."
            )
        try:
            training = sections.get("training", {"window": WINDOW})
            recipe = Recipe.from_table({name: sections[name] for name in ("sampling", "limits") if name in sections})
            owner, tagged = sections["clone"]["speaker"], sections["documents"]["tagged"]
            base, window = at or training["base"], training["window"]
        except RecipeError as error:
            raise CloneError(f"In {clone.manifest_path}: {error.what}", "Change it there.") from error
        except (KeyError, TypeError) as error:
            raise CloneError(f"{clone.manifest_path} is not as it was written: {error}.", "Train again.") from error
        model = RemoteModel.connect(at) if at is not None else load(base, clone.intact_adapter())
        guards, corrections = Guards.of(clone, recipe.limits), AppliedCorrections(model.tokenizer, tagged, clone)
        names = clone.pseudonyms()
        return cls(model, owner, tagged, window, recipe.sampling, recipe.limits, guards, names, corrections)

    @property
    def engine(self) -> Engine:
        """The engine of a model on this machine; `EngineError` for one on a server."""
        if isinstance(self.model, RemoteModel):
            what = f"The model at {self.model.url} can only speak."
            raise EngineError(what, "Name a base on this machine, as `pocket`.")
        return self.model

    def guest_name(self, name: str) -> str:
        """`name` as somebody else bears it in a history: numbered if it is the owner's, whatever its case."""
        return speaker_names([("owner", self.owner, True), ("guest", name, False)])["guest"]

    def reply(self, history: History, sampling: Sampling | None = None) -> Reply:
        """The owner's next messages; see `replies`."""
        return self.replies([history], sampling)[0]

    def replies(
        self,
        histories: Sequence[History],
        sampling: Sampling | Sequence[Sampling] | None = None,
        on_done: Callable[[int], None] = lambda replies: None,
    ) -> list[Reply]:
        """A reply to each history of (name, text), oldest first, where lines under the owner's name are its own.

        `sampling` is one for all histories or one for each. Reply i draws from random stream i of its seed, so it does
        not depend on the other histories. A reply that a guard stops is
        generated again, at most `limits.retries` times and never at temperature 0; after that what the guard found is
        cut off, except for a line from an earlier reply, which may be the right answer twice. `on_done` is called with
        the number of replies that a step finished. They are generated in the calling thread; asyncio programs use a
        `Scheduler`.
        """
        samplings = for_each(histories, sampling or self.sampling)
        requests = [
            self.request(history, one, number)
            for number, (history, one) in enumerate(zip(histories, samplings, strict=True))
        ]
        for done in run(self.model, requests, self.limits.at_once):
            if done:
                on_done(len(done))
        for request in requests:
            self.interventions.add(request.interventions)
        return [Reply(request) for request in requests]

    def correct(self, history: History, rejected: Sequence[str] = (), chosen: Sequence[str] = ()) -> None:
        """Keep that the owner would not have answered `history` with the messages `rejected`, or would with `chosen`.

        It holds from the next request on, see `applied_corrections`, and is written to the clone's folder if the voice
        has one. `UsageError` where both are empty, `CloneError` where another process is writing to the clone.
        """
        turns, texts = self._as_learned(history, [*rejected, *chosen])
        self.corrections.add(Correction.now(turns, texts[: len(rejected)], texts[len(rejected) :]))

    def request(
        self,
        history: History,
        sampling: Sampling | None = None,
        random_stream: int = 0,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
        top_logprobs: int | None = None,
        opening: str = "",
    ) -> GenerationRequest:
        """A request for a reply to `history`, for a batch or a `Scheduler`.

        The reply ends before any text in `stop`, under real names or those that the voice learned. With `top_logprobs`
        its lines list their tokens, each with so many alternatives. `opening` is the beginning of the first line, which
        the reply continues. Raises `RecipeError` if `max_tokens` leave no room for what must be read.
        """
        rename = self._restoring(history)
        history, (opening, *learned) = self._as_learned(history, [opening, *stop])
        stop = [*stop, *learned]
        turns = self._turns(history)
        max_tokens = max_tokens or self._usual_tokens([*turns, (self.owner, opening)])
        max_lines = self.limits.lines if self.tagged else self.limits.untagged_lines
        options = ReplyOptions(self.owner, self.tagged, self.guards, max_lines, stop, tokens=top_logprobs is not None)
        others = set(names_at_line_heads(history, self.owner).values()) - {self.owner}
        request = self._request(history, others, turns, [opening], options, sampling, max_tokens)
        return replace(request, random_stream=random_stream, top_logprobs=top_logprobs or 0, rename=rename)

    def completion_request(
        self,
        prompt: str,
        sampling: Sampling | None = None,
        random_stream: int = 0,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
        top_logprobs: int | None = None,
    ) -> GenerationRequest:
        """A request for the continuation of a text, guarded as a reply is; see `request`.

        Each line of the text is a message of the owner's; one that `is_transcript` is continued as a transcript.
        `max_tokens` is by default 100, or fewer if the window is too small.
        """
        history, lines = split_transcript(prompt, self.owner) if self.is_transcript(prompt) else ([], lines_of(prompt))
        rename = self._restoring(history)
        turns, texts = self._as_learned(history, [*lines, *stop])
        lines, stop = texts[: len(lines)], [*stop, *texts[len(lines) :]]
        request = self._completion(turns, lines, sampling, max_tokens, stop, top_logprobs is not None)
        return replace(request, random_stream=random_stream, top_logprobs=top_logprobs or 0, rename=rename)

    def complete(self, prompt: str, max_tokens: int | None = None, sampling: Sampling | None = None) -> Completion:
        """Continue `prompt`, each line of which is a message of the owner's, in the calling thread.

        The tokens come as the guards release them. The owner's name before each further line is not shown. Raises
        `RecipeError` if `max_tokens` leave no room for the last line of `prompt`.
        """
        lines = lines_of(prompt)
        request = self._completion([], lines, sampling, max_tokens, (), True)
        return Completion("\n".join(map(normalise, lines)), request, self._stream(request))

    def _stream(self, request: GenerationRequest) -> Iterator[TokenText]:
        yield from stream_tokens(self.model, request)
        self.interventions.add(request.interventions)

    def _completion(
        self,
        history: History,
        lines: Sequence[str],
        sampling: Sampling | None,
        max_tokens: int | None,
        stop: Sequence[str],
        tokens: bool,
    ) -> GenerationRequest:
        most = self._prompts.longest_reply([(self.owner, line) for line in lines])
        max_tokens = max_tokens or min(COMPLETION_TOKENS, most)
        options = ReplyOptions(self.owner, self.tagged, self.guards, None, stop, keep_partial=True, tokens=tokens)
        names = {name for name, _ in history}
        return self._request(history, names, history, lines, options, sampling, max_tokens)

    def _request(
        self,
        history: History,
        names: Collection[str],
        turns: History,
        lines: Sequence[str],
        options: ReplyOptions,
        sampling: Sampling | None,
        max_tokens: int,
    ) -> GenerationRequest:
        """A request that continues the last of the owner's `lines` after `turns`; `names` are those of other people."""
        context = GuardContext.of(history, self.owner, names, max_tokens * TOKEN_CHARACTERS)
        context = replace(context, rejected=self.corrections.lines)
        at_heads = {self.owner, *names} if self.tagged else ()
        sampling = with_template_tokens(sampling or self.sampling, self.model.tokenizer, at_heads)
        if isinstance(self.model, RemoteModel):
            sampling = replace(sampling, best_of=1)  # most servers do not say how likely a text is
        return GenerationRequest(
            model=self.model,
            prompts=self._prompts,
            turns=turns,
            lines=lines,
            options=options,
            context=context,
            sampling=sampling,
            max_tokens=max_tokens,
            retries=self.limits.retries,
            bias=self.corrections.bias,
        )

    def prompt(self, history: History, max_tokens: int | None = None) -> list[int]:
        """Token ids of what the voice reads before it replies: the end of `history` that fits, and `owner:`.

        Room is left for a reply of `max_tokens`, by default `limits.tokens`; `RecipeError` if the last line and
        `owner:` then have none. Own lines that repeat a recent own line are left out: a loop must not feed itself.
        """
        turns = [*self._turns(self._as_learned(history)[0]), (self.owner, "")]
        return self._prompts.build(turns, max_tokens or self._usual_tokens(turns))

    @property
    def _prompts(self) -> PromptBuilder:
        return PromptBuilder(self.model.tokenizer, self.window, self.tagged)

    def _usual_tokens(self, turns: History) -> int:
        """The limit of a reply, or fewer if the window is too small for it."""
        return min(self.limits.tokens, self._prompts.longest_reply(turns))

    def _as_learned(self, history: History, texts: Sequence[str] = ()) -> tuple[History, list[str]]:
        """A history, and texts that belong to it, under the invented names that the voice knows people by, if any."""
        if self._pseudonyms is None:
            return history, list(texts)
        turns = self._pseudonyms.history([*history, *((self.owner, text) for text in texts)], self.owner)
        return turns[: len(history)], [text for _, text in turns[len(history) :]]

    def _restoring(self, history: History) -> Callable[[str], str] | None:
        """What gives the people of the history their names back in what the voice writes."""
        return None if self._pseudonyms is None else self._pseudonyms.restoring(history, self.owner)

    def _turns(self, history: History) -> list[Turn]:
        """The recent turns as the voice reads them: under safe names, without its own repetitions."""
        names = names_at_line_heads(history, self.owner)
        recent = without_repetitions(self._prompts.recent(history), self.owner)
        return [(names[name], text) for name, text in recent]

    def is_transcript(self, text: str) -> bool:
        """Whether a text is in the template with names, its last line one that the owner has begun."""
        return self.tagged and is_transcript(text, self.owner)

    def score(self, text: str) -> list[Scored]:
        """How likely each token of `text` is: a document in the template, or any other text.

        A text longer than the window is read in parts, see `scoring.loglikelihood_rolling`. A server scores its own
        tokens; `EngineError` if it does not score texts.
        """
        if isinstance(self.model, RemoteModel):
            return [Scored(*token) for token in self.model.score(text)]
        tokenizer = self.model.tokenizer
        tokens = [tokenizer.begin, *tokenizer.encode([text])[0]]
        logprobs = scoring.loglikelihood_rolling(self.model, [tokens], self.window)[0].tolist()
        spans = tokenizer.spans([text])[0]
        return [Scored(start, end, logprob) for (start, end), logprob in zip(spans, logprobs[1:], strict=True)]
