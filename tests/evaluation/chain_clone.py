"""Clone folders whose trained voice is a word chain, of an invented calm owner and a loud friend."""

from pathlib import Path
from random import Random

from soundalike.clone import Clone
from soundalike.engines import load
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import fill
from soundalike.training.packing import encode, pack
from tests.invented import Message, corpus
from tests.metrics.people import calm, loud

CHATS = 220


def new(rng: Random) -> str:
    """Two calm sentences, which are hardly ever repeated."""
    return f"{calm(rng)} {calm(rng)}"


def chat(rng: Random, start: float, dialogue: bool) -> list[Message]:
    """A loud friend writes two messages, a calm owner two, four times over; or the owner's messages alone."""
    lines = [("me", new(rng)) if at % 4 > 1 else ("a", loud(rng)) for at in range(16)]
    return [(start + at, "x", who, text) for at, (who, text) in enumerate(lines) if dialogue or who == "me"]


def chain_clone(path: Path, dialogue: bool = True, chats: int = CHATS, order: int = 2) -> Path:
    """Import so many chats into `path` and train a word chain of this order on them."""
    rng = Random(5)
    made = corpus([message for number in range(chats) for message in chat(rng, number * 100.0, dialogue)])
    clone = Clone.claim(path)
    with clone.locked("test"):
        with clone.replacing() as scratch:
            fill(clone, scratch, made, {}, DocumentSettings(), force=True)
        clone.record(
            training={"base": f"markov-{order}", "window": 256},
            sampling={"temperature": 1.0, "min_p": 0.0, "dry_multiplier": 0.0},
        )
    engine = load(f"markov-{order}")
    engine.step(pack(list(encode(clone.documents("train"), engine.tokenizer, 256)), 256, 0), 0.0)
    engine.save(clone.adapter_path)
    return path
