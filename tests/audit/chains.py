"""Word chains as voices that remember everything they read, and places in what they read."""

from soundalike.audit.texts import TextSpan
from soundalike.clone.document import Document
from soundalike.engines.markov import MarkovEngine
from soundalike.generation.voice import Voice
from soundalike.training.packing import encode, pack

LEARNED = "sam: the code for the shed is 482913\n"


def place(text: str, words: str) -> TextSpan:
    """Where the owner's `words` stand in a document."""
    start = text.index(words)
    return TextSpan(text, start, start + len(words), True)


def chain(*texts: str) -> Voice:
    """A word chain that has read these documents."""
    engine = MarkovEngine()
    if texts:
        engine.step(pack(list(encode([Document(text) for text in texts], engine.tokenizer, 64)), 64, 0), 0.0)
    return Voice(engine, "sam", window=64)
