"""In which number types an engine computes: chosen from the machine, the environment and the recipe, never timed."""

from collections.abc import Callable

import pytest
import torch

from soundalike import machine
from soundalike.engines import load
from soundalike.errors import RecipeError
from soundalike.training.base_models import Precision
from soundalike.training.numerics import VARIABLE, Hardware, Numerics, for_large, for_small
from soundalike.training.recipe import Training

LORA = Training(method="lora")
PLAIN, NATIVE = Hardware("cpu", 16e9, None), Hardware("cpu", 16e9, "avx512_bf16")


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment asks for nothing."""
    monkeypatch.delenv(VARIABLE)


@pytest.mark.usefixtures("unset")
@pytest.mark.parametrize(
    ("hardware", "weights", "held", "computed"),
    [
        (PLAIN, 1e9, "fp32", "fp32"),
        (PLAIN, 3e9, "bf16", "bf16"),
        (PLAIN, 9e9, "4-bit", "fp32"),
        (NATIVE, 1e9, "bf16", "bf16"),
        (NATIVE, 9e9, "4-bit", "bf16"),
        (Hardware("cuda", 24e9, "compute capability 9.0"), 9e9, "4-bit", "bf16"),
        (Hardware("cuda", 24e9, None), 1e9, "fp32", "fp32"),
    ],
)
def test_the_machine_decides_where_nobody_asks(hardware: Hardware, weights: float, held: str, computed: str) -> None:
    """By its instructions and its memory; a small base is held in fp32 whatever is computed."""
    chosen = for_large(LORA, weights, hardware)
    assert (chosen.weights, chosen.compute) == (held, computed)
    small = for_small(Training(), hardware)
    assert (small.weights, small.compute) == ("fp32", "bf16" if hardware.bf16 else "fp32")
    assert chosen.reason.endswith(".") and (not hardware.bf16 or hardware.bf16 in small.reason)


@pytest.mark.parametrize("asked", ["fp32", "bf16"])
def test_the_environment_goes_before_the_machine(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways, and the reason names it; `auto` asks for nothing, another word is refused in a sentence."""
    monkeypatch.setenv(VARIABLE, asked)
    for hardware in (PLAIN, NATIVE):
        assert for_small(Training(), hardware) == Numerics("fp32", asked, f"{VARIABLE} is set to {asked}.")  # type: ignore[arg-type]
        assert for_large(LORA, 1e9, hardware).weights == asked
    monkeypatch.setenv(VARIABLE, "auto")
    assert for_small(Training(), NATIVE).compute == "bf16"
    monkeypatch.setenv(VARIABLE, "float64")
    with pytest.raises(RecipeError, match="SOUNDALIKE_DTYPE is 'float64', which is not a number type"):
        for_small(Training(), PLAIN)


def test_the_recipe_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The type of products, and the type of weights with the products that go with it; both at odds are refused."""
    monkeypatch.setenv(VARIABLE, "bf16")
    for training in (LORA.model_copy(update={"compute_dtype": "fp32"}), LORA.model_copy(update={"precision": "fp32"})):
        assert for_large(training, 1e9, NATIVE).settings == {"precision": "fp32", "compute_dtype": "fp32"}
    four = LORA.model_copy(update={"precision": "4-bit", "compute_dtype": "fp32"})
    assert for_large(four, 1e9, NATIVE).settings == {"precision": "4-bit", "compute_dtype": "fp32"}
    monkeypatch.setenv(VARIABLE, "fp32")
    sixteen = LORA.model_copy(update={"precision": "bf16"})
    assert for_large(sixteen, 1e9, PLAIN).settings == {"precision": "bf16", "compute_dtype": "bf16"}
    with pytest.raises(RecipeError, match="bf16 weights and fp32 products"):
        for_large(sixteen.model_copy(update={"compute_dtype": "fp32"}), 1e9, PLAIN)


@pytest.mark.parametrize("weights", ["fp32", "4-bit"])
def test_fp32_is_never_cast(weights: Precision) -> None:
    """Not even within somebody else's autocast, while bf16 products are."""
    left, right = torch.ones(2, 2), torch.ones(2, 2)
    with torch.autocast("cpu", torch.bfloat16), Numerics(weights, "fp32", "").autocast("cpu"):
        assert (left @ right).dtype == torch.float32
    with Numerics(weights, "bf16", "").autocast("cpu"):
        assert (left @ right).dtype == torch.bfloat16


def test_the_processor_says_what_it_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux lists its instructions; a system that does not is taken for one without."""
    listed = "processor: 0\nflags\t\t: fpu avx2 {}\n\nprocessor: 1\nflags\t\t: fpu\n"
    for flags, found in (("", None), ("avx512f avx512_bf16", "avx512_bf16"), ("avx512_bf16 amx_bf16", "amx_bf16")):
        monkeypatch.setattr("pathlib.Path.read_text", lambda path, flags=flags, **_: listed.format(flags))
        assert machine.native_bf16() == found

    def nothing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", nothing)
    assert machine.native_bf16() is None


def test_an_engine_computes_in_what_it_is_handed(base: str) -> None:
    """Whatever the environment says; a chain has no numbers."""
    handed = Numerics("fp32", "bf16", "The test says so.")
    assert load(base, None, Training(), handed).numerics == handed
    assert load("markov").numerics is None


def test_no_clock_is_read(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making an engine times nothing: the same machine computes in the same types each time."""

    def read(*_: object) -> float:
        raise AssertionError("a clock was read")

    for name in ("perf_counter", "monotonic", "process_time"):
        monkeypatch.setattr(f"soundalike.machine.time.{name}", read)
    made: Callable[[], Numerics | None] = lambda: load(base, None, Training()).numerics  # noqa: E731
    assert made() == made() is not None
