"""Several voices in one room take turns, know who is who, and stop by themselves."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from random import Random

import pytest
from rich.console import Console

from soundalike.errors import UsageError
from soundalike.frontends.bot_loops import LoopLimits
from soundalike.frontends.room import Room, room
from soundalike.generation.guards import fold
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from tests.frontends.discord.rig import voice

THINGS = ("tea", "rain", "chess", "the bus", "soup", "the moon", "your cat")


def _talk() -> str:
    rng, lines = Random(0), list[str]()
    for _ in range(150):
        thing, other = rng.sample(THINGS, 2)
        words = rng.choice(("is better than", "goes well with", "has nothing on", "reminds me of", "is late for"))
        who = rng.choice(("ana", "ada", "bo", "cy", "di", "ed"))
        lines.append(f"{who}: {rng.choice(('i think', 'well', 'no way', 'look'))} {thing} {words} {other}\n")
    return "".join(lines)


TALK = _talk()


@cache
def chain() -> Voice:
    """A word chain that has learned the talk from all sides."""
    return voice(TALK)


def company(size: int) -> list[Voice]:
    """So many voices over it."""
    names = ("ada", "bo", "cy", "di", "ed")[:size]
    return [Voice(chain().engine, name, sampling=Sampling(temperature=1.3, seed=at)) for at, name in enumerate(names)]


def clock() -> Callable[[], float]:
    """Ten seconds pass between two lines."""
    ticks: Iterator[int] = count()
    return lambda: 10.0 * next(ticks)


def test_five_voices_stop_within_the_cap() -> None:
    """After each line of a person at most twelve messages follow, those of the last turn aside."""
    talk, cap = Room(company(5), rng=Random(0), now=clock()), LoopLimits().room_turns
    for thing in THINGS[:3]:
        talk.add("ana", f"{thing} is fine")
        said = list(iter(talk.turn, None))
        assert 1 <= sum(len(lines) for _, lines in said if lines) < cap + 4
        speakers = [name for name, lines in said if lines]
        assert all(one != other for one, other in zip(speakers, speakers[1:], strict=False))


def test_no_voice_repeats_a_line() -> None:
    """In a dozen rounds nobody says a line of three words or more three times within its last eight lines."""
    talk, rng = Room(company(5), rng=Random(0), now=clock()), Random(1)
    said: dict[str, list[str]] = {name: [] for name in talk.names}
    for _ in range(12):
        talk.add("ana", f"{rng.choice(THINGS)} is odd")
        for name, lines in iter(talk.turn, None):
            said[name] += lines
    assert sum(map(len, said.values())) > 60
    for own in said.values():
        for at in range(len(own)):
            words = [" ".join(fold(line)) for line in own[max(0, at - 8) : at + 1] if len(fold(line)) > 2]
            assert max(Counter(words).values(), default=0) < 3


def test_who_is_named_speaks() -> None:
    """Whoever else could; a name inside a word is none."""
    for seed in range(8):
        talk = Room(company(4), rng=Random(seed), now=clock())
        talk.add("ana", "what do you say, Cy?")
        assert (talk.turn() or ("",))[0] == "cy"
    talk = Room(company(4), rng=Random(0), now=clock())
    talk.add("ana", "bored")
    assert talk.turn() is not None


def test_voices_of_one_owner_are_told_apart() -> None:
    """In the room by a number, and each takes the other for somebody else."""
    twins = [voice("ada: hi\nada 2: hey\nada: so\n", owner="ada") for _ in range(2)]
    talk = Room(twins, rng=Random(0), now=clock())
    assert talk.names == ["ada", "ada 2"]
    talk.add("ada", "hi")
    assert talk.history("ada") == [("ada", "hi")] and talk.history("ada 2") == [("ada 2", "hi")]


def test_one_voice_is_no_room() -> None:
    """Printed at once."""
    with pytest.raises(UsageError, match="two voices"):
        Room([voice()])


def test_at_the_keyboard() -> None:
    """It introduces the clones, prompts, shows messages under names, and /quit leaves."""
    where, prompts = Console(file=io.StringIO(), width=200), list[str]()
    typed = iter(["tea is fine", "", "/quit"])

    def read(prompt: str) -> str:
        prompts.append(prompt)
        return next(typed)

    room(company(3), "ada", where, read, Random(0))
    assert isinstance(where.file, io.StringIO)
    first, *lines = where.file.getvalue().splitlines()
    assert first.startswith("These are models of ada, bo, cy") and prompts == ["ada 2: "] * 3
    assert len(lines) > 2 and {line.partition(":")[0] for line in lines} <= {"ada", "bo", "cy"}
