"""Low-rank training of large shapes with random weights, 4-bit and bf16, against TRL packed and padded.

    python -m benchmarks.gpu                     a GPU: a 7B and a 4B shape, at most nine minutes
    python -m benchmarks.gpu --tiny              a processor: small shapes, which shows that the script runs

Random weights are right for speed and memory, and for nothing else: no hub is asked, no text is read. Documents are as
long as conversations. Figures: useful tokens a second after warm-up, padding not counted; model FLOPs (four a weight
and token; what is made again is not counted) over the rate of a large bf16 product of this machine; the most memory
that PyTorch had given out at once, after the model was built. Each figure has a process of its own. TRL does as it does
by default but for checkpointing, which is off for all who have the room.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from soundalike.engines.protocol import Batch
from soundalike.training.base_models import SUGGESTED, ModelShape, Precision
from soundalike.training.numerics import Numerics
from soundalike.training.packing import DocumentPart, pack
from soundalike.training.recipe import Training

OURS, LEAST, PACKED, PADDED = "soundalike", "soundalike, least memory", "TRL, packed", "TRL, padded"
SIDES: dict[Precision, tuple[str, ...]] = {"4-bit": (OURS, LEAST, PACKED, PADDED), "bf16": (OURS, PACKED, PADDED)}
LARGE = {"mistral": "mistralai/Mistral-7B-v0.3", "qwen3": "Qwen/Qwen3-4B-Base"}
MINUTES = 9.0
LONGEST = 150.0  # seconds for one figure


@dataclass(frozen=True, slots=True)
class Scale:
    """How large everything is. `warm` steps go before those that are timed."""

    shapes: dict[str, ModelShape]
    window: int
    step_tokens: int
    steps: int
    warm: int


FULL = Scale({k: next(b.shape for b in SUGGESTED if b.name == name) for k, name in LARGE.items()}, 512, 4_096, 12, 3)
TINY_SIZES = {
    "mistral": ModelShape(2, 64, 128, 4, 2, 16, 512, tied=False),
    "qwen3": ModelShape(2, 64, 128, 4, 2, 16, 512),
}
TINY = Scale(TINY_SIZES, 64, 128, 1, 1)


@dataclass(frozen=True, slots=True)
class Task:
    """One figure to take."""

    kind: str
    precision: Precision
    side: str


def tasks() -> list[Task]:
    """The most telling first: what does not fit the time is left out at the end."""
    return [Task(kind, precision, side) for precision, sides in SIDES.items() for kind in LARGE for side in sides]


def pieces(vocabulary: int, window: int, seed: int = 0) -> list[DocumentPart]:
    """Documents of random tokens as long as conversations: a median of 40 tokens, a tenth of them over 170."""
    rng = np.random.default_rng(seed)
    lengths = rng.lognormal(np.log(40), 1.13, 4_000).clip(3, window).astype(int)
    return [DocumentPart(rng.integers(3, vocabulary, n).astype(np.int32), np.ones(n, np.float32)) for n in lengths]


def model_of(kind: str, size: ModelShape, precision: Precision) -> Any:
    """A model of random weights, made on the device, its linear layers in NF4 where asked."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from soundalike.engines.pretrained import attention_implementation, device, disable_cpu_repacking

    config = AutoConfig.for_model(
        kind,
        num_hidden_layers=size.layers,
        hidden_size=size.hidden,
        intermediate_size=size.intermediate,
        num_attention_heads=size.heads,
        num_key_value_heads=size.kv_heads,
        head_dim=size.head_dim,
        vocab_size=size.vocabulary,
        tie_word_embeddings=size.tied,
        max_position_embeddings=4_096,
        sliding_window=None,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    with torch.device(device()):
        made: Any = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, dtype=torch.bfloat16, attn_implementation=attention_implementation(_numerics(precision))
        )
    if precision == "4-bit":
        _quantize(made)
        disable_cpu_repacking(made)
    made.requires_grad_(False)
    return made.train(False)


def _numerics(precision: Precision) -> Numerics:
    """Products in bf16, whatever machine this is."""
    return Numerics(precision, "bf16", "The benchmark compares trainers in bf16.")


