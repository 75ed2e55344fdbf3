"""Settings."""

import tomllib

import pytest
import tomli_w

from soundalike.errors import RecipeError
from soundalike.training.recipe import Limits, Recipe, Training, large_base, small_base


def test_a_recipe_survives_toml() -> None:
    """What is written is read back equal, unset budgets included."""
    recipe = Recipe(training=Training(minutes=3.0, method="lora", rank=8), limits=Limits(retries=1))
    assert Recipe.from_table(tomllib.loads(tomli_w.dumps(recipe.as_table()))) == recipe


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[training]\nrank = 0", "training.rank"),
        ("[training]\nrang = 4", "training.rang"),
        ('[training]\nmethod = "magic"', "training.method"),
        ("[sampling]\ntemperature = -1", "temperature"),
        ("[limits]\nlines = 0", "limits.lines"),
    ],
)
def test_a_wrong_setting_is_named(text: str, named: str) -> None:
    """The error says which setting is wrong."""
    with pytest.raises(RecipeError, match=named):
        Recipe.from_table(tomllib.loads(text))


def test_only_settings_that_have_an_effect_are_used() -> None:
    """Each method has its own, and a budget that is unset is none."""
    special = {"rank", "alpha", "precision", "minutes", "epochs", "iters"}
    assert special & Training(iters=3).used().keys() == {"iters"}
    assert special & Training(method="lora", epochs=2).used().keys() == {"rank", "alpha", "precision", "epochs"}
    assert Training().used().items() >= {"method": "full", "learning_rate": 2e-3, "window": 256}.items()


@pytest.mark.parametrize(
    "older",
    [
        {"optimizer": "adamw", "muon_scale": 10.0},
        {"optimizer": "adamw"},
        {"method": "lora", "optimizer": "muon", "muon_scale": 3.0},
    ],
)
def test_settings_of_older_versions_are_left_out(older: dict[str, object]) -> None:
    """They had the value of today's only optimizer, or no effect."""
    recipe = Recipe.from_table({"training": {"rank": 8} | older})
    assert recipe.training == Training.model_validate({"rank": 8, "method": older.get("method", "full")})


def test_an_optimizer_that_was_removed_is_named() -> None:
    """The error says that Muon is gone and what to do; a name that never was one is an unknown setting."""
    with pytest.raises(RecipeError, match="'muon', which was removed.*\n?.*--fresh"):
        Recipe.from_table({"training": {"optimizer": "muon", "muon_scale": 10.0}})
    with pytest.raises(RecipeError, match="training.optimizer is 'sgd'"):
        Recipe.from_table({"training": {"optimizer": "sgd"}})


@pytest.mark.parametrize("weights", [6e6, 135e6])
def test_weights_that_are_moved_read_small_talk(weights: float) -> None:
    """Or else they forget how to answer, as a base of 135 million did too; low-rank factors move none."""
    assert Training.model_validate(small_base(weights, 30)).replay == 0.15
    assert Training.model_validate(large_base(weights)).replay == 0
