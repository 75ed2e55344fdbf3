"""Training of a base on the demo's conversations, against transformers' Trainer and TRL's SFTTrainer.

Same base, documents, types of products and threads. The others train an adapter of rank 16 on all linear layers; so do
we, and once more as the recipe of a larger base has it, with the weights of its upper layers. The figure is useful
tokens a second: padding is not counted, the time to start is not counted, warm-up steps are not counted.
"""

import json
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.side import Side, compare

WINDOW = 256


@dataclass(frozen=True, slots=True)
class Length:
    """Of a run: tokens of a step, steps that are timed, steps before them."""

    step_tokens: int
    steps: int
    warm: int


LENGTHS = {"pocket": Length(2_048, 12, 2), "smollm2": Length(512, 4, 1)}
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def texts(folder: Path) -> list[str]:
    """The demo's documents, as an import writes them."""
    from soundalike.clone import Clone
    from soundalike.demo import EXPORT
    from soundalike.importing.importer import run_import

    if not (folder / "me").exists():
        run_import([EXPORT], folder / "me")
    return [document.text for document in Clone.open(folder / "me").documents("train")]


def ours(folder: Path, base: str, method: str) -> dict[str, float]:
    """Packed windows through our engine; tells also what share of the matrix-multiplication rate it reaches."""
    import torch

    from soundalike.clone.document import Document
    from soundalike.engines import llama
    from soundalike.engines.hardware import processor_rate
    from soundalike.training.base_models import ModelShape
    from soundalike.training.dataset import pack_documents
    from soundalike.training.schedule import batch_rows

    length, training = LENGTHS[base], training_of(base, method)
    engine = llama.load(base, None, training)
    packed = pack_documents([Document(text) for text in texts(folder)], engine.tokenizer, WINDOW, 1).batch
    useful, started = 0, 0.0
    for step in range(length.steps + length.warm):
        if step == length.warm:
            started = time.perf_counter()
        batch = packed.take(batch_rows(step, length.step_tokens // WINDOW, len(packed), 1))
        engine.step(batch, training.learning_rate)
        useful += batch.useful * (step >= length.warm)
    rate = useful / (time.perf_counter() - started)
    shape = ModelShape.read(engine.model.config.to_dict())
    assert shape is not None
    flops = shape.training_flops() if method == "lora" else shape.full_training_flops(training.num_layers)
    fastest = max(map(processor_rate, (torch.float32, torch.bfloat16)))
    return {"rate": rate, "share": flops * rate / fastest}


def training_of(base: str, method: str) -> Any:
    """A low-rank adapter, or what the recipe trains of this base."""
    from soundalike.engines.base_files import base_folder, read_base_config
    from soundalike.training.base_models import ModelShape
    from soundalike.training.recipe import Training, small_base

    shape = ModelShape.read(read_base_config(base_folder(base)))
    assert shape is not None
    settings = {"method": "lora"} if method == "lora" else small_base(shape.weights, shape.layers)
    return Training.model_validate(settings | {"window": WINDOW, "step_tokens": LENGTHS[base].step_tokens})


def _model_and_tokenizer(base: str) -> tuple[Any, Any]:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from soundalike.engines.base_files import base_folder

    model = AutoModelForCausalLM.from_pretrained(base_folder(base), dtype=torch.float32)
    config = LoraConfig(r=16, lora_alpha=32, target_modules=LINEARS, task_type="CAUSAL_LM")
    return get_peft_model(model, config), AutoTokenizer.from_pretrained(base_folder(base))


class _Clock:
    """Counts the useful tokens of the steps between the warm-up and the end."""

    def __init__(self, warm: int) -> None:
        self.warm, self.useful, self.steps, self.started, self.ended = warm, 0, 0, 0.0, 0.0

    def watch(self, trainer: Any) -> Any:
        """Wrap the trainer's step."""
        step = trainer.training_step

        def timed(model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            if self.steps == self.warm:
                self.started = time.perf_counter()
            loss = step(model, inputs, *rest, **named)
            self.steps += 1
            self.ended = time.perf_counter()
            if self.steps > self.warm:
                mask = inputs.get("attention_mask")
                self.useful += int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
            return loss

        trainer.training_step = timed
        return trainer

    def rate(self) -> dict[str, float]:
        return {"rate": self.useful / (self.ended - self.started)}


def _arguments(base: str, rows: int) -> dict[str, Any]:
    from soundalike.training.numerics import Hardware, for_small
    from soundalike.training.recipe import Training

    return {
        "per_device_train_batch_size": rows,
        "max_steps": LENGTHS[base].steps + LENGTHS[base].warm,
        "learning_rate": 1e-3,
        "use_cpu": True,
        "bf16": for_small(Training(), Hardware.here()).compute == "bf16",
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_strategy": "no",
        "gradient_checkpointing": False,
    }


def padding(folder: Path, base: str, rows: int) -> dict[str, float]:
    """transformers' Trainer: documents side by side, each padded to the longest."""
    from datasets import Dataset
    from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments

    model, tokenizer = _model_and_tokenizer(base)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    end = tokenizer.eos_token
    encoded = [
        {"input_ids": tokenizer(end + t + end, truncation=True, max_length=WINDOW)["input_ids"]} for t in texts(folder)
    ]
    trainer = Trainer(
        model=model,
        args=TrainingArguments(output_dir=str(folder / "out"), **_arguments(base, rows)),
        train_dataset=Dataset.from_list(encoded),
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
    )
    clock = _Clock(LENGTHS[base].warm)
    clock.watch(trainer).train()
    return clock.rate()


def packing(folder: Path, base: str) -> dict[str, float]:
    """TRL's SFTTrainer with packing, as many tokens a step as ours."""
    from datasets import Dataset

    trl: Any = import_module("trl")
    model, tokenizer = _model_and_tokenizer(base)
    arguments = _arguments(base, LENGTHS[base].step_tokens // WINDOW)
    config = trl.SFTConfig(output_dir=str(folder / "out"), packing=True, max_length=WINDOW, **arguments)
    rows = Dataset.from_list([{"text": text} for text in texts(folder)])
    trainer = trl.SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer)
    clock = _Clock(LENGTHS[base].warm)
    clock.watch(trainer).train()
    return clock.rate()


SIDES = {
    "lora": "soundalike, packed, low rank",
    "recipe": "soundalike, packed, as the recipe has it",
    "padding4": "Trainer, padded, 4 documents a step",
    "padding16": "Trainer, padded, 16 documents a step",
    "packing": "TRL, packed",
}


def run(base: str = "pocket", rounds: int = 3) -> None:
    """Print the table, and what the first two sides reach."""
    with tempfile.TemporaryDirectory() as folder:
        texts(Path(folder))
        commands = {kind: [sys.executable, "-m", "benchmarks.train", kind, base, folder] for kind in SIDES}
        sides = [Side(name, commands[kind], "rate") for kind, name in SIDES.items()]
        compare(f"Training of {base}", "useful tokens a second", sides, rounds, ("share", "memory_gb"), warmup=False)


def measure(kind: str, base: str, folder: Path) -> dict[str, float]:
    """The figures of one side, with the most memory that this process has held."""
    if kind in ("lora", "recipe"):
        figures = ours(folder, base, kind)
    elif kind == "packing":
        figures = packing(folder, base)
    else:
        figures = padding(folder, base, int(kind.removeprefix("padding")))
    return figures | {"memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
