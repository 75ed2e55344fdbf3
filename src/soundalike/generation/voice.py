"""A clone that speaks: replies to a history, continues a text, says how likely a text is.

Takes names and texts, gives texts: the template and the tokens stay inside. Which model speaks is the
engine's affair, what a reply must not do is `guards`', and nothing here sees a tensor.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from soundalike.engines import connect, load, scoring
from soundalike.engines.protocol import Engine
from soundalike.errors import CloneError, RecipeError
from soundalike.generation.batch import GenerationBatch
from soundalike.generation.batch_generator import generate
from soundalike.generation.guards import (
    HEARD_BACK,
    LINES_BACK,
    GuardContext,
    GuardCounts,
    Guards,
    loop_start,
    repeats_line,
)
from soundalike.generation.prompt import TOKEN_CHARACTERS, Reader
from soundalike.generation.reply_parser import ReplyOptions, Spelling, TokenText, read_turn
from soundalike.generation.request import GenerationRequest, PromptPlan
from soundalike.generation.sampling import Sampling
from soundalike.prompt_template import parse, render, speaker_name, speaker_names
from soundalike.training.recipe import Limits, Recipe

History = Sequence[tuple[str, str]]

WINDOW = 512
OPEN = 2_000  # characters of a line that is gone on with which guards look at: they look at it at every token
CONTINUED = 100  # tokens of a continuation, where nobody says how many
CHARACTERS_A_TOKEN = 3  # a little fewer than chat has: a server's model counts in characters here, and must not overrun


class Reply(list[str]):
    """The messages of one reply, perhaps none; `tokens` were drawn for it, `interventions` were needed."""

    def __init__(self, made: GenerationRequest) -> None:
        made.leave()
        super().__init__(made.texts)
        self.tokens = made.tokens + made.discarded
        self.interventions = made.interventions


@dataclass(frozen=True, slots=True)
class Completion:
    """A text being continued: `prompt` as the voice reads it, `prompt_tokens` long, and `pieces` as they come."""

    prompt: str
    prompt_tokens: int
    pieces: Iterator[TokenText]


@dataclass(frozen=True, slots=True)
class Scored:
    """One token of a text: `text[start:end]` and its natural-log probability given all before it."""

    start: int
    end: int
    logprob: float


class Voice:
    """An engine with an owner's name.

    `tagged` says whether the engine learned lines with names, `window` how many tokens it reads at once.
    `interventions` counts what the guards did since the voice was made.
    """

    def __init__(
        self,
        engine: Engine,
        owner: str,
        tagged: bool = True,
        window: int = WINDOW,
        sampling: Sampling | None = None,
        limits: Limits | None = None,
        guards: Guards | None = None,
    ) -> None:
        self.engine = engine
        self.owner = speaker_name(owner, "me")
        self.tagged = tagged
        self.window = window
        self.sampling = sampling or Sampling()
        self.limits = limits or Limits()
        self.guards = guards or Guards()
        self.interventions = GuardCounts()

    @classmethod
    def load(cls, folder: str | Path, at: str | None = None) -> "Voice":
        """The voice of a clone folder, as its clone.toml says; `CloneError` where there is none or it is untrained.

        With `at`, a server's address, the model there speaks, and the folder says only how: see engines/remote.py.
        """
        from soundalike.clone import Clone

        clone = Clone.open(folder)
        sections = clone.manifest()
        if at is None and ("training" not in sections or not clone.adapter_path.is_dir()):
            resume = " --resume" if clone.run_path.exists() else ""
            do = f"Train it: soundalike train {folder}{resume}"
            raise CloneError(f"The clone in {folder} has not been trained yet.", do)
        try:
            learned = sections.get("training", {"window": WINDOW})
            said = Recipe.from_table({name: sections[name] for name in ("sampling", "limits") if name in sections})
            owner, tagged = sections["clone"]["speaker"], sections["documents"]["tagged"]
            base, window = at or learned["base"], learned["window"]
        except RecipeError as error:
            raise CloneError(f"In {clone.manifest_path}: {error.what}", "Change it there.") from error
        except (KeyError, TypeError) as error:
            raise CloneError(f"{clone.manifest_path} is not as it was written: {error}.", "Train again.") from error
        limits = said.limits
        if at is not None:
            window *= CHARACTERS_A_TOKEN
            limits = limits.model_copy(update={"tokens": limits.tokens * CHARACTERS_A_TOKEN})
        engine = load(base, clone.intact_adapter()) if at is None else connect(at)
        return cls(engine, owner, tagged, window, said.sampling, limits, Guards.of(clone, limits))

    def guest_name(self, name: str) -> str:
        """`name` as somebody else bears it in a history: numbered where it is the owner's, whatever its case."""
        return speaker_names([("owner", self.owner, True), ("guest", name, False)])["guest"]

    def reply(self, history: History, sampling: Sampling | None = None) -> Reply:
        """What the owner says next, as the messages of a burst; see `replies`."""
        return self.replies([history], sampling)[0]

    def replies(
        self,
        histories: Sequence[History],
        sampling: Sampling | None = None,
        on_done: Callable[[int], None] = lambda replies: None,
    ) -> list[Reply]:
        """A reply to each history of (name, text), oldest first; lines under the owner's name are the voice's own.

        Reply i draws from random stream i, whatever other histories there are. A reply that a guard stops is
        drawn again, at most `limits.retries` times and never at temperature 0; then what the guard found is cut
        off, while a line from an earlier reply is let through: it may be the right answer twice. `on_done` hears how
        many replies were finished since.
        """
        utterances = [self.request(history, sampling, number) for number, history in enumerate(histories)]
        stage, waiting = GenerationBatch(self.engine), list(utterances)
        while waiting or len(stage):
            room = self.limits.at_once - len(stage)
            stage.begin(waiting[:room])
            waiting = waiting[room:]
            if done := stage.step():
                on_done(len(done))
        replies = [Reply(utterance) for utterance in utterances]
        for reply in replies:
            self.interventions.add(reply.interventions)
        return replies

    def request(
        self,
        history: History,
        sampling: Sampling | None = None,
        number: int = 0,
        max_tokens: int | None = None,
        stops: Sequence[str] = (),
        likeliest: int | None = None,
        begun: str = "",
    ) -> GenerationRequest:
        """A request for a reply to `history`; `number` is its random stream, the reply ends before any of `stops`.

        With `likeliest` its lines tell their tokens, with as many alternatives to each; a reply that has sent lines
        goes on after them. Of a first line that is `begun` already the reply is the rest. `RecipeError` where
        `max_tokens` leave no room for what must be read; see `prompt`.
        """
        turns = self._turns(history, begun)
        tokens = max_tokens or self._usual_tokens(turns)
        unmoved = self._reader.read(turns, tokens)
        lines = self.limits.lines if self.tagged else self.limits.untagged_lines
        others = self._others(history)
        told = self._told(sampling or self.sampling, {self.owner} | others)
        said, heard = _lately(history, self.owner, tokens * TOKEN_CHARACTERS)

        def plan(left: Sequence[str], more: str) -> PromptPlan:
            first, *others_left = [*left, more]
            *whole, last = [begun + first, *others_left]
            scene = GuardContext(said, left, heard, others)
            told_pieces, most = likeliest is not None, max(1, lines - len(left))
            terms = ReplyOptions(
                self.owner,
                self.tagged,
                most,
                self.guards,
                scene,
                stops,
                self._opening([last[-OPEN:]]),
                pieces=told_pieces,
            )
            since = [*history, *((self.owner, line) for line in whole)]
            read = self._reader.squeezed(self._turns(since, last), tokens) if left or more else unmoved
            return PromptPlan(read, terms, told)

        return GenerationRequest(self.engine, plan, tokens, self.limits.retries, number, likeliest or 0)

    def prompt(self, history: History, max_tokens: int | None = None) -> list[int]:
        """Token ids of what the voice reads before it replies: the end of `history` that fits, and `owner:`.

        It leaves room in the window for a reply of so many `max_tokens`, as a rule `limits.tokens`; `RecipeError`
        where the last line and `owner:` then have none.

        Own lines that repeat an own line shortly before are left out, so that a loop does not feed itself.
        """
        turns = self._turns(history)
        return self._reader.read(turns, max_tokens or self._usual_tokens(turns))

    @property
    def _reader(self) -> Reader:
        return Reader(self.engine.tokenizer, self.window, self.tagged)

    def _usual_tokens(self, turns: History) -> int:
        """The limit of a reply, or fewer where the window is too small for it."""
        return min(self.limits.tokens, self._reader.most(turns))

    def _turns(self, history: History, begun: str = "") -> list[tuple[str, str]]:
        """A history as the voice reads it, and its own line that is open."""
        names, recent = self._names(history), self._reader.within_reach(history)
        return [*((names[name], text) for name, text in self._fresh(recent)), (self.owner, begun)]

    def _fresh(self, history: History) -> Iterator[tuple[str, str]]:
        said: list[str] = []
        for name, text in history:
            own = name == self.owner
            if text.strip() and not (own and repeats_line(text, said)):
                yield name, text
            if own:
                said.append(text)

    def _names(self, history: History) -> dict[str, str]:
        """Name in the history -> name at the head of a line."""
        return speaker_names((name, name, name == self.owner) for name in [self.owner, *(name for name, _ in history)])

    def _others(self, history: History) -> set[str]:
        return set(self._names(history).values()) - {self.owner}

    def _tokens(self, text: str) -> list[int]:
        return [self.engine.tokenizer.begin, *self.engine.tokenizer.encode([text])[0]]

    def _told(self, sampling: Sampling, names: Collection[str]) -> Sampling:
        """`sampling`, told which tokens are the template's: `name:` at line heads, newline, and end."""
        newline, *heads = self.engine.tokenizer.encode(["\n", *(f"\n{name}:" for name in sorted(names))])
        skip = tuple(tuple(ids[len(newline) :]) for ids in heads if ids[: len(newline)] == newline)
        spare = (self.engine.tokenizer.end, *newline)
        return replace(sampling, dry_skip=skip if self.tagged else (), dry_spare=spare)

    def complete(self, prompt: str, max_tokens: int | None = None, sampling: Sampling | None = None) -> Completion:
        """Go on with `prompt` in the owner's words; each of its lines is a message.

        Ends with the conversation, where somebody else would begin, where the text loops, and after
        `max_tokens`, as a rule 100. Where lines bear names, the owner's stands before each but is not shown.
        `RecipeError` where so many tokens leave no room for the last line of `prompt`.
        """
        lines = _lines_of(prompt)
        max_tokens = max_tokens or min(CONTINUED, self._reader.most(self._burst(lines)))
        text, tokens = self._opening(lines), self._reader.read(self._burst(lines), max_tokens)
        told = self._told(sampling or self.sampling, {self.owner})
        shown = "\n".join(read_turn(text, self.owner, self.tagged)[0])
        return Completion(shown, len(tokens), self._pieces(text, shown, tokens, told, max_tokens))

    def completion_request(
        self,
        prompt: str,
        sampling: Sampling | None = None,
        number: int = 0,
        max_tokens: int = CONTINUED,
        stops: Sequence[str] = (),
        likeliest: int | None = None,
    ) -> GenerationRequest:
        """The same as `complete` for a `GenerationBatch` to make, and guarded as a reply is; see `request`.

        A prompt that `is_transcript` is gone on with as one.
        """
        history, begun = self._parted(prompt)
        others = {name for name, _ in history}
        said, heard = _lately(history, self.owner, max_tokens * TOKEN_CHARACTERS)
        read = self._reader.read([*history, *self._burst(begun)], max_tokens)
        told = self._told(sampling or self.sampling, {self.owner} | others)

        def plan(left: Sequence[str], more: str) -> PromptPlan:
            first, *others_left = [*left, more]
            lines = [*begun[:-1], begun[-1] + first, *others_left]
            turns = [*history, *self._burst(lines)]
            tokens = self._reader.squeezed(turns, max_tokens) if left or more else read
            scene = GuardContext(said, left, heard, others)
            pieces = likeliest is not None
            text = self._opening([lines[-1][-OPEN:]])
            terms = ReplyOptions(
                self.owner, self.tagged, None, self.guards, scene, stops, text, broken=True, pieces=pieces
            )
            return PromptPlan(tokens, terms, told)

        return GenerationRequest(self.engine, plan, max_tokens, self.limits.retries, number, likeliest or 0)

    def is_transcript(self, text: str) -> bool:
        """Whether a text is in the template with names, its last line one that the owner has begun."""
        turns = parse(text) if self.tagged and not text.endswith("\n") else []
        return bool(turns) and turns[-1][0] == self.owner and all(name for name, _ in turns[1:])

    def _parted(self, prompt: str) -> tuple[list[tuple[str, str]], list[str]]:
        """The turns of a transcript before the owner's last burst, and its lines; of any other text its lines."""
        if not self.is_transcript(prompt):
            return [], _lines_of(prompt)
        turns = [turn for turn in parse(prompt) if turn[0]]  # the first may be the rest of a line, with no name
        burst = len(list(takewhile(lambda turn: turn[0] == self.owner, reversed(turns))))
        return turns[:-burst], [text for _, text in turns[-burst:]]

    def _burst(self, lines: Sequence[str]) -> list[tuple[str, str]]:
        """The owner's lines as turns."""
        return [(self.owner, line) for line in lines]

    def _opening(self, lines: Sequence[str]) -> str:
        """The owner's lines without the first `owner:`."""
        opened = render([(self.owner, line) for line in lines], end=False, tagged=self.tagged)
        return opened.removeprefix(f"{self.owner}:") if self.tagged else opened

    def _pieces(
        self, text: str, shown: str, tokens: Sequence[int], knobs: Sampling, max_tokens: int
    ) -> Iterator[TokenText]:
        spelling = Spelling(self.engine.tokenizer, tokens)
        for (step,) in generate(self.engine, [tokens], knobs, max_tokens):
            ended = step.token == self.engine.tokenizer.end
            text += "" if ended else spelling.add(step.token)
            messages, over = read_turn(text, self.owner, self.tagged)
            before, shown = shown, "\n".join(messages)
            yield TokenText(shown[len(before) :], step.logprob)
            looped = loop_start(shown) is not None
            self.interventions.looped += looped
            if ended or over or looped:
                return

    def score(self, text: str) -> list[Scored]:
        """How likely each token of `text` is to the voice; a document in the template, or any other text.

        A text longer than the window is read in parts, see `scoring.loglikelihood_rolling`.
        """
        logprobs = scoring.loglikelihood_rolling(self.engine, [self._tokens(text)], self.window)[0].tolist()
        spans = self.engine.tokenizer.spans([text])[0]
        return [Scored(start, end, logprob) for (start, end), logprob in zip(spans, logprobs[1:], strict=True)]


def _lines_of(prompt: str) -> list[str]:
    """Its messages; after a line break a new one begins."""
    lines = [line for line in prompt.split("\n") if line.strip()]
    return [*lines, ""] if prompt.endswith("\n") or not lines else lines


def _lately(history: History, owner: str, reach: int) -> tuple[list[str], list[str]]:
    """The last lines of the owner, and those of others that a reply is not to say back.

    Longer ones than `reach` characters, which no reply can be, are cut: they are compared at every word.
    """
    said = [text[:reach] for name, text in history if name == owner][-LINES_BACK:]
    return said, [text[:reach] for name, text in history if name != owner][-HEARD_BACK:]
