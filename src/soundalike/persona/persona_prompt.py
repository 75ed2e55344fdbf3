"""`soundalike export me --to prompt`: prompt.md, which any chat model can be given, and the examples to release."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path
from string import Template

import polars as pl

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.evaluation.held_out import conversations
from soundalike.export import PROMPT, export_folder, file_sizes, replacing_export
from soundalike.persona.facts import FACTS, facts
from soundalike.persona.prompt_examples import PromptExample, drawn_examples, from_file, to_file
from soundalike.portrait.data import PortraitData, build_data
from soundalike.progress import OnProgress, WeightedProgress

FILE, EXAMPLES = "prompt.md", "examples.txt"
LONGEST = 12_000  # characters, 3,000 to 4,000 tokens: what every chat model of these years reads with room to spare
CANDIDATES = 40
HEADING = "\n## Examples\n\nReal talks of yours. Write like them, and do not repeat them.\n\n"
READING = 4.0  # how long the messages take to read, in the time of one of FACTS
APART = "\n\n"  # between examples


@dataclass(frozen=True, slots=True)
class PromptExport:
    """What was written: the `prompt`, its `characters`, the file of `examples`, how many there are `to_release`, how
    many of them were `released`, and how many of these were `left_out` because the prompt would be too long."""

    folder: str
    files: dict[str, int]
    prompt: str
    characters: int
    examples: str
    to_release: int
    released: int
    left_out: int

    def lines(self) -> list[str]:
        """The result in lines, the last of which say what to do next."""
        full = f"; {self.left_out} of them did not fit" if self.left_out else ""
        return [
            f"{self.prompt}: {self.characters:,} characters, with {self.released - self.left_out} examples.",
            f"{self.examples}: {self.to_release} exchanges to choose from, {self.released} released{full}.",
            "None is in the prompt unless you release it: put an x between its brackets, and export again.",
            f"Paste the prompt into any chat model, or measure one with it: {self.command}",
        ]

    @property
    def command(self) -> str:
        """How a chat model with this prompt is measured."""
        me = shlex.quote(str(Path(self.folder).parent))
        return f"soundalike evaluate {me} --at URL --prompt {shlex.quote(self.prompt)}"


def export_prompt(
    clone: Clone, candidates: int = CANDIDATES, on_progress: OnProgress = lambda done, of: None
) -> PromptExport:
    """Write the prompt and the file of examples; what the owner released and changed there is kept.

    `candidates` are the examples to choose from. `on_progress` is called while the messages are counted.
    `TooLittleText` where there is too little to count; `CloneError` where the messages or the file cannot be read, or
    other files are in the way.
    """
    progress = WeightedProgress(on_progress)
    read, counted = progress.plan(1, READING), progress.plan(len(FACTS), 1.0)
    chats, documents = conversations(clone)
    data = learned_data(clone, documents.frame)
    read(1)
    examples = _known_examples(export_folder(clone, PROMPT) / EXAMPLES)
    known = {one.text for one in examples}
    new = (one for one in drawn_examples(chats["train"], documents.speaker, data.name_filter.allows_line))
    more = (one for one in new if one.text not in known)
    examples += islice(more, max(0, candidates - len(examples)))
    released = [one for one in examples if one.released]
    prompt, shown = compose_prompt(documents.speaker, data, released, counted)
    with replacing_export(clone, PROMPT) as target:
        (target / FILE).write_text(prompt, encoding="utf-8")
        (target / EXAMPLES).write_text(to_file(examples), encoding="utf-8")
        sizes = file_sizes(target)
    folder = export_folder(clone, PROMPT)
    return PromptExport(
        folder=str(folder),
        files=sizes,
        prompt=str(folder / FILE),
        characters=len(prompt),
        examples=str(folder / EXAMPLES),
        to_release=len(examples),
        released=len(released),
        left_out=len(released) - shown,
    )


def learned_data(clone: Clone, documents: pl.DataFrame) -> PortraitData:
    """What the portrait counts, of the messages before the held-out parts, on which the prompt is measured."""
    messages = clone.messages()
    held_out = documents.filter(pl.col("split") != "train")["started_at"].min()
    if held_out is not None:
        messages = messages.filter(pl.col("sent_at") < held_out)
    return build_data(messages, clone.names_of_others(), str(clone.manifest().get("clone", {}).get("speaker", "me")))


def compose_prompt(
    owner: str,
    data: PortraitData,
    released: Sequence[PromptExample],
    on_facts: Callable[[int], None] = lambda more: None,
) -> tuple[str, int]:
    """The prompt in Markdown, up to LONGEST characters, and how many of the examples it holds; see `facts`."""
    template = Template(files("soundalike.persona").joinpath("instructions.md").read_text("utf-8"))
    counted = "\n".join(f"- {fact}" for fact in facts(data, on_facts))
    prompt = template.substitute(owner=owner, messages=f"{data.messages.height:,}", facts=counted)
    size, shown = len(prompt) + len(HEADING), list[str]()
    for example in released:
        size += len(example.text) + len(APART)
        if size > LONGEST:
            break
        shown.append(example.text)
    return prompt + (HEADING + APART.join(shown) + "\n" if shown else ""), len(shown)


def _known_examples(path: Path) -> list[PromptExample]:
    """The examples of an earlier export, none without one."""
    if not path.is_file():
        return []
    try:
        return from_file(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise CloneError(f"{path} cannot be read: {error}.", "Save it as UTF-8, or delete it.") from error
