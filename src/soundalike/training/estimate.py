"""What adapting a base will take on this machine: does it fit, how long, and which base to take where none is named.

Computed from a base's size and one timing of this machine, before anything is trained or fetched; `error` says
afterwards how far off it was. Knows neither text nor tensors.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from soundalike import engines, machine, pocket
from soundalike.engines import base_files
from soundalike.progress import format_minutes, format_minutes_range
from soundalike.training.base_models import IN_FLIGHT, SUGGESTED, Size
from soundalike.training.numerics import Hardware, Numerics, for_large, for_small
from soundalike.training.recipe import Training

PATIENCE_MINUTES = 60.0  # a base that takes longer for one pass over a person's text is not taken unasked
RANGE = 0.7, 1.4  # of what is estimated: what a training then takes
ROOM = 0.9  # of the memory: the system has its own
SHARE = {"cpu": 0.5, "cuda": 0.3}  # of the rate of a large product that a training step of a large base reaches
HEAP = 2.0  # of what activations need, a processor's heap grows to: what is freed is not all of use again; measured
WEIGHTLESS = ("markov",)  # engines that train nothing worth waiting for
POCKET_BYTES = 1 << 30  # measured: 0.99 GB
# On disk, of a weight that is learned: a checkpoint (value, two moments) and an adapter, twice while one is replaced.
DISK_BYTES = 2 * 12 + 2 * 4


@dataclass(frozen=True, slots=True)
class Machine:
    """A device to learn on: its name, bytes of memory, FLOP/s in large products, and what multiplies bf16 natively."""

    device: str
    name: str
    memory: int
    rate: float
    bf16: str | None = None

    @property
    def hardware(self) -> Hardware:
        """As the choice of number types asks for it."""
        return Hardware(self.device, self.memory, self.bf16)


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """What one base takes. `memory` in bytes and `minutes` are None where it does not fit; `here`: nothing to fetch."""

    base: str
    licence: str
    weights: int
    here: bool
    precision: str | None
    memory: int | None
    minutes: float | None

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


@cache
def this_machine() -> Machine:
    """The GPU where PyTorch can use one, else the processor."""
    if found := machine.gpu():
        from soundalike.engines.hardware import gpu_rate

        if rate := gpu_rate():
            return Machine("cuda", found[0], found[1], rate, Hardware.here().bf16)
    return Machine("cpu", "", machine.memory(), machine.matmul_rate(), machine.native_bf16())


def numerics_for(size: Size, on: Machine) -> Numerics | None:
    """The number types in which a base is adapted there; None where it does not fit."""
    numerics = for_large(Training(method="lora"), size.weights, on.hardware)
    return numerics if size.least(numerics.weights) <= ROOM * on.memory else None


def tokens_a_second(size: Size, on: Machine) -> float:
    """How fast a low-rank adapter of such a base is learned."""
    return SHARE[on.device] * on.rate / size.flops()


def estimates(tokens: float, on: Machine) -> list[TrainingEstimate]:
    """Pocket and every suggested base, from the smallest; minutes are for one pass over so many tokens of pocket's.

    Larger vocabularies say the same in fewer tokens, which is left out of account.
    """
    minutes = tokens / tokens_per_second("pocket") / 60
    rows = [TrainingEstimate("pocket", "CC BY-SA 4.0", pocket.PARAMETERS, True, "fp32", POCKET_BYTES, minutes)]
    for base in SUGGESTED:
        numerics, precision, memory, spent = numerics_for(base.size, on), None, None, None
        if numerics:
            precision = numerics.weights
            memory, spent = int(base.size.least(precision)), tokens / tokens_a_second(base.size, on) / 60
        here = base_files.is_fetched(base.name)
        rows.append(TrainingEstimate(base.name, base.licence, base.size.weights, here, precision, memory, spent))
    return rows


def default_base(rows: Sequence[TrainingEstimate]) -> str:
    """The largest base that is on this machine already and is adapted within PATIENCE_MINUTES; pocket always is."""
    fitting = [row for row in rows if row.here and row.minutes is not None and row.minutes <= PATIENCE_MINUTES]
    return max(fitting, key=lambda row: row.weights, default=rows[0]).base


def spelled_estimate(minutes: float) -> str:
    """An estimate as the range in which what is seen lies nearly always."""
    return format_minutes_range(minutes * RANGE[0], minutes * RANGE[1])


def sensible(rows: Sequence[TrainingEstimate]) -> list[TrainingEstimate]:
    """The bases that one would take on this machine beside pocket: those that fit and take no more than an hour."""
    return [row for row in rows[1:] if row.minutes is not None and row.minutes <= PATIENCE_MINUTES]


def lines(rows: Sequence[TrainingEstimate], chosen: str) -> list[str]:
    """A table in plain text: what fits, what it takes, and which one is taken where none is named."""
    head = f"{'base':<30}{'weights':>9}{'memory':>9}{'one pass':>15}"
    told = [_line(row) + ("  <- the default" if row.base == chosen else "") for row in rows]
    return [head, *told]


def _line(row: TrainingEstimate) -> str:
    weight = f"{row.weights / 1e6:,.0f} M" if row.weights < 1e9 else f"{row.weights / 1e9:.1f} B"
    if row.memory is None or row.minutes is None:
        return f"{row.base:<30}{weight:>9}{'too large for this machine':>31}"
    figures = f"{row.base:<30}{weight:>9}{row.memory / 1e9:>6.1f} GB{format_minutes(row.minutes):>15}"
    return figures + ("" if row.here else "  to be fetched")


@cache
def tokens_per_second(base: str) -> float:
    """How fast this machine learns with `base`, estimated; infinite where the base has no weights."""
    if engines.engine_module_of(base) in WEIGHTLESS:
        return math.inf
    if base == "pocket":
        return pocket.TRAINING_SHARE * machine.matmul_rate() / pocket.TRAINING_FLOPS_A_TOKEN
    size = size_of(base)
    if engines.engine_module_of(base) == "llama":  # all weights move
        return pocket.TRAINING_SHARE * machine.matmul_rate() / (6 * size.weights) if size else math.inf
    return tokens_a_second(size, this_machine()) if size else math.inf


def size_of(base: str) -> Size | None:
    """The size of a base that is on this machine; None where its config.json does not tell."""
    return Size.read(base_files.read_base_config(base_files.base_folder(base)))


def memory_of(base: str, training: Training) -> float | None:
    """Bytes that training will hold at most, estimated; None where nothing is known of the base."""
    room = engines.engine_module_of(base)
    size = None if room in WEIGHTLESS else size_of(base)
    if size is None:
        return None
    on, small = this_machine(), room == "llama"
    in_flight = min(training.step_tokens, IN_FLIGHT[on.device])
    numerics = for_small(training, on.hardware) if small else for_large(training, size.weights, on.hardware)
    heap = HEAP if on.device == "cpu" and not small else 1.0
    rank = None if training.method == "full" else training.rank
    resting, each = size.resting(numerics.weights, rank), heap * size.activations(numerics.compute)
    if each * training.window > (on.memory - resting) / 2:
        each = heap * size.kept_again(numerics.compute)
    return resting + each * max(training.window, min(in_flight, (on.memory - resting) / 2 / each))


def disk_of(base: str, training: Training) -> float:
    """Bytes on disk that training needs at most beside what is there; 0 where nothing is known of the base."""
    size = None if engines.engine_module_of(base) in WEIGHTLESS else size_of(base)
    if size is None:
        return 0.0
    return DISK_BYTES * (size.weights if training.method == "full" else size.factors(training.rank))


def error(base: str, training: Training, seconds: float, tokens: int) -> dict[str, float]:
    """What was expected of a run and what was seen of it: minutes, GB, and expected over seen less 1."""
    rate, memory, peak = tokens_per_second(base), memory_of(base, training), engines.peak_memory()
    if not math.isfinite(rate) or not memory or not seconds:
        return {}
    expected = tokens / rate
    return {
        "minutes_expected": round(expected / 60, 2),
        "minutes": round(seconds / 60, 2),
        "minutes_error": round(expected / seconds - 1, 3),
        "memory_gb_expected": round(memory / 1e9, 2),
        "memory_gb": round(peak / 1e9, 2),
        "memory_error": round(memory / peak - 1, 3),
    }
