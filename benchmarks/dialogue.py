"""Several clones of one person in the same held-out conversations: what does learning both sides of the talk give?

    python -m benchmarks.dialogue SCENES CLONE... [--seeds 3] [--split test]

SCENES is a clone folder of an export with everybody's lines. It and each CLONE, of which some may know the owner's
lines alone, answer the turns of its held-out part, whose contexts are what other people really wrote. No CLONE may have
learned from that part: compare the dates. `copying` is of the owner's messages in the training part of SCENES, `others`
the same for everybody else's.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from soundalike.clone import Clone
from soundalike.errors import UsageError
from soundalike.evaluation import bits_per_byte
from soundalike.evaluation.evaluate import SCENES
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import Conversation, conversations
from soundalike.evaluation.judge import judge_systems
from soundalike.evaluation.replies import answer_scenes
from soundalike.evaluation.reply_features import ReplyReader
from soundalike.evaluation.system_metrics import System, coherence, copying, repetition, two_sample_test
from soundalike.generation.voice import Voice
from soundalike.metrics.ngram_index import MessageIndex
from soundalike.metrics.stats import Estimate, mean
from soundalike.metrics.windows import MessageWindows

OWNER = "the owner"
COLUMNS = ("fooled", "likeness", "coherence", "copying", "others", "repetition")


def measure_clones(scenes: Path, clones: Sequence[Path], seeds: int, split: str = "test") -> dict[str, dict[str, str]]:
    """A row of figures for the owner and for each clone, by its folder."""
    chats, _ = conversations(Clone.open(scenes))
    voices = {str(folder): Voice.load(folder) for folder in (scenes, *clones)}
    owner = voices[str(scenes)].owner
    if strangers := [folder for folder, voice in voices.items() if voice.owner != owner]:
        raise UsageError(f"{strangers[0]} is not a clone of {owner}.", "Name clones whose owner has the same name.")
    held_out, others = EvaluationSet(chats, split, owner, SCENES), others_messages(chats["train"])
    systems = [System(OWNER, [held_out.real])]
    systems += [
        System(folder, answer_scenes(voice, held_out.scenes, range(1, seeds + 1))) for folder, voice in voices.items()
    ]
    fooled, _ = judge_systems(ReplyReader(held_out), systems[1:])
    rows = {}
    for system in systems:
        own = system.name == OWNER
        judged, test = fooled.get(system.name), None if own else two_sample_test(held_out, system)
        figures = {
            "fooled": judged.estimate if judged else None,
            "likeness": held_out.scaled(test),
            "coherence": coherence(held_out, system),
            "copying": copying(held_out, system.windows),
            "others": found_in(others, system.windows),
            "repetition": repetition(held_out, system.windows),
        }
        bits = None if own else bits_per_byte.measure(voices[system.name], chats[split])
        cost = {} if bits is None else {"bits": bits.per_byte(bits.on).as_text()}
        rows[system.name] = cost | {name: one.as_text(percent=True) for name, one in figures.items() if one}
    return rows


def others_messages(chats: Sequence[Conversation]) -> MessageIndex:
    """Other people's messages, to look copies up in, without those that the owner wrote too."""
    own = MessageIndex([line.text for chat in chats for line in chat if line.me])
    return MessageIndex([line.text for chat in chats for line in chat if not line.me and not own.is_message(line.text)])


def found_in(index: MessageIndex, by_seed: Sequence[MessageWindows]) -> Estimate:
    """Share of the messages of five words and more that stand word for word in one of `index`."""
    found = [
        (index.in_message(text), group)
        for windows in by_seed
        for messages, group in zip(windows.messages, windows.groups.tolist(), strict=True)
        for text in messages
    ]
    values, groups = zip(*((float(copied), group) for copied, group in found if copied is not None), strict=True)
    return mean(np.array(values), np.array(groups, np.int64))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenes", type=Path)
    parser.add_argument("clones", type=Path, nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    args = parser.parse_args()
    rows = measure_clones(args.scenes, args.clones, args.seeds, args.split)
    table = Table("", "bits a byte", *COLUMNS)
    for name, row in rows.items():
        table.add_row(name, *(row.get(column, "") for column in ("bits", *COLUMNS)))
    Console().print(table)


if __name__ == "__main__":
    main()
