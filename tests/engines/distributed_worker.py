"""Started by launchers in tests: trains a clone, or an MLX engine, as one of several processes."""

import json
import signal
import sys
from pathlib import Path


def clone(folder: str, base: str, iters: int, stop: int, resume: bool) -> None:
    """Train the clone in `folder`; with a `stop` other than 0 Ctrl-C is pressed after that many steps."""
    from soundalike.clone import Clone
    from soundalike.training.plan import plan_resumed, plan_training
    from soundalike.training.status import Progress
    from soundalike.training.train_clone import train_clone

    opened = Clone.open(folder)
    settings = {"iters": iters, "window": 64, "step_tokens": 512}
    plan = plan_resumed(opened) if resume else plan_training(opened, base, settings)

    def interrupt(progress: Progress) -> None:
        if stop and progress.step == stop:
            signal.raise_signal(signal.SIGINT)

    train_clone(opened, plan.recipe, resume=resume, on_step=interrupt)


def mlx(base: str, out: str) -> None:
    """A few steps of the MLX engine; rank 0 writes their losses."""
    from soundalike.clone.document import Document
    from soundalike.engines.mlx import load
    from soundalike.training.packing import encode, pack
    from soundalike.training.recipe import Training

    engine = load(base, None, Training(method="lora", rank=4, window=64))
    texts = [Document(f"me: line {number}\nme: of {number * 7}\n" * 2) for number in range(5)]
    batch = pack(list(encode(texts, engine.tokenizer, 64)), 64, 0)
    losses = [engine.step(batch, 1e-2) for _ in range(4)]
    result = {
        "size": engine.process_group.size,
        "losses": losses,
        "held_out": engine.loss(batch),
        "broadcast": engine.process_group.broadcast("a✨"),
    }
    if engine.process_group.rank == 0:
        Path(out).write_text(json.dumps(result))


if __name__ == "__main__":
    if sys.argv[1] == "mlx":
        mlx(*sys.argv[2:4])
    else:
        clone(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6] == "resume")
