"""Low-rank training of pocket on the demo's conversations, against transformers' Trainer and TRL's SFTTrainer.

Same base, documents, precision, threads and adapter (rank 16 on all linear layers). The figure is useful tokens
a second: padding is not counted, the time to start is not counted, warm-up steps are not counted.
"""

import json
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.side import Side, compare

WINDOW, STEPS, WARM = 256, 12, 2
STEP_TOKENS = 2_048
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def texts(folder: Path) -> list[str]:
    """The demo's documents, as an import writes them."""
    from soundalike.clone import Clone
    from soundalike.demo import EXPORT
    from soundalike.importing.importer import run_import

    if not (folder / "me").exists():
        run_import([EXPORT], folder / "me")
    return [document.text for document in Clone.open(folder / "me").documents("train")]


def ours(folder: Path) -> dict[str, float]:
    """Packed windows through our engine; tells also what share of the matrix-multiplication rate it reaches."""
    import torch

    from soundalike import pocket
    from soundalike.clone.document import Document
    from soundalike.engines import llama
    from soundalike.engines.hardware import processor_rate
    from soundalike.training.dataset import pack_documents
    from soundalike.training.recipe import Training
    from soundalike.training.schedule import batch_rows

    training = Training(method="lora", window=WINDOW, step_tokens=STEP_TOKENS)
    engine = llama.load("pocket", None, training)
    packed = pack_documents([Document(text) for text in texts(folder)], engine.tokenizer, WINDOW, 1).batch
    useful, started = 0, 0.0
    for step in range(STEPS + WARM):
        if step == WARM:
            started = time.perf_counter()
        batch = packed.take(batch_rows(step, STEP_TOKENS // WINDOW, len(packed), 1))
        engine.step(batch, 1e-3)
        useful += batch.useful * (step >= WARM)
    rate = useful / (time.perf_counter() - started)
    flops = 4 * pocket.PARAMETERS * rate  # the base is frozen: two forward, two backward
    return {"rate": rate, "share": flops / max(map(processor_rate, (torch.float32, torch.bfloat16)))}


def _model_and_tokenizer() -> tuple[Any, Any]:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from soundalike.engines.base_files import POCKET_FOLDER

    model = AutoModelForCausalLM.from_pretrained(POCKET_FOLDER, dtype=torch.float32)
    config = LoraConfig(r=16, lora_alpha=32, target_modules=LINEARS, task_type="CAUSAL_LM")
    return get_peft_model(model, config), AutoTokenizer.from_pretrained(POCKET_FOLDER)


class _Clock:
    """Counts the useful tokens of the steps between the warm-up and the end."""

    def __init__(self) -> None:
        self.useful, self.steps, self.started, self.ended = 0, 0, 0.0, 0.0

    def watch(self, trainer: Any) -> Any:
        """Wrap the trainer's step."""
        step = trainer.training_step

        def timed(model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            if self.steps == WARM:
                self.started = time.perf_counter()
            loss = step(model, inputs, *rest, **named)
            self.steps += 1
            self.ended = time.perf_counter()
            if self.steps > WARM:
                mask = inputs.get("attention_mask")
                self.useful += int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
            return loss

        trainer.training_step = timed
        return trainer

    def rate(self) -> dict[str, float]:
        return {"rate": self.useful / (self.ended - self.started)}


def _arguments(rows: int) -> dict[str, Any]:
    return {
        "per_device_train_batch_size": rows,
        "max_steps": STEPS + WARM,
        "learning_rate": 1e-3,
        "use_cpu": True,
        "bf16": False,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_strategy": "no",
        "gradient_checkpointing": False,
    }


def padding(folder: Path, rows: int) -> dict[str, float]:
    """transformers' Trainer: documents side by side, each padded to the longest."""
    from datasets import Dataset
    from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments

    model, tokenizer = _model_and_tokenizer()
    end = tokenizer.eos_token
    encoded = [
        {"input_ids": tokenizer(end + t + end, truncation=True, max_length=WINDOW)["input_ids"]} for t in texts(folder)
    ]
    trainer = Trainer(
        model=model,
        args=TrainingArguments(output_dir=str(folder / "out"), **_arguments(rows)),
        train_dataset=Dataset.from_list(encoded),
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
    )
    clock = _Clock()
    clock.watch(trainer).train()
    return clock.rate()


def packing(folder: Path) -> dict[str, float]:
    """TRL's SFTTrainer with packing, as many tokens a step as ours."""
    from datasets import Dataset

    trl: Any = import_module("trl")
    model, tokenizer = _model_and_tokenizer()
    config = trl.SFTConfig(
        output_dir=str(folder / "out"), packing=True, max_length=WINDOW, **_arguments(STEP_TOKENS // WINDOW)
    )
    rows = Dataset.from_list([{"text": text} for text in texts(folder)])
    trainer = trl.SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer)
    clock = _Clock()
    clock.watch(trainer).train()
    return clock.rate()


def run(rounds: int = 3) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        texts(Path(folder))
        sides = [
            Side(name, [sys.executable, "-m", "benchmarks.train", kind, folder], "rate")
            for name, kind in (
                ("soundalike, packed", "ours"),
                ("Trainer, padded, 4 documents a step", "padding4"),
                ("Trainer, padded, 16 documents a step", "padding16"),
                ("TRL, packed", "packing"),
            )
        ]
        compare("Low-rank training of pocket", "useful tokens a second", sides, rounds, warmup=False)
        share = Side("share", [sys.executable, "-m", "benchmarks.train", "ours", folder], "share").run()
        print(f"soundalike reaches {share:.0%} of this machine's matrix-multiplication rate.")


if __name__ == "__main__":
    kinds = {
        "ours": ours,
        "padding4": lambda folder: padding(folder, 4),
        "padding16": lambda folder: padding(folder, 16),
        "packing": packing,
    }
    print(json.dumps(kinds[sys.argv[1]](Path(sys.argv[2]))))
