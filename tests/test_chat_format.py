"""The benchmark's chat format: what of a document stands where in ChatML, and that it can be learned and answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chat_format import TURN_LINES, ChatVoice, bits_per_byte, learned, turns
from soundalike import engines
from soundalike.clone import Clone
from soundalike.clone.document import Document
from soundalike.demo import EXPORT
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.generation.sampling import Sampling
from soundalike.importing.importer import run_import
from soundalike.training.plan import plan_training
from tests.engines import tiny

DOCUMENT = Document(
    "kim: are you coming?\nada: yes\nada: in ten\nkim: ok\n",
    [("kim: are you coming?\n", 0.25), ("ada: yes\nada: in ten\n", 1.0), ("kim: ok\n", 0.25)],
)
SYSTEM = "<|im_start|>system\nYou are ada, chatting with friends.<|im_end|>\n"
ASKED = "<|im_start|>user\nkim: are you coming?<|im_end|>\n"
ANSWERED = "<|im_start|>assistant\nyes\nin ten<|im_end|>\n"
LAST = "<|im_start|>user\nkim: ok<|im_end|>\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base whose tokenizer has the tokens of ChatML."""
    folder = tiny.base(tmp_path_factory.mktemp("chat") / "base", vocab_size=260, max_positions=512)
    fast = tiny.bytewise()
    fast.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    fast.save(str(folder / "tokenizer.json"))
    (folder / "SHA256SUMS").unlink()
    return folder


@pytest.fixture(scope="module")
def voice(base: Path) -> Iterator[ChatVoice]:
    """The base, speaking for ada."""
    yield ChatVoice(engines.load(str(base)), "ada")


def text(voice: ChatVoice, tokens: list[int]) -> str:
    """The tokens as text, special ones too."""
    tokenizer = voice.engine.tokenizer
    assert isinstance(tokenizer, FileTokenizer)
    return str(tokenizer.fast.decode(tokens, skip_special_tokens=False))


def test_a_document_is_a_chat_with_the_weights_of_its_turns(voice: ChatVoice) -> None:
    """The system's turn weighs nothing, and lines of one speaker in a row are one turn."""
    (part,) = voice.parts([DOCUMENT], 512)
    assert text(voice, part.tokens.tolist()) == SYSTEM + ASKED + ANSWERED + LAST
    lengths = [weight for weight in part.weights.tolist() if weight]
    assert lengths.count(1.0) == len("assistant\nyes\nin ten\n") + 2
    assert lengths.count(0.25) == len("user\nkim: are you coming?\n" + "user\nkim: ok\n") + 4


def test_a_long_document_is_cut_between_turns(voice: ChatVoice) -> None:
    """Each part begins with the system's turn; a turn that no window holds is cut off."""
    room = len("system\nYou are ada, chatting with friends.\n") + 2
    parts = [text(voice, part.tokens.tolist()) for part in voice.parts([DOCUMENT], room + 32)]
    assert parts == [SYSTEM + ASKED, SYSTEM + ANSWERED, SYSTEM + LAST]
    short = [part.tokens.size for part in voice.parts([DOCUMENT], room + 16)]
    assert short == [room + 16, room + 16, room + 15]
    many = Document("ada: ha\n" * (TURN_LINES + 1))
    assert [said.count("ha") for _, said, _ in turns(many, "ada")] == [TURN_LINES, 1]


def test_it_is_learned_measured_and_answered(base: Path, tmp_path: Path) -> None:
    """Two steps lower the loss of a random base; replies are lines without any of the format."""
    run_import([EXPORT], tmp_path / "me", force=True)
    clone = Clone.open(tmp_path / "me")
    recipe = plan_training(
        clone, str(base), {"iters": 2, "replay": 0.0, "learning_rate": 0.01, "warmup_steps": 1}
    ).recipe
    held = clone.documents("valid")[:20]
    owner = clone.manifest()["clone"]["speaker"]
    before = bits_per_byte(ChatVoice(engines.load(str(base)), owner), held, 256, 1, 4)
    found = learned(clone, recipe)
    assert bits_per_byte(found, held, 256, 1, 4) < before
    replies = found.replies([[("sam", "hey")]] * 3, Sampling(seed=1))
    assert len(replies) == 3 and not any("<|im" in line for reply in replies for line in reply)


def test_a_tokenizer_without_its_tokens_is_refused(tmp_path: Path) -> None:
    """They would be typed out letter by letter."""
    with pytest.raises(LookupError, match="<|im_start|>"):
        ChatVoice(engines.load(str(tiny.base(tmp_path / "plain"))), "ada")
