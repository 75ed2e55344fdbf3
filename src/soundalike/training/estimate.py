"""What adapting a base takes on this machine: whether it fits, how long it takes, and which base is the default.

Computed from a base's shape and one timing of this machine, before anything is downloaded, loaded or trained.
`compare_with_actual` sets an estimate beside what a finished run took.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from soundalike import engines, machine, pocket
from soundalike.engines import base_files
from soundalike.progress import format_minutes, format_minutes_range
from soundalike.training.base_models import LINEAR_BYTES, SMOLLM2, SUGGESTED, TOKENS_AT_ONCE, Compute, ModelShape
from soundalike.training.numerics import Hardware, Numerics, for_large, for_small
from soundalike.training.recipe import REPLAY, Training, small_base

MAX_MINUTES = 10.0  # of the default budget: what one is willing to wait. Not measured.
PATIENCE_MINUTES = 60.0  # a base that takes longer for one epoch of a person's text is not chosen by default
RANGE = 0.7, 1.4  # actual over estimated minutes of nearly all runs
MEMORY_SHARE = 0.9  # of the memory; the rest is the system's
LARGER_SHARE = 0.8  # the same for a base of more than some millions of weights, trained without factors; measured
# How much faster a step of a small base is in bf16 than in fp32 on a processor with AVX512-BF16: measured, 1.80 with
# pocket and 1.86 with smollm2. With AMX it was not measured.
BF16_GAIN = 1.8
RATE_SHARE = {"cpu": 0.5, "cuda": 0.3}  # FLOP/s of a training step over those of a large product; cuda: not measured
# A processor's heap grows to this multiple of what activations need, because not all freed memory is used again;
# measured.
HEAP_FACTOR = 2.0
WEIGHTLESS = ("markov",)  # engines that train in no time worth estimating
POCKET_BYTES = 1 << 30  # measured: 0.99 GB
# On disk, for a trained weight: a checkpoint (value, two moments) and an adapter, both twice while one is replaced.
DISK_BYTES = 2 * 12 + 2 * 4


@dataclass(frozen=True, slots=True)
class TrainingDevice(Hardware):
    """The device that trains: `rate` in FLOP/s of large products, a processor's in fp32; `name` of a GPU."""

    rate: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """What one base takes.

    `precision`, `memory` (bytes) and `minutes` are None where it does not fit; `here`: it needs no download; `replay`:
    the share of small talk that its recipe reads besides, for which `minutes` do not count.
    """

    base: str
    licence: str
    weights: int
    here: bool
    precision: str | None
    memory: int | None
    minutes: float | None
    replay: float = 0.0


@cache
def training_device() -> TrainingDevice:
    """The GPU where PyTorch can use one, else the processor; takes a quarter of a second to measure."""
    if gpu := machine.gpu():
        from soundalike.engines.hardware import gpu_rate

        name, memory = gpu
        if rate := gpu_rate():
            return TrainingDevice("cuda", memory, Hardware.here().bf16, rate, name)
    return TrainingDevice("cpu", machine.memory(), machine.native_bf16(), machine.matmul_rate())


def numerics_for(shape: ModelShape, device: TrainingDevice) -> Numerics | None:
    """The number types in which a base is adapted; None where it does not fit into memory."""
    numerics = for_large(Training(method="lora"), shape.weights, device)
    return numerics if shape.least_bytes(numerics.weights) <= MEMORY_SHARE * device.memory else None


def lora_tokens_per_second(shape: ModelShape, device: TrainingDevice) -> float:
    """Training speed of a low-rank adapter of such a base."""
    return RATE_SHARE[device.device] * device.rate / shape.training_flops()


