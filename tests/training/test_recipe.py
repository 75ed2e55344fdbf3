"""Settings."""

import pytest

from soundalike.errors import RecipeError
from soundalike.training.recipe import Limits, Recipe, Training


def test_a_recipe_survives_toml() -> None:
    """What is written is read back equal, unset budgets included."""
    recipe = Recipe(training=Training(minutes=3.0, method="lora", rank=8), limits=Limits(retries=1))
    assert Recipe.from_toml(recipe.to_toml()) == recipe


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[training]\nrank = 0", "training.rank"),
        ("[training]\nrang = 4", "training.rang"),
        ('[training]\nmethod = "magic"', "training.method"),
        ("[sampling]\ntemperature = -1", "temperature"),
        ("[limits]\nlines = 0", "limits.lines"),
        ("training = [", "not TOML"),
    ],
)
def test_a_wrong_setting_is_named(text: str, named: str) -> None:
    """The error says which setting is wrong."""
    with pytest.raises(RecipeError, match=named):
        Recipe.from_toml(text)


def test_only_settings_that_have_an_effect_are_used() -> None:
    """Each method has its own, Muon's scale needs Muon, and a budget that is unset is none."""
    special = {"rank", "alpha", "optimizer", "muon_scale", "minutes", "epochs", "iters"}
    assert special & Training(iters=3).used().keys() == {"optimizer", "iters"}
    assert special & Training(optimizer="muon").used().keys() == {"optimizer", "muon_scale"}
    assert special & Training(method="lora", optimizer="muon", epochs=2).used().keys() == {"rank", "alpha", "epochs"}
    assert Training().used().items() >= {"method": "full", "learning_rate": 2e-3, "window": 256}.items()
