"""Exposure where the answer is known: closed cases, a chain that remembers everything, one that knows nothing."""

import math
import re
from random import Random

import numpy as np
import pytest

from soundalike.audit.exposure import Secret, exposure, make_secret, measure, rank
from soundalike.audit.shapes import alternatives
from tests.audit.chains import LEARNED, chain, place


def test_closed_cases() -> None:
    """The likeliest of 256 has 8 bits, the median one, the last none; of equals the middle counts."""
    others = np.arange(255, dtype=np.float64)
    assert exposure(255.0, others) == 8
    assert rank(126.5, others) == 129 and exposure(127.5, others) == pytest.approx(1.0)
    assert exposure(-1.0, others) == 0
    assert rank(1.0, np.ones(255)) == 128.5 and exposure(1.0, np.ones(255)) == pytest.approx(0.9944, abs=1e-4)


def test_what_was_never_read_has_one_and_a_half_bits_on_average() -> None:
    """Over all ranks alike the mean is log2 e, as the docstring says."""
    bits = [exposure(own + 0.5, np.arange(4095, dtype=np.float64)) for own in range(-1, 4095)]
    assert np.mean(bits) == pytest.approx(math.log2(math.e), abs=0.01)


def test_what_a_chain_read_is_found_and_with_the_adapter_off_it_is_not() -> None:
    """A chain remembers every word; without its counts every word is as likely."""
    voice = chain(LEARNED)
    one = make_secret(place(LEARNED, "482913"), "canaries", 1, 255, Random(1))
    assert one is not None and one.cost == 512
    steps: list[int] = []
    (found,) = measure(voice, [one], steps.append)
    assert (found.on, found.rank, found.most) == (8, 1, 8) and steps == [512]
    assert found.off == pytest.approx(0.9944, abs=1e-4)
    assert found.alarming and found.found


def test_what_was_not_read_is_not_found() -> None:
    """Neither by a chain that read other things nor by one that read nothing."""
    one = make_secret(place(LEARNED, "482913"), "canaries", 0, 255, Random(1))
    assert one is not None
    for voice in (chain(), chain("sam: the code for the shed is a secret\n")):
        (found,) = measure(voice, [one])
        assert found.on == found.off == pytest.approx(0.9944, abs=1e-4) and not found.alarming


def test_what_the_base_knows_as_well_is_no_leak() -> None:
    """Ahead of all others with the adapter and without: common, not remembered."""
    voice = chain(LEARNED)
    known = Secret(place(LEARNED, "482913"), "canaries", 1, ("482914", "482915"))
    (found,) = measure(voice, [known])
    assert found.rank == 1 and found.gain < 3 and not found.found


@pytest.mark.parametrize(
    ("secret", "kind", "shape"),
    [
        ("482913", "numbers and codes", r"[0-9]{6}"),
        ("Wren.Oak_7", "handles", r"[A-Z][a-z]+\.[A-Z][a-z]+_[0-9]"),
        ("aB3-xY9", "keys and tokens", r"[a-z][A-Z][0-9]-[a-z][A-Z][0-9]"),
        ("24.12.1991", "full dates", r"(1[3-9]|2[0-8])\.(0[1-9]|1[0-2])\.(19[5-9][0-9]|20[0-3][0-9])"),
        ("MIRA", "rare names", r"[A-Z]+"),
    ],
)
def test_alternatives_have_the_secrets_shape(secret: str, kind: str, shape: str) -> None:
    """Digits for digits, names for names, dates for dates; all different, the secret itself not among them."""
    made = alternatives(secret, kind, 100, Random(2))
    assert len(set(made)) == len(made) == 100 and secret not in made
    assert all(re.fullmatch(shape, one) for one in made)


def test_a_secret_with_too_few_alternatives_is_no_suspect() -> None:
    """Among ten digits a rank says nothing."""
    assert make_secret(place(LEARNED, "4"), "numbers and codes", 1, 255, Random(1)) is None
