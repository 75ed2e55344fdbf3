"""Invented speaker names: first names from many countries, and handles made of words and numbers.

There are many of them on purpose: the model learns the pattern `name: text` for any name and remembers none.
"""

from random import Random

FIRST = (
    "Ada Adi Aiko Aino Alma Amara Ana Anders Anika Anya Ari Arjun Asha Astrid Avi Ayo Beau Bea Ben Bianca Bo Bram "
    "Carlos Carmen Cem Chidi Chloe Clara Cleo Cora Dana Dario Dev Diego Dina Dora Eda Eli Elif Ella Elsa Emil "
    "Emma Enzo Eric Esme Eva Ewa Farah Felix Finn Flora Freya Gabe Gina Grace Greta Gus Hana Hank Hans Hugo Ida "
    "Iker Ines Ingrid Iris Isla Ivan Ivy Jack Jada Jan Jay Jess Jin Joan Joao Joe Jonas Jude Juan Juno Kai Kaja "
    "Karim Kate Ken Kim Kira Kofi Lara Lars Lea Leo Liam Lila Lina Liv Lola Lou Luca Lucy Luis Luka Luna Mads "
    "Maia Malik Mara Marco Mari Mary Matt Max May Mei Mia Mika Milo Mina Mo Moira Nadia Nate Neil Nia Nick Nils "
    "Nina Noa Noah Noor Nora Olga Olive Omar Oren Oscar Otto Pablo Pam Paul Peg Pia Priya Quinn Rafa Raj Ravi Ray "
    "Remy Rhea Rita Rob Rosa Ross Roy Rui Ruth Sam Sana Sara Sean Sel Seth Shay Sia Sid Silas Sofia Sol Sonja "
    "Soren Suki Sven Tara Ted Tess Theo Tia Tim Tina Tom Tove Uma Una Val Vera Vic Vik Wen Will Xena Yara Yan "
    "Yuki Yusuf Zach Zara Zeb Zoe Zuri"
).split()
WORDS = (
    "acid amber apple ash axolotl bagel bat bean bear bee biscuit bit blue bolt bug cake cat cedar chip cloud "
    "cobalt coffee comet cookie cosmic crab crow dark dawn dew dog dream drift duck dust echo ember fern fig fish "
    "fjord flux fog fox frog frost fuzzy ghost glitch goat gold goose green grim hawk haze honey ice ink iron "
    "jade jelly jinx kelp kiwi koala lark lava leaf lemon lime lost lunar mango maple mellow milk mint misty mole "
    "moon moss moth mud neon night noodle nova oak odd olive onion opal orbit otter owl panda paper peach pear "
    "pepper pickle pine pixel plum pluto polar potato quiet rain raven red reef river robo rook rose rust sad "
    "salt sand shadow silver sky sleepy slow snail snow sock solar soup spark star stone storm sun swamp tea "
    "thorn tiny toad toast tofu turbo turtle velvet violet void waffle wasp wave wild wind wolf yam"
).split()


def draw_name(rng: Random) -> str:
    """A first name with a capital (30 %) or in lower case (35 %), or a handle."""
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(FIRST)
    if kind < 0.65:
        return rng.choice(FIRST).lower()
    handle = (
        rng.choice(WORDS) + rng.choice(("", "", "_", ".")) + rng.choice((rng.choice(WORDS), rng.choice(FIRST).lower()))
    )
    return handle + (str(rng.randrange(100)) if rng.random() < 0.25 else "")


def draw_names(rng: Random, count: int) -> list[str]:
    """`count` different names."""
    names: dict[str, None] = {}
    while len(names) < count:
        names.setdefault(draw_name(rng))
    return list(names)
