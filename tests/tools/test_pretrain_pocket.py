"""What makes the embedded base, on a few invented conversations."""

import gzip
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from soundalike.engines import llama
from soundalike.engines.llama_model import LlamaConfig
from tools.pretrain_pocket import corpora
from tools.pretrain_pocket.cleaning import clean
from tools.pretrain_pocket.pretrain import pretrain
from tools.pretrain_pocket.settings import Settings

SHAPE = LlamaConfig(
    vocab_size=320,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=16,
    max_position_embeddings=128,
)
SETTINGS = Settings(
    tokens=8_000, window=64, batch_windows=4, chunk_conversations=64, vocabulary=320, warmup_steps=4, matrix_rate=0.01
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small corpora in the layout that pretraining reads."""
    rng = Random(0)
    for name, count in (("tea", 300), ("critical_role", 60)):
        rows = [
            {
                "source": name,
                "thread": f"t{n}",
                "turns": [[w % 2, f"(laughs) tea number {rng.randrange(99)}?"] for w in range(6)],
            }
            for n in range(count)
        ]
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)
    return tmp_path


def test_junk_is_left_out() -> None:
    """Stage directions go, code and help-bot lines go, masks go, talk stays as typed."""
    turns = [
        (0, "(gasps) oh no"),
        (1, "```x = 1```"),
        (0, "see <link>"),
        (1, "@bot sends brownie points"),
        (1, "lol WHAT"),
    ]
    assert list(clean("critical_role", turns)) == [(0, "oh no"), (1, "lol WHAT")]


def test_a_fixed_share_is_held_out_by_hash(folder: Path) -> None:
    """What is held out is never trained on, does not depend on order, and is about 2 %."""
    first, again = corpora.read(folder), corpora.read(folder)
    assert first == again
    held = {c.turns for pool in first.held_out.values() for c in pool}
    trained = {c.turns for pool in first.train.values() for c in pool}
    assert held and not held & trained
    assert len(held) / (len(held) + len(trained)) < 0.06


def test_chunks_follow_the_seed_alone(folder: Path) -> None:
    """The third chunk is the same whoever asks, and another seed gives another."""
    data = corpora.read(folder)
    third = list(islice(corpora.chunks(data, 1, 32, {}), 3))[2]
    assert third == list(islice(corpora.chunks(data, 1, 32, {}), 3))[2]
    assert third != list(islice(corpora.chunks(data, 2, 32, {}), 3))[2]


def test_pretraining_makes_a_base_that_loads_and_resumes(folder: Path, tmp_path: Path) -> None:
    """Held-out bits fall, the folder loads in the engine and in transformers, a second half equals going through."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    untrained = pretrain(folder, tmp_path / "none", replace(SETTINGS, tokens=300), SHAPE)
    whole = pretrain(folder, tmp_path / "whole", SETTINGS, SHAPE)
    assert whole["mean"] < untrained["mean"] - 0.3
    engine = llama.load(str(tmp_path / "whole"))
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "whole")
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in engine.model.parameters())
    ids = AutoTokenizer.from_pretrained(tmp_path / "whole")("bo: tea?\n")["input_ids"]
    assert ids == engine.tokenizer.encode(["bo: tea?\n"])[0]
    again = pretrain(folder, tmp_path / "whole", SETTINGS, SHAPE)
    assert again["mean"] == whole["mean"]


def test_a_finished_run_goes_on_in_a_round_of_its_own(folder: Path, tmp_path: Path) -> None:
    """More tokens for a finished run begin with a new warm-up, and bring its held-out bits further down."""
    first = pretrain(folder, tmp_path / "base", replace(SETTINGS, tokens=4_000), SHAPE)
    second = pretrain(folder, tmp_path / "base", replace(SETTINGS, tokens=12_000), SHAPE)
    assert second["tokens"] > first["tokens"] and second["mean"] < first["mean"]
    began, steps = 4_000 // SETTINGS.step_tokens, 12_000 // SETTINGS.step_tokens
    rates = [replace(SETTINGS, tokens=12_000).rate(step, began) for step in range(began, steps)]
    assert rates[0] == 1 / SETTINGS.warmup_steps and max(rates) == 1.0 and 0 < rates[-1] < 0.2
    gentle = [replace(SETTINGS, tokens=12_000, peak=0.4).rate(step, began) for step in range(began, steps)]
    assert gentle == pytest.approx([0.4 * rate for rate in rates])