def estimates(tokens: float, device: TrainingDevice) -> list[TrainingEstimate]:
    """Estimates for pocket, smollm2 and every suggested base, in that order.

    `minutes` are those of one epoch of `tokens` tokens of pocket's tokenizer. Larger vocabularies have fewer tokens for
    the same text, which is not taken into account.
    """
    minutes = tokens / pocket_tokens_per_second(device) / 60
    rows = [TrainingEstimate("pocket", "CC BY-SA 4.0", pocket.PARAMETERS, True, "fp32", POCKET_BYTES, minutes, REPLAY)]
    for base in (SMOLLM2, *SUGGESTED):
        here, shape, small = base_files.is_fetched(base.name), base.shape, _is_small(base.shape)
        precision, memory, rate = _without_factors(shape, device) if small else _by_factors(shape, device)
        spent, replay = tokens / rate / 60 if precision else None, REPLAY if small else 0.0
        rows.append(TrainingEstimate(base.name, base.licence, shape.weights, here, precision, memory, spent, replay))
    return rows


def _is_small(shape: ModelShape) -> bool:
    """Whether `engines/llama.py` runs a base of this shape, in its 16 bits a weight."""
    return shape.tied and 2 * shape.weights <= base_files.SMALL_BASE_BYTES


def _by_factors(shape: ModelShape, device: TrainingDevice) -> tuple[str | None, int | None, float]:
    """Number type, memory and tokens a second of a low-rank adapter; None where it does not fit."""
    numerics = numerics_for(shape, device)
    if numerics is None:
        return None, None, 0.0
    return numerics.weights, int(shape.least_bytes(numerics.weights)), lora_tokens_per_second(shape, device)


def _without_factors(shape: ModelShape, device: TrainingDevice) -> tuple[str | None, int | None, float]:
    """The same for a base that is trained as `small_base` says."""
    training = Training.model_validate(small_base(shape.weights, shape.layers))
    memory = shape.fixed_bytes("fp32", None, training.num_layers) + llama_activation_bytes(
        shape, training, "fp32", device
    )
    if memory > MEMORY_SHARE * device.memory:
        return None, None, 0.0
    return "fp32", int(memory), full_tokens_per_second(shape, device)


def default_base(rows: Sequence[TrainingEstimate]) -> str:
    """The largest base that needs no download and is fast enough here; the first of `rows` if none is.

    A base of the hub was fetched on purpose, and may take PATIENCE_MINUTES for one epoch. smollm2 comes with the
    set-up, and must read all of the text within MAX_MINUTES: after a tenth of it a blind reader found its replies no
    more fitting than those of pocket, which had read the text 1.7 times (LOG.md).
    """
    fitting = [row for row in rows if row.here and row.minutes is not None and row.minutes <= _patience(row.base)]
    return max(fitting, key=lambda row: row.weights, default=rows[0]).base


def _patience(base: str) -> float:
    return MAX_MINUTES if base == SMOLLM2.name else PATIENCE_MINUTES


def practical_bases(rows: Sequence[TrainingEstimate]) -> list[TrainingEstimate]:
    """The bases besides pocket that fit and take at most PATIENCE_MINUTES."""
    return [row for row in rows[1:] if row.minutes is not None and row.minutes <= PATIENCE_MINUTES]


def format_estimate(minutes: float) -> str:
    """An estimate in words, as the range that contains the actual time of nearly all runs."""
    return format_minutes_range(minutes * RANGE[0], minutes * RANGE[1])


def estimate_table(rows: Sequence[TrainingEstimate], default: str) -> list[str]:
    """A table of at most 80 columns, a line for each base, with a mark on the default."""
    head = f"{'base':<30}{'weights':>9}{'memory':>9}{'one pass':>15}"
    return [head, *(_line(row) + ("  <- the default" if row.base == default else "") for row in rows)]


def _line(row: TrainingEstimate) -> str:
    weight = f"{row.weights / 1e6:,.0f} M" if row.weights < 1e9 else f"{row.weights / 1e9:.1f} B"
    if row.memory is None or row.minutes is None:
        return f"{row.base:<30}{weight:>9}{'too large for this machine':>31}"
    figures = f"{row.base:<30}{weight:>9}{row.memory / 1e9:>6.1f} GB{format_minutes(row.minutes):>15}"
    return figures + ("" if row.here else "  to be fetched")


