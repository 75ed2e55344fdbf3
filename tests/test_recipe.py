"""Settings."""

import pytest

from soundalike.errors import RecipeError
from soundalike.recipe import Recipe, Training


def test_a_recipe_survives_toml() -> None:
    """What is written is read back equal, unset budgets included."""
    recipe = Recipe(training=Training(minutes=3.0, method="lora", rank=8))
    assert Recipe.from_toml(recipe.to_toml()) == recipe


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[training]\nrank = 0", "training.rank"),
        ("[training]\nrang = 4", "training.rang"),
        ('[training]\nmethod = "magic"', "training.method"),
        ("[sampling]\ntemperature = -1", "temperature"),
        ("training = [", "not TOML"),
    ],
)
def test_a_wrong_setting_is_named(text: str, named: str) -> None:
    """The error says which setting is wrong."""
    with pytest.raises(RecipeError, match=named):
        Recipe.from_toml(text)
