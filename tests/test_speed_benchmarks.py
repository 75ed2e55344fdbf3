"""What the comparisons of speed are made of: prompts not read before, tables with more than one figure."""

import json
import sys

import pytest

from benchmarks.generate import PROMPT_TOKENS, prompts_of
from benchmarks.side import Side, compare
from benchmarks.train import training_of
from soundalike.engines import llama

FIGURES = {"with": {"rate": 50, "memory": 2.5}, "without": {"rate": 25}}


def test_each_prompt_of_a_larger_base_is_another_one() -> None:
    """Of one length, and none returns in the next turn: what was read before would cost nothing."""
    tokenizer = llama.load("pocket").tokenizer
    turns = prompts_of("smollm2", tokenizer, 3)
    prompts = [tuple(prompt) for turn in (next(turns), next(turns)) for prompt in turn]
    assert {len(prompt) for prompt in prompts} == {PROMPT_TOKENS} and len(set(prompts)) == 6
    assert len({tuple(prompt) for prompt in next(prompts_of("pocket", tokenizer, 3))}) == 1


def test_a_base_is_trained_as_its_recipe_has_it_or_by_factors() -> None:
    """In the windows and steps of the comparison."""
    recipe, factors = training_of("pocket", "recipe"), training_of("pocket", "lora")
    assert (recipe.method, factors.method) == ("full", "lora")
    assert recipe.step_tokens == factors.step_tokens == 2_048 and recipe.window == factors.window == 256


def test_a_table_has_the_figures_that_a_side_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """The side's own figure in each round, and the others that were asked for where it has them."""
    commands = ([sys.executable, "-c", f"print({json.dumps(json.dumps(figures))})"] for figures in FIGURES.values())
    sides = [Side(name, command, "rate") for name, command in zip(FIGURES, commands, strict=True)]
    found = compare("Speed", "tokens", sides, 2, ("memory",), warmup=False)
    assert found == {"with": [50, 50], "without": [25, 25]}
    printed = capsys.readouterr().out
    assert "memory" in printed and "2.5" in printed and "2.00" in printed