def _quantize(model: Any) -> None:
    """Every linear layer of the trunk as bitsandbytes holds one, which is what reading a base in 4 bits gives."""
    from importlib import import_module

    import torch

    bits: Any = import_module("bitsandbytes.nn")
    for name, plain in list(model.base_model.named_modules()):
        if type(plain) is not torch.nn.Linear:
            continue
        with torch.device("meta"):
            held = bits.Linear4bit(
                plain.in_features, plain.out_features, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4"
            )
        weight = bits.Params4bit(plain.weight.data, requires_grad=False, quant_type="nf4", module=held)
        held.weight = weight.to(plain.weight.device)
        model.base_model.set_submodule(name, held)
    model.is_loaded_in_4bit = True  # which peft and TRL ask


def adapted(model: Any, training: Training) -> Any:
    """With a low-rank adapter on all linear layers."""
    import torch
    from peft import LoraConfig, get_peft_model

    given: dict[str, Any] = {"r": training.rank, "lora_alpha": training.alpha, "target_modules": "all-linear"}
    torch.manual_seed(0)
    return get_peft_model(model, LoraConfig(**given, task_type="CAUSAL_LM"))


def ours(task: Task, scale: Scale) -> dict[str, float]:
    """Packed windows through our engine, with all the room there is, or as if there were none."""
    from soundalike.engines.causal_lm import CausalLM
    from soundalike.engines.huggingface import HuggingFaceEngine

    size = scale.shapes[task.kind]
    training = Training(method="lora", window=scale.window, step_tokens=scale.step_tokens)
    model = model_of(task.kind, size, task.precision)
    lm = CausalLM(model, flatten=model.config._attn_implementation == "flash_attention_2")
    unused: Any = None  # a tokenizer: documents come as numbers
    engine = HuggingFaceEngine(lm, adapted(model, training), unused, task.kind, training, _numerics(task.precision))
    if task.side == LEAST:
        engine.activation_bytes = 0.0
    clock = Clock(scale.warm)
    for batch in batches(size.vocabulary, scale):
        engine.step(batch, 1e-4)
        clock.tick(batch.useful)
    return clock.figures()


def batches(vocabulary: int, scale: Scale) -> Iterator[Batch]:
    """As many steps as are measured."""
    packed, rows = pack(pieces(vocabulary, scale.window), scale.window, 0), scale.step_tokens // scale.window
    for step in range(scale.steps + scale.warm):
        yield packed.take(np.arange(step * rows, (step + 1) * rows) % len(packed))