@cache
def tokens_per_second(base: str) -> float:
    """Estimated training speed with `base`; infinite where it has no weights or its shape is not known."""
    kind = engines.engine_module_of(base)
    if kind in WEIGHTLESS:
        return math.inf
    if base == "pocket":
        return pocket_tokens_per_second(training_device())
    shape = read_shape(base)
    if shape is None:
        return math.inf
    if kind == "llama":
        return full_tokens_per_second(shape, training_device())
    return lora_tokens_per_second(shape, training_device())


def pocket_tokens_per_second(device: TrainingDevice) -> float:
    """Training speed of pocket on the device that `engines/llama.py` uses: the GPU where there is one."""
    return _small_rate(pocket.TRAINING_SHARE, device) / pocket.TRAINING_FLOPS_A_TOKEN


def full_tokens_per_second(shape: ModelShape, device: TrainingDevice) -> float:
    """The same of a small base with its own recipe, without low-rank factors."""
    num_layers = small_base(shape.weights, shape.layers).get("num_layers")
    share = pocket.TRAINING_SHARE if num_layers is None else LARGER_SHARE
    return _small_rate(share, device) / shape.full_training_flops(num_layers)


def _small_rate(share: float, device: TrainingDevice) -> float:
    """FLOP/s of a training step of a small base: on a processor `share` of its rate in fp32, more in native bf16."""
    if device.device != "cpu":
        return RATE_SHARE[device.device] * device.rate
    native = device.bf16 is not None and for_small(Training(), device).compute == "bf16"
    return share * device.rate * (BF16_GAIN if native else 1.0)


def read_shape(base: str) -> ModelShape | None:
    """The shape of a base that is on this machine; None where its config.json does not describe a known one."""
    return ModelShape.read(base_files.read_base_config(base_files.base_folder(base)))


def memory_of(base: str, training: Training) -> float | None:
    """Estimated peak memory of a training in bytes; None where the shape of the base is not known."""
    kind = engines.engine_module_of(base)
    shape = None if kind in WEIGHTLESS else read_shape(base)
    if shape is None:
        return None
    device, small = training_device(), kind == "llama"
    numerics = for_small(training, device) if small else for_large(training, shape.weights, device)
    heap = HEAP_FACTOR if device.device == "cpu" else 1.0
    fixed = shape.fixed_bytes(
        numerics.weights, None if training.method == "full" else training.rank, training.num_layers
    )
    if small:
        return fixed + llama_activation_bytes(shape, training, numerics.compute, device)
    each = heap * shape.activation_bytes(numerics.compute)  # for a token
    if each * training.window > (device.memory - fixed) / 2:
        each = heap * shape.checkpointed_bytes(numerics.compute)
    at_once = min(training.step_tokens, TOKENS_AT_ONCE[device.device], (device.memory - fixed) / 2 / each)
    return fixed + each * max(training.window, at_once)


def llama_activation_bytes(shape: ModelShape, training: Training, compute: Compute, device: TrainingDevice) -> float:
    """Bytes of activations, and of gradients beyond the first, of the replicas that train a small base.

    A processor trains one for each core, a GPU one.
    """
    replicas = machine.cores() if device.device == "cpu" else 1
    windows = max(1, shape.replica_tokens(compute, training.num_layers) // training.window)
    each = windows * training.window  # tokens of a replica at once
    trained = shape.trained_weights(training.num_layers) if training.method == "full" else 0
    activations = min(replicas * each, training.step_tokens) * shape.activation_bytes(compute, training.num_layers)
    return activations + (replicas - 1) * trained * LINEAR_BYTES["fp32"]


def disk_of(base: str, training: Training) -> float:
    """Bytes on disk that a training needs at most; 0 where the shape of the base is not known."""
    shape = None if engines.engine_module_of(base) in WEIGHTLESS else read_shape(base)
    if shape is None:
        return 0.0
    full = training.method == "full"
    return DISK_BYTES * (shape.trained_weights(training.num_layers) if full else shape.adapter_weights(training.rank))


def compare_with_actual(base: str, training: Training, seconds: float, tokens: int) -> dict[str, float]:
    """Estimated and actual minutes and GB of a run of `tokens` tokens, and for each estimated / actual - 1.

    Empty where nothing can be estimated. The memory is the peak of this process.
    """
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