def theirs(task: Task, scale: Scale) -> dict[str, float]:
    """TRL: packed, as many tokens a step as ours, or two documents for each window: padded they take as much room."""
    import tempfile
    from importlib import import_module

    from datasets import Dataset
    from transformers import TrainerCallback

    from soundalike.engines.pretrained import device

    trl: Any = import_module("trl")
    size, packing = scale.shapes[task.kind], task.side == PACKED
    rows = scale.step_tokens // scale.window * (1 if packing else 2)
    told = [{"input_ids": piece.tokens.tolist()} for piece in pieces(size.vocabulary, scale.window)]
    clock = Clock(scale.warm)

    class Timed(trl.SFTTrainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            mask = inputs.get("attention_mask")
            clock.read = int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
            return super().training_step(model, inputs, *rest, **named)

    class Ticking(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.tick(clock.read)

    with tempfile.TemporaryDirectory() as folder:
        config = trl.SFTConfig(
            output_dir=folder,
            packing=packing,
            max_length=scale.window,
            per_device_train_batch_size=rows,
            max_steps=scale.steps + scale.warm,
            use_cpu=device() == "cpu",
            bf16=device() == "cuda",
            gradient_checkpointing=False,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        model = adapted(model_of(task.kind, size, task.precision), Training(method="lora"))
        given = {"model": model, "args": config, "train_dataset": Dataset.from_list(told)}
        trainer = Timed(**given, processing_class=_tokenizer(size.vocabulary))
        trainer.add_callback(Ticking())
        clock.start()
        trainer.train()
    return clock.figures()


def _tokenizer(vocabulary: int) -> Any:
    """A tokenizer that is asked for its special tokens only."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = {"<pad>": 0, "<s>": 1, "</s>": 2} | {f"w{number}": number for number in range(3, vocabulary)}
    fast = Tokenizer(models.WordLevel(vocab=words, unk_token="<pad>"))
    special = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=fast, **special)  # type: ignore[no-untyped-call]


class Clock:
    """Useful tokens and seconds of the steps after the warm-up; memory is counted from its making on."""

    def __init__(self, warm: int) -> None:
        self.read = 0  # tokens of the step under way
        self._steps, self._warm = 0, warm
        self._useful, self._started, self._seconds = 0, 0.0, 0.0
        self.start()

    def start(self) -> None:
        """What was held before does not count, but what still is does."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def tick(self, useful: int) -> None:
        """A step is over."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._steps += 1
        if self._steps <= self._warm:
            self._started = time.perf_counter()
            return
        self._useful += useful
        self._seconds = time.perf_counter() - self._started

    def figures(self) -> dict[str, float]:
        """Useful tokens a second, and bytes at the peak."""
        from soundalike import engines

        return {"rate": self._useful / self._seconds, "peak": engines.peak_memory()}


def measure(task: Task, scale: Scale) -> dict[str, float]:
    """The figures of one task, in this process."""
    return ours(task, scale) if task.side in (OURS, LEAST) else theirs(task, scale)


def apart(task: Task, tiny: bool) -> dict[str, Any]:
    """The same in a process of its own; where it fails, its last line as `failed`."""
    words = [*["--tiny"] * tiny, "--one", task.kind, task.precision, task.side]
    command = [sys.executable, "-m", "benchmarks.gpu", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONGEST)
        figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return figures
    except subprocess.CalledProcessError as error:
        return {"failed": (error.stderr.strip().splitlines() or ["?"])[-1]}
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {LONGEST:.0f} seconds"}


Found = Sequence[tuple[Task, dict[str, Any]]]


def table(found: Found, scale: Scale, rate: float, name: str) -> Table:
    """Beside each figure, how many times ours it is short of; beside ours, what was computed."""
    columns = ("useful tokens a second", "soundalike over it", "of products' rate", "peak memory", "computed")
    told = Table("shape", "side", *columns, title=f"Random weights, {name}")
    first = {(task.kind, task.precision): figures.get("rate") for task, figures in found if task.side == OURS}
    for task, figures in found:
        shape, size = f"{task.kind} {task.precision}", scale.shapes[task.kind]
        if "failed" in figures:
            told.add_row(shape, task.side, figures["failed"][:60])
            continue
        of_ours, each = first.get((task.kind, task.precision)), figures["rate"]
        ratio = f"{of_ours / each:.2f}" if of_ours else ""
        least = f"{size.least_bytes(task.precision, window=scale.window) / 1e9:.2f} GB" if task.side == LEAST else ""
        share = f"{size.training_flops() * each / rate:.0%}"
        told.add_row(shape, task.side, f"{each:,.0f}", ratio, share, f"{figures['peak'] / 1e9:.2f} GB", least)
    return told


def run(tiny: bool, minutes: float, out: Path | None) -> None:
    """Take every figure for which there is time; `out` gets each as it comes, a JSON object a line."""
    from soundalike.training.estimate import training_device

    scale, console, started, found = TINY if tiny else FULL, Console(width=130), time.perf_counter(), []
    for task in tasks():
        if time.perf_counter() - started > minutes * 60:
            console.print(f"No time was left for {task.kind} {task.precision}, {task.side}.")
            continue
        figures = apart(task, tiny)
        found.append((task, figures))
        console.print(f"{task.kind} {task.precision}, {task.side}: {figures}", markup=False)
        if out:
            with out.open("a") as lines:
                asked = {"kind": task.kind, "precision": task.precision, "side": task.side}
                lines.write(json.dumps(asked | figures) + "\n")
    on = training_device()
    console.print(table(found, scale, on.rate, on.name or "a processor"))
    console.print("Weights are random: speed and memory are those of real ones, nothing else is.")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="small shapes, to try the script on a processor")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="begin no figure after so long")
    parser.add_argument("--out", type=Path, help="a file for the figures, a JSON object a line")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "PRECISION", "SIDE"), help="one figure, as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(Task(*given.one), TINY if given.tiny else FULL)))
    else:
        run(given.tiny, given.minutes, given.out)


if __name__ == "__main__":
    main()
